/** Single elements by their rank or frequency along a dimension: kthvalue, median, nanmedian, mode. */
import { filledTensor, flatElements, materialize, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import type { Derivative } from '../autograd/derivative.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { rawElements } from './along-core.ts';
import type { DimOptions, ValuesAndIndices } from './extremum.ts';
import { wordsOf } from './positions.ts';
import { layoutOf, sharedBack } from './reduction-core.ts';
import { quickSelect, Selection } from './selection.ts';
import { type KeyLines, keyLines } from './sort-keys.ts';

interface CanonicalDim {
  readonly dim: number;
  readonly keepdim: boolean;
}

/** Picks one element of each line; `choose` gives its position. */
function pickEach(
  x: Tensor,
  { dim, keepdim }: CanonicalDim,
  choose: (lines: KeyLines, line: number) => number,
): ValuesAndIndices {
  const { shape } = layoutOf(x, [dim], keepdim);
  const values = newTensor(shape, x.dtype);
  const indices = newTensor(shape, 'int64');
  const dense = materialize(x);
  const lines = keyLines(dense, dim);
  const chosen = new Int32Array(lines.count);
  for (let line = 0; line < lines.count; line++) chosen[line] = choose(lines, line);
  const from = rawElements(dense);
  const to = rawElements(values);
  const words = wordsOf(indices);
  for (let line = 0; line < lines.count; line++) {
    const position = chosen[line]!;
    to[line] = from[dense.offset + lines.start(line) + position * lines.step]!;
    words[2 * line] = position;
    words[2 * line + 1] = 0;
  }
  return { values, indices };
}

/** The gradient of one picked element of each line goes back to where it stood. */
const chosenBack: Derivative<[x: Tensor, options: CanonicalDim, ...rest: unknown[]], ValuesAndIndices> = {
  reads: ['result'],
  of: ([grad], [x, { dim, keepdim }], { indices }) => {
    if (grad === undefined) return null;
    if (x.ndim === 0) return grad;
    const [values, places] = keepdim ? [grad, indices] : [grad.unsqueeze(dim), indices.unsqueeze(dim)];
    return grad.newZeros(x.shape).scatter(dim, places, values);
  },
};

/** Options of {@link kthvalue}. */
export interface KthvalueOptions {
  readonly dim?: number;
  readonly keepdim?: boolean;
}

/** Signature of {@link kthvalue}. */
export interface KthvalueOperator {
  (x: Tensor, k: number, dim?: number, keepdim?: boolean): ValuesAndIndices;
  (x: Tensor, k: number, options: KthvalueOptions): ValuesAndIndices;
}

/** The k-th smallest element along a dimension, counted from 1. Canonical: (x, { dim, keepdim }, k). */
export const kthvalue: KthvalueOperator = defineOperator({
  name: 'kthvalue',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalDim, number] => {
    checkTensor('kthvalue', 'input', x);
    type Named = KthvalueOptions & { readonly k: number };
    const names: (keyof Named)[] = ['k', 'dim', 'keepdim'];
    const { k, dim = -1, keepdim = false } = bindArguments<Named>('kthvalue', names, rest);
    const axis = wrapDim('kthvalue', dim, x.ndim);
    const size = x.shape[axis] ?? 1;
    if (k === undefined || !Number.isInteger(k) || k < 1 || k > size) {
      fail(
        'kthvalue',
        `kthvalue(): selected number k out of range for dimension ${axis}`,
        `1 to ${size}`,
        `${k}`,
      );
    }
    if (x.dtype === 'bool') fail('kthvalue', `"kthvalue_cpu" not implemented for 'Bool'`);
    return [x, { dim: axis, keepdim }, k];
  },
  forward: (x: Tensor, options: CanonicalDim, k: number) =>
    pickEach(x, options, (lines, line) => {
      const order = Int32Array.from({ length: lines.size }, (_, i) => i);
      quickSelect(lines.doubles(line), order, k - 1);
      return order[k - 1]!;
    }),
  derivatives: [chosenBack],
});

