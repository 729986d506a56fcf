/** Running sums, products and extrema along a dimension. */
import { scan } from '@sconce/engine';
import { cast, denseCopy, flatElements, materialize, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { numelOf, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { loopDType } from './along-core.ts';
import { computeDType } from './elementwise-core.ts';
import type { ValuesAndIndices } from './extremum.ts';
import { cumprodBack } from './product-gradient.ts';
import { accumulationDType } from './reduction-core.ts';

/** Options of {@link cumsum} and {@link cumprod}. */
export interface CumulativeOptions {
  readonly dtype?: DType | null;
}

/** Signature of {@link cumsum} and {@link cumprod}. */
export interface CumulativeOperator {
  (x: Tensor, dim: number, options?: CumulativeOptions): Tensor;
  (x: Tensor, options: CumulativeOptions & { readonly dim: number }): Tensor;
}

function dimOf(operator: string, x: Tensor, dim: number | undefined): number {
  if (dim === undefined) fail(operator, "missing argument 'dim'");
  return wrapDim(operator, dim, x.ndim);
}

function normalizeCumulative(
  operator: string,
  x: Tensor,
  rest: readonly unknown[],
): [Tensor, number, { dtype: DType }] {
  checkTensor(operator, 'input', x);
  type Named = { dim: number; dtype: DType | null };
  const { dim, dtype = null } = bindArguments<Named>(operator, ['dim', 'dtype'], rest);
  return [x, dimOf(operator, x, dim), { dtype: accumulationDType(x, dtype) }];
}

interface Lines {
  readonly size: number;
  readonly step: number;
  readonly count: number;
}

function linesOf(x: Tensor, dim: number): Lines {
  const size = x.shape[dim] ?? 1;
  const step = x.shape.slice(dim + 1).reduce((n, s) => n * s, 1);
  return { size, step, count: size === 0 ? 0 : x.numel() / size };
}

function startOf({ size, step }: Lines, line: number): number {
  return Math.floor(line / step) * size * step + (line % step);
}

/** The lines of a dense tensor as the engine's scan takes them. */
function scanShape(x: Tensor, dim: number): { outer: number; size: number; inner: number } {
  return {
    outer: numelOf(x.shape.slice(0, dim)),
    size: x.shape[dim] ?? 1,
    inner: numelOf(x.shape.slice(dim + 1)),
  };
}

function accumulate(x: Tensor, dim: number, dtype: DType, op: 'sum' | 'prod'): Tensor {
  const compute = loopDType('cumsum', dtype);
  const dense = materialize(cast(x, compute));
  const result = newTensor(x.shape, compute);
  scan({ op, x: sliceOf(dense), y: sliceOf(result), ...scanShape(x, dim), dtype: compute });
  return cast(result, dtype);
}

/** Running sum along a dimension; integers and bools give int64. Canonical: (x, dim, { dtype }). */
export const cumsum: CumulativeOperator = defineOperator({
  name: 'cumsum',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeCumulative('cumsum', x, rest),
  forward: (x: Tensor, dim: number, { dtype }) => accumulate(x, dim, dtype, 'sum'),
  derivatives: [(grad, [x, dim]) => (x.ndim === 0 ? grad : grad.flip(dim).cumsum(dim).flip(dim))],
});

/** Running product along a dimension; integers and bools give int64. Canonical: (x, dim, { dtype }). */
export const cumprod: CumulativeOperator = defineOperator({
  name: 'cumprod',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeCumulative('cumprod', x, rest),
  forward: (x: Tensor, dim: number, { dtype }) => accumulate(x, dim, dtype, 'prod'),
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [x, dim], result) => cumprodBack(grad, x.to(grad.dtype), result, dim),
    },
  ],
});

/** Signature of {@link cummax} and {@link cummin}. */
export type RunningExtremumOperator = (x: Tensor, dim: number | { readonly dim: number }) => ValuesAndIndices;

