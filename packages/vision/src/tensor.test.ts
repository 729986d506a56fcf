import { fromTypedArray, manualSeed, rand, tensor } from '@sconce/tensor';
import { fixturePath } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { convertImage, createImage, normalize, readImage, toImage, toTensor, VisionError } from './index.ts';

const chelsea = fixturePath('images/chelsea.png');

const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];
const image = await readImage(chelsea);

test('toTensor holds every value divided by 255, channel by channel', () => {
  const x = toTensor(image);
  expect([x.shape, x.dtype]).toEqual([[3, 300, 451], 'float32']);
  const values = x.toTypedArray();
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < 300 * 451; i++) {
      const expected = Math.fround(image.data[i * 3 + c]! / 255);
      if (values[c * 300 * 451 + i] !== expected)
        expect([c, i, values[c * 300 * 451 + i]]).toEqual([c, i, expected]);
    }
  }
});

test('normalize subtracts and divides in float32', () => {
  const x = toTensor(image);
  const before = x.toTypedArray();
  const normalized = normalize(x, mean, std);
  expect([normalized.shape, normalized.dtype]).toEqual([[3, 300, 451], 'float32']);
  const after = normalized.toTypedArray();
  for (let c = 0; c < 3; c++) {
    for (let i = c * 300 * 451; i < (c + 1) * 300 * 451; i++) {
      const difference = Math.fround((before[i] as number) - Math.fround(mean[c]!));
      const expected = Math.fround(difference / Math.fround(std[c]!));
      if (after[i] !== expected) expect([i, after[i]]).toEqual([i, expected]);
    }
  }
});

test('normalize takes batches, and one number for all channels', () => {
  manualSeed(0);
  const batch = rand(2, 3, 4, 5);
  const same = normalize(batch, [0.5], [0.25]);
  expect(same.shape).toEqual([2, 3, 4, 5]);
  expect(normalize(batch, [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]).tolist()).toEqual(same.tolist());
});

test('toImage turns toTensor back', () => {
  expect(toImage(toTensor(image))).toEqual(image);
  const gray = convertImage(image, 1);
  expect(toImage(toTensor(gray))).toEqual(gray);
  const all = createImage(
    16,
    16,
    1,
    Uint8Array.from({ length: 256 }, (_, i) => i),
  );
  expect(toImage(toTensor(all))).toEqual(all);
});

test('toImage clamps and rounds floating point, and takes uint8 as it is', () => {
  expect([...toImage(tensor([[-1, 0.5, 2, Number.NaN]])).data]).toEqual([0, 128, 255, 0]);
  const bytes = fromTypedArray(Uint8Array.of(1, 2, 3, 4, 5, 6), [3, 1, 2]);
  expect(toImage(bytes)).toEqual(createImage(2, 1, 3, Uint8Array.of(1, 3, 5, 2, 4, 6)));
});

test('convertImage follows Pillow', () => {
  const rgb = createImage(2, 1, 3, Uint8Array.of(10, 200, 30, 255, 255, 255));
  // (10 * 19595 + 200 * 38470 + 30 * 7471 + 32768) >> 16
  expect([...convertImage(rgb, 1).data]).toEqual([124, 255]);
  expect([...convertImage(rgb, 4).data]).toEqual([10, 200, 30, 255, 255, 255, 255, 255]);
  expect([...convertImage(createImage(1, 1, 4, Uint8Array.of(1, 2, 3, 0)), 3).data]).toEqual([1, 2, 3]);
  expect([...convertImage(createImage(1, 1, 1, Uint8Array.of(9)), 3).data]).toEqual([9, 9, 9]);
});

describe('refused, with what is wrong', () => {
  test.each([
    [
      'a tensor of two channels',
      () => toImage(rand(2, 4, 4)),
      'toImage: expected a tensor [height, width] or [channels',
    ],
    ['a batch', () => toImage(rand(1, 3, 4, 4)), 'got [1, 3, 4, 4]'],
    ['integers', () => toImage(tensor([[1n]])), 'toImage: expected floating point or uint8, got int64'],
    [
      'two means for three channels',
      () => normalize(rand(3, 2, 2), [0, 0], std),
      'expected 3 numbers in mean, got 2',
    ],
    ['a std of 0', () => normalize(rand(3, 2, 2), mean, [1, 0, 1]), 'expected numbers other than 0 in std'],
    [
      'integers to normalise',
      () => normalize(tensor([[[1n]]]), [0], [1]),
      'expected a floating-point tensor, got int64',
    ],
    [
      'a matrix to normalise',
      () => normalize(rand(2, 2), [0], [1]),
      'expected a tensor [..., channels, height, width]',
    ],
    [
      'pixels that do not fill the image',
      () => createImage(2, 2, 3, new Uint8Array(11)),
      'expected 12 values for 2x2',
    ],
    ['five channels', () => createImage(1, 1, 5, new Uint8Array(5)), 'expected 1, 3 or 4 channels, got 5'],
    [
      'no width',
      () => createImage(0, 1, 1, new Uint8Array(0)),
      'width is not valid, expected a positive integer',
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(VisionError);
    expect(run).toThrow(message);
  });
});
