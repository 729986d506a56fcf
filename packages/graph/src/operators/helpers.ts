/** Small shared pieces of the operator families: reading constants out of tensors, axes, shapes. */
import { type DType, type Tensor, tensor } from '@sconce/tensor';
import type { Call } from '../operator.ts';

type AnyCall = Pick<Call<unknown>, 'fail'>;

/** The elements of an integer tensor as numbers; beyond 2^53 they are rounded, which only "as far as it goes" uses. */
export function toIntegers(call: AnyCall, what: string, value: Tensor): number[] {
  if (value.dtype !== 'int64' && value.dtype !== 'int32')
    call.fail(`${what}: expected int64 or int32, got ${value.dtype}`);
  return Array.from(value.toTypedArray() as BigInt64Array | Int32Array, Number);
}

/** The elements of a floating-point tensor as numbers. */
export function toNumbers(value: Tensor): number[] {
  return Array.from(value.toTypedArray() as ArrayLike<number | bigint>, Number);
}

/** The integers of an optional input; `undefined` when it is absent or has no elements. */
export function optionalIntegers(
  call: AnyCall,
  what: string,
  value: Tensor | undefined,
): number[] | undefined {
  return value === undefined || value.numel() === 0 ? undefined : toIntegers(call, what, value);
}

/** An int64 vector. */
export function int64Vector(values: readonly number[]): Tensor {
  return tensor(BigInt64Array.from(values, BigInt));
}

/** An axis counted from the front, out of one that may be negative. */
export function toAxis(call: AnyCall, axis: number, rank: number, name = 'axis'): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    call.fail(`${name}: expected a number from ${-rank} to ${rank - 1}, got ${axis}`);
  return axis < 0 ? axis + rank : axis;
}

/** Axes counted from the front, refusing repetitions. */
export function toAxes(call: AnyCall, axes: readonly number[], rank: number): number[] {
  const wrapped = axes.map((axis) => toAxis(call, axis, rank, 'axes'));
  if (new Set(wrapped).size !== wrapped.length)
    call.fail(`axes: expected different axes, got [${axes.join(', ')}]`);
  return wrapped;
}

/** Number of elements of a shape. */
export function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A vector shaped to lie along dimension 1 of a tensor of `rank` dimensions. */
export function alongChannels(vector: Tensor, rank: number): Tensor {
  return vector.reshape([1, vector.numel(), ...new Array<number>(Math.max(rank - 2, 0)).fill(1)]);
}

/** Largest number of elements that a tensor made from a size in a file may have. */
const MOST_ELEMENTS = 2 ** 29;

/** Refuses sizes that a file may ask for but no memory holds, before anything is allocated. */
export function checkShape(call: AnyCall, shape: readonly number[]): void {
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0))
    call.fail(`shape: expected sizes of at least 0, got [${shape.join(', ')}]`);
  if (count(shape) > MOST_ELEMENTS)
    call.fail(`shape: expected at most ${MOST_ELEMENTS} elements, got [${shape.join(', ')}]`);
}

/** Whether a dtype is one of the floating-point types. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';
}