function runningExtremum(name: 'cummax' | 'cummin'): RunningExtremumOperator {
  const op = name === 'cummax' ? 'max' : 'min';
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
      checkTensor(name, 'input', x);
      const { dim } = bindArguments<{ dim: number }>(name, ['dim'], rest);
      return [x, dimOf(name, x, dim)];
    },
    forward: (x: Tensor, dim: number): ValuesAndIndices => {
      const dtype = loopDType(name, x.dtype);
      const dense = materialize(cast(x, dtype));
      const values = newTensor(x.shape, dtype);
      const indices = newTensor(x.shape, 'int64');
      scan({
        op,
        x: sliceOf(dense),
        y: sliceOf(values),
        indices: sliceOf(indices),
        ...scanShape(x, dim),
        dtype,
      });
      return { values: cast(values, x.dtype), indices };
    },
    derivatives: [
      {
        reads: ['result'],
        of: ([grad], [x, dim], { indices }) =>
          grad && (x.ndim === 0 ? grad : grad.newZeros(x.shape).scatterAdd(dim, indices, grad)),
      },
    ],
  });
}

/**
 * Running maximum along a dimension and where it stands: `{ values, indices }`. Of equal extrema the last one counts; the first NaN
 * stays, each further one takes its place. Canonical: (x, dim).
 */
export const cummax: RunningExtremumOperator = runningExtremum('cummax');

/** Running minimum along a dimension and where it stands: `{ values, indices }`. Canonical: (x, dim). */
export const cummin: RunningExtremumOperator = runningExtremum('cummin');

/** Logarithm of the running sum of exp(x) along a dimension, without overflow. Canonical: (x, dim). */
export const logcumsumexp: (x: Tensor, dim: number | { readonly dim: number }) => Tensor = defineOperator({
  name: 'logcumsumexp',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('logcumsumexp', 'input', x);
    const { dim } = bindArguments<{ dim: number }>('logcumsumexp', ['dim'], rest);
    const axis = dimOf('logcumsumexp', x, dim);
    const { kind, scalarName } = dtypeInfo(x.dtype);
    if (kind !== 'float') {
      fail('logcumsumexp', `"logcumsumexp_out_cpu" not implemented for '${scalarName}'`);
    }
    return [x, axis];
  },
  forward: (x: Tensor, dim: number) => {
    const result = denseCopy(cast(x, computeDType(x.dtype)));
    const lines = linesOf(result, dim);
    const elements = flatElements(result) as Float64Array;
    for (let line = 0; line < lines.count; line++) {
      let total = Number.NEGATIVE_INFINITY;
      for (let k = 0, at = startOf(lines, line); k < lines.size; k++, at += lines.step) {
        total = logOfSum(elements[at]!, total);
        elements[at] = total;
      }
    }
    return cast(result, x.dtype);
  },
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [x, dim], result) => {
        if (x.ndim === 0) return grad;
        const size = grad.abs().log();
        const back = (part: Tensor): Tensor =>
          part.sub(result).flip(dim).logcumsumexp(dim).flip(dim).add(x).exp();
        const none = Number.NEGATIVE_INFINITY;
        return back(size.where(grad.gt(0), none)).sub(back(size.where(grad.lt(0), none)));
      },
    },
  ],
});

/** log(exp(a) + exp(b)). */
function logOfSum(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  return low !== high || Number.isFinite(low) ? high + Math.log1p(Math.exp(low - high)) : a;
}

/** Running operators as methods. */
export interface CumulativeMethods {
  /** Running sum along a dimension; integers and bools give int64. */
  cumsum(dim: number, options?: CumulativeOptions): Tensor;
  cumsum(options: CumulativeOptions & { readonly dim: number }): Tensor;
  /** Running product along a dimension; integers and bools give int64. */
  cumprod(dim: number, options?: CumulativeOptions): Tensor;
  cumprod(options: CumulativeOptions & { readonly dim: number }): Tensor;
  /** Running maximum along a dimension and where it stands. */
  cummax(dim: number | { readonly dim: number }): ValuesAndIndices;
  /** Running minimum along a dimension and where it stands. */
  cummin(dim: number | { readonly dim: number }): ValuesAndIndices;
  /** Logarithm of the running sum of exp(x) along a dimension, without overflow. */
  logcumsumexp(dim: number | { readonly dim: number }): Tensor;
}
