/**
 * Operators that leave out masked elements (`torch.masked`): where `mask` is false an element does not count. Each is
 * made of public operators, so gradients pass through.
 */
import { bindArguments, checkTensor } from '../arguments.ts';
import { ones } from '../creation.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { vectorNorm } from '../linalg/norms.ts';
import { limitOf } from '../ops/along-core.ts';
import { stack } from '../ops/joining.ts';
import type { Dims } from '../ops/reduction-core.ts';
import { wrapDim, wrapDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Options that all masked operators take. */
export interface MaskedOptions {
  /** Converts the result, or the input where it adds up, to this dtype. */
  readonly dtype?: DType | null;
  /** bool, broadcast to the input; without it all elements count. */
  readonly mask?: Tensor | null;
}

/** Options of masked reductions. */
export interface MaskedReduceOptions extends MaskedOptions {
  readonly dim?: Dims;
  readonly keepdim?: boolean;
}

/** Signature of masked reductions. */
export interface MaskedReduceOperator {
  (x: Tensor, dim?: Dims, options?: MaskedReduceOptions): Tensor;
  (x: Tensor, options: MaskedReduceOptions): Tensor;
}

/** Signature of masked operators along one dimension. */
export interface MaskedDimOperator {
  (x: Tensor, dim: number, options?: MaskedOptions): Tensor;
  (x: Tensor, options: MaskedOptions & { readonly dim: number }): Tensor;
}

interface Reduction {
  readonly dim: readonly number[];
  readonly keepdim: boolean;
  readonly dtype: DType | null;
  readonly mask: Tensor | null;
}

const reduceNames = ['dim', 'keepdim', 'dtype', 'mask'] as const;

function allDims(operator: string, x: Tensor, dim: Dims): readonly number[] {
  const list = typeof dim === 'number' ? [dim] : dim;
  if (list === null || list.length === 0) return x.shape.map((_, d) => d);
  return wrapDims(operator, list, x.ndim).sort((a, b) => a - b);
}

function reductionOf(operator: string, x: Tensor, rest: readonly unknown[]): Reduction {
  checkTensor(operator, 'input', x);
  const bound = bindArguments<MaskedReduceOptions>(operator, reduceNames, rest);
  const { dim = null, keepdim = false, dtype = null, mask = null } = bound;
  return { dim: allDims(operator, x, dim), keepdim, dtype, mask };
}

/** The mask in the input's shape. */
function fullMask(operator: string, x: Tensor, mask: Tensor): Tensor {
  if (mask.ndim > x.ndim) {
    fail(operator, 'expected broadcastable mask (got mask dimensionality higher than of the input)');
  }
  return mask.to('bool').expand(x.shape);
}

/** The input with `value` where it is masked out. */
function filled(operator: string, x: Tensor, mask: Tensor | null, value: number | bigint): Tensor {
  return mask === null ? x : x.where(fullMask(operator, x, mask), x.newFull([], value));
}

function sumDType(x: Tensor, dtype: DType | null): DType {
  return dtype ?? (dtypeInfo(x.dtype).kind === 'float' ? x.dtype : 'int64');
}

/** Sum. */
export const sum: MaskedReduceOperator = (x: Tensor, ...rest: unknown[]) => {
  const { dim, keepdim, dtype, mask } = reductionOf('masked.sum', x, rest);
  return filled('masked.sum', x, mask, 0).sum({ dim, keepdim, dtype: sumDType(x, dtype) });
};

/** Product. */
export const prod: MaskedReduceOperator = (x: Tensor, ...rest: unknown[]) => {
  const { dim, keepdim, dtype, mask } = reductionOf('masked.prod', x, rest);
  return filled('masked.prod', x, mask, 1).prod({ dim, keepdim, dtype: sumDType(x, dtype) });
};

function extremum(name: 'amax' | 'amin', sign: 1 | -1): MaskedReduceOperator {
  return (x: Tensor, ...rest: unknown[]) => {
    const { dim, keepdim, dtype, mask } = reductionOf(`masked.${name}`, x, rest);
    return filled(`masked.${name}`, x, mask, limitOf(x.dtype, sign))
      [name]({ dim, keepdim })
      .to(dtype ?? x.dtype);
  };
}

/** Largest element. */
export const amax: MaskedReduceOperator = extremum('amax', -1);
/** Smallest element. */
export const amin: MaskedReduceOperator = extremum('amin', 1);

/** Signature of {@link argmax} and {@link argmin}. */
export interface MaskedArgOperator {
  (x: Tensor, dim?: number | null, options?: MaskedOptions & { readonly keepdim?: boolean }): Tensor;
  (x: Tensor, options: MaskedOptions & { readonly dim?: number | null; readonly keepdim?: boolean }): Tensor;
}

function argExtremum(name: 'argmax' | 'argmin', sign: 1 | -1): MaskedArgOperator {
  return (x: Tensor, ...rest: unknown[]) => {
    checkTensor(`masked.${name}`, 'input', x);
    type Named = MaskedOptions & { dim: number | null; keepdim: boolean };
    const {
      dim = null,
      keepdim = false,
      dtype = null,
      mask = null,
    } = bindArguments<Named>(`masked.${name}`, reduceNames, rest);
    return filled(`masked.${name}`, x, mask, limitOf(x.dtype, sign))
      [name]({ dim, keepdim })
      .to(dtype ?? x.dtype);
  };
}

/** Position of the largest element, in the input's dtype unless another is given. */
export const argmax: MaskedArgOperator = argExtremum('argmax', -1);
/** Position of the smallest element, in the input's dtype unless another is given. */
export const argmin: MaskedArgOperator = argExtremum('argmin', 1);

/** Number of elements that count. */
function counts(operator: string, x: Tensor, { dim, keepdim, mask }: Omit<Reduction, 'dtype'>): Tensor {
  const each = mask === null ? ones(x.shape, { dtype: 'int64' }) : fullMask(operator, x, mask);
  return each.sum({ dim, keepdim });
}

/** Arithmetic mean. */
export const mean: MaskedReduceOperator = (x: Tensor, ...rest: unknown[]) => {
  const options = reductionOf('masked.mean', x, rest);
  const { dim, keepdim, dtype, mask } = options;
  const target = dtype ?? x.dtype;
  if (dtypeInfo(target).kind !== 'float') {
    fail(
      'masked.mean',
      `mean(): Could not infer output dtype. ${dtype === null ? 'Input' : 'Optional'} dtype must be either a floating point or complex dtype. Got: ${target}`,
    );
  }
  const total = filled('masked.mean', x, mask, 0).sum({ dim, keepdim, dtype: target });
  return total.div(counts('masked.mean', x, options));
};

/** Signature of {@link median}. */
export interface MaskedMedianOperator {
  (x: Tensor, dim?: number, options?: MaskedOptions & { readonly keepdim?: boolean }): Tensor;
  (x: Tensor, options: MaskedOptions & { readonly dim?: number; readonly keepdim?: boolean }): Tensor;
}

/** Median along a dimension; NaN where nothing counts. */
export const median: MaskedMedianOperator = (x: Tensor, ...rest: unknown[]) => {
  checkTensor('masked.median', 'input', x);
  type Named = MaskedOptions & { dim: number; keepdim: boolean };
  const bound = bindArguments<Named>('masked.median', reduceNames, rest);
  const { dim = -1, keepdim = false, dtype = null, mask = null } = bound;
  const float = dtypeInfo(x.dtype).kind === 'float';
  const numbers = float ? x : x.to('float32');
  const { values } = filled('masked.median', numbers, mask, Number.NaN).nanmedian({ dim, keepdim });
  if (float) return values;
  if (values.isnan().any().item() === true) {
    fail('masked.median', 'masked median expects no fully masked out rows if dtype is not floating point');
  }
  return values.to(dtype ?? x.dtype);
};

/** Logarithm of the sum of exponentials. */
export const logsumexp: MaskedReduceOperator = (x: Tensor, ...rest: unknown[]) => {
  const { dim, keepdim, dtype, mask } = reductionOf('masked.logsumexp', x, rest);
  const source = filled('masked.logsumexp', x, mask, limitOf(x.dtype, -1));
  return source.logsumexp({ dim, keepdim }).to(dtype ?? x.dtype);
};

/** Options of {@link logaddexp}. */
export interface MaskedLogaddexpOptions {
  readonly dtype?: DType | null;
  readonly inputMask?: Tensor | null;
  readonly otherMask?: Tensor | null;
}

/** log(exp(x) + exp(other)), elementwise. */
export const logaddexp: (x: Tensor, other: Tensor, options?: MaskedLogaddexpOptions) => Tensor = (
  x,
  other,
  { dtype, inputMask = null, otherMask = null } = {},
) => {
  const operator = 'masked.logaddexp';
  const left = filled(operator, x, inputMask, limitOf(x.dtype, -1));
  const right = filled(operator, other, otherMask, limitOf(other.dtype, -1));
  const shape = left.add(right).shape;
  return stack([left.expand(shape), right.expand(shape)])
    .logsumexp(0)
    .to(dtype ?? x.dtype);
};

/** Signature of {@link norm}. */
export interface MaskedNormOperator {
  (x: Tensor, ord?: number | null, dim?: Dims, options?: MaskedReduceOptions): Tensor;
  (x: Tensor, ord: number | null, options: MaskedReduceOptions): Tensor;
}

/** Norm of a vector, the 2-norm unless `ord` says otherwise. */
export const norm: MaskedNormOperator = (x: Tensor, ...rest: unknown[]) => {
  checkTensor('masked.norm', 'input', x);
  type Named = MaskedReduceOptions & { ord: number | null };
  const names: (keyof Named)[] = ['ord', ...reduceNames];
  const bound = bindArguments<Named>('masked.norm', names, rest);
  const { ord, dim = null, keepdim = false, dtype = null, mask = null } = bound;
  const p = ord ?? 2;
  const neutral = p === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : 0;
  const source = filled('masked.norm', x, mask, neutral);
  return vectorNorm(source, p, {
    dim: allDims('masked.norm', x, dim),
    keepdim,
    ...(dtype === null ? {} : { dtype }),
  });
};

/** Options of {@link std} and {@link var}. */
export interface MaskedVarOptions extends MaskedReduceOptions {
  /** What is subtracted from the number of elements in the divisor: 1 by default. */
  readonly correction?: number | null;
  /** PyTorch's older form: false is a correction of 0. */
  readonly unbiased?: boolean | null;
}

/** Signature of {@link std} and {@link var}. */
export interface MaskedVarOperator {
  (x: Tensor, dim?: Dims, unbiased?: boolean | null, options?: MaskedVarOptions): Tensor;
  (x: Tensor, options: MaskedVarOptions): Tensor;
}

function varianceOf(operator: string, x: Tensor, rest: readonly unknown[]): Tensor {
  checkTensor(operator, 'input', x);
  const names: (keyof MaskedVarOptions)[] = ['dim', 'unbiased', 'keepdim', 'correction', 'dtype', 'mask'];
  const bound = bindArguments<MaskedVarOptions>(operator, names, rest);
  const { dim = null, unbiased = null, keepdim = false, dtype = null, mask = null } = bound;
  const subtracted = bound.correction ?? (unbiased === false ? 0 : 1);
  const target = dtype ?? (dtypeInfo(x.dtype).kind === 'float' ? x.dtype : 'float32');
  const compute = dtypeInfo(target).kind === 'float' ? target : 'float32';
  const dims = allDims(operator, x, dim);
  const kept = { dim: dims, keepdim: true, mask };
  const count = counts(operator, x, kept);
  const total = filled(operator, x, mask, 0).sum({ dim: dims, keepdim: true, dtype: target });
  const centred = x.sub(total.div(count));
  const squares = filled(operator, centred.mul(centred), mask, 0).sum({ dim: dims, keepdim, dtype: compute });
  const divisor = count.reshape(squares.shape).to(compute).sub(subtracted);
  return squares.div(subtracted === 0 ? divisor : divisor.maximum(divisor.newZeros([]))).to(target);
}

/** Variance, with Bessel's correction unless `correction` says otherwise. */
const variance: MaskedVarOperator = (x: Tensor, ...rest: unknown[]) => varianceOf('masked.var', x, rest);

/** Standard deviation. */
export const std: MaskedVarOperator = (x: Tensor, ...rest: unknown[]) =>
  varianceOf('masked.std', x, rest).sqrt();

export { variance as var };

function along(
  name: string,
  neutral: (x: Tensor) => number | bigint,
  compute: (x: Tensor, dim: number, dtype: DType) => Tensor,
): MaskedDimOperator {
  const operator = `masked.${name}`;
  return (x: Tensor, ...rest: unknown[]) => {
    checkTensor(operator, 'input', x);
    type Named = MaskedOptions & { dim: number };
    const { dim, dtype = null, mask = null } = bindArguments<Named>(operator, ['dim', 'dtype', 'mask'], rest);
    if (dim === undefined) fail(operator, "missing argument 'dim'");
    return compute(filled(operator, x, mask, neutral(x)), wrapDim(operator, dim, x.ndim), dtype ?? x.dtype);
  };
}

/** Running sum along a dimension, in the input's dtype unless another is given. */
export const cumsum: MaskedDimOperator = along(
  'cumsum',
  () => 0,
  (x, dim, dtype) => x.cumsum(dim, { dtype }),
);
/** Running product along a dimension, in the input's dtype unless another is given. */
export const cumprod: MaskedDimOperator = along(
  'cumprod',
  () => 1,
  (x, dim, dtype) => x.cumprod(dim, { dtype }),
);
/** exp(x) divided by its sum along a dimension. */
export const softmax: MaskedDimOperator = along(
  'softmax',
  (x) => limitOf(x.dtype, -1),
  (x, dim, dtype) => x.softmax(dim, { dtype }),
);
/** Logarithm of {@link softmax}. */
export const logSoftmax: MaskedDimOperator = along(
  'logSoftmax',
  (x) => limitOf(x.dtype, -1),
  (x, dim, dtype) => x.logSoftmax(dim, { dtype }),
);
/** {@link softmax} of -x. */
export const softmin: MaskedDimOperator = along(
  'softmin',
  (x) => limitOf(x.dtype, 1),
  (x, dim, dtype) => x.neg().softmax(dim, { dtype }),
);

/** Options of {@link normalize}. */
export interface MaskedNormalizeOptions extends MaskedOptions {
  /** The norm counts as at least this; 1e-12 by default. */
  readonly eps?: number;
}

/** x divided by its norm along a dimension. */
export const normalize: (x: Tensor, ord: number, dim: number, options?: MaskedNormalizeOptions) => Tensor = (
  x,
  ord,
  dim,
  { eps = 1e-12, dtype = null, mask = null } = {},
) => {
  const length = norm(x, ord, { dim, keepdim: true, dtype, mask });
  return filled('masked.normalize', x, mask, 0).div(length.maximum(length.newFull([], eps)));
};
