/**
 * Initial values of weights (`torch.nn.init`). With the same seed the numbers are PyTorch's own; bounds are computed
 * in double precision in PyTorch's order of operations. Every function changes its tensor, records nothing and returns
 * the tensor; its arguments come by position, by name in one object, or both, and the names include `generator`.
 */
import {
  bindArguments,
  eye,
  fromTypedArray,
  type GeneratorOptions,
  linalg,
  noGrad,
  randperm,
  type Tensor,
} from '@sconce/tensor';

import { initialization } from './module/initialization.ts';

export { type TruncNormalOptions, truncNormal_ } from '@sconce/tensor';

/** Nonlinearities with a known gain. */
export type Nonlinearity =
  | 'linear'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'conv_transpose1d'
  | 'conv_transpose2d'
  | 'conv_transpose3d'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leaky_relu'
  | 'selu';

/** Which side's variance is kept: that of the values forward or of the gradients backward. */
export type FanMode = 'fan_in' | 'fan_out';

/** Arguments of {@link uniform_} by name. */
export interface UniformOptions extends GeneratorOptions {
  /** Default 0. */
  readonly a?: number;
  /** Default 1. */
  readonly b?: number;
}

/** Arguments of {@link normal_} by name. */
export interface NormalOptions extends GeneratorOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Default 1. */
  readonly std?: number;
}

/** Arguments of the Xavier initialisations and of {@link orthogonal_} by name. */
export interface GainOptions extends GeneratorOptions {
  /** Default 1. */
  readonly gain?: number;
}

/** Arguments of {@link sparse_} by name. */
export interface SparseOptions extends GeneratorOptions {
  /** Share of each column that is zero. */
  readonly sparsity: number;
  /** Of the other numbers (default 0.01). */
  readonly std?: number;
}

/** Arguments of the Kaiming initialisations by name. */
export interface KaimingOptions extends GeneratorOptions {
  /** Negative slope of the leaky ReLU that follows (default 0). */
  readonly a?: number;
  /** Default `'fan_in'`. */
  readonly mode?: FanMode;
  /** Default `'leaky_relu'`. */
  readonly nonlinearity?: Nonlinearity;
}

/** Arguments after the tensor that are at most one number and an object. */
type OneNumber<Options> = [options?: Options] | [value: number, options?: Options];

/** Arguments after the tensor that are at most two numbers and an object. */
type TwoNumbers<Options> = OneNumber<Options> | [first: number, second: number, options?: Options];

/** Arguments of the Kaiming initialisations after the tensor. */
export type KaimingArguments =
  | OneNumber<KaimingOptions>
  | [a: number, mode: FanMode, options?: KaimingOptions]
  | [a: number, mode: FanMode, nonlinearity: Nonlinearity, options?: KaimingOptions];

/** Draws from the uniform distribution over [a, b), by default [0, 1). */
export function uniform_(tensor: Tensor, ...rest: TwoNumbers<UniformOptions>): Tensor {
  const {
    a = 0,
    b = 1,
    generator,
  } = bindArguments<UniformOptions>('uniform_', ['a', 'b', 'generator'], rest);
  if (initialization.skipped) return tensor;
  return noGrad(() => tensor.uniform_(a, b, { generator }));
}

/** Draws from a normal distribution, by default of mean 0 and standard deviation 1. */
export function normal_(tensor: Tensor, ...rest: TwoNumbers<NormalOptions>): Tensor {
  const names = ['mean', 'std', 'generator'] as const;
  const { mean = 0, std = 1, generator } = bindArguments<NormalOptions>('normal_', names, rest);
  if (initialization.skipped) return tensor;
  return noGrad(() => tensor.normal_(mean, std, { generator }));
}

/** Sets every element to one value. */
export function constant_(tensor: Tensor, val: number): Tensor {
  return initialization.skipped ? tensor : noGrad(() => tensor.fill_(val));
}

/** Sets every element to 1. */
export function ones_(tensor: Tensor): Tensor {
  return constant_(tensor, 1);
}

/** Sets every element to 0. */
export function zeros_(tensor: Tensor): Tensor {
  return constant_(tensor, 0);
}

