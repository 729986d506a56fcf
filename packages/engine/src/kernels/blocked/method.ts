// Which method computes a convolution on blocked images, and what each needs of its input.

import { executor } from '../../runtime/executor.ts';
import type { ConvolutionShape, Padding } from '../../types.ts';
import { type WinogradMethod, winogradForms } from './winograd-transforms.ts';

/**
 * How a convolution is computed. `direct`: sums of products (pointwise ones too). `planar`: the same for inputs of few
 * channels, read from planes (a blocked image of 1 lane). `depthwise`: one input channel for each output channel.
 * `winograd4` and `winograd2`: Winograd's F(4x4, 3x3) and F(2x2, 3x3). `winogradStrided`: F(2x2, 2x2) on what a stride of
 * two makes of 3x3 windows.
 */
export type Conv2dMethod = 'direct' | 'planar' | 'depthwise' | WinogradMethod;

/** Inputs of up to this many channels are read from planes. */
const PLANAR_CHANNELS = 4;

/** Channels from which the transforms repay, on either side. */
const WINOGRAD_CHANNELS = 16;

/** Outputs along the shorter side from which each method repays, those that repay most first. */
const WINOGRAD_EXTENTS: readonly (readonly [WinogradMethod, number])[] = [
  ['winograd4', 20],
  ['winograd2', 6],
  ['winogradStrided', 14],
];

export function isWinograd(method: Conv2dMethod): method is WinogradMethod {
  return method in winogradForms;
}

/** Whether a Winograd method applies at all: 3x3 windows of its stride in one group. */
export function allowsWinograd(
  { kernel, stride, dilation, groups }: ConvolutionShape,
  method: WinogradMethod,
): boolean {
  const all = (pair: readonly number[], size: number): boolean => pair.every((value) => value === size);
  return all(kernel, 3) && all(stride, winogradForms[method].stride) && all(dilation, 1) && groups === 1;
}

/** Whether every output channel has an input channel of its own. */
export function isDepthwise({ groups, inChannels, outChannels }: ConvolutionShape): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

/**
 * The method that should be fastest for a convolution. Winograd's multiply less and round differently: with 16 to 512
 * channels the largest error relative to the largest output is 3e-6 to 2.3e-5 for F(4x4), 2e-7 to 8e-7 for F(2x2) and the
 * strided method, 4e-7 to 1.9e-6 for direct sums; and one infinity or NaN spreads over its whole tile of outputs. F(4x4) is
 * for large images; in small ones too much of its tiles lies outside, and its weights are four times those of the
 * convolution.
 * @param options.exact - forbids Winograd's methods.
 */
export function chooseConv2d(
  shape: ConvolutionShape,
  { exact = false }: { readonly exact?: boolean } = {},
): Conv2dMethod {
  if (isDepthwise(shape)) return 'depthwise';
  if (shape.groups === 1 && shape.inChannels <= PLANAR_CHANNELS) return 'planar';
  const { inChannels, outChannels, outHeight, outWidth } = shape;
  if (exact || Math.min(inChannels, outChannels) < WINOGRAD_CHANNELS) return 'direct';
  const extent = Math.min(outHeight, outWidth);
  const pays = WINOGRAD_EXTENTS.find(([method, least]) => extent >= least && allowsWinograd(shape, method));
  return pays?.[0] ?? 'direct';
}

/** Lanes of the input that a method reads: planes one after the other, or blocks. */
export function inputLanes(method: Conv2dMethod): number {
  return method === 'planar' ? 1 : executor().target.lanes('f32');
}

/**
 * The border that a convolution reads: an input whose border is at least this large is read in place, any other is copied
 * into one that has it first.
 */
export function conv2dBorder(shape: ConvolutionShape, method: Conv2dMethod): Padding {
  const along = (axis: 0 | 1): [number, number] => {
    const before = shape.padding[2 * axis]!;
    const [inside, outputs] =
      axis === 0 ? [shape.inHeight, shape.outHeight] : [shape.inWidth, shape.outWidth];
    const tile = isWinograd(method) ? winogradForms[method].outputs : 1;
    const last = Math.ceil(outputs / tile) * tile - 1;
    const reach = last * shape.stride[axis] + (shape.kernel[axis] - 1) * shape.dilation[axis] + 1;
    return [before, Math.max(0, reach - before - inside)];
  };
  const [top, bottom] = along(0);
  const [left, right] = along(1);
  return [top, bottom, left, right];
}
