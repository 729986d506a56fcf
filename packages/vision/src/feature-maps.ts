/** Pictures of what layers make of an image. */
import { noGrad, Tensor } from '@sconce/tensor';
import { type Colormap, colormapTable } from './colormap.ts';
import { VisionError } from './errors.ts';
import { drawGrid, scaleFor, squareColumns, type Tile } from './grid.ts';
import { type Image, isImage } from './image.ts';
import type { HookedModel } from './models.ts';
import { toTensor } from './tensor.ts';

/** Options of {@link visualizeFeatureMaps}. */
export interface FeatureMapOptions {
  /** Channels that are shown, from the first on (default 64). */
  readonly maxChannels?: number;
  /** `viridis` by default. */
  readonly colormap?: Colormap;
  /** What the ends of the colour map stand for: the least and largest value of each channel (default) or of the layer. */
  readonly range?: 'channel' | 'layer';
  /** Text above the maps; by default the layer's path and the size of its output. */
  readonly title?: string;
}

const OPERATION = 'visualizeFeatureMaps';

/**
 * What layers give when a model looks at an image: one picture a layer, one tile a channel. The model runs once, in
 * evaluation mode and without gradients, and is left as it was.
 *
 * @param input what the model takes: [1, C, H, W], [C, H, W], or an image, which becomes values from 0 to 1
 * @param paths the layers' dotted names, as in `getSubmodule`
 * @throws {VisionError} when a layer is not reached, or gives no tensor [1, channels, height, width]
 */
export function visualizeFeatureMaps(
  model: HookedModel,
  input: Tensor | Image,
  path: string,
  options?: FeatureMapOptions,
): Image;
export function visualizeFeatureMaps(
  model: HookedModel,
  input: Tensor | Image,
  paths: readonly string[],
  options?: FeatureMapOptions,
): Image[];
export function visualizeFeatureMaps(
  model: HookedModel,
  input: Tensor | Image,
  paths: string | readonly string[],
  options: FeatureMapOptions = {},
): Image | Image[] {
  const list = typeof paths === 'string' ? [paths] : paths;
  const tensor = isImage(input) ? toTensor(input) : input;
  const outputs = outputsOf(model, tensor.ndim === 3 ? tensor.unsqueeze(0) : tensor, list);
  const pictures = list.map((path) => drawMaps(path, outputs.get(path), options));
  return typeof paths === 'string' ? pictures[0]! : pictures;
}

/** Runs the model and catches what its layers give. */
function outputsOf(model: HookedModel, input: Tensor, paths: readonly string[]): Map<string, unknown> {
  const outputs = new Map<string, unknown>();
  const training = model
    .modules()
    .map((module) => [module as { training: boolean }, module.training] as const);
  const handles = paths.map((path) =>
    model.getSubmodule(path).registerForwardHook((_module: unknown, _inputs: unknown, output: unknown) => {
      // A copy: the layer behind may work in place.
      outputs.set(path, output instanceof Tensor ? output.detach().clone() : output);
    }),
  );
  try {
    model.eval();
    noGrad(() => model(input));
  } finally {
    for (const handle of handles) handle.remove();
    for (const [module, mode] of training) module.training = mode;
  }
  return outputs;
}

function drawMaps(path: string, output: unknown, options: FeatureMapOptions): Image {
  const fail = (got: string): never => {
    throw new VisionError(
      OPERATION,
      `expected ${path} to give a tensor [1, channels, height, width], got ${got}`,
    );
  };
  if (output === undefined) return fail('nothing, the model does not call it');
  if (!(output instanceof Tensor)) return fail(`a ${typeof output}`);
  if (output.ndim !== 4 || output.numel() === 0) return fail(`[${output.shape.join(', ')}]`);
  const [, channels, height, width] = output.shape as [number, number, number, number];
  const { maxChannels = 64, colormap = 'viridis', range = 'channel' } = options;
  const shown = Math.min(channels, maxChannels);
  const values = output.select(0, 0).to('float32').toTypedArray() as Float32Array;
  const plane = height * width;
  const table = colormapTable(colormap);
  const whole = extremes(values);
  const tiles = Array.from({ length: shown }, (_, c): Tile => {
    const channel = values.subarray(c * plane, (c + 1) * plane);
    const [least, most] = range === 'layer' ? whole : extremes(channel);
    const pixels = new Uint8Array(plane * 3);
    for (let i = 0; i < plane; i++) {
      const t = most > least ? (channel[i]! - least) / (most - least) : 0;
      const at = 3 * Math.round(255 * (t >= 0 && t <= 1 ? t : 0));
      pixels.set(table.subarray(at, at + 3), 3 * i);
    }
    return { width, height, pixels };
  });
  const part = shown < channels ? ` (${shown} shown)` : '';
  return drawGrid(tiles, {
    columns: squareColumns(shown, width, height),
    scale: scaleFor(Math.max(width, height), 72),
    title: options.title ?? `${path}: ${channels} maps of ${height} x ${width}${part}`,
  });
}

/** The least and the largest finite value. */
function extremes(values: Float32Array): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
