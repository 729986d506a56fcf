/** Short constructors for attribute values of graphs. */
import type { AttributeValue } from '@sconce/graph';

export const int = (value: number): AttributeValue => ({ type: 'int', value });
export const float = (value: number): AttributeValue => ({ type: 'float', value });
export const string = (value: string): AttributeValue => ({ type: 'string', value });
export const ints = (value: readonly number[]): AttributeValue => ({ type: 'ints', value });
export const flag = (value: boolean): AttributeValue => int(value ? 1 : 0);
