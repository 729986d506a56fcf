/** Mirrored images, also at random, as torchvision's `hflip` and `RandomHorizontalFlip`. */
import { type Generator, rand } from '@sconce/tensor';
import { VisionError } from './errors.ts';
import type { Image } from './image.ts';

/** The image with left and right exchanged. */
export function horizontalFlip(image: Image): Image {
  const { width, height, channels, data } = image;
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      out.set(data.subarray(from, from + channels), (y * width + (width - 1 - x)) * channels);
    }
  }
  return { ...image, data: out };
}

/** Options of {@link randomHorizontalFlip}. */
export interface RandomFlipOptions {
  /** The default generator if left out. */
  readonly generator?: Generator;
}

/**
 * The image, mirrored with a probability. One number is drawn for it, the one that torchvision draws.
 *
 * @throws {VisionError} for a probability outside of 0 to 1
 */
export function randomHorizontalFlip(image: Image, p: number = 0.5, options: RandomFlipOptions = {}): Image {
  if (!(p >= 0 && p <= 1))
    throw new VisionError('randomHorizontalFlip', `expected a probability from 0 to 1, got ${p}`);
  const { generator } = options;
  const drawn = rand([1], generator === undefined ? {} : { generator }).item() as number;
  return drawn < p ? horizontalFlip(image) : image;
}
