/** Reductions over all elements or along dimensions: sums, means, products, extrema, truth values. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { productBack } from './product-gradient.ts';
import {
  accumulationDType,
  canonicalDims,
  type Dims,
  runLogSumExp,
  runReduce,
  spread,
} from './reduction-core.ts';

export type { Dims };

/** Options of a reduction. */
export interface ReduceOptions {
  readonly dim?: Dims;
  /** Keep the reduced dimensions with size 1. */
  readonly keepdim?: boolean;
}

/** Options of a reduction that may convert its input first. */
export interface SumOptions extends ReduceOptions {
  readonly dtype?: DType | null;
}

/** Signature of {@link amax} and its like. */
export interface ReduceOperator {
  (x: Tensor, dim?: Dims, keepdim?: boolean): Tensor;
  (x: Tensor, options: ReduceOptions): Tensor;
}

/** Signature of {@link sum}, {@link mean} and {@link prod}. */
export interface SumOperator {
  (x: Tensor, dim?: Dims, keepdim?: boolean): Tensor;
  (x: Tensor, options: SumOptions): Tensor;
}

/** Canonical options: dimensions not negative, null for all of them. */
interface CanonicalReduce {
  readonly dim: readonly number[] | null;
  readonly keepdim: boolean;
  readonly dtype: DType | null;
}

function normalizeReduce(operator: string, x: Tensor, rest: readonly unknown[]): [Tensor, CanonicalReduce] {
  checkTensor(operator, 'input', x);
  const {
    dim = null,
    keepdim = false,
    dtype = null,
  } = bindArguments<SumOptions>(operator, ['dim', 'keepdim', 'dtype'], rest);
  return [x, { dim: canonicalDims(operator, x, dim), keepdim, dtype }];
}

/** Sum; integers and bools give int64. Canonical: (x, { dim, keepdim, dtype }). */
export const sum: SumOperator = defineOperator({
  name: 'sum',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('sum', x, rest),
  forward: (x: Tensor, { dim, keepdim, dtype }: CanonicalReduce) =>
    runReduce('sum', 'sum', x, dim, keepdim, accumulationDType(x, dtype)),
  derivatives: [(grad, [x, options]) => spread(grad, x, options)],
  backwardName: (_, { dim }) => `SumBackward${dim === null ? 0 : 1}`,
});

/** Product; integers and bools give int64. Canonical: (x, { dim, keepdim, dtype }). */
export const prod: SumOperator = defineOperator({
  name: 'prod',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('prod', x, rest),
  forward: (x: Tensor, { dim, keepdim, dtype }: CanonicalReduce) =>
    runReduce('prod', 'prod', x, dim, keepdim, accumulationDType(x, dtype)),
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [x, options], result) =>
        productBack(spread(grad, x, options), x.to(grad.dtype), spread(result, x, options), options.dim),
    },
  ],
});

/** Arithmetic mean of floats; NaN of no elements. Canonical: (x, { dim, keepdim, dtype }). */
export const mean: SumOperator = defineOperator({
  name: 'mean',
  backwardName: (_: Tensor, { dim }: CanonicalReduce) => `MeanBackward${dim === null ? 0 : 1}`,
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('mean', x, rest),
  forward: (x: Tensor, { dim, keepdim, dtype }: CanonicalReduce) => {
    const target = dtype ?? x.dtype;
    if (dtypeInfo(target).kind !== 'float') {
      fail(
        'mean',
        `mean(): could not infer output dtype. ${dtype === null ? 'Input' : 'Optional'} dtype must be either a floating point or complex dtype. Got: ${dtypeInfo(target).scalarName}`,
      );
    }
    return runReduce('mean', 'mean', x, dim, keepdim, target);
  },
  derivatives: [
    (grad, [x, options]) =>
      spread(grad, x, options).div(
        (options.dim ?? [...x.shape.keys()]).reduce((n, d) => n * (x.shape[d] ?? 1), 1),
      ),
  ],
});

function extremumReduction(name: 'amax' | 'amin'): ReduceOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce(name, x, rest),
    forward: (x: Tensor, { dim, keepdim }: CanonicalReduce) => {
      if (dim === null && x.numel() === 0) {
        fail(
          name,
          `${name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.`,
        );
      }
      return runReduce(name, name === 'amax' ? 'max' : 'min', x, dim, keepdim);
    },
    derivatives: [
      {
        reads: [0, 'result'],
        // Equal extrema share the gradient.
        of: (grad, [x, options], result) => {
          const taken = x.eq(spread(result, x, options)).to(grad.dtype);
          const count = taken.sum({ dim: options.dim, keepdim: true });
          return spread(grad, x, options).mul(taken).div(count);
        },
      },
    ],
  });
}

/** Largest element; NaN if there is one. Canonical: (x, { dim, keepdim }). */
export const amax: ReduceOperator = extremumReduction('amax');

/** Smallest element; NaN if there is one. Canonical: (x, { dim, keepdim }). */
export const amin: ReduceOperator = extremumReduction('amin');

function truth(name: 'all' | 'any'): ReduceOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce(name, x, rest),
    // PyTorch keeps uint8, its former bool.
    forward: (x: Tensor, { dim, keepdim }: CanonicalReduce) =>
      runReduce(name, name, x, dim, keepdim, x.dtype === 'uint8' ? 'uint8' : 'bool'),
    constant: true,
  });
}

/** Whether all elements are true (not zero). Canonical: (x, { dim, keepdim }). */
export const all: ReduceOperator = truth('all');

/** Whether an element is true (not zero). Canonical: (x, { dim, keepdim }). */
export const any: ReduceOperator = truth('any');

