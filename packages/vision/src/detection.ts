/**
 * From a photograph to the input of a heat-map detector, and from its outputs to boxes in the photograph. The
 * detector's settings travel with its ONNX file, as JSON under the metadata key `sconce.detector`.
 */
import { fromTypedArray, type Tensor } from '@sconce/tensor';
import { type Box, boxArea, boxIou, intersectionArea, suppress } from './boxes.ts';
import { VisionError } from './errors.ts';
import { convertImage, type Image } from './image.ts';
import { resize } from './resize.ts';
import { roundHalfToEven } from './rounding.ts';
import { toPlanes } from './tensor.ts';

/** The metadata key under which an ONNX file holds its {@link DetectorSettings}. */
export const DETECTOR_METADATA_KEY = 'sconce.detector';

/** How a detector wants its input and how its outputs are read. */
export interface DetectorSettings {
  /** Names of the classes; one per channel of the heat map. */
  readonly labels: readonly string[];
  /** The longest side of the network's input, in pixels. */
  readonly inputSize: number;
  /** Pixel values (0 to 255) become `(value - mean) / std`, per channel. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Height and width are filled up with zeros to multiples of this. */
  readonly multiple: number;
  /** Input pixels per place of the heat map. */
  readonly stride: number;
  /** Lowest heat that counts. */
  readonly threshold: number;
  /** A box is dropped when its intersection over union with a better one is above this ... */
  readonly iou: number;
  /** ... or the part of the smaller of both that lies in the other. */
  readonly containment: number;
}

/** Something found in a photograph. */
export interface Detection {
  readonly label: string;
  /** From 0 to 1. */
  readonly score: number;
  /** Edges in pixels of the photograph. */
  readonly box: Box;
}

/** A detector's input and how it lies over the photograph. */
export interface DetectorInput {
  /** float32 `[1, 3, height, width]`. */
  readonly tensor: Tensor;
  /** Input pixels per pixel of the photograph, horizontally and vertically. */
  readonly scale: readonly [number, number];
  /** Width and height of the photograph. */
  readonly size: readonly [number, number];
  /** The part of the input's width and height that the photograph takes; the rest is filling. */
  readonly covered: readonly [number, number];
}

/**
 * Reads the JSON under `sconce.detector`.
 *
 * @throws {VisionError} naming the setting that is missing or not valid
 */
export function parseDetectorSettings(json: string): DetectorSettings {
  const fail = (what: string): never => {
    throw new VisionError('parseDetectorSettings', what);
  };
  let settings: Record<string, unknown>;
  try {
    settings = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return fail('expected JSON');
  }
  if (typeof settings !== 'object' || settings === null) return fail('expected a JSON object');
  const between = (name: string, low: number, high: number, integer = false): void => {
    const value = settings[name];
    const valid =
      typeof value === 'number' && value >= low && value <= high && (!integer || Number.isInteger(value));
    if (!valid)
      fail(`${name} is not valid, expected ${integer ? 'an integer' : 'a number'} from ${low} to ${high}`);
  };
  between('inputSize', 1, 8192, true);
  between('multiple', 1, 1024, true);
  between('stride', 1, 1024, true);
  for (const name of ['threshold', 'iou', 'containment']) between(name, 0, 1);
  const { labels, mean, std } = settings;
  if (!Array.isArray(labels) || labels.length === 0 || !labels.every((label) => typeof label === 'string')) {
    return fail('labels are not valid, expected a list of texts');
  }
  for (const [name, values] of Object.entries({ mean, std })) {
    const numbers = Array.isArray(values) && values.length === 3 && values.every(Number.isFinite);
    if (!numbers || (name === 'std' && values.includes(0)))
      fail(`${name} is not valid, expected three numbers`);
  }
  return settings as unknown as DetectorSettings;
}

/**
 * The photograph as the detector wants it: the longest side resized to `inputSize` (bilinear, antialiased), values
 * normalised, zeros to the right and below up to a multiple.
 */
export function prepareDetection(image: Image, settings: DetectorSettings): DetectorInput {
  const { inputSize, mean, std, multiple } = settings;
  const factor = inputSize / Math.max(image.width, image.height);
  const width = Math.max(1, roundHalfToEven(image.width * factor));
  const height = Math.max(1, roundHalfToEven(image.height * factor));
  const planes = toPlanes(resize(convertImage(image, 3), [height, width]));
  const fullWidth = Math.ceil(width / multiple) * multiple;
  const fullHeight = Math.ceil(height / multiple) * multiple;
  const input = new Float32Array(3 * fullHeight * fullWidth);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const at = (c * height + y) * width;
      const to = (c * fullHeight + y) * fullWidth;
      // Subtraction and division round separately, as in PyTorch.
      for (let x = 0; x < width; x++) input[to + x] = Math.fround(planes[at + x]! - mean[c]!) / std[c]!;
    }
  }
  return {
    tensor: fromTypedArray(input, [1, 3, fullHeight, fullWidth]),
    scale: [width / image.width, height / image.height],
    size: [image.width, image.height],
    covered: [width / fullWidth, height / fullHeight],
  };
}

