// Batches of small images side by side, pixel after pixel: vectors of as many images, however narrow those are. What the
// convolution of such batches and its gradient share.

import { executor } from '../runtime/executor.ts';
import { floatsOf, part, type Region } from '../runtime/region.ts';
import type { ConvolutionShape } from '../types.ts';
import { convolveTaps } from './conv-batch-taps.ts';
import { groupOf } from './conv-packed.ts';
import { sliceOf } from './conv-through-blocks.ts';
import { copyStrided } from './copy-strided.ts';
import { roundUp } from './gemm-blocked.ts';
import { paddedPlane } from './padded-plane.ts';

/** Outputs of an image up to which a batch is one product. */
const MOST_PIXELS = 64;
/** Share of the vectors across a batch that must be images. */
const FILLED_LANES = 0.75;
/** Channels on both sides from which the product outweighs bringing images together. */
const LEAST_CHANNELS = 16;

/** Whether a convolution, or its gradient with respect to the input, is to be computed here. It depends on the shape alone. */
export function batchPays(shape: ConvolutionShape): boolean {
  const { batch, inHeight, inWidth, outHeight, outWidth, stride } = shape;
  const { inChannels, outChannels, kernel } = groupOf(shape);
  const pixels = outHeight * outWidth;
  const strided = stride[0] * stride[1] > 1;
  return (
    pixels > 0 &&
    inHeight * inWidth > 0 &&
    pixels <= (strided || kernel[0] * kernel[1] === 1 ? MOST_PIXELS : MOST_PIXELS / 4) &&
    batch >= FILLED_LANES * imagesOf(batch) &&
    Math.min(inChannels, outChannels) >= LEAST_CHANNELS
  );
}

/** Images side by side: a batch, filled up to whole vectors. */
function imagesOf(batch: number): number {
  return roundUp(batch, executor().target.lanes('f32'));
}

/** Brings `elements` elements of each image side by side. */
export function together(from: Region, to: Region, batch: number, elements: number): void {
  const images = imagesOf(batch);
  // What fills vectors up meets nothing else, but must not be numbers that are slow to compute with.
  if (images > batch) floatsOf(to).fill(0);
  copyStrided({
    from: { ...sliceOf(from), strides: [1, elements] },
    to: { ...sliceOf(to), strides: [images, 1] },
    shape: [elements, batch],
    elementBytes: 4,
  });
}

/** Takes images that lie side by side apart. */
export function apart(from: Region, to: Region, batch: number, elements: number): void {
  copyStrided({
    from: { ...sliceOf(from), strides: [1, imagesOf(batch)] },
    to: { ...sliceOf(to), strides: [elements, 1] },
    shape: [batch, elements],
    elementBytes: 4,
  });
}

/** What both directions know of a group's images; lengths count elements of all images side by side. */
export interface BatchLayout {
  /** One group. */
  readonly one: ConvolutionShape;
  /** Images side by side, whole vectors of them. */
  readonly images: number;
  /** A row and a plane of the padded input. */
  readonly row: number;
  readonly plane: number;
  readonly taps: number;
  /** From the start of a padded plane to the first pixel of the image. */
  readonly origin: number;
  /** Outputs, and inputs, of one channel. */
  readonly columns: number;
  readonly pixels: number;
  /** Weights of one group. */
  readonly weights: number;
}

/** The layout of a convolution's images. */
export function layoutOf(shape: ConvolutionShape): BatchLayout {
  const one = groupOf(shape);
  const images = imagesOf(shape.batch);
  const padded = paddedPlane(shape, 1);
  const [row, plane] = [padded.pitch * images, padded.elements * images];
  const taps = shape.kernel[0] * shape.kernel[1];
  return {
    ...{ one, images, row, plane, taps },
    origin: shape.padding[0] * row + shape.padding[2] * images,
    columns: shape.outHeight * shape.outWidth * images,
    pixels: shape.inHeight * shape.inWidth * images,
    weights: one.inChannels * one.outChannels * taps,
  };
}

/** What products of such batches leave out. */
export const float32 = { type: 'f32', batch: 1, cBatch: 0, alpha: 1, beta: 0, bias: undefined } as const;

/** Convolves group after group tap by tap, or computes the gradient with respect to `x`. */
export function eachGroup(
  { one, images, pixels, columns, weights }: BatchLayout,
  groups: number,
  w: Region,
  x: Region,
  y: Region,
  gradient: boolean,
): void {
  const [inElements, outElements] = [one.inChannels * pixels, one.outChannels * columns];
  for (let group = 0; group < groups; group++) {
    const image = part(x, group * inElements, inElements);
    const result = part(y, group * outElements, outElements);
    const [from, to] = gradient ? [result, image] : [image, result];
    convolveTaps(one, images, { from, w: part(w, group * weights, weights), to, gradient });
  }
}
