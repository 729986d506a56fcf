// Transposed 2-D convolution: the gradient of a convolution with respect to its input, as an operator of its own.

import { checkWindows, convolutionElements, convolutionSizes } from '../convolution-operands.ts';
import { checkSizes, regionOf } from '../operands.ts';
import type { ConvolutionShape, ConvTranspose2dParameters } from '../types.ts';
import { inputGradient } from './conv-grad-input.ts';

/** The convolution whose input's gradient a transposed convolution is: images change places. */
function forwardOf(p: ConvolutionShape): ConvolutionShape {
  return {
    batch: p.batch,
    inChannels: p.outChannels,
    inHeight: p.outHeight,
    inWidth: p.outWidth,
    outChannels: p.inChannels,
    outHeight: p.inHeight,
    outWidth: p.inWidth,
    kernel: p.kernel,
    stride: p.stride,
    padding: p.padding,
    dilation: p.dilation,
    groups: p.groups,
  };
}

/**
 * PyTorch's `conv_transpose2d` on NCHW images, then activation. `outHeight` and `outWidth` include `outputPadding`.
 * Winograd's methods are used where they are faster, unless `exact`.
 *
 * @throws EngineError when sizes are invalid, windows leave the output, or a slice is too small.
 */
export function convTranspose2d(p: ConvTranspose2dParameters): void {
  const name = 'convTranspose2d';
  convolutionSizes(name, p);
  const extra = p.outputPadding ?? ([0, 0] as const);
  checkSizes(name, { 'output padding height': extra[0], 'output padding width': extra[1] });
  const shape = forwardOf(p);
  checkWindows(name, shape, [p.outHeight - extra[0], p.outWidth - extra[1]], [p.inHeight, p.inWidth]);
  const elements = convolutionElements(shape);
  const operands = {
    dy: regionOf(name, 'x', p.x, elements.y),
    w: regionOf(name, 'w', p.w, elements.w),
    bias: p.bias && regionOf(name, 'bias', p.bias, p.outChannels),
    dx: regionOf(name, 'y', p.y, elements.x),
  };
  if (elements.x === 0) return;
  inputGradient({ shape, ...operands, activation: p.activation, exact: p.exact });
}
