/** Sorting along a dimension, and the k largest elements. Equal elements come in the order PyTorch has them in. */
import { denseCopy, materialize, newTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { rawElements } from './along-core.ts';
import type { ValuesAndIndices } from './extremum.ts';
import { indexTensor, wordsOf } from './positions.ts';
import { argsortWords } from './radix-sort.ts';
import { Selection } from './selection.ts';
import { keyLines } from './sort-keys.ts';

/** Options of {@link sort} and {@link argsort}. */
export interface SortOptions {
  /** The last one by default. */
  readonly dim?: number;
  readonly descending?: boolean;
  /** Sorting is always stable here, as in PyTorch on the CPU. */
  readonly stable?: boolean;
}

/** Signature of {@link sort}. */
export interface SortOperator {
  (x: Tensor, dim?: number, descending?: boolean): ValuesAndIndices;
  (x: Tensor, options: SortOptions): ValuesAndIndices;
}

/** Signature of {@link argsort}. */
export interface ArgsortOperator {
  (x: Tensor, dim?: number, descending?: boolean): Tensor;
  (x: Tensor, options: SortOptions): Tensor;
}

type CanonicalSort = [x: Tensor, options: Required<SortOptions>];

function normalizeSort(operator: string, x: Tensor, rest: readonly unknown[]): CanonicalSort {
  checkTensor(operator, 'input', x);
  const names = ['dim', 'descending', 'stable'] as const;
  const { dim = -1, descending = false, stable = true } = bindArguments<SortOptions>(operator, names, rest);
  return [x, { dim: wrapDim(operator, dim, x.ndim), descending, stable }];
}

/** What orders a line: writes positions to be taken, in turn. */
type LineOrder = (line: number) => ArrayLike<number>;

/** Takes `take` elements of each line along a dimension in the order given. */
function reordered(
  x: Tensor,
  dim: number,
  take: number,
  orderOf: LineOrder,
  withValues: boolean,
): { readonly values: Tensor | undefined; readonly indices: Tensor } {
  const size = x.shape[dim]!;
  const inner = x.shape.slice(dim + 1).reduce((n, s) => n * s, 1);
  const shape = x.shape.with(dim, take);
  const indices = newTensor(shape, 'int64');
  const values = withValues ? newTensor(shape, x.dtype) : undefined;
  const dense = materialize(x);
  const from = rawElements(dense);
  const to = values === undefined ? undefined : rawElements(values);
  const words = wordsOf(indices);
  const lines = size === 0 ? 0 : x.numel() / size;
  for (let line = 0; line < lines; line++) {
    const outer = Math.floor(line / inner);
    const start = dense.offset + outer * size * inner + (line % inner);
    const target = outer * take * inner + (line % inner);
    const order = orderOf(line);
    for (let p = 0; p < take; p++) {
      const place = target + p * inner;
      words[2 * place] = order[p]!;
      words[2 * place + 1] = 0;
    }
    if (to !== undefined) moveLine(from, to, start, target, inner, order, take);
  }
  return { values, indices };
}

type Raw = ReturnType<typeof rawElements>;

function moveLine(
  from: Raw,
  to: Raw,
  start: number,
  target: number,
  step: number,
  order: ArrayLike<number>,
  count: number,
): void {
  for (let p = 0; p < count; p++) to[target + p * step] = from[start + order[p]! * step]!;
}

function sorted(x: Tensor, { dim, descending }: Required<SortOptions>, withValues: boolean) {
  const lines = keyLines(x, dim);
  const orderOf = (line: number): Uint32Array => argsortWords(lines.words(line), lines.size, descending);
  return reordered(x, dim, lines.size, orderOf, withValues);
}

/** The gradient of picked values goes back to where they stood. */
function pickedBack(
  [grad]: readonly (Tensor | undefined)[],
  x: Tensor,
  dim: number,
  { indices }: ValuesAndIndices,
): Tensor | undefined {
  return grad && x.ndim > 0 ? grad.newZeros(x.shape).scatter(dim, indices, grad) : grad;
}

/**
 * Sorts along a dimension: `{ values, indices }`. NaN counts as the largest; equal elements stay in their order.
 * Canonical: (x, { dim, descending, stable }).
 */
export const sort: SortOperator = defineOperator({
  name: 'sort',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalSort => normalizeSort('sort', x, rest),
  forward: (...[x, options]: CanonicalSort): ValuesAndIndices => {
    if (x.ndim === 0) return { values: denseCopy(x), indices: indexTensor([0], []) };
    const { values, indices } = sorted(x, options, true);
    return { values: values!, indices };
  },
  derivatives: [
    { reads: ['result'], of: (grads, [x, { dim }], result) => pickedBack(grads, x, dim, result) },
  ],
});

/** The positions that {@link sort} gives. Canonical: (x, { dim, descending, stable }). */
export const argsort: ArgsortOperator = defineOperator({
  name: 'argsort',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalSort => normalizeSort('argsort', x, rest),
  forward: (...[x, options]: CanonicalSort) =>
    x.ndim === 0 ? indexTensor([0], []) : sorted(x, options, false).indices,
  constant: true,
});

/** The values of {@link sort} along the first dimension. Canonical: (x). */
export const msort: (x: Tensor) => Tensor = defineOperator({
  name: 'msort',
  composite: true,
  forward: (x: Tensor) => x.sort(0).values,
});

/** Options of {@link topk}. */
export interface TopkOptions {
  readonly dim?: number;
  /** The largest (default) or the smallest elements. */
  readonly largest?: boolean;
  /** Whether they come in order; without it the order is that of PyTorch's selection. */
  readonly sorted?: boolean;
}

/** Signature of {@link topk}. */
export interface TopkOperator {
  (x: Tensor, k: number, dim?: number, largest?: boolean, sorted?: boolean): ValuesAndIndices;
  (x: Tensor, k: number, options: TopkOptions): ValuesAndIndices;
}

type CanonicalTopk = [x: Tensor, k: number, options: Required<TopkOptions>];

/**
 * The k largest (or smallest) elements along a dimension and their positions. NaN counts as the largest.
 * Canonical: (x, k, { dim, largest, sorted }).
 */
export const topk: TopkOperator = defineOperator({
  name: 'topk',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalTopk => {
    checkTensor('topk', 'input', x);
    type Named = TopkOptions & { readonly k: number };
    const names: (keyof Named)[] = ['k', 'dim', 'largest', 'sorted'];
    const { k, dim = -1, largest = true, sorted: order = true } = bindArguments<Named>('topk', names, rest);
    if (x.dtype === 'bool') fail('topk', 'topk does not support bool dtypes on CPU');
    const axis = wrapDim('topk', dim, x.ndim);
    if (k === undefined || !Number.isInteger(k) || k < 0 || k > (x.shape[axis] ?? 1)) {
      fail('topk', 'selected index k out of range', `0 to ${x.shape[axis] ?? 1}`, String(k));
    }
    return [x, k, { dim: axis, largest, sorted: order }];
  },
  forward: (...[x, k, options]: CanonicalTopk): ValuesAndIndices => {
    if (x.ndim === 0) {
      return k === 0
        ? { values: newTensor([0], x.dtype), indices: newTensor([0], 'int64') }
        : { values: denseCopy(x), indices: indexTensor([0], []) };
    }
    const { dim, largest } = options;
    const lines = keyLines(x, dim);
    const orderOf = (line: number): Int32Array => {
      const selection = new Selection(lines.doubles(line), largest);
      if (k === 0) return selection.order;
      if (k * 64 <= lines.size) selection.partialSort(0, k, lines.size);
      else {
        selection.nthElement(0, k - 1, lines.size);
        if (options.sorted) selection.sort(0, k - 1);
      }
      return selection.order;
    };
    const { values, indices } = reordered(x, dim, k, orderOf, true);
    return { values: values!, indices };
  },
  derivatives: [
    { reads: ['result'], of: (grads, [x, , { dim }], result) => pickedBack(grads, x, dim, result) },
  ],
});

/** Sorting as methods. */
export interface SortingMethods {
  /** Sorts along a dimension: `{ values, indices }`. NaN counts as the largest; equal elements stay in their order. */
  sort(dim?: number, descending?: boolean): ValuesAndIndices;
  sort(options: SortOptions): ValuesAndIndices;
  /** The positions that `sort` gives. */
  argsort(dim?: number, descending?: boolean): Tensor;
  argsort(options: SortOptions): Tensor;
  /** The values of `sort` along the first dimension. */
  msort(): Tensor;
  /** The k largest (or smallest) elements along a dimension and their positions. NaN counts as the largest. */
  topk(k: number, dim?: number, largest?: boolean, sorted?: boolean): ValuesAndIndices;
  topk(k: number, options: TopkOptions): ValuesAndIndices;
}
