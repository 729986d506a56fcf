// Channel-blocked images: what they are, how large, and where each part lies.

import { EngineError } from '../../errors.ts';
import { checkSizes, regionOf } from '../../operands.ts';
import { executor } from '../../runtime/executor.ts';
import { part, type Region } from '../../runtime/region.ts';
import type { Padding, Slice } from '../../types.ts';

/** Extent of a channel-blocked image, or of several of equal size. */
export interface BlockedShape {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Rows and columns of zeros around each block, part of the buffer, so that windows may reach into them. */
  readonly border: Padding;
  /**
   * Channels side by side: {@link blockedLanes}, or 1 for planes one after the other, which is the input that a first
   * layer of few channels reads.
   */
  readonly lanes: number;
}

/**
 * Images of float32 in the layout `[batch][channels / lanes][height + border][width + border][lanes]`. The lanes behind the
 * last channel hold zeros; each kernel that writes an image keeps it so, and writes the border too. A block whose size
 * is a multiple of 4096 bytes is followed by an unused pixel, lest all blocks compete for the same lines of the cache.
 */
export interface BlockedImage extends BlockedShape, Slice {}

/** Distances within a blocked image, in elements. */
export interface BlockedGeometry {
  readonly blocks: number;
  /** From one row to the next. */
  readonly row: number;
  /** From one block of channels to the next. */
  readonly block: number;
  /** From one image to the next. */
  readonly image: number;
  /** From a block's start to its first pixel inside the border. */
  readonly origin: number;
}

const ALIASING_BYTES = 4096;

/** Channels that stand side by side in blocked images of the current target: the lanes of one vector. */
export function blockedLanes(): number {
  return executor().target.lanes('f32');
}

export function geometryOf({ channels, height, width, border, lanes }: BlockedShape): BlockedGeometry {
  const [top, bottom, left, right] = border;
  const row = (width + left + right) * lanes;
  const area = (height + top + bottom) * row;
  const blocks = Math.ceil(channels / lanes);
  const block = lanes > 1 && area > 0 && (area * 4) % ALIASING_BYTES === 0 ? area + lanes : area;
  return { blocks, row, block, image: blocks * block, origin: top * row + left * lanes };
}

/** Elements that a blocked image takes: the least size of its slice. */
export function blockedElements(shape: BlockedShape): number {
  return shape.batch * geometryOf(shape).image;
}

/** A blocked image as kernels take it. */
export interface BlockedView extends BlockedShape, BlockedGeometry {
  readonly region: Region;
}

/**
 * Checks an image and finds its memory.
 * @throws EngineError when a size is invalid, the lanes are not those of the target, or the slice is too small.
 */
export function viewOf(kernel: string, operand: string, image: BlockedImage): BlockedView {
  const { batch, channels, height, width, border, lanes } = image;
  const sizes = [batch, height, width, ...border];
  if (
    channels < 1 ||
    !Number.isSafeInteger(channels) ||
    !sizes.every((size) => Number.isSafeInteger(size) && size >= 0)
  ) {
    nameWrongSize(kernel, operand, image);
  }
  if (lanes !== 1 && lanes !== blockedLanes()) {
    throw new EngineError(kernel, `${operand} has another number of lanes`, `${blockedLanes()} or 1`, lanes);
  }
  return viewIn(regionOf(kernel, operand, image, blockedElements(image)), image);
}

/** Apart from the check itself, since most calls need no names. */
function nameWrongSize(kernel: string, operand: string, { border, ...image }: BlockedShape): void {
  checkSizes(kernel, { [`${operand} channels`]: image.channels }, 1);
  for (const key of ['batch', 'height', 'width'] as const) {
    checkSizes(kernel, { [`${operand} ${key}`]: image[key] });
  }
  border.forEach((size, side) => void checkSizes(kernel, { [`${operand} border ${side}`]: size }));
}

/** A view of memory that is known to suffice: scratch. */
export function viewIn(region: Region, shape: BlockedShape): BlockedView {
  const { batch, channels, height, width, border, lanes } = shape;
  return { batch, channels, height, width, border, lanes, ...geometryOf(shape), region };
}

/** The memory of a view from a block of an image on, at its first pixel inside the border or `before` elements ahead of it. */
export function from(view: BlockedView, image: number, block: number, before: number = 0): Region {
  const first = image * view.image + block * view.block + view.origin - before;
  return part(view.region, first);
}

/** Consecutive blocks of an image that are computed alike. */
export interface BlockRun {
  readonly image: number;
  readonly block: number;
  readonly blocks: number;
  /** Whether it is the one block whose last lanes are padding. */
  readonly masked: boolean;
}

/** The runs that `count` blocks make up, from the `first` of all blocks of all images on. */
export function blockRuns(
  { channels, lanes, blocks }: BlockedView,
  first: number,
  count: number,
): BlockRun[] {
  const runs: BlockRun[] = [];
  const whole = Math.floor(channels / lanes);
  for (let at = first; at < first + count; ) {
    const [image, block] = [Math.floor(at / blocks), at % blocks];
    const masked = block >= whole;
    const length = Math.min(masked ? 1 : whole - block, first + count - at);
    runs.push({ image, block, blocks: length, masked });
    at += length;
  }
  return runs;
}

/** Fails unless two images have the same extent; borders may differ. */
export function checkSameExtent(kernel: string, operand: string, got: BlockedShape, as: BlockedShape): void {
  for (const key of ['batch', 'channels', 'height', 'width', 'lanes'] as const) {
    if (got[key] !== as[key]) {
      throw new EngineError(kernel, `${operand} has another ${key}`, as[key], got[key]);
    }
  }
}
