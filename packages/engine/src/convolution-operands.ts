// Checks what the convolutions of both directions are given.

import { EngineError } from './errors.ts';
import { checkSizes } from './operands.ts';
import type { ConvolutionShape } from './types.ts';

/**
 * Checks the sizes of a convolution.
 * @throws EngineError
 */
export function convolutionSizes(name: string, p: ConvolutionShape): void {
  checkSizes(name, {
    batch: p.batch,
    inHeight: p.inHeight,
    inWidth: p.inWidth,
    outHeight: p.outHeight,
    outWidth: p.outWidth,
  });
  checkSizes(name, { inChannels: p.inChannels, outChannels: p.outChannels, groups: p.groups }, 1);
  checkSizes(name, { 'kernel height': p.kernel[0], 'kernel width': p.kernel[1] }, 1);
  checkSizes(name, { 'stride height': p.stride[0], 'stride width': p.stride[1] }, 1);
  checkSizes(name, { 'dilation height': p.dilation[0], 'dilation width': p.dilation[1] }, 1);
  p.padding.forEach((padding, side) => void checkSizes(name, { [`padding ${side}`]: padding }));
  if (p.inChannels % p.groups !== 0 || p.outChannels % p.groups !== 0) {
    const got = `${p.inChannels} in and ${p.outChannels} out`;
    throw new EngineError(name, 'channels do not divide into groups', `multiples of ${p.groups}`, got);
  }
}

/** The operands of a convolution and of its gradients: elements of each, of images as the forward has them. */
export function convolutionElements(p: ConvolutionShape): { x: number; w: number; y: number; bias: number } {
  return {
    x: p.batch * p.inChannels * p.inHeight * p.inWidth,
    w: ((p.inChannels * p.outChannels) / p.groups) * p.kernel[0] * p.kernel[1],
    y: p.batch * p.outChannels * p.outHeight * p.outWidth,
    bias: p.outChannels,
  };
}

/** Checks that windows of a map fit an image with its padding, one axis after the other. */
export function checkWindows(
  name: string,
  p: Pick<ConvolutionShape, 'kernel' | 'stride' | 'padding' | 'dilation'>,
  image: readonly [number, number],
  map: readonly [number, number],
  slack: 'none' | 'stride' = 'none',
): void {
  for (const axis of [0, 1] as const) {
    const padded = image[axis] + p.padding[2 * axis]! + p.padding[2 * axis + 1]!;
    const reach = (map[axis] - 1) * p.stride[axis] + (p.kernel[axis] - 1) * p.dilation[axis] + 1;
    const allowed = slack === 'none' ? padded : padded + p.stride[axis] - 1;
    if (map[axis] > 0 && reach > allowed) {
      const axisName = axis === 0 ? 'height' : 'width';
      throw new EngineError(name, `windows reach beyond the padded ${axisName}`, `at most ${allowed}`, reach);
    }
  }
}
