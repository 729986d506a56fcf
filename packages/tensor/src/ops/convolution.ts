/** Convolutions of sequences, images and volumes. */
import { bindArguments } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { checkBias, checkOperands, negativePadding, readSteps } from './convolution-arguments.ts';
import { type CanonicalConvolution, runConvolution } from './convolution-core.ts';
import { convolutionBias, convolutionInput, convolutionWeight, inputOf } from './convolution-gradients.ts';
import { type Sides, sidesOf, type WindowPadding, type WindowSize } from './window.ts';

export type { CanonicalConvolution };

/** Options of convolutions: numbers for all dimensions, or one for each. */
export interface ConvolutionOptions {
  readonly stride?: WindowSize;
  /** Zeros around the input; `same` keeps the size (stride 1 only), `valid` is 0. */
  readonly padding?: WindowPadding | 'same' | 'valid';
  readonly dilation?: WindowSize;
  readonly groups?: number;
}

/** Signature of convolutions. Bias and options may also come by position: (x, weight, bias, stride, padding, ...). */
export interface ConvolutionOperator {
  (
    x: Tensor,
    weight: Tensor,
    bias?: Tensor | null | ConvolutionOptions,
    options?: ConvolutionOptions,
  ): Tensor;
  (
    x: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    stride: WindowSize,
    padding?: ConvolutionOptions['padding'],
    dilation?: WindowSize,
    groups?: number,
  ): Tensor;
}

function samePadding(
  operator: string,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): Sides {
  if (stride.some((step) => step !== 1)) {
    fail(operator, "padding='same' is not supported for strided convolutions");
  }
  return kernel.map((size, d) => {
    const total = dilation[d]! * (size - 1);
    return [Math.floor(total / 2), total - Math.floor(total / 2)] as const;
  });
}

type Canonical = [x: Tensor, weight: Tensor, bias: Tensor | null, options: CanonicalConvolution];

function normalize(
  operator: string,
  rank: number,
  x: Tensor,
  weight: Tensor,
  rest: readonly unknown[],
): Canonical {
  type Named = ConvolutionOptions & { bias?: Tensor | null };
  const names = ['bias', 'stride', 'padding', 'dilation', 'groups'] as const;
  const named = bindArguments<Named>(operator, names, rest);
  const { bias = null, padding: given = 0 } = named;
  checkOperands(operator, rank, x, weight, bias);
  const { stride, dilation, groups } = readSteps(operator, rank, named);
  let padding: Sides;
  if (given === 'same') padding = samePadding(operator, weight.shape.slice(2), stride, dilation);
  else if (given === 'valid') padding = sidesOf(operator, 0, rank, negativePadding);
  else if (typeof given === 'string') {
    fail(operator, `Invalid padding string: '${String(given)}'`, "'valid' or 'same'");
  } else padding = sidesOf(operator, given, rank, negativePadding);
  const channels = x.shape[x.ndim - rank - 1]!;
  const [outChannels, groupChannels] = weight.shape as readonly [number, number];
  if (outChannels % groups !== 0 || outChannels < groups) {
    fail(
      operator,
      `Given groups=${groups}, expected weight to be at least ${groups} at dimension 0 and divisible by ${groups}, but got weight of size ${showSizes(weight.shape)} instead`,
    );
  }
  if (channels !== groupChannels * groups) {
    fail(
      operator,
      `Given groups=${groups}, weight of size ${showSizes(weight.shape)}, expected input${showSizes(x.shape)} to have ${groupChannels * groups} channels, but got ${channels} channels instead`,
    );
  }
  checkBias(operator, bias, outChannels, weight);
  return [x, weight, bias, { stride, padding, dilation, groups }];
}

/** The size of the output, without batch and channels. */
function outputSize(
  operator: string,
  x: Tensor,
  weight: Tensor,
  { stride, padding, dilation }: CanonicalConvolution,
): readonly number[] {
  const rank = stride.length;
  const padded = padding.map(([before, after], d) => x.shape[x.ndim - rank + d]! + before + after);
  const kernel = weight.shape.slice(2);
  const size = padded.map((length, d) => {
    const extent = dilation[d]! * (kernel[d]! - 1) + 1;
    return Math.floor((length - extent) / stride[d]!) + 1;
  });
  if (size.some((length) => length < 1)) {
    fail(
      operator,
      `Calculated padded input size per channel: (${padded.join(' x ')}). Kernel size: (${kernel.join(' x ')}). Kernel size can't be greater than actual input size`,
    );
  }
  return size;
}

function convolution(rank: number): ConvolutionOperator {
  const name = `conv${rank}d`;
  return defineOperator({
    name,
    backwardName: 'ConvolutionBackward0',
    normalize: (x: Tensor, weight: Tensor, ...rest: unknown[]) => normalize(name, rank, x, weight, rest),
    forward: (x: Tensor, weight: Tensor, bias: Tensor | null, options: CanonicalConvolution) =>
      runConvolution(x, weight, bias, outputSize(name, x, weight, options), options),
    derivatives: [
      {
        reads: [1],
        of: (grad, [x, weight, , options]) => convolutionInput(grad, weight, inputOf(x, options), options),
      },
      { reads: [0], of: (grad, [x, weight, , options]) => convolutionWeight(x, grad, weight.shape, options) },
      (grad) => convolutionBias(grad, rank),
    ],
  });
}

/**
 * Convolution of sequences [N, C, L] or [C, L] with weights [out, C / groups, k].
 * Canonical: (x, weight, bias | null, { stride, padding, dilation, groups }), lists of one, padding [[left, right]].
 */
export const conv1d: ConvolutionOperator = convolution(1);

/**
 * Convolution of images [N, C, H, W] or [C, H, W] with weights [out, C / groups, kH, kW].
 * Canonical: (x, weight, bias | null, { stride, padding, dilation, groups }), pairs and four-sided padding.
 */
export const conv2d: ConvolutionOperator = convolution(2);

/**
 * Convolution of volumes [N, C, D, H, W] or [C, D, H, W] with weights [out, C / groups, kD, kH, kW].
 * Canonical: (x, weight, bias | null, { stride, padding, dilation, groups }), lists of three and six-sided padding.
 */
export const conv3d: ConvolutionOperator = convolution(3);

/** Signature of convolutions as methods. */
type ConvolutionMethod = (
  weight: Tensor,
  bias?: Tensor | null | ConvolutionOptions,
  options?: ConvolutionOptions,
) => Tensor;

/** Convolutions as methods. */
export interface ConvolutionMethods {
  /** Convolution of sequences [N, C, L] or [C, L] with weights [out, C / groups, k]. */
  conv1d: ConvolutionMethod;
  /** Convolution of images [N, C, H, W] or [C, H, W] with weights [out, C / groups, kH, kW]. */
  conv2d: ConvolutionMethod;
  /** Convolution of volumes [N, C, D, H, W] or [C, D, H, W] with weights [out, C / groups, kD, kH, kW]. */
  conv3d: ConvolutionMethod;
}
