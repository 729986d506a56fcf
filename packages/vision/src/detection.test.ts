import { readFileSync } from 'node:fs';
import { fromTypedArray, type Tensor, zeros } from '@sconce/tensor';
import { fixtureJson, fixturePath } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import {
  createImage,
  type DetectorSettings,
  decodeDetections,
  parseDetectorSettings,
  prepareDetection,
  readImage,
  VisionError,
} from './index.ts';

const settings: DetectorSettings = {
  labels: ['cat'],
  inputSize: 64,
  mean: [127, 127, 127],
  std: [128, 128, 128],
  multiple: 32,
  stride: 16,
  threshold: 0.3,
  iou: 0.5,
  containment: 0.8,
};

/** Heat and distances of a map of 4 by 4 places; distances are left, top, right and bottom. */
function outputs(
  places: { x: number; y: number; heat: number; box?: number[] }[],
  channels = 1,
): [Tensor, Tensor] {
  const heat = new Float32Array(16 * channels);
  const boxes = new Float32Array(64);
  for (const { x, y, heat: value, box = [8, 8, 8, 8] } of places) {
    heat[y * 4 + x] = value;
    for (const [side, distance] of box.entries()) boxes[side * 16 + (y % 4) * 4 + x] = distance;
  }
  return [fromTypedArray(heat, [1, channels, 4, 4]), fromTypedArray(boxes, [1, 4, 4, 4])];
}

const whole = { scale: [1, 1], size: [64, 64] } as const;

describe('decodeDetections', () => {
  test('a box reaches from the centre of its place as far as the distances say', () => {
    const [heatmap, boxes] = outputs([{ x: 1, y: 2, heat: 0.75, box: [4, 5, 6, 7] }]);
    expect(decodeDetections(heatmap, boxes, whole, settings)).toEqual([
      { label: 'cat', score: 0.75, box: [20, 35, 30, 47] },
    ]);
  });

  test('boxes are in pixels of the photograph, and end at its edges', () => {
    const [heatmap, boxes] = outputs([{ x: 0, y: 0, heat: 0.5, box: [100, 2, 100, 3] }]);
    const input = { scale: [0.5, 0.25], size: [90, 200] } as const;
    expect(decodeDetections(heatmap, boxes, input, settings)[0]!.box).toEqual([0, 24, 90, 44]);
  });

  test('only places at the threshold that no neighbour tops count; equal neighbours both do', () => {
    const threshold = Math.fround(0.3);
    const [heatmap, boxes] = outputs([
      { x: 0, y: 0, heat: 0.5 },
      { x: 1, y: 1, heat: 0.6 },
      { x: 3, y: 0, heat: threshold },
      { x: 3, y: 3, heat: 0.7, box: [1, 1, 1, 1] },
      { x: 2, y: 3, heat: 0.7, box: [1, 1, 1, 1] },
      { x: 0, y: 3, heat: 0.25 },
    ]);
    const found = decodeDetections(heatmap, boxes, whole, { ...settings, threshold });
    expect(found.map(({ score, box }) => [Math.round(score * 10), box[0], box[1]])).toEqual([
      [7, 39, 55],
      [7, 55, 55],
      [6, 16, 16],
      [3, 48, 0],
    ]);
  });

  test('the worse of two boxes that overlap is dropped, by IoU or because one contains the other', () => {
    const far = [
      { x: 0, y: 0, heat: 0.9, box: [0, 0, 40, 40] },
      { x: 2, y: 0, heat: 0.8, box: [32, 0, 8, 40] },
      { x: 0, y: 2, heat: 0.7, box: [0, 10, 10, 0] },
    ];
    const [heatmap, boxes] = outputs(far);
    expect(
      decodeDetections(heatmap, boxes, whole, settings).map(({ score }) => Math.round(score * 10)),
    ).toEqual([9]);
    const lax = { ...settings, iou: 1, containment: 1 };
    expect(decodeDetections(heatmap, boxes, whole, lax)).toHaveLength(3);
    const byIou = { ...settings, iou: 0.5, containment: 1 };
    expect(decodeDetections(heatmap, boxes, whole, byIou).map(({ score }) => Math.round(score * 10))).toEqual(
      [9, 7],
    );
  });

  test('boxes of different labels do not drop each other', () => {
    const two = { ...settings, labels: ['cat', 'dog'] };
    const [heatmap, boxes] = outputs(
      [
        { x: 1, y: 1, heat: 0.9 },
        { x: 1, y: 5, heat: 0.8 },
      ],
      2,
    );
    expect(decodeDetections(heatmap, boxes, whole, two).map(({ label }) => label)).toEqual(['cat', 'dog']);
  });

  test.each([
    [
      'a heat map of two labels',
      zeros(1, 2, 4, 4),
      zeros(1, 4, 4, 4),
      'expected heatmap of float32 [1, 1, 4, 4]',
    ],
    [
      'boxes of another size',
      zeros(1, 1, 4, 4),
      zeros(1, 4, 4, 3),
      'expected boxes of float32 [1, 4, 4, 4], got float32 [1, 4, 4, 3]',
    ],
    ['a batch of two', zeros(2, 1, 4, 4), zeros(2, 4, 4, 4), 'got float32 [2, 1, 4, 4]'],
  ])('%s is refused', (_, heatmap, boxes, message) => {
    expect(() => decodeDetections(heatmap, boxes, whole, settings)).toThrow(message);
  });
});

