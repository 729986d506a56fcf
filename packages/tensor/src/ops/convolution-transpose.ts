/** Transposed convolutions of sequences, images and volumes. */
import { bindArguments } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { checkBias, checkOperands, negativePadding, readSteps } from './convolution-arguments.ts';
import { type CanonicalConvolution, runTransposedConvolution } from './convolution-core.ts';
import { convolutionBias, convolutionWeight, convolve } from './convolution-gradients.ts';
import { sidesOf, sizesOf, type WindowPadding, type WindowSize } from './window.ts';

/** Options of transposed convolutions: numbers for all dimensions, or one for each. */
export interface ConvolutionTransposeOptions {
  readonly stride?: WindowSize;
  /** Taken from both ends of the output. */
  readonly padding?: WindowPadding;
  /** Added to the end of the output; smaller than the stride or the dilation. */
  readonly outputPadding?: WindowSize;
  readonly groups?: number;
  readonly dilation?: WindowSize;
}
/** Options of transposed convolutions as layers of the dispatcher see them. */
export interface CanonicalConvolutionTranspose extends CanonicalConvolution {
  readonly outputPadding: readonly number[];
}

/** Signature of transposed convolutions. Bias and options may also come by position. */
export interface ConvolutionTransposeOperator {
  (
    x: Tensor,
    weight: Tensor,
    bias?: Tensor | null | ConvolutionTransposeOptions,
    options?: ConvolutionTransposeOptions,
  ): Tensor;
  (
    x: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    stride: WindowSize,
    padding?: WindowPadding,
    outputPadding?: WindowSize,
    groups?: number,
    dilation?: WindowSize,
  ): Tensor;
}

type Canonical = [x: Tensor, weight: Tensor, bias: Tensor | null, options: CanonicalConvolutionTranspose];

function normalize(
  operator: string,
  rank: number,
  x: Tensor,
  weight: Tensor,
  rest: readonly unknown[],
): Canonical {
  type Named = ConvolutionTransposeOptions & { bias?: Tensor | null };
  const names = ['bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'] as const;
  const named = bindArguments<Named>(operator, names, rest);
  const { bias = null } = named;
  checkOperands(operator, rank, x, weight, bias);
  const { stride, dilation, groups } = readSteps(operator, rank, named);
  const padding = sidesOf(operator, named.padding ?? 0, rank, negativePadding);
  const outputPadding = sizesOf(operator, 'outputPadding', named.outputPadding ?? 0, rank);
  if (outputPadding.some((extra) => extra < 0)) {
    fail(operator, 'negative output_padding is not supported');
  }
  if (outputPadding.some((extra, d) => extra >= stride[d]! && extra >= dilation[d]!)) {
    fail(
      operator,
      `output padding must be smaller than either stride or dilation, but got output_padding: ${showSizes(outputPadding)} stride: ${showSizes(stride)} dilation: ${showSizes(dilation)}`,
    );
  }
  const [inChannels, groupChannels] = weight.shape as readonly [number, number];
  const channels = x.shape[x.ndim - rank - 1]!;
  if (channels !== inChannels || inChannels % groups !== 0) {
    fail(
      operator,
      `Given transposed=1, weight of size ${showSizes(weight.shape)}, expected input${showSizes(x.shape)} to have ${inChannels} channels, but got ${channels} channels instead`,
    );
  }
  checkBias(operator, bias, groupChannels * groups, weight);
  return [x, weight, bias, { stride, padding, outputPadding, groups, dilation }];
}

function outputSize(
  operator: string,
  x: Tensor,
  weight: Tensor,
  { stride, padding, dilation, outputPadding }: CanonicalConvolutionTranspose,
): readonly number[] {
  const rank = stride.length;
  const inSize = x.shape.slice(-rank);
  const size = inSize.map(
    (length, d) =>
      (length - 1) * stride[d]! -
      padding[d]![0] -
      padding[d]![1] +
      dilation[d]! * (weight.shape[d + 2]! - 1) +
      outputPadding[d]! +
      1,
  );
  if (size.some((length) => length < 1)) {
    fail(
      operator,
      `Given input size per channel: (${inSize.join(' x ')}). Calculated output size per channel: (${size.join(' x ')}). Output size is too small`,
    );
  }
  return size;
}

function transposed(rank: number): ConvolutionTransposeOperator {
  const name = `convTranspose${rank}d`;
  return defineOperator({
    name,
    backwardName: 'ConvolutionBackward0',
    normalize: (x: Tensor, weight: Tensor, ...rest: unknown[]) => normalize(name, rank, x, weight, rest),
    forward: (x: Tensor, weight: Tensor, bias: Tensor | null, options: CanonicalConvolutionTranspose) => {
      const size = outputSize(name, x, weight, options);
      return runTransposedConvolution(x, weight, bias, weight.shape[1]! * options.groups, size, options);
    },
    derivatives: [
      {
        reads: [1],
        of: (grad, [x, weight, , options]) => convolve(grad, weight, x.shape.slice(-rank), options),
      },
      { reads: [0], of: (grad, [x, weight, , options]) => convolutionWeight(grad, x, weight.shape, options) },
      (grad) => convolutionBias(grad, rank),
    ],
  });
}

/**
 * Transposed convolution of sequences with weights [C, out / groups, k].
 * Canonical: (x, weight, bias | null, { stride, padding, outputPadding, groups, dilation }), lists of one.
 */
export const convTranspose1d: ConvolutionTransposeOperator = transposed(1);

/**
 * Transposed convolution of images with weights [C, out / groups, kH, kW]: the gradient of `conv2d` with respect to
 * its input. Canonical: (x, weight, bias | null, { stride, padding, outputPadding, groups, dilation }), pairs.
 */
export const convTranspose2d: ConvolutionTransposeOperator = transposed(2);

/**
 * Transposed convolution of volumes with weights [C, out / groups, kD, kH, kW].
 * Canonical: (x, weight, bias | null, { stride, padding, outputPadding, groups, dilation }), lists of three.
 */
export const convTranspose3d: ConvolutionTransposeOperator = transposed(3);

/** Signature of transposed convolutions as methods. */
type ConvolutionTransposeMethod = (
  weight: Tensor,
  bias?: Tensor | null | ConvolutionTransposeOptions,
  options?: ConvolutionTransposeOptions,
) => Tensor;

/** Transposed convolutions as methods. */
export interface ConvolutionTransposeMethods {
  /** Transposed convolution of sequences with weights [C, out / groups, k]. */
  convTranspose1d: ConvolutionTransposeMethod;
  /**
   * Transposed convolution of images with weights [C, out / groups, kH, kW]: the gradient of `conv2d` with
   * respect to its input.
   */
  convTranspose2d: ConvolutionTransposeMethod;
  /** Transposed convolution of volumes with weights [C, out / groups, kD, kH, kW]. */
  convTranspose3d: ConvolutionTransposeMethod;
}
