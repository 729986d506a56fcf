/** Reductions over all elements or along dimensions: sums, means, extrema, truth values; and running sums. */
import { variance as engineVariance, reduce } from '@sconce/engine';
import { cast, denseCopy, elementWriter, fillElements, flatElements, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { contiguousStrides, wrapDim, wrapDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { largerOf, smallerOf } from './arithmetic.ts';
import { computeDType } from './elementwise-core.ts';
import { foldLines, layoutOf, moments, type ReduceEntry, runReduce } from './reduction-core.ts';

/** One dimension or several; null means all. */
export type Dims = number | readonly number[] | null;

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

/** Options of {@link variance} and {@link std}. */
export interface VarOptions extends ReduceOptions {
  /** What is subtracted from the number of elements in the divisor: 1 by default. */
  readonly correction?: number;
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

/** Signature of {@link variance} and {@link std}. */
export interface VarOperator {
  (x: Tensor, dim?: Dims): Tensor;
  (x: Tensor, options: VarOptions): Tensor;
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

function canonicalDims(operator: string, x: Tensor, dim: Dims): readonly number[] | null {
  const list = typeof dim === 'number' ? [dim] : dim;
  // An empty list means all dimensions, as in PyTorch.
  return list === null || list.length === 0 ? null : wrapDims(operator, list, x.ndim);
}

const entries = {
  sum: { engine: 'sum', identity: 0, float: (a, b) => a + b, long: (a, b) => a + b },
  prod: { engine: 'prod', identity: 1, float: (a, b) => a * b, long: (a, b) => a * b },
  amax: {
    engine: 'max',
    identity: undefined,
    float: Math.max,
    long: largerOf.long!,
  },
  amin: {
    engine: 'min',
    identity: undefined,
    float: Math.min,
    long: smallerOf.long!,
  },
} satisfies Record<string, ReduceEntry>;

/** Sums and products of integers and bools are int64. */
function accumulationDType(x: Tensor, dtype: DType | null): DType {
  return dtype ?? (dtypeInfo(x.dtype).kind === 'float' ? x.dtype : 'int64');
}

/** Sum; integers and bools give int64. Canonical: (x, { dim, keepdim, dtype }). */
export const sum: SumOperator = defineOperator({
  name: 'sum',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('sum', x, rest),
  forward: (x: Tensor, { dim, keepdim, dtype }: CanonicalReduce) =>
    runReduce('sum', entries.sum, cast(x, accumulationDType(x, dtype)), dim, keepdim),
});

/** Product; integers and bools give int64. Canonical: (x, { dim, keepdim, dtype }). */
export const prod: SumOperator = defineOperator({
  name: 'prod',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('prod', x, rest),
  forward: (x: Tensor, { dim, keepdim, dtype }: CanonicalReduce) =>
    runReduce('prod', entries.prod, cast(x, accumulationDType(x, dtype)), dim, keepdim),
});

/** Arithmetic mean of floats; NaN of no elements. Canonical: (x, { dim, keepdim, dtype }). */
export const mean: SumOperator = defineOperator({
  name: 'mean',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce('mean', x, rest),
  forward: (x: Tensor, { dim, keepdim, dtype }: CanonicalReduce) => {
    const target = dtype ?? x.dtype;
    if (dtypeInfo(target).kind !== 'float') {
      fail(
        'mean',
        `mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: ${dtypeInfo(target).scalarName}`,
      );
    }
    const compute = computeDType(target);
    const { input, outer, size, inner, shape } = layoutOf(cast(x, compute), dim, keepdim);
    const output = newTensor(shape, compute);
    if (outer * inner === 0) return cast(output, target);
    if (size === 0) fillElements(output, Number.NaN);
    else if (compute === 'float32') {
      reduce({ op: 'mean', x: sliceOf(input), y: sliceOf(output), outer, size, inner });
    } else {
      const to = flatElements(output) as Float64Array;
      foldLines(flatElements(input) as Float64Array, to, outer, size, inner, (a, b) => a + b);
      for (let i = 0; i < to.length; i++) to[i]! /= size;
    }
    return cast(output, target);
  },
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
      return runReduce(name, entries[name], x, dim, keepdim);
    },
  });
}

/** Largest element; NaN if there is one. Canonical: (x, { dim, keepdim }). */
export const amax: ReduceOperator = extremumReduction('amax');

/** Smallest element; NaN if there is one. Canonical: (x, { dim, keepdim }). */
export const amin: ReduceOperator = extremumReduction('amin');

interface CanonicalVar {
  readonly dim: readonly number[] | null;
  readonly keepdim: boolean;
  readonly correction: number;
}

function normalizeVar(operator: string, x: Tensor, rest: readonly unknown[]): [Tensor, CanonicalVar] {
  checkTensor(operator, 'input', x);
  const names = ['dim', 'correction', 'keepdim'] as const;
  const { dim = null, correction = 1, keepdim = false } = bindArguments<VarOptions>(operator, names, rest);
  return [x, { dim: canonicalDims(operator, x, dim), keepdim, correction }];
}

function runVariance(operator: string, x: Tensor, options: CanonicalVar, root: boolean): Tensor {
  if (dtypeInfo(x.dtype).kind !== 'float') {
    fail(
      operator,
      `std and var only support floating point and complex dtypes`,
      'a floating-point dtype',
      x.dtype,
    );
  }
  const compute = computeDType(x.dtype);
  const { input, outer, size, inner, shape } = layoutOf(cast(x, compute), options.dim, options.keepdim);
  const output = newTensor(shape, compute);
  if (compute === 'float32') {
    const { correction } = options;
    engineVariance({ x: sliceOf(input), y: sliceOf(output), outer, size, inner, correction, root });
    return cast(output, x.dtype);
  }
  const from = flatElements(input) as Float64Array;
  const to = flatElements(output) as Float64Array;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const { squares } = moments(from, o * size * inner + i, size, inner);
      const quotient = squares / Math.max(size - options.correction, 0);
      to[o * inner + i] = root ? Math.sqrt(quotient) : quotient;
    }
  }
  return cast(output, x.dtype);
}

