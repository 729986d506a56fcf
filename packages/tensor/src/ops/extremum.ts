/** Extreme elements and where they are: max, min, argmax, argmin, topk. */
import { argExtremum as engineArgExtremum } from '@sconce/engine';
import {
  cast,
  denseCopy,
  flatBigints,
  flatElements,
  int64Tensor,
  materialize,
  newTensor,
  sliceOf,
} from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { numelOf, wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { maximum, minimum } from './elementwise.ts';
import { computeDType } from './elementwise-core.ts';
import { type Layout, layoutOf } from './reduction-core.ts';

/** Options of a reduction along one dimension. */
export interface DimOptions {
  readonly dim?: number | null;
  readonly keepdim?: boolean;
}

/** Signature of {@link argmax} and {@link argmin}. */
export interface ArgOperator {
  (x: Tensor, dim?: number | null, keepdim?: boolean): Tensor;
  (x: Tensor, options: DimOptions): Tensor;
}

/** Extrema along a dimension and where they are. */
export interface ValuesAndIndices {
  readonly values: Tensor;
  /** int64 positions along the dimension. */
  readonly indices: Tensor;
}

/** Signature of {@link max} and {@link min}. */
export interface ExtremumOperator {
  (x: Tensor): Tensor;
  (x: Tensor, other: Tensor): Tensor;
  (x: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
  (x: Tensor, options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
}

type Better = (candidate: number | bigint, best: number | bigint) => boolean;

const larger: Better = (candidate, best) => candidate > best;

const smaller: Better = (candidate, best) => candidate < best;

/** Positions of the extrema along `size`: the first of equal ones, NaN before everything. */
function findExtrema({ input, outer, size, inner, shape }: Layout, better: Better): ValuesAndIndices {
  const values = newTensor(shape, input.dtype);
  const indices = newTensor(shape, 'int64');
  if (input.dtype === 'float32') {
    const slices = { x: sliceOf(input), values: sliceOf(values), indices: sliceOf(indices) };
    engineArgExtremum({ op: better === larger ? 'max' : 'min', ...slices, outer, size, inner });
    return { values, indices };
  }
  const from = flatElements(input);
  const to = flatElements(values);
  const at = flatBigints(indices);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const base = o * size * inner + i;
      let best = from[base]!;
      let position = 0;
      for (let k = 1; k < size && !Number.isNaN(best); k++) {
        const candidate = from[base + k * inner]!;
        if (better(candidate, best) || Number.isNaN(candidate)) {
          best = candidate;
          position = k;
        }
      }
      to[o * inner + i] = best;
      at[o * inner + i] = BigInt(position);
    }
  }
  return { values, indices };
}

function extrema(
  operator: string,
  x: Tensor,
  dim: number | null,
  keepdim: boolean,
  better: Better,
): ValuesAndIndices {
  const compute = cast(x, computeDType(x.dtype));
  const layout = layoutOf(compute, dim === null ? null : [dim], keepdim);
  if (layout.size === 0) {
    fail(
      operator,
      `${operator}(): Expected reduction dim ${dim === null ? "to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument." : `${dim} to have non-zero size.`}`,
    );
  }
  const { values, indices } = findExtrema(layout, better);
  return { values: cast(values, x.dtype), indices };
}

type CanonicalDim = { readonly dim: number; readonly keepdim: boolean };

type ExtremumArguments = [x: Tensor] | [x: Tensor, other: Tensor] | [x: Tensor, options: CanonicalDim];

function extremum(
  name: 'max' | 'min',
  better: Better,
  pairwise: (x: Tensor, y: Tensor) => Tensor,
): ExtremumOperator {
  const operator = defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): ExtremumArguments => {
      checkTensor(name, 'input', x);
      if (rest[0] instanceof Tensor) return [x, rest[0]];
      const { dim, keepdim = false } = bindArguments<DimOptions>(name, ['dim', 'keepdim'], rest);
      if (dim === undefined || dim === null) return [x];
      return [x, { dim: wrapDim(name, dim, x.ndim), keepdim }];
    },
    forward: (...[x, second]: ExtremumArguments): Tensor | ValuesAndIndices => {
      if (second instanceof Tensor) return pairwise(x, second);
      if (second !== undefined) return extrema(name, x, second.dim, second.keepdim, better);
      return extrema(name, x, null, false, better).values;
    },
  });
  // Which of both results it is follows from the arguments, as the overloads say.
  return operator as ExtremumOperator;
}

/**
 * Largest element; with `dim`, `{ values, indices }` along it; with another tensor, {@link maximum}.
 * Canonical: (x), (x, { dim, keepdim }) or (x, other).
 */
export const max: ExtremumOperator = extremum('max', larger, maximum);

/** Smallest element; as {@link max}. */
export const min: ExtremumOperator = extremum('min', smaller, minimum);

