/** Reads the sizes and options that creation functions take. */
import { isOptions } from './arguments.ts';
import type { DType } from './dtype.ts';
import { fail } from './errors.ts';
import { checkSizes } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** Options of creation functions. */
export interface TensorOptions {
  readonly dtype?: DType;
  /** Whether autograd collects the new tensor's gradient: false by default. */
  readonly requiresGrad?: boolean;
  /** The only device there is. */
  readonly device?: 'cpu';
}

/** A new tensor as the options that do not concern its elements want it. */
export function finished(operator: string, made: Tensor, { requiresGrad, device }: TensorOptions): Tensor {
  if (device !== undefined && device !== 'cpu') {
    fail(operator, 'there is no such device', 'cpu', String(device));
  }
  return requiresGrad ? made.requiresGrad_() : made;
}

/** Arguments of a creation function: sizes as one list or spread, then options. */
export type SizeArguments =
  | readonly [size: readonly number[], options?: TensorOptions]
  | readonly [...size: number[]]
  | readonly [...size: number[], options: TensorOptions];

/** Splits {@link SizeArguments} into the sizes and the options. */
export function readSizes(operator: string, args: SizeArguments): [readonly number[], TensorOptions] {
  const list: readonly unknown[] = args;
  const last = list.at(-1);
  const options = isOptions(last) ? (last as TensorOptions) : {};
  const rest = isOptions(last) || last === undefined ? list.slice(0, -1) : list;
  const sizes = (Array.isArray(rest[0]) ? rest[0] : rest) as readonly number[];
  checkSizes(operator, sizes);
  return [[...sizes], options];
}
