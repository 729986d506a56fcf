/** Pictures of what convolutions have learned. */
import { Tensor } from '@sconce/tensor';
import { VisionError } from './errors.ts';
import { drawGrid, scaleFor, squareColumns, type Tile } from './grid.ts';
import type { Image } from './image.ts';

/** Options of {@link visualizeKernels}. */
export interface KernelOptions {
  /** Filters (output channels) that are shown, from the first on (default 64, or 32 where each has a row). */
  readonly maxFilters?: number;
  /** Input channels of each filter that are shown where they are not colours (default 16). */
  readonly maxChannels?: number;
  /** Pixels of the picture for one weight; by default so that a kernel is about 24 pixels wide (48 in colour). */
  readonly scale?: number;
  /** Text above the kernels; none for `''`. By default it says how many there are. */
  readonly title?: string;
}

const OPERATION = 'visualizeKernels';

/**
 * The kernels of a convolution, given as a layer or as its weight [filters, channels, height, width].
 *
 * - Three channels are taken for red, green and blue: one tile a filter, grey where a weight is 0.
 * - Otherwise there is one row a filter and one tile a channel (a square of tiles when there is one channel), blue for
 *   negative weights, white for 0, red for positive ones.
 *
 * Each filter is scaled by its largest weight.
 *
 * @throws {VisionError} when this is no weight of a 2-dimensional convolution
 */
export function visualizeKernels(
  layer: Tensor | { readonly weight: Tensor | null },
  options: KernelOptions = {},
): Image {
  const weight = layer instanceof Tensor ? layer : layer.weight;
  if (!(weight instanceof Tensor) || weight.ndim !== 4 || weight.numel() === 0 || !weight.isFloatingPoint()) {
    const got = weight instanceof Tensor ? `${weight.dtype} [${weight.shape.join(', ')}]` : String(weight);
    throw new VisionError(
      OPERATION,
      `expected floating-point weights [filters, channels, height, width], got ${got}`,
    );
  }
  const [filters, channels, height, width] = weight.shape as [number, number, number, number];
  const { maxFilters = channels === 1 || channels === 3 ? 64 : 32, maxChannels = 16 } = options;
  const values = weight.detach().to('float32').toTypedArray() as Float32Array;
  const shown = Math.min(filters, checkCount('maxFilters', maxFilters));
  const inColor = channels === 3;
  const perFilter = inColor ? 1 : Math.min(channels, checkCount('maxChannels', maxChannels));
  const plane = height * width;
  const tiles: Tile[] = [];
  for (let f = 0; f < shown; f++) {
    const filter = values.subarray(f * channels * plane, (f + 1) * channels * plane);
    const most = filter.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const relative = (c: number, i: number): number => (most > 0 ? filter[c * plane + i]! / most : 0);
    for (let c = 0; c < perFilter; c++) {
      const pixels = new Uint8Array(plane * 3);
      for (let i = 0; i < plane; i++) {
        pixels.set(
          inColor
            ? [0, 1, 2].map((k) => Math.round(127.5 + 127.5 * relative(k, i)))
            : signColor(relative(c, i)),
          3 * i,
        );
      }
      tiles.push({ width, height, pixels });
    }
  }
  const part = shown < filters || (!inColor && perFilter < channels);
  const of = inColor ? '' : ` of ${channels} ${channels === 1 ? 'channel' : 'channels'}`;
  const title = `${filters} filters${of}, ${height} x ${width}${part ? ` (${shown} x ${perFilter} shown)` : ''}`;
  return drawGrid(tiles, {
    columns: perFilter === 1 ? squareColumns(shown, width, height) : perFilter,
    scale: options.scale ?? scaleFor(Math.max(width, height), perFilter === 1 ? 48 : 24),
    title: options.title ?? title,
  });
}

function checkCount(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new VisionError(OPERATION, `expected a positive integer for ${name}, got ${value}`);
  return value;
}

/** From blue (-1) over white (0) to red (1): ColorBrewer's RdBu by Cynthia Brewer, three of its colours. */
function signColor(value: number): [number, number, number] {
  const end = value < 0 ? [33, 102, 172] : [178, 24, 43];
  const amount = Math.min(1, Math.abs(value));
  return end.map((channel) => Math.round(247 + (channel - 247) * amount)) as [number, number, number];
}