/** Variance, with Bessel's correction unless `correction` says otherwise. Canonical: (x, { dim, keepdim, correction }). */
const variance: VarOperator = defineOperator({
  name: 'var',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeVar('var', x, rest),
  forward: (x: Tensor, options: CanonicalVar) => runVariance('var', x, options, false),
});

/** Standard deviation. Canonical: (x, { dim, keepdim, correction }). */
export const std: VarOperator = defineOperator({
  name: 'std',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeVar('std', x, rest),
  forward: (x: Tensor, options: CanonicalVar) => runVariance('std', x, options, true),
});

export { variance as var };

function truth(name: 'all' | 'any', identity: number): ReduceOperator {
  const entry: ReduceEntry = {
    engine: name === 'all' ? 'min' : 'max',
    identity,
    float: name === 'all' ? Math.min : Math.max,
    long: () => fail(name, 'internal: bool is not int64'),
  };
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]) => normalizeReduce(name, x, rest),
    forward: (x: Tensor, { dim, keepdim }: CanonicalReduce) => {
      const result = runReduce(name, entry, cast(x, 'bool'), dim, keepdim);
      // PyTorch keeps uint8, its former bool.
      return x.dtype === 'uint8' ? cast(result, 'uint8') : result;
    },
  });
}

/** Whether all elements are true (not zero). Canonical: (x, { dim, keepdim }). */
export const all: ReduceOperator = truth('all', 1);

/** Whether an element is true (not zero). Canonical: (x, { dim, keepdim }). */
export const any: ReduceOperator = truth('any', 0);

/** Running sum along a dimension; integers and bools give int64. Canonical: (x, dim, { dtype }). */
export const cumsum: (x: Tensor, dim: number, options?: { readonly dtype?: DType }) => Tensor =
  defineOperator({
    name: 'cumsum',
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, { dtype: DType }] => {
      checkTensor('cumsum', 'input', x);
      const { dim, dtype } = bindArguments<{ dim: number; dtype: DType }>('cumsum', ['dim', 'dtype'], rest);
      if (dim === undefined) fail('cumsum', "missing argument 'dim'");
      return [x, wrapDim('cumsum', dim, x.ndim), { dtype: accumulationDType(x, dtype ?? null) }];
    },
    forward: (x: Tensor, dim: number, { dtype }) => {
      const compute = computeDType(dtype);
      const result = denseCopy(cast(x, compute));
      const size = result.shape[dim] ?? 1;
      const inner = contiguousStrides(result.shape)[dim] ?? 1;
      const elements = flatElements(result);
      const write = elementWriter(compute);
      for (let line = 0; size > 0 && line < elements.length / size; line++) {
        const base = Math.floor(line / inner) * size * inner + (line % inner);
        let total: number | bigint = elements[base]!;
        for (let k = 1; k < size; k++) {
          const next: number | bigint = elements[base + k * inner]!;
          // Sums of float32 are kept in double and rounded where they are stored.
          total = typeof total === 'bigint' ? total + (next as bigint) : total + (next as number);
          elements[base + k * inner] = write(total);
        }
      }
      return cast(result, dtype);
    },
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
  /** Variance, with Bessel's correction unless `correction` says otherwise. */
  var(options: VarOptions): Tensor;
  var(dim?: Dims): Tensor;
  /** Standard deviation. */
  std(options: VarOptions): Tensor;
  std(dim?: Dims): Tensor;
  /** Whether all elements are true (not zero). */
  all(options: ReduceOptions): Tensor;
  all(dim?: Dims, keepdim?: boolean): Tensor;
  /** Whether an element is true (not zero). */
  any(options: ReduceOptions): Tensor;
  any(dim?: Dims, keepdim?: boolean): Tensor;
  /** Running sum along a dimension; integers and bools give int64. */
  cumsum(dim: number, options?: { readonly dtype?: DType }): Tensor;
}
