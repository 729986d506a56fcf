/** A detector from an ONNX file: photographs in, boxes and a heat map out. */
import type { InferenceSession } from '@sconce/onnx';
import type { Tensor } from '@sconce/tensor';
import {
  DETECTOR_METADATA_KEY,
  type Detection,
  type DetectorInput,
  type DetectorSettings,
  decodeDetections,
  drawBoundingBoxes,
  type Image,
  overlayHeatmap,
  parseDetectorSettings,
  prepareDetection,
} from '@sconce/vision';
import { openSession } from './session.ts';

/** What a detector saw in one photograph. */
export interface Sighting {
  readonly detections: readonly Detection[];
  readonly heatmap: Tensor;
  readonly input: DetectorInput;
}

/** An opened detector. */
export interface Detector {
  readonly session: InferenceSession;
  readonly settings: DetectorSettings;
  /** Finds things in a photograph. */
  detect(image: Image): Promise<Sighting>;
}

/**
 * Opens a detector: an ONNX model with one input, the outputs `heatmap` and `boxes`, and its settings in the
 * model's metadata.
 */
export async function openDetector(path: string): Promise<Detector> {
  const session = await openSession(path);
  const json = session.metadata.custom.get(DETECTOR_METADATA_KEY);
  if (json === undefined)
    throw new Error(`${path}: no detector, expected metadata ${DETECTOR_METADATA_KEY} in the model`);
  const settings = parseDetectorSettings(json);
  const [inputName] = session.inputNames;
  const missing = ['heatmap', 'boxes'].filter((name) => !session.outputNames.includes(name));
  if (inputName === undefined || session.inputNames.length > 1 || missing.length > 0) {
    throw new Error(
      `${path}: no detector, expected one input and the outputs heatmap and boxes, got ${session.inputNames.join(', ')} and ${session.outputNames.join(', ')}`,
    );
  }
  const detect = async (image: Image): Promise<Sighting> => {
    const input = prepareDetection(image, settings);
    const { heatmap, boxes } = (await session.run({ [inputName]: input.tensor })) as {
      heatmap: Tensor;
      boxes: Tensor;
    };
    return { detections: decodeDetections(heatmap, boxes, input, settings), heatmap, input };
  };
  return { session, settings, detect };
}

/** The photograph with its boxes, each labelled with its score. */
export async function drawDetections(image: Image, detections: readonly Detection[]): Promise<Image> {
  const labels = detections.map(({ label, score }) => `${label} ${score.toFixed(2)}`);
  return await drawBoundingBoxes(
    image,
    detections.map(({ box }) => box),
    { labels },
  );
}

/** The photograph under its heat map. */
export function drawHeatmap(image: Image, { heatmap, input }: Sighting): Image {
  return overlayHeatmap(image, heatmap, { covered: input.covered });
}

/** One line a detection: `cat 0.97 at (x1, y1) to (x2, y2)`. */
export function describeDetection({ label, score, box }: Detection): string {
  const [x1, y1, x2, y2] = box.map((edge) => edge.toFixed(0));
  return `${label} ${score.toFixed(2)} at (${x1}, ${y1}) to (${x2}, ${y2})`;
}
