// Which method computes a convolution on blocked images, and what each needs of its input.

import { executor } from '../../runtime/executor.ts';
import type { ConvolutionShape, Padding } from '../../types.ts';
import { blockedLanes } from './image.ts';
import { type WinogradMethod, winogradForms } from './winograd-transforms.ts';

/**
 * How a convolution is computed. `direct`: sums of products (pointwise ones too). `planar`: the same for inputs of few
 * channels, read from planes (a blocked image of 1 lane). `depthwise`: one input channel for each output channel.
 * `winograd4` and `winograd2`: Winograd's F(4x4, 3x3) and F(2x2, 3x3). `winogradStrided`: F(2x2, 2x2) on what a stride of
 * two makes of 3x3 windows. `strassen`: one level of Strassen's matrix product.
 */
export type Conv2dMethod = 'direct' | 'planar' | 'depthwise' | 'strassen' | WinogradMethod;

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

/** Whether Strassen's product applies: both halves of the channels are whole blocks, in one group. */
export function allowsStrassen(
  { groups, inChannels, outChannels }: Pick<ConvolutionShape, 'groups' | 'inChannels' | 'outChannels'>,
  lanes: number,
): boolean {
  return groups === 1 && inChannels % (2 * lanes) === 0 && outChannels % (2 * lanes) === 0;
}

/** Pixels from which the larger weights of Strassen's product do not outweigh what it saves. */
const STRASSEN_PIXELS = 49;

/** Multiply-adds from which its additional launches do not matter. */
const STRASSEN_WORK = 7e6;

/** Multiply-adds of one vector that take as long as reading an input into sums and writing these, and as long for an output. */
const STRASSEN_SUMS = { input: 5, gatheredInput: 11, output: 8 } as const;

/**
 * Whether an eighth of the products outweighs the sums that Strassen's product takes for it. Not for windows that overlap,
 * since each of their inputs would be written several times.
 */
function strassenPays(shape: ConvolutionShape): boolean {
  if (!allowsStrassen(shape, blockedLanes())) return false;
  const { kernel, stride, inChannels, outChannels, outHeight, outWidth } = shape;
  const depth = inChannels * kernel[0] * kernel[1];
  const pixels = outHeight * outWidth;
  if (kernel.some((size, axis) => size > stride[axis]!)) return false;
  if (pixels < STRASSEN_PIXELS || pixels * depth * outChannels < STRASSEN_WORK) return false;
  const inPlace = [...kernel, ...stride].every((size) => size === 1);
  const inputs = (inPlace ? STRASSEN_SUMS.input : STRASSEN_SUMS.gatheredInput) / outChannels;
  return 1 / 8 - inputs - STRASSEN_SUMS.output / depth >= STRASSEN_GAIN;
}

/** Share of the products that must be left of what is saved. */
const STRASSEN_GAIN = 0.055;

/** Whether every output channel has an input channel of its own. */
export function isDepthwise({ groups, inChannels, outChannels }: ConvolutionShape): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

/**
 * The method that should be fastest for a convolution. Winograd's and Strassen's multiply less and round differently: with
 * 16 to 2048 channels the largest error relative to the largest output is 9e-7 to 3.4e-6 for F(4x4), 2e-7 to 9e-7 for F(2x2)
 * and the strided method, 4e-7 to 3.0e-6 for Strassen's, 8e-7 to 3.1e-6 for direct sums; and one infinity or NaN spreads over
 * its whole tile of outputs, or over the pixels and channels that are paired. F(4x4) is for large images; in small ones too
 * much of its tiles lies outside, and its weights are four times those of the convolution.
 * @param options.exact - forbids Winograd's and Strassen's methods.
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
  return pays?.[0] ?? (strassenPays(shape) ? 'strassen' : 'direct');
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
