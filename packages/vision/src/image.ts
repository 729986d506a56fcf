/** Images in memory, and conversions between grayscale, RGB and RGBA. */
import { VisionError } from './errors.ts';

/** How many values a pixel has: 1 grayscale, 3 RGB, 4 RGB with alpha (not premultiplied). */
export type Channels = 1 | 3 | 4;

/** An 8-bit image: rows from the top, pixels from the left, the channels of a pixel side by side (HWC). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  /** `height * width * channels` values. */
  readonly data: Uint8Array;
}

/**
 * Checks sizes and makes an image of pixels.
 *
 * @throws {VisionError} when a size is no positive integer or the data does not fill the image exactly
 */
export function createImage(width: number, height: number, channels: number, data: Uint8Array): Image {
  const fail = (what: string): never => {
    throw new VisionError('createImage', what);
  };
  for (const [name, size] of Object.entries({ width, height })) {
    if (!Number.isSafeInteger(size) || size < 1)
      fail(`${name} is not valid, expected a positive integer, got ${size}`);
  }
  if (channels !== 1 && channels !== 3 && channels !== 4)
    return fail(`expected 1, 3 or 4 channels, got ${channels}`);
  const expected = width * height * channels;
  if (data.length !== expected) {
    fail(`expected ${expected} values for ${width}x${height} with ${channels} channels, got ${data.length}`);
  }
  return { width, height, channels, data };
}

/** Whether a value is an image in memory, not a path or bytes. */
export function isImage(value: unknown): value is Image {
  return (
    typeof value === 'object' && value !== null && 'channels' in value && 'data' in value && 'width' in value
  );
}

/**
 * The image with another number of channels, as Pillow's `Image.convert` makes it: grayscale is
 * `0.299 R + 0.587 G + 0.114 B`, a new alpha is opaque, a dropped alpha leaves the colours as they are.
 */
export function convertImage(image: Image, channels: Channels): Image {
  const { width, height, channels: from, data } = image;
  if (from === channels) return image;
  const count = width * height;
  const out = new Uint8Array(count * channels);
  for (let i = 0, at = 0, to = 0; i < count; i++, at += from, to += channels) {
    const red = data[at]!;
    const green = from === 1 ? red : data[at + 1]!;
    const blue = from === 1 ? red : data[at + 2]!;
    if (channels === 1) {
      // ITU-R 601-2 luma in 16-bit fixed point, as Pillow rounds it.
      out[to] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
      continue;
    }
    out[to] = red;
    out[to + 1] = green;
    out[to + 2] = blue;
    if (channels === 4) out[to + 3] = 255;
  }
  return { width, height, channels, data: out };
}