/** Options of {@link aminmax}. */
export interface AminmaxOptions {
  readonly dim?: number | null;
  readonly keepdim?: boolean;
}

/** Smallest and largest element, of all or along a dimension: `{ min, max }`. Canonical: (x, { dim, keepdim }). */
export const aminmax: (
  x: Tensor,
  options?: AminmaxOptions,
) => { readonly min: Tensor; readonly max: Tensor } = defineOperator({
  name: 'aminmax',
  composite: true,
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalReduce] => {
    const canonical = normalizeReduce('aminmax', x, rest);
    const [, { dim }] = canonical;
    if (dim === null && x.numel() === 0) {
      fail(
        'aminmax',
        'cannot compute aminmax over an empty dimension as the operation has no identity',
        'at least one element',
      );
    }
    for (const d of dim ?? []) {
      if (x.shape[d] === 0) fail('aminmax', `aminmax(): Expected reduction dim ${d} to have non-zero size.`);
    }
    return canonical;
  },
  forward: (x: Tensor, { dim, keepdim }: CanonicalReduce) => ({
    min: x.amin({ dim, keepdim }),
    max: x.amax({ dim, keepdim }),
  }),
});

/** Signature of {@link nansum} and {@link nanmean}. */
export type NanReduceOperator = SumOperator;

/** Sum of what is not NaN; integers and bools give int64. Canonical: (x, { dim, keepdim, dtype }). */
export const nansum: NanReduceOperator = defineOperator({
  name: 'nansum',
  composite: true,
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('nansum', x, rest),
  forward: (x: Tensor, options: CanonicalReduce) =>
    (dtypeInfo(x.dtype).kind === 'float' ? x.maskedFill(x.isnan(), 0) : x).sum(options),
});

/** Mean of what is not NaN. Canonical: (x, { dim, keepdim, dtype }). */
export const nanmean: NanReduceOperator = defineOperator({
  name: 'nanmean',
  composite: true,
  normalize: (x: Tensor, ...rest: unknown[]) => {
    const canonical = normalizeReduce('nanmean', x, rest);
    const { kind, scalarName } = dtypeInfo(x.dtype);
    if (kind !== 'float') {
      fail(
        'nanmean',
        `nanmean(): expected input to have floating point or complex dtype but got ${scalarName}`,
      );
    }
    return canonical;
  },
  forward: (x: Tensor, options: CanonicalReduce) => {
    const { dim, keepdim } = options;
    return x.nansum(options).div(x.isnan().logicalNot().sum({ dim, keepdim }));
  },
});

/** Number of elements that are not zero, int64. Canonical: (x, { dim, keepdim }). */
export const countNonzero: (x: Tensor, dim?: Dims | { readonly dim?: Dims }) => Tensor = defineOperator({
  name: 'countNonzero',
  constant: true,
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('countNonzero', x, rest),
  forward: (x: Tensor, { dim, keepdim }: CanonicalReduce) =>
    runReduce('countNonzero', 'sum', x.ne(0), dim, keepdim, 'int64'),
});

/** Logarithm of the sum of exp(x), without overflow; integers give float32. Canonical: (x, { dim, keepdim }). */
export const logsumexp: ReduceOperator = defineOperator({
  name: 'logsumexp',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('logsumexp', x, rest),
  forward: (x: Tensor, { dim, keepdim }: CanonicalReduce) => runLogSumExp(x, dim, keepdim),
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [x, options], result) =>
        spread(grad, x, options).mul(x.sub(spread(result, x, options)).exp()),
    },
  ],
});

/** Reductions as methods. */
export interface ReductionMethods {
  /** Sum; integers and bools give int64. */
  sum(options: SumOptions): Tensor;
  sum(dim?: Dims, keepdim?: boolean): Tensor;
  /** Product; integers and bools give int64. */
  prod(options: SumOptions): Tensor;
  prod(dim?: Dims, keepdim?: boolean): Tensor;
  /** Arithmetic mean of floats; NaN of no elements. */
  mean(options: SumOptions): Tensor;
  mean(dim?: Dims, keepdim?: boolean): Tensor;
  /** Largest element; NaN if there is one. */
  amax(options: ReduceOptions): Tensor;
  amax(dim?: Dims, keepdim?: boolean): Tensor;
  /** Smallest element; NaN if there is one. */
  amin(options: ReduceOptions): Tensor;
  amin(dim?: Dims, keepdim?: boolean): Tensor;
  /** Whether all elements are true (not zero). */
  all(options: ReduceOptions): Tensor;
  all(dim?: Dims, keepdim?: boolean): Tensor;
  /** Whether an element is true (not zero). */
  any(options: ReduceOptions): Tensor;
  any(dim?: Dims, keepdim?: boolean): Tensor;
  /** Sum of what is not NaN. */
  nansum(options: SumOptions): Tensor;
  nansum(dim?: Dims, keepdim?: boolean): Tensor;
  /** Mean of what is not NaN. */
  nanmean(options: SumOptions): Tensor;
  nanmean(dim?: Dims, keepdim?: boolean): Tensor;
  /** Number of elements that are not zero, int64. */
  countNonzero(dim?: Dims | { readonly dim?: Dims }): Tensor;
  /** Logarithm of the sum of exp(x), without overflow. */
  logsumexp(options: ReduceOptions): Tensor;
  logsumexp(dim?: Dims, keepdim?: boolean): Tensor;
  /** Smallest and largest element: `{ min, max }`. */
  aminmax(options?: AminmaxOptions): { readonly min: Tensor; readonly max: Tensor };
}
