// Convolution of plain images by way of blocked ones: images are brought into blocks, convolved and brought back, which
// costs less than what the kernels on blocks save.

import { executor, withScratch } from '../runtime/executor.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { Activation, ConvolutionShape, Padding, Slice } from '../types.ts';
import { blockedConv2d } from './blocked/conv2d.ts';
import {
  type BlockedImage,
  type BlockedShape,
  type BlockedView,
  blockedElements,
  viewIn,
} from './blocked/image.ts';
import { blockPlanes, unblockPlanes } from './blocked/layout.ts';
import { conv2dBorder, inputLanes } from './blocked/method.ts';
import type { PackedConv2d } from './blocked/packed.ts';
import { stackedImage, stackedRows, stackOf } from './conv-stacks.ts';
import { type PackTarget, packedElements, packWeights, type WeightSource } from './conv-weights.ts';

/** Plain images of one group: its planes follow each other, `step` elements separate one image's from the next's. */
export interface PlainImages {
  readonly region: Region;
  readonly step: number;
}

/** The planes of an image. */
export function planesOf({ region, step }: PlainImages, image: number, elements: number): Region {
  return part(region, image * step, elements);
}

/** The elements of a region from one on, as callers of the engine would name them. */
export function sliceOf({ storage, address }: Region, first: number = 0): Slice {
  return { storage: storage!, offset: (address - storage!.address) / 4 + first };
}

/** A blocked image in memory that is known to suffice, as the functions on blocked images take it. */
function imageIn(region: Region, shape: BlockedShape): BlockedImage {
  const { batch, channels, height, width, border, lanes } = shape;
  return { batch, channels, height, width, border, lanes, ...sliceOf(region) };
}

/** Borrows memory for a blocked image for the time of `body`. */
export function withBlocked<T>(shape: BlockedShape, body: (view: BlockedView) => T): T {
  return withScratch(blockedElements(shape), (region) => body(viewIn(region, shape)));
}

/** Convolves one view into another; padding may be negative where the output needs less than the whole input. */
export function convolveView(
  packed: PackedConv2d,
  x: BlockedView,
  y: BlockedView,
  activation: Activation | undefined,
): void {
  const padding = packed.padding.map((size) => Math.max(0, size)) as unknown as Padding;
  blockedConv2d({
    x: imageIn(x.region, cropped(x, packed.padding)),
    y: imageIn(y.region, y),
    weights: { ...packed, padding },
    ...(activation && { activation }),
  });
}

/** The image without the rows and columns that negative padding takes off: they count as border. */
function cropped(x: BlockedShape, padding: Padding): BlockedShape {
  const along = (first: 0 | 2, size: number): readonly [number, number, number] => {
    const [before, after] = [x.border[first], x.border[first + 1]!];
    const start = before + Math.max(0, -padding[first]);
    // Nothing is left where more is taken off than there is.
    const left = Math.max(0, size - Math.max(0, -padding[first]) - Math.max(0, -padding[first + 1]!));
    return [start, left, before + size + after - start - left];
  };
  const [top, height, bottom] = along(0, x.height);
  const [left, width, right] = along(2, x.width);
  return { ...x, height, width, border: [top, bottom, left, right] };
}

/** Borrows memory for the weights of one group, packs them and runs `body`. */
export function withWeights<T>(
  source: WeightSource,
  bias: Region | undefined,
  targets: readonly Omit<PackTarget, 'to'>[],
  body: (packed: readonly PackedConv2d[]) => T,
): T {
  const borrow = (ready: readonly PackTarget[]): T => {
    const next = targets[ready.length];
    if (next === undefined) return body(ready.length === 0 ? [] : packWeights(source, bias, ready));
    return withScratch(packedElements(next.shape), (to) => borrow([...ready, { ...next, to }]));
  };
  return borrow([]);
}

/** Calls `body` for each image, side by side where there are enough of them. */
export function eachImage(batch: number, multiplyAdds: number, body: (image: number) => void): void {
  const some = (first: number, count: number): void => {
    for (let image = first; image < first + count; image++) body(image);
  };
  if (batch >= 2 * executor().threads) forkRanges(batch, productTime(multiplyAdds), some);
  else some(0, batch);
}

/** A convolution of one group whose weights are packed. */
export interface ConvolutionThroughBlocks {
  /** One group of all images. */
  readonly shape: ConvolutionShape;
  readonly packed: PackedConv2d;
  readonly x: PlainImages;
  readonly y: PlainImages;
  readonly activation: Activation | undefined;
}

/** Convolves all images, small ones several at a time. */
export function convolveThroughBlocks({ shape, packed, x, y, activation }: ConvolutionThroughBlocks): void {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth } = shape;
  const { images: most, pitch } = stackOf([shape]);
  const outPitch = pitch / shape.stride[0];
  const area = outHeight * outWidth;
  const work = batch * outChannels * area * inChannels * shape.kernel[0] * shape.kernel[1];
  eachImage(Math.ceil(batch / most), work, (stack) => {
    const first = stack * most;
    const images = Math.min(most, batch - first);
    const tall = {
      ...shape,
      inHeight: stackedRows(images, pitch, inHeight),
      outHeight: stackedRows(images, outPitch, outHeight),
    };
    const xShape = {
      ...{ batch: 1, channels: inChannels, height: tall.inHeight, width: inWidth },
      ...{ border: conv2dBorder(tall, packed.method), lanes: inputLanes(packed.method) },
    };
    const yShape = {
      ...{ batch: 1, channels: outChannels, height: tall.outHeight, width: outWidth },
      ...{ border: [0, 0, 0, 0] as const, lanes: packed.lanes },
    };
    withBlocked(xShape, (from) => {
      for (let index = 0; index < images; index++) {
        const plain = planesOf(x, first + index, inChannels * inHeight * inWidth);
        blockPlanes(plain, stackedImage(from, { index, images, pitch, height: inHeight }));
      }
      withBlocked(yShape, (to) => {
        convolveView(packed, from, to, activation);
        for (let index = 0; index < images; index++) {
          const plain = planesOf(y, first + index, outChannels * area);
          unblockPlanes(stackedImage(to, { index, images, pitch: outPitch, height: outHeight }), plain);
        }
      });
    });
  });
}