/** Signature of {@link median} and {@link nanmedian}. */
export interface MedianOperator {
  (x: Tensor): Tensor;
  (x: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
  (x: Tensor, options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
}

/**
 * The place of the median of a line: the lower middle one of what is not NaN, or the first NaN. Equal elements count in
 * their order.
 */
function medianPlace(
  keys: Float64Array,
  floats: boolean,
  missing: (i: number) => boolean,
  skip: boolean,
): number {
  const size = keys.length;
  let count = size;
  for (let i = 0; floats && i < size; i++) {
    if (!missing(i)) continue;
    if (!skip) return i;
    count--;
  }
  const nth = Math.max(0, Math.trunc((count - 1) / 2));
  const selection = new Selection(keys, false);
  selection.nthElement(0, nth, size);
  const value = keys[selection.order[nth]!]!;
  let rest = nth;
  for (let i = 0; i < size; i++) if (keys[i]! < value) rest--;
  let place = -1;
  while (rest >= 0) if (keys[++place] === value) rest--;
  return place;
}

function medianOperator(name: 'median' | 'nanmedian'): MedianOperator {
  const skip = name === 'nanmedian';
  const each = (x: Tensor, options: CanonicalDim): ValuesAndIndices => {
    const { kind, codec } = dtypeInfo(x.dtype);
    const dense = materialize(x);
    let elements: ReturnType<typeof flatElements> | undefined;
    const decode = codec?.decode ?? ((value: number) => value);
    return pickEach(dense, options, (lines, line) => {
      elements ??= flatElements(dense);
      const own = elements;
      const start = lines.start(line);
      const missing = (i: number): boolean => Number.isNaN(decode(own[start + i * lines.step] as number));
      return medianPlace(lines.doubles(line), kind === 'float', missing, skip);
    });
  };
  const ofAll = defineOperator({
    name,
    backwardName: skip ? 'NanmedianBackward0' : 'MedianBackward0',
    forward: (x: Tensor) => {
      if (x.numel() === 0) return filledTensor([], x.dtype, Number.NaN);
      const flat = viewOf(materialize(x), [x.numel()], [1]);
      return each(flat, { dim: 0, keepdim: false }).values;
    },
    derivatives: [{ reads: [0, 'result'], of: (grad, [x], result) => sharedBack(grad, x, result) }],
  });
  const ofLines = defineOperator({
    name,
    backwardName: skip ? 'NanmedianBackward1' : 'MedianBackward1',
    forward: each,
    derivatives: [chosenBack],
  });
  // Which of both results it is follows from the arguments, as the overloads say.
  return ((x: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices => {
    checkTensor(name, 'input', x);
    const { dim, keepdim = false } = bindArguments<DimOptions>(name, ['dim', 'keepdim'], rest);
    if (dim === undefined || dim === null) return ofAll(x);
    const axis = wrapDim(name, dim, x.ndim);
    if (x.shape[axis] === 0) {
      fail(name, `${name}(): Expected reduction dim ${axis} to have non-zero size.`);
    }
    return ofLines(x, { dim: axis, keepdim });
  }) as MedianOperator;
}

/**
 * The median (the lower one of two in the middle) of all elements, or `{ values, indices }` along a dimension; NaN if
 * there is one. Canonical: (x) or (x, { dim, keepdim }).
 */
export const median: MedianOperator = medianOperator('median');

/** As {@link median}, of what is not NaN. Canonical: (x) or (x, { dim, keepdim }). */
export const nanmedian: MedianOperator = medianOperator('nanmedian');

/** Signature of {@link mode}. */
export interface ModeOperator {
  (x: Tensor, dim?: number, keepdim?: boolean): ValuesAndIndices;
  (x: Tensor, options: KthvalueOptions): ValuesAndIndices;
}

/**
 * The most frequent element along a dimension, the smallest of equally frequent ones, and a position of it.
 * Canonical: (x, { dim, keepdim }).
 */
export const mode: ModeOperator = defineOperator({
  name: 'mode',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalDim] => {
    checkTensor('mode', 'input', x);
    const { dim = -1, keepdim = false } = bindArguments<KthvalueOptions>('mode', ['dim', 'keepdim'], rest);
    const axis = wrapDim('mode', dim, x.ndim);
    if (x.shape[axis] === 0) fail('mode', `mode(): Expected reduction dim ${axis} to have non-zero size.`);
    return [x, { dim: axis, keepdim }];
  },
  forward: (x: Tensor, options: CanonicalDim) =>
    pickEach(x, options, (lines, line) => {
      const keys = lines.doubles(line);
      const selection = new Selection(keys, false);
      selection.sort(0, lines.size);
      const { order } = selection;
      let best = 0;
      let most = 0;
      let count = 0;
      for (let p = 0; p < lines.size; p++) {
        count++;
        if (p + 1 < lines.size && keys[order[p]!] === keys[order[p + 1]!]) continue;
        if (count > most) {
          most = count;
          best = order[p]!;
        }
        count = 0;
      }
      return best;
    }),
  derivatives: [chosenBack],
});

/** Order statistics as methods. */
export interface OrderStatisticsMethods {
  /** The k-th smallest element along a dimension, counted from 1. */
  kthvalue(k: number, dim?: number, keepdim?: boolean): ValuesAndIndices;
  kthvalue(k: number, options: KthvalueOptions): ValuesAndIndices;
  /** The median of all elements, or `{ values, indices }` along a dimension; NaN if there is one. */
  median(dim: number, keepdim?: boolean): ValuesAndIndices;
  median(options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
  median(): Tensor;
  /** As `median`, of what is not NaN. */
  nanmedian(dim: number, keepdim?: boolean): ValuesAndIndices;
  nanmedian(options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
  nanmedian(): Tensor;
  /** The most frequent element along a dimension, the smallest of equally frequent ones. */
  mode(dim?: number, keepdim?: boolean): ValuesAndIndices;
  mode(options: KthvalueOptions): ValuesAndIndices;
}
