/** Variance and standard deviation, alone or with the mean. */
import { variance as engineVariance } from '@sconce/engine';
import { cast, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { ReduceOptions } from './reduction.ts';
import { canonicalDims, type Dims, layoutOf, spread } from './reduction-core.ts';

/** Options of {@link variance} and {@link std}. */
export interface VarOptions extends ReduceOptions {
  /** What is subtracted from the number of elements in the divisor: 1 by default. */
  readonly correction?: number | null;
  /** PyTorch's older form: false is a correction of 0. */
  readonly unbiased?: boolean;
}

/** Arguments of {@link variance} and its like after the tensor. */
export type VarArguments =
  | [dim?: Dims]
  | [unbiased: boolean]
  | [dim: Dims, unbiased: boolean, keepdim?: boolean]
  | [options: VarOptions];

/** Signature of {@link variance} and {@link std}. */
export type VarOperator = (x: Tensor, ...args: VarArguments) => Tensor;

/** Signature of {@link varMean} and {@link stdMean}. */
export type VarMeanOperator = (x: Tensor, ...args: VarArguments) => readonly [Tensor, Tensor];

interface CanonicalVar {
  readonly dim: readonly number[] | null;
  readonly keepdim: boolean;
  readonly correction: number;
}

function normalizeVar(operator: string, x: Tensor, rest: readonly unknown[]): [Tensor, CanonicalVar] {
  checkTensor(operator, 'input', x);
  const names: (keyof VarOptions)[] = ['dim', 'unbiased', 'keepdim', 'correction'];
  const args = typeof rest[0] === 'boolean' ? [undefined, ...rest] : rest;
  const {
    dim = null,
    unbiased,
    keepdim = false,
    correction,
  } = bindArguments<VarOptions>(operator, names, args);
  const { kind } = dtypeInfo(x.dtype);
  if (kind !== 'float') {
    fail(
      operator,
      'std and var only support floating point and complex dtypes',
      'a floating-point dtype',
      x.dtype,
    );
  }
  const subtracted = correction ?? (unbiased === false ? 0 : 1);
  return [x, { dim: canonicalDims(operator, x, dim), keepdim, correction: subtracted }];
}

function runVariance(x: Tensor, options: CanonicalVar, root: boolean): Tensor {
  const compute = x.dtype === 'float64' ? 'float64' : 'float32';
  const { input, outer, size, inner, shape } = layoutOf(cast(x, compute), options.dim, options.keepdim);
  const output = newTensor(shape, compute);
  const { correction } = options;
  if (outer * inner > 0) {
    const [from, to] = [sliceOf(input), sliceOf(output)];
    engineVariance({ dtype: compute, x: from, y: to, outer, size, inner, correction, root });
  }
  return cast(output, x.dtype);
}

/** The gradient of the variance: 2 (x - mean) / (count - correction). */
function varianceBack(grad: Tensor, x: Tensor, options: CanonicalVar): Tensor {
  const { dim, correction } = options;
  const count = (dim ?? [...x.shape.keys()]).reduce((n, d) => n * (x.shape[d] ?? 1), 1);
  const wide = spread(grad, x, options);
  const centred = x.sub(x.mean({ dim, keepdim: true }));
  if (count - correction > 0 || (dim !== null && x.ndim > 0)) {
    return wide.mul(centred).mul(2 / (count - correction));
  }
  // The slope is infinite, and undefined where an element is the mean.
  const nowhere = centred.newFull([], Number.NaN).where(centred.eq(0), Number.POSITIVE_INFINITY);
  return wide.mul(nowhere);
}

/** Variance, with Bessel's correction unless `correction` says otherwise. Canonical: (x, { dim, keepdim, correction }). */
const variance: VarOperator = defineOperator({
  name: 'var',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeVar('var', x, rest),
  forward: (x: Tensor, options: CanonicalVar) => runVariance(x, options, false),
  derivatives: [{ reads: [0], of: (grad, [x, options]) => varianceBack(grad, x, options) }],
});

/** Standard deviation. Canonical: (x, { dim, keepdim, correction }). */
export const std: VarOperator = defineOperator({
  name: 'std',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeVar('std', x, rest),
  forward: (x: Tensor, options: CanonicalVar) => runVariance(x, options, true),
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [x, options], result) =>
        varianceBack(grad.div(result.mul(2)).maskedFill(result.eq(0), 0), x, options),
    },
  ],
});

export { variance as var };

/** {@link variance} and mean. Canonical: (x, { dim, keepdim, correction }). */
export const varMean: VarMeanOperator = defineOperator({
  name: 'varMean',
  composite: true,
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeVar('varMean', x, rest),
  forward: (x: Tensor, options: CanonicalVar): readonly [Tensor, Tensor] => {
    const { dim, keepdim } = options;
    return [x.var(options), x.mean({ dim, keepdim })];
  },
});

/** {@link std} and mean. Canonical: (x, { dim, keepdim, correction }). */
export const stdMean: VarMeanOperator = defineOperator({
  name: 'stdMean',
  composite: true,
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeVar('stdMean', x, rest),
  forward: (x: Tensor, options: CanonicalVar): readonly [Tensor, Tensor] => {
    const { dim, keepdim } = options;
    return [x.std(options), x.mean({ dim, keepdim })];
  },
});

/** Variances as methods. */
export interface VarianceMethods {
  /** Variance, with Bessel's correction unless `correction` says otherwise. */
  var(...args: VarArguments): Tensor;
  /** Standard deviation. */
  std(...args: VarArguments): Tensor;
  /** Variance and mean. */
  varMean(...args: VarArguments): readonly [Tensor, Tensor];
  /** Standard deviation and mean. */
  stdMean(...args: VarArguments): readonly [Tensor, Tensor];
}