/** Ones on the diagonal of a matrix, zeros elsewhere. @throws {TypeError} unless there are two dimensions */
export function eye_(tensor: Tensor): Tensor {
  const [rows, columns] = matrixSize(tensor);
  return noGrad(() => tensor.copy_(eye(rows, columns)));
}

/**
 * A convolution weight [out, in, ...kernel] that hands as many channels on as it can, in each of the groups.
 *
 * @throws {TypeError} unless there are three to five dimensions, the first of which `groups` divides
 */
export function dirac_(tensor: Tensor, groups: number = 1): Tensor {
  const [outputs = 0, inputs = 0, ...kernel] = tensor.shape;
  if (kernel.length < 1 || kernel.length > 3) {
    throw new TypeError('Only tensors with 3, 4, or 5 dimensions are supported');
  }
  if (outputs % groups !== 0) throw new TypeError('dim 0 must be divisible by groups');
  const size = product(kernel);
  const middle = kernel.reduce((at, length) => at * length + Math.floor(length / 2), 0);
  const values = new Float32Array(outputs * inputs * size);
  const each = outputs / groups;
  for (let group = 0; group < groups; group++) {
    for (let i = 0; i < Math.min(each, inputs); i++) {
      values[((group * each + i) * inputs + i) * size + middle] = 1;
    }
  }
  return noGrad(() => tensor.copy_(fromTypedArray(values, tensor.shape)));
}

/**
 * Uniform, keeping the variance in both directions (Glorot and Bengio, "Understanding the difficulty of training deep
 * feedforward neural networks", 2010). Takes `gain`, by default 1.
 *
 * @throws {TypeError} for a tensor of fewer than two dimensions
 */
export function xavierUniform_(tensor: Tensor, ...rest: OneNumber<GainOptions>): Tensor {
  const { gain, generator } = gainOf('xavierUniform_', rest);
  const bound = Math.sqrt(3) * xavierStd('xavierUniform_', tensor, gain);
  return uniform_(tensor, -bound, bound, { generator });
}

/** The same from a normal distribution. @throws {TypeError} for a tensor of fewer than two dimensions */
export function xavierNormal_(tensor: Tensor, ...rest: OneNumber<GainOptions>): Tensor {
  const { gain, generator } = gainOf('xavierNormal_', rest);
  return normal_(tensor, 0, xavierStd('xavierNormal_', tensor, gain), { generator });
}

/**
 * Uniform, keeping the variance through layers of rectifiers (He et al., "Delving deep into rectifiers", 2015). Takes `a`,
 * `mode` and `nonlinearity`.
 *
 * @throws {TypeError} for a tensor of fewer than two dimensions
 */
export function kaimingUniform_(tensor: Tensor, ...rest: KaimingArguments): Tensor {
  if (tensor.shape.includes(0)) return tensor;
  const { std, generator } = kaiming('kaimingUniform_', tensor, rest);
  const bound = Math.sqrt(3) * std;
  return uniform_(tensor, -bound, bound, { generator });
}

/** The same from a normal distribution. @throws {TypeError} for a tensor of fewer than two dimensions */
export function kaimingNormal_(tensor: Tensor, ...rest: KaimingArguments): Tensor {
  if (tensor.shape.includes(0)) return tensor;
  const { std, generator } = kaiming('kaimingNormal_', tensor, rest);
  return normal_(tensor, 0, std, { generator });
}

/**
 * Rows or columns, whichever are fewer, that are orthogonal and of length `gain`, by default 1; dimensions behind the first
 * count as one (Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2013).
 *
 * @throws {TypeError} for a tensor of fewer than two dimensions
 */
export function orthogonal_(tensor: Tensor, ...rest: OneNumber<GainOptions>): Tensor {
  if (tensor.ndim < 2) throw new TypeError('Only tensors with 2 or more dimensions are supported');
  const { gain, generator } = gainOf('orthogonal_', rest);
  if (tensor.numel() === 0) return tensor;
  const rows = tensor.shape[0] as number;
  const columns = tensor.numel() / rows;
  return noGrad(() => {
    const drawn = tensor.newEmpty([rows, columns]).normal_(0, 1, { generator });
    const { Q: q, R: r } = linalg.qr(rows < columns ? drawn.t() : drawn);
    // The signs make the distribution uniform (Mezzadri, "How to generate random matrices from the classical compact groups").
    const uniform = q.mul(r.diagonal().sign());
    tensor.copy_((rows < columns ? uniform.t() : uniform).reshape(tensor.shape));
    return tensor.mul_(gain);
  });
}

