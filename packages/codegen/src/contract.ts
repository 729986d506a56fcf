/** A kernel's contract: its arguments by name, each in one 64-bit slot of the argument block, in the order they are written. */

import { CodegenError } from './errors.ts';
import type { ElementType, LaneType, LaneValue } from './types.ts';

/** What a kernel does with a buffer: reads it, writes it (and reads only what it wrote), or both. */
export type Access = 'input' | 'output' | 'inout';

export interface PointerArgument<E extends ElementType = ElementType> {
  readonly kind: 'pointer';
  readonly element: E;
  readonly access: Access;
}

export interface IntegerArgument {
  readonly kind: 'integer';
}

export interface ScalarArgument<T extends LaneType = LaneType> {
  readonly kind: 'scalar';
  readonly type: T;
}

export type Argument = PointerArgument | IntegerArgument | ScalarArgument;

/** Arguments by name. */
export type Contract = Readonly<Record<string, Argument>>;

/** The names in `C` of the arguments of one kind. */
export type NamesOf<C extends Contract, A extends Argument> = {
  [N in keyof C]: C[N] extends A ? N : never;
}[keyof C] &
  string;

/** A buffer that the kernel only reads. */
export const input = <E extends ElementType>(element: E): PointerArgument<E> => pointer(element, 'input');

/** A buffer that the kernel fills; the kernel reads only bytes that it has written. */
export const output = <E extends ElementType>(element: E): PointerArgument<E> => pointer(element, 'output');

/** A buffer that the kernel reads and writes. */
export const inout = <E extends ElementType>(element: E): PointerArgument<E> => pointer(element, 'inout');

/** A size, count or stride, within 32 bits. */
export const integer = (): IntegerArgument => ({ kind: 'integer' });

/** A value of the given lane type, which the kernel sees as a vector with that value in every lane. */
export const scalar = <T extends LaneType>(type: T): ScalarArgument<T> => ({ kind: 'scalar', type });

function pointer<E extends ElementType>(element: E, access: Access): PointerArgument<E> {
  return { kind: 'pointer', element, access };
}

/** Bytes of the argument block that a contract asks for. */
export function argumentBytes(contract: Contract): number {
  return Object.keys(contract).length * 8;
}

/**
 * Writes argument values into their slots of the block at `byteOffset`. Pointers and integers are numbers (addresses in
 * bytes), scalars are values of their lane type; an i64 may be a bigint.
 * @throws CodegenError if a value is missing or is no integer where one is needed.
 */
export function writeArguments(
  contract: Contract,
  block: DataView,
  byteOffset: number,
  values: Readonly<Record<string, LaneValue>>,
): void {
  let at = byteOffset;
  for (const [name, argument] of Object.entries(contract)) {
    const value = values[name];
    if (value === undefined) throw new CodegenError(`argument ${name}`, 'missing', 'a number', 'undefined');
    const type = argument.kind === 'scalar' ? argument.type : 'i64';
    if (typeof value === 'bigint') block.setBigInt64(at, value, true);
    else if (type === 'f32') block.setFloat32(at, value, true);
    else if (type === 'f64') block.setFloat64(at, value, true);
    else if (!Number.isSafeInteger(value)) {
      throw new CodegenError(`argument ${name}`, 'not an integer', 'an exact integer', `${value}`);
    } else {
      block.setInt32(at, (value % 2 ** 32) | 0, true);
      block.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
    }
    at += 8;
  }
}
