/** Lays a heat map over an image. */
import type { Tensor } from '@sconce/tensor';
import { type Colormap, colormapTable } from './colormap.ts';
import { VisionError } from './errors.ts';
import { convertImage, type Image } from './image.ts';

/** Options of {@link overlayHeatmap}. */
export interface HeatmapOptions {
  /** How much of the heat map shows, from 0 to 1; 0.5 by default. */
  readonly alpha?: number;
  /** `turbo` by default. */
  readonly colormap?: Colormap;
  /** The values that get the lowest and the highest colour: [0, 1] by default, `auto` takes the map's own. */
  readonly range?: 'auto' | readonly [number, number];
  /** The part of the map's width and height that the image takes, where the rest is filling; [1, 1] by default. */
  readonly covered?: readonly [number, number];
}

/**
 * The image with a heat map over it, in RGB. The map is stretched over the image, bilinearly between its places.
 *
 * @param heatmap `[rows, columns]`, or with leading dimensions of size 1
 * @throws {VisionError} when the heat map is not of this shape, or an option is not valid
 */
export function overlayHeatmap(image: Image, heatmap: Tensor, options: HeatmapOptions = {}): Image {
  const { alpha = 0.5, colormap = 'turbo', range = [0, 1], covered = [1, 1] } = options;
  const { rows, columns, values } = readHeatmap(heatmap);
  if (!(alpha >= 0 && alpha <= 1))
    throw new VisionError('overlayHeatmap', `expected alpha from 0 to 1, got ${alpha}`);
  if (!covered.every((part) => part > 0 && part <= 1)) {
    throw new VisionError('overlayHeatmap', `expected covered parts above 0 and up to 1, got ${covered}`);
  }
  const [low, high] = range === 'auto' ? rangeOf(values) : range;
  const table = colormapTable(colormap);
  const { width, height, data } = convertImage(image, 3);
  const out = new Uint8Array(data.length);
  const xs = places(width, columns * covered[0], columns);
  const ys = places(height, rows * covered[1], rows);
  for (let y = 0, at = 0; y < height; y++) {
    const { before: top, after: bottom, part: down } = ys[y]!;
    for (let x = 0; x < width; x++, at += 3) {
      const { before: left, after: right, part: along } = xs[x]!;
      const upper = mix(values[top * columns + left]!, values[top * columns + right]!, along);
      const lower = mix(values[bottom * columns + left]!, values[bottom * columns + right]!, along);
      const level = high > low ? (mix(upper, lower, down) - low) / (high - low) : 0;
      const color = 3 * Math.round(255 * Math.min(1, Math.max(0, level || 0)));
      for (let c = 0; c < 3; c++) out[at + c] = Math.round(mix(data[at + c]!, table[color + c]!, alpha));
    }
  }
  return { width, height, channels: 3, data: out };
}

function mix(a: number, b: number, part: number): number {
  return a + (b - a) * part;
}

function readHeatmap(heatmap: Tensor): {
  rows: number;
  columns: number;
  values: Float32Array | Float64Array;
} {
  const { shape } = heatmap;
  const [rows, columns] = [shape.at(-2) ?? 0, shape.at(-1) ?? 0];
  if (
    shape.length < 2 ||
    rows * columns === 0 ||
    heatmap.numel() !== rows * columns ||
    !heatmap.isFloatingPoint()
  ) {
    const got = `${heatmap.dtype} [${shape.join(', ')}]`;
    throw new VisionError('overlayHeatmap', `expected a floating-point heat map [rows, columns], got ${got}`);
  }
  return { rows, columns, values: heatmap.toTypedArray() as Float32Array | Float64Array };
}

function rangeOf(values: Float32Array | Float64Array): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** For every pixel the two places of the map around it and how far it lies towards the second. */
function places(
  pixels: number,
  span: number,
  count: number,
): { before: number; after: number; part: number }[] {
  return Array.from({ length: pixels }, (_, i) => {
    const at = Math.min(count - 1, Math.max(0, ((i + 0.5) * span) / pixels - 0.5));
    const before = Math.floor(at);
    return { before, after: Math.min(count - 1, before + 1), part: at - before };
  });
}