/**
 * A matrix with a share of zeros in each column, and normal numbers elsewhere (Martens, "Deep learning via Hessian-free
 * optimization", 2010). As in PyTorch, where the zeros lie is drawn from the default generator.
 *
 * @throws {TypeError} unless there are two dimensions
 */
export function sparse_(
  tensor: Tensor,
  ...rest: [options: SparseOptions] | TwoNumbers<Omit<SparseOptions, 'sparsity'>>
): Tensor {
  const [rows, columns] = matrixSize(tensor);
  const names = ['sparsity', 'std', 'generator'] as const;
  const { sparsity, std = 0.01, generator } = bindArguments<SparseOptions>('sparse_', names, rest);
  if (sparsity === undefined) throw new TypeError("sparse_() missing 1 required argument: 'sparsity'");
  const zeros = Math.ceil(sparsity * rows);
  return noGrad(() => {
    tensor.normal_(0, std, { generator });
    const kept = new Uint8Array(rows * columns).fill(1);
    for (let column = 0; column < columns; column++) {
      const order = randperm(rows).toTypedArray();
      for (let i = 0; i < Math.min(zeros, rows); i++) kept[Number(order[i]) * columns + column] = 0;
    }
    return tensor.maskedFill_(fromTypedArray(kept, [rows, columns]).eq(0), 0);
  });
}

/**
 * The factor by which a nonlinearity's standard deviation is made up for.
 *
 * @param param the negative slope, for `'leaky_relu'` (default 0.01)
 * @throws {TypeError} for a nonlinearity that is not known
 */
export function calculateGain(nonlinearity: Nonlinearity, param: number = 0.01): number {
  switch (nonlinearity) {
    case 'linear':
    case 'conv1d':
    case 'conv2d':
    case 'conv3d':
    case 'conv_transpose1d':
    case 'conv_transpose2d':
    case 'conv_transpose3d':
    case 'sigmoid':
      return 1;
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.sqrt(2);
    case 'leaky_relu':
      return Math.sqrt(2 / (1 + param ** 2));
    case 'selu':
      return 3 / 4;
    default:
      nonlinearity satisfies never;
      throw new TypeError(`Unsupported nonlinearity ${String(nonlinearity)}`);
  }
}

function gainOf(operator: string, rest: readonly unknown[]): { gain: number } & GeneratorOptions {
  const { gain = 1, generator } = bindArguments<GainOptions>(operator, ['gain', 'generator'], rest);
  return { gain, generator };
}

function kaiming(
  operator: string,
  tensor: Tensor,
  rest: readonly unknown[],
): { std: number } & GeneratorOptions {
  const names = ['a', 'mode', 'nonlinearity', 'generator'] as const;
  const bound = bindArguments<KaimingOptions>(operator, names, rest);
  const { a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu', generator } = bound;
  if (mode !== 'fan_in' && mode !== 'fan_out') {
    throw new TypeError(`Mode ${mode} not supported, please use one of ['fan_in', 'fan_out']`);
  }
  const { fanIn, fanOut } = fans(operator, tensor);
  return { std: calculateGain(nonlinearity, a) / Math.sqrt(mode === 'fan_in' ? fanIn : fanOut), generator };
}

function xavierStd(operator: string, tensor: Tensor, gain: number): number {
  const { fanIn, fanOut } = fans(operator, tensor);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Inputs per output and outputs per input of a weight [out, in, ...kernel]. */
function fans(operator: string, tensor: Tensor): { fanIn: number; fanOut: number } {
  const [outputs, inputs, ...kernel] = tensor.shape;
  if (outputs === undefined || inputs === undefined) {
    throw new TypeError(
      `${operator}: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got shape [${tensor.shape.join(', ')}]`,
    );
  }
  const receptive = product(kernel);
  return { fanIn: inputs * receptive, fanOut: outputs * receptive };
}

function matrixSize(tensor: Tensor): [rows: number, columns: number] {
  const [rows, columns] = tensor.shape;
  if (tensor.ndim !== 2 || rows === undefined || columns === undefined) {
    throw new TypeError('Only tensors with 2 dimensions are supported');
  }
  return [rows, columns];
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}
