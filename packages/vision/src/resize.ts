/**
 * `resize`, with the values Pillow gives (and so torchvision for images): a separable filter, first along the rows,
 * then along the columns, in 22-bit fixed point. After Pillow's `libImaging/Resample.c`.
 */
import { VisionError } from './errors.ts';
import type { Image } from './image.ts';
import { clamp8 } from './rounding.ts';

/** Options of {@link resize}. */
export interface ResizeOptions {
  /** How values between pixels are found. `bilinear` by default. */
  readonly interpolation?: 'nearest' | 'bilinear' | 'bicubic';
  /** Whether shrinking averages over all pixels that fall into one (default), as Pillow always does. */
  readonly antialias?: boolean;
}

interface Filter {
  readonly support: number;
  readonly weight: (x: number) => number;
}

const filters: Readonly<Record<'bilinear' | 'bicubic', Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight: (x) => {
      const a = -0.5;
      const t = Math.abs(x);
      if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
      return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
    },
  },
};

const PRECISION = 2 ** 22;
const MAX_SIDE = 65_535;

/**
 * Resizes an image.
 *
 * @param size `[height, width]`, or the length of the shorter side, the other keeping the proportion (torchvision's
 * `Resize`)
 * @throws {VisionError} when the size is not valid
 */
export function resize(
  image: Image,
  size: number | readonly [number, number],
  options: ResizeOptions = {},
): Image {
  const { interpolation = 'bilinear', antialias = true } = options;
  const [height, width] = targetSize(image, size);
  if (height === image.height && width === image.width) return { ...image, data: image.data.slice() };
  if (interpolation === 'nearest') return nearest(image, height, width);
  const filter = filters[interpolation];
  if (filter === undefined) {
    throw new VisionError(
      'resize',
      `expected interpolation nearest, bilinear or bicubic, got ${interpolation}`,
    );
  }
  const premultiplied = image.channels === 4 ? premultiply(image) : image;
  const wide = along(premultiplied, 'x', width, filter, antialias);
  const resized = along(wide, 'y', height, filter, antialias);
  return image.channels === 4 ? unpremultiply(resized) : resized;
}

function targetSize(image: Image, size: number | readonly [number, number]): [number, number] {
  const pair = typeof size === 'number' ? [size] : size;
  if (pair.length > 2 || !pair.every((side) => Number.isSafeInteger(side) && side >= 1 && side <= MAX_SIDE)) {
    const got = typeof size === 'number' ? size : `[${size.join(', ')}]`;
    throw new VisionError(
      'resize',
      `size is not valid, expected a side or [height, width] up to ${MAX_SIDE}, got ${got}`,
    );
  }
  if (typeof size !== 'number') return [size[0], size[1]];
  const { width, height } = image;
  // torchvision truncates the longer side.
  return width <= height
    ? [Math.max(1, Math.floor((size * height) / width)), size]
    : [size, Math.max(1, Math.floor((size * width) / height))];
}

function nearest(image: Image, height: number, width: number): Image {
  const { channels, data } = image;
  const out = new Uint8Array(height * width * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = Math.min(image.height - 1, Math.floor(((y + 0.5) * image.height) / height)) * image.width;
    for (let x = 0; x < width; x++) {
      const at = (row + Math.min(image.width - 1, Math.floor(((x + 0.5) * image.width) / width))) * channels;
      for (let c = 0; c < channels; c++) out[to++] = data[at + c]!;
    }
  }
  return { width, height, channels, data: out };
}

/** For every output place the first input place it reads, and the fixed-point weights from there on. */
function weightsOf(
  inputs: number,
  outputs: number,
  filter: Filter,
  antialias: boolean,
): { first: number; weights: number[] }[] {
  const scale = inputs / outputs;
  const stretch = antialias ? Math.max(scale, 1) : 1;
  const support = filter.support * stretch;
  return Array.from({ length: outputs }, (_, i) => {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(inputs, Math.trunc(center + support + 0.5));
    const weights: number[] = [];
    for (let x = first; x < end; x++) weights.push(filter.weight((x - center + 0.5) / stretch));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => fixed(sum === 0 ? weight : weight / sum)) };
  });
}

function fixed(weight: number): number {
  return Math.trunc(weight * PRECISION + (weight < 0 ? -0.5 : 0.5));
}

/** Filters along one axis; the other keeps its size. */
function along(image: Image, axis: 'x' | 'y', size: number, filter: Filter, antialias: boolean): Image {
  const { channels, data } = image;
  const horizontal = axis === 'x';
  if (size === (horizontal ? image.width : image.height)) return image;
  const width = horizontal ? size : image.width;
  const height = horizontal ? image.height : size;
  const places = weightsOf(horizontal ? image.width : image.height, size, filter, antialias);
  const step = horizontal ? channels : image.width * channels;
  const out = new Uint8Array(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = places[horizontal ? x : y]!;
      const start = horizontal ? y * image.width * channels + first * step : x * channels + first * step;
      for (let c = 0; c < channels; c++) {
        let sum = PRECISION / 2;
        for (let k = 0, at = start + c; k < weights.length; k++, at += step) sum += data[at]! * weights[k]!;
        out[to++] = clamp8(Math.floor(sum / PRECISION));
      }
    }
  }
  return { width, height, channels, data: out };
}

/** Colours times alpha, so that transparent pixels lend no colour to their neighbours. Rounded as Pillow's `RGBa`. */
function premultiply(image: Image): Image {
  const data = image.data.slice();
  for (let i = 0; i < data.length; i += 4) {
    for (let c = i; c < i + 3; c++) {
      const product = data[c]! * data[i + 3]! + 128;
      data[c] = ((product >> 8) + product) >> 8;
    }
  }
  return { ...image, data };
}

function unpremultiply(image: Image): Image {
  const { data } = image;
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let c = i; c < i + 3; c++) data[c] = clamp8(Math.trunc((255 * data[c]!) / alpha));
  }
  return image;
}
