/**
 * The gradients of convolutions as operators. Convolution, its gradient with respect to the input (which is the
 * transposed convolution) and that with respect to the weights are each linear in both of their operands, and the
 * gradients of each are two of the others: so gradients of gradients are there too.
 */
import { defineOperator } from '../dispatcher.ts';
import type { Tensor } from '../tensor.ts';
import {
  type CanonicalConvolution,
  runBiasGradient,
  runConvolution,
  runTransposedConvolution,
  runWeightGradient,
} from './convolution-core.ts';

const backwardName = 'ConvolutionBackward0';

/** The convolution of `x` with an output of the given size. Canonical: (x, weight, size, options). */
export const convolve: (
  x: Tensor,
  weight: Tensor,
  size: readonly number[],
  options: CanonicalConvolution,
) => Tensor = defineOperator({
  name: 'convolution',
  backwardName,
  forward: (x: Tensor, weight: Tensor, size: readonly number[], options: CanonicalConvolution) =>
    runConvolution(x, weight, null, size, options),
  derivatives: [
    {
      reads: [1],
      of: (grad, [x, weight, , options]) => convolutionInput(grad, weight, inputOf(x, options), options),
    },
    { reads: [0], of: (grad, [x, weight, , options]) => convolutionWeight(x, grad, weight.shape, options) },
  ],
});

/** Channels and size of an input, without its batch. */
export function inputOf(x: Tensor, { stride }: CanonicalConvolution): readonly number[] {
  return x.shape.slice(-stride.length - 1);
}

/**
 * The gradient of a convolution with respect to its input, of the given channels and size, from that of its output.
 * Canonical: (grad, weight, [channels, ...size], options).
 */
export const convolutionInput: (
  grad: Tensor,
  weight: Tensor,
  input: readonly number[],
  options: CanonicalConvolution,
) => Tensor = defineOperator({
  name: 'convolutionInput',
  backwardName: 'ConvolutionBackwardBackward0',
  forward: (grad: Tensor, weight: Tensor, input: readonly number[], options: CanonicalConvolution) =>
    runTransposedConvolution(grad, weight, null, input[0]!, input.slice(1), options),
  derivatives: [
    { reads: [1], of: (h, [grad, weight, , options]) => convolve(h, weight, sizeOf(grad, options), options) },
    { reads: [0], of: (h, [grad, weight, , options]) => convolutionWeight(h, grad, weight.shape, options) },
  ],
});

function sizeOf(grad: Tensor, { stride }: CanonicalConvolution): readonly number[] {
  return grad.shape.slice(-stride.length);
}

/**
 * The gradient of a convolution with respect to its weights, of the given shape. Canonical: (x, grad, shape, options).
 */
export const convolutionWeight: (
  x: Tensor,
  grad: Tensor,
  shape: readonly number[],
  options: CanonicalConvolution,
) => Tensor = defineOperator({
  name: 'convolutionWeight',
  backwardName: 'ConvolutionBackwardBackward0',
  forward: (x: Tensor, grad: Tensor, shape: readonly number[], options: CanonicalConvolution) =>
    runWeightGradient(x, grad, shape, options),
  derivatives: [
    { reads: [1], of: (h, [x, grad, , options]) => convolutionInput(grad, h, inputOf(x, options), options) },
    { reads: [0], of: (h, [x, grad, , options]) => convolve(x, h, sizeOf(grad, options), options) },
  ],
});

/** The gradient of a convolution with respect to its bias. Canonical: (grad, rank). */
export const convolutionBias: (grad: Tensor, rank: number) => Tensor = defineOperator({
  name: 'convolutionBias',
  forward: (grad: Tensor, rank: number) => {
    if (grad.dtype === 'float32') return runBiasGradient(grad, rank);
    const channels = grad.ndim - rank - 1;
    return grad.sum({ dim: grad.shape.map((_, d) => d).filter((d) => d !== channels) });
  },
  derivatives: [(h, [grad, rank]) => h.reshape(-1, ...new Array<number>(rank).fill(1)).expand(grad.shape)],
});