describe('prepareDetection', () => {
  test('the longest side becomes inputSize, zeros fill up to the multiple', () => {
    const image = createImage(128, 60, 3, new Uint8Array(128 * 60 * 3).fill(255));
    const { tensor, scale, size, covered } = prepareDetection(image, settings);
    expect([tensor.shape, scale, size, covered]).toEqual([
      [1, 3, 32, 64],
      [0.5, 0.5],
      [128, 60],
      [1, 30 / 32],
    ]);
    const values = tensor.toTypedArray();
    expect([values[0], values[30 * 64 - 1], values[30 * 64], values[32 * 64 - 1]]).toEqual([1, 1, 0, 0]);
  });

  test('sizes round halves to the even side, as Python does, and never to 0', () => {
    const of = (width: number, height: number) =>
      prepareDetection(createImage(width, height, 1, new Uint8Array(width * height)), settings);
    expect(of(128, 5).scale[1]).toBe(2 / 5);
    expect(of(128, 7).scale[1]).toBe(4 / 7);
    expect(of(1000, 1).tensor.shape).toEqual([1, 3, 32, 64]);
  });

  test('grayscale and alpha become RGB', () => {
    const gray = prepareDetection(createImage(64, 64, 1, new Uint8Array(64 * 64).fill(255)), settings).tensor;
    const alpha = prepareDetection(
      createImage(64, 64, 4, new Uint8Array(64 * 64 * 4).fill(255)),
      settings,
    ).tensor;
    expect(gray.toTypedArray()).toEqual(alpha.toTypedArray());
  });
});

describe('parseDetectorSettings', () => {
  test('reads what it is given', () => {
    expect(parseDetectorSettings(JSON.stringify(settings))).toEqual(settings);
  });

  test.each([
    ['not JSON', '{', 'expected JSON'],
    ['null', 'null', 'expected a JSON object'],
    ['no stride', { stride: undefined }, 'stride is not valid, expected an integer from 1 to 1024'],
    ['a threshold of 2', { threshold: 2 }, 'threshold is not valid, expected a number from 0 to 1'],
    ['an input of a billion pixels', { inputSize: 1e9 }, 'inputSize is not valid'],
    ['no labels', { labels: [] }, 'labels are not valid, expected a list of texts'],
    ['two means', { mean: [1, 2] }, 'mean is not valid, expected three numbers'],
    ['a std of 0', { std: [1, 0, 1] }, 'std is not valid'],
  ])('%s is refused', (_, change, message) => {
    const json = typeof change === 'string' ? change : JSON.stringify({ ...settings, ...change });
    expect(() => parseDetectorSettings(json)).toThrow(VisionError);
    expect(() => parseDetectorSettings(json)).toThrow(`parseDetectorSettings: ${message}`);
  });
});

/** The trained detector's outputs and detections as PyTorch and Pillow gave them. */
describe('the cat detector', () => {
  const model = fixtureJson<{
    detector: DetectorSettings;
    detections: Record<string, { label: string; score: number; box: number[] }[]>;
  }>('models/cat-detector/model.json');
  const trace = readTrace(fixturePath('models/cat-detector/trace.safetensors'));
  const detector = parseDetectorSettings(JSON.stringify(model.detector));

  test('chelsea.png is prepared as in PyTorch, value for value', async () => {
    const input = prepareDetection(await readImage(fixturePath('images/chelsea.png')), detector);
    const pixels = trace('chelsea:pixels') as Uint8Array;
    const expected = Float32Array.from(pixels, (pixel) => (pixel - 127) / 128);
    expect(input.tensor.toTypedArray()).toEqual(expected);
  });

  test.each(Object.keys(model.detections))(
    '%s: the boxes found in PyTorch\u2019s outputs are Python\u2019s',
    async (file) => {
      const input = prepareDetection(await readImage(fixturePath(`images/${file}`)), detector);
      const name = file.replace(/\..*$/, '');
      const [rows, columns] = [input.tensor.shape[2]! / 16, input.tensor.shape[3]! / 16];
      const heatmap = fromTypedArray(trace(`${name}:heatmap`) as Float32Array, [1, 1, rows, columns]);
      const boxes = fromTypedArray(trace(`${name}:boxes`) as Float32Array, [1, 4, rows, columns]);
      const found = decodeDetections(heatmap, boxes, input, detector);
      const expected = model.detections[file]!;
      expect(found.map(({ label, score }) => [label, score])).toEqual(
        expected.map(({ label, score }) => [label, score]),
      );
      for (const [i, { box }] of found.entries()) {
        for (const [side, edge] of box.entries()) expect(edge).toBeCloseTo(expected[i]!.box[side]!, 9);
      }
    },
  );
});

/** The arrays of a safetensors file, by name; the package `checkpoint` checks such files, this only looks into one. */
function readTrace(path: string): (name: string) => Float32Array | Uint8Array {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >;
  return (name) => {
    const { dtype, data_offsets: range } = header[name]!;
    const bytes = Uint8Array.from(file.subarray(start + range[0], start + range[1]));
    return dtype === 'U8' ? bytes : new Float32Array(bytes.buffer);
  };
}
