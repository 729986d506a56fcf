/** Transposed convolution of images. */
import { bindArguments, pairArgument } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { type CanonicalConv2d, checkBias, checkOperands, runConvolution } from './convolution-core.ts';
import { checkPair, type Padding2d, type Size2d, sidesOf } from './window.ts';

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dOptions {
  readonly stride?: Size2d;
  readonly padding?: Padding2d;
  /** Added to the output at the bottom and right; smaller than the stride or the dilation. */
  readonly outputPadding?: Size2d;
  readonly groups?: number;
  readonly dilation?: Size2d;
}
/** Options of {@link convTranspose2d} as layers of the dispatcher see them. */
export interface CanonicalConvTranspose2d extends CanonicalConv2d {
  readonly outputPadding: readonly [number, number];
}

/**
 * Transposed convolution of images with weights [C, out / groups, kH, kW]: the gradient of `conv2d` with respect to
 * its input. Canonical: (x, weight, bias | null, { stride, padding, outputPadding, groups, dilation }).
 */
export const convTranspose2d: (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null | ConvTranspose2dOptions,
  options?: ConvTranspose2dOptions,
) => Tensor = defineOperator({
  name: 'convTranspose2d',
  normalize: (
    x: Tensor,
    weight: Tensor,
    ...rest: unknown[]
  ): [Tensor, Tensor, Tensor | null, CanonicalConvTranspose2d] => {
    const operator = 'convTranspose2d';
    type Named = ConvTranspose2dOptions & { bias?: Tensor | null };
    const names = ['bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'] as const;
    const named = bindArguments<Named>(operator, names, rest);
    const { bias = null, groups = 1 } = named;
    checkOperands(operator, x, weight, bias);
    const stride = pairArgument(operator, 'stride', named.stride ?? 1);
    const dilation = pairArgument(operator, 'dilation', named.dilation ?? 1);
    const outputPadding = pairArgument(operator, 'outputPadding', named.outputPadding ?? 0);
    checkPair(operator, 'stride', stride, 1);
    checkPair(operator, 'dilation', dilation, 1);
    checkPair(operator, 'outputPadding', outputPadding, 0);
    outputPadding.forEach((extra, d) => {
      if (extra >= stride[d]! && extra >= dilation[d]!) {
        fail(
          operator,
          `output padding must be smaller than either stride or dilation, but got output_padding_height: ${outputPadding[0]} output_padding_width: ${outputPadding[1]} stride_height: ${stride[0]} stride_width: ${stride[1]} dilation_height: ${dilation[0]} dilation_width: ${dilation[1]}`,
        );
      }
    });
    const [inChannels, groupChannels] = weight.shape as readonly [number, number, number, number];
    if (!Number.isInteger(groups) || groups < 1) fail(operator, 'non-positive groups is not supported');
    if (x.shape.at(-3) !== inChannels || inChannels % groups !== 0) {
      fail(
        operator,
        `Given transposed=1, weight of size ${showSizes(weight.shape)}, expected input${showSizes(x.shape)} to have ${inChannels} channels, but got ${x.shape.at(-3)} channels instead`,
      );
    }
    checkBias(operator, bias, groupChannels * groups, weight);
    return [
      x,
      weight,
      bias,
      { stride, padding: sidesOf(operator, named.padding ?? 0), outputPadding, groups, dilation },
    ];
  },
  forward: (x: Tensor, weight: Tensor, bias: Tensor | null, options: CanonicalConvTranspose2d) => {
    const operator = 'convTranspose2d';
    const { stride, padding, dilation, groups, outputPadding } = options;
    const [inHeight, inWidth] = x.shape.slice(-2) as [number, number];
    const size = [inHeight, inWidth].map(
      (length, d) =>
        (length - 1) * stride[d]! -
        padding[d]![0] -
        padding[d]![1] +
        dilation[d]! * (weight.shape[d + 2]! - 1) +
        outputPadding[d]! +
        1,
    ) as [number, number];
    if (size.some((length) => length < 1)) {
      fail(
        operator,
        `Given input size per channel: (${inHeight} x ${inWidth}). Calculated output size per channel: (${size.join(' x ')}). Output size is too small`,
      );
    }
    const channels = weight.shape[1]! * groups;
    const batch = x.ndim === 4 ? x.shape[0]! : 1;
    if (batch * channels > 0 && inHeight * inWidth === 0) {
      fail(operator, 'non-empty 3D or 4D input tensor expected', undefined, showSizes(x.shape));
    }
    return runConvolution(operator, 'transposed', { x, weight, bias, size, channels, options });
  },
});

/** Transposed convolution as a method. */
export interface ConvolutionTransposeMethods {
  /**
   * Transposed convolution of images with weights [C, out / groups, kH, kW]: the gradient of `conv2d` with
   * respect to its input.
   */
  convTranspose2d(
    weight: Tensor,
    bias?: Tensor | null | ConvTranspose2dOptions,
    options?: ConvTranspose2dOptions,
  ): Tensor;
}
