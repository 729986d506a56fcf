/** What stands between the brackets of `x[...]` in Python: slices as objects and as strings, and all other indices. */
import { fail } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { type SliceOperator, slice as sliceTensor } from './slicing.ts';

/** Python's `start:stop:step`; null where nothing is written. */
export class Slice {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number;

  /** @throws TensorError for steps that are not positive: tensors are not read backwards */
  constructor(start: number | null, stop: number | null, step: number | null = null) {
    this.start = start;
    this.stop = stop;
    this.step = step ?? 1;
    if (!(this.step > 0)) fail('slice', 'step must be greater than zero', undefined, String(step));
  }
}

/** A list of numbers or truth values as an index: the same as a tensor of them. */
export type IndexList = readonly (number | bigint | boolean | IndexList)[];

/**
 * One index of `index` and `setIndex`:
 * - a number, or a 0-dim tensor of integers: that element of the dimension, which disappears;
 * - a `slice(start, stop, step)`, or a string such as `'1:5:2'`: that part of the dimension;
 * - `null`: a new dimension of size 1;
 * - `'...'`: all dimensions that other indices leave;
 * - a tensor (or list) of integers: those elements of the dimension; several are broadcast together;
 * - a tensor (or list) of bools, a mask: the elements where it holds, of as many dimensions as it has;
 * - `true` or `false`: a new dimension of size 1 or 0.
 */
export type Index = number | bigint | boolean | string | null | Slice | Tensor | IndexList;

/** Signature of {@link slice}. */
export interface SliceFunction extends SliceOperator {
  (stop: number | null): Slice;
  (start: number | null, stop: number | null, step?: number | null): Slice;
}

/**
 * Of a tensor: Python's `x[start:end:step]` along a dimension. Without one, an index for `index` and `setIndex`, as
 * Python's `slice(stop)` or `slice(start, stop, step)`.
 */
export const slice: SliceFunction = ((first: Tensor | number | null, ...rest: unknown[]): Tensor | Slice => {
  if (first instanceof Tensor) return sliceTensor(first, ...(rest as [number?, number?, number?, number?]));
  if (rest.length === 0) return new Slice(null, first);
  const [stop, step] = rest as [number | null, number | null | undefined];
  return new Slice(first, stop ?? null, step);
}) as SliceFunction;

/** Reads `'1:5:2'`. @throws TensorError for anything that is no slice */
export function parseSlice(text: string): Slice {
  const parts = text.split(':').map((part) => part.trim());
  if (parts.length < 2 || parts.length > 3 || !parts.every((part) => /^([+-]?\d+)?$/.test(part))) {
    fail('index', `there is no such index as '${text}'`, "'...' or 'start:stop:step'");
  }
  const [start, stop, step] = parts.map((part) => (part === '' ? null : Number(part)));
  return new Slice(start ?? null, stop ?? null, step ?? null);
}