function argExtremum(name: 'argmax' | 'argmin', better: Better): ArgOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, { dim: number | null; keepdim: boolean }] => {
      checkTensor(name, 'input', x);
      const { dim = null, keepdim = false } = bindArguments<DimOptions>(name, ['dim', 'keepdim'], rest);
      return [x, { dim: dim === null ? null : wrapDim(name, dim, x.ndim), keepdim }];
    },
    forward: (x: Tensor, { dim, keepdim }) => {
      if (x.dtype === 'bool') fail(name, `${name}(): does not support bool input`);
      return extrema(name, x, dim, keepdim, better).indices;
    },
  });
}

/** int64 position of the largest element: along `dim`, or in the flattened tensor. Canonical: (x, { dim, keepdim }). */
export const argmax: ArgOperator = argExtremum('argmax', larger);

/** int64 position of the smallest element. Canonical: (x, { dim, keepdim }). */
export const argmin: ArgOperator = argExtremum('argmin', smaller);

/** Options of {@link topk}. */
export interface TopkOptions {
  readonly dim?: number;
  /** The largest (default) or the smallest elements. */
  readonly largest?: boolean;
  readonly sorted?: boolean;
}

/**
 * The k largest (or smallest) elements along a dimension, sorted, and their positions. NaN counts as the largest.
 * Canonical: (x, k, { dim, largest, sorted }).
 */
export const topk: (x: Tensor, k: number, options?: TopkOptions) => ValuesAndIndices = defineOperator({
  name: 'topk',
  normalize: (x: Tensor, k: number, ...rest: unknown[]): [Tensor, number, Required<TopkOptions>] => {
    checkTensor('topk', 'input', x);
    const names = ['dim', 'largest', 'sorted'] as const;
    const { dim = -1, largest = true, sorted = true } = bindArguments<TopkOptions>('topk', names, rest);
    if (x.dtype === 'bool') fail('topk', 'topk does not support bool dtypes on CPU');
    const axis = wrapDim('topk', dim, x.ndim);
    if (!Number.isInteger(k) || k < 0 || k > (x.shape[axis] ?? 1)) {
      fail('topk', 'selected index k out of range', `0 to ${x.shape[axis] ?? 1}`, String(k));
    }
    return [x, k, { dim: axis, largest, sorted }];
  },
  forward: (x: Tensor, k: number, { dim, largest }) => {
    if (x.ndim === 0) return { values: denseCopy(x), indices: int64Tensor([0], []) };
    const values = newTensor(x.shape.with(dim, k), x.dtype);
    const indices = newTensor(values.shape, 'int64');
    const dense = materialize(x);
    const sortable = cast(dense, computeDType(x.dtype));
    const keys = flatElements(sortable);
    const from = flatElements(dense);
    const to = flatElements(values);
    const at = flatBigints(indices);
    const size = x.shape[dim]!;
    const inner = numelOf(x.shape.slice(dim + 1));
    for (let line = 0; line * size < from.length; line++) {
      const outer = Math.floor(line / inner);
      const start = outer * size * inner + (line % inner);
      const order = Array.from({ length: size }, (_, p) => p).sort((a, b) => {
        const sign = compareElements(keys[start + a * inner]!, keys[start + b * inner]!);
        return largest ? -sign : sign;
      });
      for (let p = 0; p < k; p++) {
        const place = (outer * k + p) * inner + (line % inner);
        to[place] = from[start + order[p]! * inner]!;
        at[place] = BigInt(order[p]!);
      }
    }
    return { values, indices };
  },
});

/** Orders elements as PyTorch sorts them: NaN after everything. */
function compareElements(a: number | bigint, b: number | bigint): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Extrema as methods. */
export interface ExtremumMethods {
  /** Largest element; with `dim`, `{ values, indices }` along it; with another tensor, `maximum`. */
  max(other: Tensor): Tensor;
  max(dim: number, keepdim?: boolean): ValuesAndIndices;
  max(options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
  max(): Tensor;
  /** Smallest element; as `max`. */
  min(other: Tensor): Tensor;
  min(dim: number, keepdim?: boolean): ValuesAndIndices;
  min(options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
  min(): Tensor;
  /** int64 position of the largest element: along `dim`, or in the flattened tensor. */
  argmax(options: DimOptions): Tensor;
  argmax(dim?: number | null, keepdim?: boolean): Tensor;
  /** int64 position of the smallest element. */
  argmin(options: DimOptions): Tensor;
  argmin(dim?: number | null, keepdim?: boolean): Tensor;
  /**
   * The k largest (or smallest) elements along a dimension, sorted, and their positions. NaN counts as the
   * largest.
   */
  topk(k: number, options?: TopkOptions): ValuesAndIndices;
}
