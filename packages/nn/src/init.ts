/**
 * Initial values of weights (`torch.nn.init`). With the same seed the numbers are PyTorch's own; bounds are computed
 * in double precision in PyTorch's order of operations.
 */
import { noGrad, type Tensor } from '@sconce/tensor';

/** Nonlinearities with a known gain. */
export type Nonlinearity =
  | 'linear'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leaky_relu'
  | 'selu';

/** Which side's variance is kept: that of the values forward or of the gradients backward. */
export type FanMode = 'fan_in' | 'fan_out';

/** Options of the Kaiming initialisations. */
export interface KaimingOptions {
  /** Negative slope of the leaky ReLU that follows (default 0). */
  readonly a?: number;
  /** Default `'fan_in'`. */
  readonly mode?: FanMode;
  /** Default `'leaky_relu'`. */
  readonly nonlinearity?: Nonlinearity;
}

/** Draws from the uniform distribution over [from, to). Changes and returns the tensor. */
export function uniform_(tensor: Tensor, from: number = 0, to: number = 1): Tensor {
  return noGrad(() => tensor.uniform_(from, to));
}

/** Draws from a normal distribution. Changes and returns the tensor. */
export function normal_(tensor: Tensor, mean: number = 0, std: number = 1): Tensor {
  return noGrad(() => tensor.normal_(mean, std));
}

/** Sets every element to one value. Changes and returns the tensor. */
export function constant_(tensor: Tensor, value: number): Tensor {
  return noGrad(() => tensor.fill_(value));
}

/** Sets every element to 1. Changes and returns the tensor. */
export function ones_(tensor: Tensor): Tensor {
  return constant_(tensor, 1);
}

/** Sets every element to 0. Changes and returns the tensor. */
export function zeros_(tensor: Tensor): Tensor {
  return constant_(tensor, 0);
}

/**
 * Uniform, keeping the variance through layers of rectifiers (He et al., "Delving deep into rectifiers", 2015).
 *
 * @throws {TypeError} for a tensor of fewer than two dimensions
 */
export function kaimingUniform_(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  if (tensor.shape.includes(0)) return tensor;
  const bound = Math.sqrt(3) * kaimingStd('kaimingUniform_', tensor, options);
  return uniform_(tensor, -bound, bound);
}

/** The same from a normal distribution. @throws {TypeError} for a tensor of fewer than two dimensions */
export function kaimingNormal_(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  if (tensor.shape.includes(0)) return tensor;
  return normal_(tensor, 0, kaimingStd('kaimingNormal_', tensor, options));
}

/**
 * Uniform, keeping the variance in both directions (Glorot and Bengio, "Understanding the difficulty of training deep
 * feedforward neural networks", 2010).
 *
 * @throws {TypeError} for a tensor of fewer than two dimensions
 */
export function xavierUniform_(tensor: Tensor, gain: number = 1): Tensor {
  const bound = Math.sqrt(3) * xavierStd('xavierUniform_', tensor, gain);
  return uniform_(tensor, -bound, bound);
}

/** The same from a normal distribution. @throws {TypeError} for a tensor of fewer than two dimensions */
export function xavierNormal_(tensor: Tensor, gain: number = 1): Tensor {
  return normal_(tensor, 0, xavierStd('xavierNormal_', tensor, gain));
}

/**
 * The factor by which a nonlinearity's standard deviation is made up for.
 *
 * @param parameter the negative slope, for `'leaky_relu'` (default 0.01)
 */
export function calculateGain(nonlinearity: Nonlinearity, parameter: number = 0.01): number {
  switch (nonlinearity) {
    case 'linear':
    case 'conv1d':
    case 'conv2d':
    case 'conv3d':
    case 'sigmoid':
      return 1;
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.sqrt(2);
    case 'leaky_relu':
      return Math.sqrt(2 / (1 + parameter ** 2));
    case 'selu':
      return 3 / 4;
    default:
      nonlinearity satisfies never;
      throw new TypeError(`Unsupported nonlinearity ${String(nonlinearity)}`);
  }
}

function kaimingStd(operator: string, tensor: Tensor, options: KaimingOptions): number {
  const { a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu' } = options;
  const { fanIn, fanOut } = fans(operator, tensor);
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === 'fan_in' ? fanIn : fanOut);
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
  const receptive = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: inputs * receptive, fanOut: outputs * receptive };
}
