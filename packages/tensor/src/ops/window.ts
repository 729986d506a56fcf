/** What convolution and pooling share: reading sizes and padding in all their forms, and inputs with or without a batch. */
import { cast, materialize, viewOf } from '../access.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

/** An integer for all directions, or one for each: [length], [height, width] or [depth, height, width]. */
export type WindowSize = number | readonly number[];

/** Padding of each side of each dimension: [[top, bottom], [left, right]] of images. */
export type Sides = readonly (readonly [before: number, after: number])[];

/**
 * Padding: one number, one for each dimension, or, beyond PyTorch, a pair for each dimension, [[top, bottom],
 * [left, right]], as ONNX has it.
 */
export type WindowPadding = WindowSize | Sides;

/** Brings a size to one integer for each of `rank` dimensions. */
export function sizesOf(operator: string, name: string, value: WindowSize, rank: number): readonly number[] {
  const list = typeof value === 'number' ? [value] : value;
  const sizes = list.length === 1 ? new Array<number>(rank).fill(list[0]!) : list;
  if (sizes.length !== rank || !sizes.every(Number.isInteger)) {
    fail(
      operator,
      `expected ${name} to be a single integer value or a list of ${rank} values, but got ${name}=${showSizes(list)}`,
    );
  }
  return sizes;
}

/**
 * Brings padding to its sides.
 * @param negative what is said about negative padding, from the number on
 */
export function sidesOf(
  operator: string,
  padding: WindowPadding,
  rank: number,
  negative: (value: number) => string,
): Sides {
  const list: readonly (number | readonly number[])[] = typeof padding === 'number' ? [padding] : padding;
  if (list.length !== 1 && list.length !== rank) wrongPadding(operator, padding, rank);
  const sides: (readonly [number, number])[] = [];
  for (let d = 0; d < rank; d++) {
    const side = list.length === 1 ? list[0]! : list[d]!;
    const [before, after, more] = typeof side === 'number' ? [side, side] : side;
    if (more !== undefined || !Number.isInteger(before) || !Number.isInteger(after)) {
      wrongPadding(operator, padding, rank);
    }
    if (before! < 0 || after! < 0) fail(operator, negative(Math.min(before!, after!)));
    sides.push([before!, after!]);
  }
  return sides;
}

function wrongPadding(operator: string, padding: WindowPadding, rank: number): never {
  fail(
    operator,
    'invalid padding',
    `an integer, ${rank} of them or ${rank} pairs [before, after]`,
    JSON.stringify(padding),
  );
}

/** An input as [N, C, ...size]: without a batch dimension it gets one of size 1. */
export function batched(x: Tensor, rank: number): Tensor {
  if (x.ndim === rank + 2) return x;
  return viewOf(x, [1, ...x.shape], [0, ...x.strides]);
}

/** An input as operators compute on it: [N, C, ...size], dense, 16-bit floats as float32. */
export function imageOf(x: Tensor, rank: number): Tensor {
  return materialize(batched(cast(x, computeDType(x.dtype)), rank));
}

/** The result with the batch dimension removed again where the input had none. */
export function unbatched(x: Tensor, result: Tensor, rank: number): Tensor {
  return x.ndim === rank + 2 ? result : viewOf(result, result.shape.slice(1), result.strides.slice(1));
}
