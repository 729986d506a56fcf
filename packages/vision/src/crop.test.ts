import { describe, expect, test } from 'vitest';
import { centerCrop, createImage, crop, pad, VisionError } from './index.ts';

/** Pixels 1, 2, 3, ... in one channel. */
const counted = (width: number, height: number) =>
  createImage(
    width,
    height,
    1,
    Uint8Array.from({ length: width * height }, (_, i) => i + 1),
  );

const rows = (image: { width: number; height: number; data: Uint8Array }) =>
  Array.from({ length: image.height }, (_, y) => [
    ...image.data.slice(y * image.width, (y + 1) * image.width),
  ]);

test('centerCrop takes the middle; a half goes to the even side, as in torchvision', () => {
  expect(rows(centerCrop(counted(4, 4), 2))).toEqual([
    [6, 7],
    [10, 11],
  ]);
  // (5 - 2) / 2 = 1.5 becomes 2; (3 - 2) / 2 = 0.5 becomes 0.
  expect(rows(centerCrop(counted(5, 3), [2, 2]))).toEqual([
    [3, 4],
    [8, 9],
  ]);
});

test('centerCrop pads with zeros where the image is smaller', () => {
  expect(rows(centerCrop(counted(2, 1), [2, 3]))).toEqual([
    [1, 2, 0],
    [0, 0, 0],
  ]);
});

test('crop keeps whole pixels', () => {
  const image = createImage(
    2,
    2,
    3,
    Uint8Array.from({ length: 12 }, (_, i) => i),
  );
  expect(crop(image, 1, 1, 1, 1)).toEqual(createImage(1, 1, 3, Uint8Array.of(9, 10, 11)));
});

describe('pad', () => {
  test.each([
    ['constant', [[0, 0, 1, 2, 3, 0]]],
    ['edge', [[1, 1, 1, 2, 3, 3]]],
    ['reflect', [[3, 2, 1, 2, 3, 2]]],
    ['symmetric', [[2, 1, 1, 2, 3, 3]]],
  ] as const)('%s', (paddingMode, expected) => {
    expect(rows(pad(counted(3, 1), [2, 0, 1, 0], { paddingMode }))).toEqual(expected);
  });

  test('one number is for all sides, two for left and right, top and bottom', () => {
    expect(rows(pad(counted(1, 1), 1, { fill: 9 }))).toEqual([
      [9, 9, 9],
      [9, 1, 9],
      [9, 9, 9],
    ]);
    expect(rows(pad(counted(1, 1), [1, 0]))).toEqual([[0, 1, 0]]);
  });
});

test.each([
  ['a negative padding', () => pad(counted(2, 2), -1), 'pad: padding is not valid'],
  [
    'a reflection wider than the image',
    () => pad(counted(2, 2), 2, { paddingMode: 'reflect' }),
    'at most 1 pixels, got 2',
  ],
  ['a crop size of 0', () => centerCrop(counted(2, 2), 0), 'centerCrop: size is not valid'],
  [
    'a rectangle outside',
    () => crop(counted(2, 2), 1, 1, 2, 1),
    'expected a rectangle inside 2x2, got 1x2 at (1, 1)',
  ],
])('%s is refused', (_, run, message) => {
  expect(run).toThrow(VisionError);
  expect(run).toThrow(message);
});