/**
 * The detections in a detector's outputs, best first.
 *
 * A place counts where the heat is at least `threshold` and none of its up to eight neighbours is hotter. Its box
 * reaches from its centre, `((x + 0.5) * stride, (y + 0.5) * stride)`, as far as `boxes` says. From the highest score
 * down, a box is dropped that overlaps a kept one of its label by more than `iou` or `containment`.
 *
 * @param heatmap `[1, labels, rows, columns]`, from 0 to 1
 * @param boxes `[1, 4, rows, columns]`: distances left, top, right, bottom from the centre, in input pixels
 * @param input what {@link prepareDetection} returned for the photograph
 * @throws {VisionError} when the shapes do not agree
 */
export function decodeDetections(
  heatmap: Tensor,
  boxes: Tensor,
  input: Pick<DetectorInput, 'scale' | 'size'>,
  settings: DetectorSettings,
): Detection[] {
  const [rows, columns] = checkShapes(heatmap, boxes, settings);
  const heat = heatmap.toTypedArray() as Float32Array;
  const distances = boxes.toTypedArray() as Float32Array;
  const count = rows * columns;
  const candidates = settings.labels.flatMap((label, channel) =>
    peaks(heat.subarray(channel * count, (channel + 1) * count), rows, columns, settings.threshold).map(
      (place) => ({
        label,
        score: heat[channel * count + place]!,
        box: boxAt(place, columns, distances, count, input, settings.stride),
      }),
    ),
  );
  candidates.sort((a, b) => b.score - a.score);
  return suppress(candidates, (a, b) => a.label === b.label && overlap(a.box, b.box, settings));
}

function checkShapes(heatmap: Tensor, boxes: Tensor, settings: DetectorSettings): [number, number] {
  const { shape } = heatmap;
  const [rows, columns] = [shape[2] ?? 0, shape[3] ?? 0];
  const expected = { heatmap: [1, settings.labels.length, rows, columns], boxes: [1, 4, rows, columns] };
  for (const [name, tensor] of Object.entries({ heatmap, boxes })) {
    const wanted = expected[name as keyof typeof expected].join(', ');
    if (tensor.shape.join(', ') !== wanted || tensor.dtype !== 'float32') {
      const got = `${tensor.dtype} [${tensor.shape.join(', ')}]`;
      throw new VisionError('decodeDetections', `expected ${name} of float32 [${wanted}], got ${got}`);
    }
  }
  return [rows, columns];
}

/** The places, in row order, that are hot enough and not colder than any neighbour. */
function peaks(heat: Float32Array, rows: number, columns: number, threshold: number): number[] {
  const found: number[] = [];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const score = heat[y * columns + x]!;
      if (!(score >= threshold)) continue;
      let highest = score;
      for (let row = Math.max(0, y - 1); row <= Math.min(rows - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(columns - 1, x + 1); column++) {
          highest = Math.max(highest, heat[row * columns + column]!);
        }
      }
      if (score >= highest) found.push(y * columns + x);
    }
  }
  return found;
}

function boxAt(
  place: number,
  columns: number,
  distances: Float32Array,
  count: number,
  { scale, size }: Pick<DetectorInput, 'scale' | 'size'>,
  stride: number,
): Box {
  const x = ((place % columns) + 0.5) * stride;
  const y = (Math.floor(place / columns) + 0.5) * stride;
  const at = (side: number): number => distances[side * count + place]!;
  const clip = (value: number, end: number): number => Math.min(Math.max(value, 0), end);
  return [
    clip((x - at(0)) / scale[0], size[0]),
    clip((y - at(1)) / scale[1], size[1]),
    clip((x + at(2)) / scale[0], size[0]),
    clip((y + at(3)) / scale[1], size[1]),
  ];
}

function overlap(a: Box, b: Box, { iou, containment }: DetectorSettings): boolean {
  const smaller = Math.min(boxArea(a), boxArea(b));
  return boxIou(a, b) > iou || (smaller > 0 && intersectionArea(a, b) / smaller > containment);
}
