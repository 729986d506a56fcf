/** Cutting and padding, as torchvision's `center_crop` and `pad` do it. */
import { VisionError } from './errors.ts';
import type { Image } from './image.ts';
import { roundHalfToEven } from './rounding.ts';

/**
 * The middle of an image.
 *
 * @param size `[height, width]`, or the side of a square; where the image is smaller it is padded with zeros
 * @throws {VisionError} when the size is not valid
 */
export function centerCrop(image: Image, size: number | readonly [number, number]): Image {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  if (![height, width].every((side) => Number.isSafeInteger(side) && side >= 1)) {
    throw new VisionError('centerCrop', `size is not valid, expected positive integers, got ${size}`);
  }
  const extraWidth = Math.max(0, width - image.width);
  const extraHeight = Math.max(0, height - image.height);
  const left = Math.floor(extraWidth / 2);
  const top = Math.floor(extraHeight / 2);
  const padded = pad(image, [left, top, extraWidth - left, extraHeight - top]);
  return crop(
    padded,
    roundHalfToEven((padded.height - height) / 2),
    roundHalfToEven((padded.width - width) / 2),
    height,
    width,
  );
}

/**
 * A rectangle of an image.
 *
 * @throws {VisionError} when it does not lie inside
 */
export function crop(image: Image, top: number, left: number, height: number, width: number): Image {
  const inside =
    [top, left, height, width].every(Number.isSafeInteger) &&
    Math.min(top, left) >= 0 &&
    Math.min(height, width) >= 1 &&
    top + height <= image.height &&
    left + width <= image.width;
  if (!inside) {
    const got = `${width}x${height} at (${left}, ${top})`;
    throw new VisionError('crop', `expected a rectangle inside ${image.width}x${image.height}, got ${got}`);
  }
  const { channels, data } = image;
  const out = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const at = ((top + y) * image.width + left) * channels;
    out.set(data.subarray(at, at + width * channels), y * width * channels);
  }
  return { width, height, channels, data: out };
}

/** Options of {@link pad}. */
export interface PadOptions {
  /** Value of every channel of the new pixels in mode `constant`; 0 by default. */
  readonly fill?: number;
  /** `edge` repeats the outermost pixel, `reflect` mirrors without it, `symmetric` with it. `constant` by default. */
  readonly paddingMode?: 'constant' | 'edge' | 'reflect' | 'symmetric';
}

/**
 * Adds pixels around an image.
 *
 * @param padding all sides; `[left and right, top and bottom]`; or `[left, top, right, bottom]`
 * @throws {VisionError} when the padding is not valid, or wider than `reflect` and `symmetric` have pixels for
 */
export function pad(
  image: Image,
  padding: number | readonly [number, number] | readonly [number, number, number, number],
  options: PadOptions = {},
): Image {
  const { fill = 0, paddingMode = 'constant' } = options;
  const sides = typeof padding === 'number' ? [padding] : padding;
  if (![1, 2, 4].includes(sides.length) || !sides.every((side) => Number.isSafeInteger(side) && side >= 0)) {
    throw new VisionError('pad', `padding is not valid, expected 1, 2 or 4 sizes, got ${padding}`);
  }
  const left = sides[0]!;
  const top = sides[1] ?? left;
  const [right, bottom] = [sides[2] ?? left, sides[3] ?? top];
  const width = left + image.width + right;
  const height = top + image.height + bottom;
  const columns = sources(image.width, left, width, paddingMode);
  const rows = sources(image.height, top, height, paddingMode);
  const { channels, data } = image;
  const out = new Uint8Array(width * height * channels).fill(fill);
  for (const [y, row] of rows.entries()) {
    if (row < 0) continue;
    for (const [x, column] of columns.entries()) {
      if (column < 0) continue;
      const at = (row * image.width + column) * channels;
      const to = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = data[at + c]!;
    }
  }
  return { width, height, channels, data: out };
}

/** For every place of the padded side the place it is copied from; -1 where it is filled. */
function sources(
  size: number,
  before: number,
  padded: number,
  mode: NonNullable<PadOptions['paddingMode']>,
): number[] {
  const most = mode === 'reflect' ? size - 1 : mode === 'symmetric' ? size : Number.POSITIVE_INFINITY;
  const widest = Math.max(before, padded - size - before);
  if (widest > most)
    throw new VisionError('pad', `${mode} padding expects at most ${most} pixels, got ${widest}`);
  return Array.from({ length: padded }, (_, i) => {
    const at = i - before;
    if (at >= 0 && at < size) return at;
    if (mode === 'constant') return -1;
    if (mode === 'edge') return at < 0 ? 0 : size - 1;
    const mirror = mode === 'reflect' ? 0 : 1;
    return at < 0 ? -at - mirror : 2 * (size - 1) - at + mirror;
  });
}
