import { describe, expect, test } from 'vitest';
import {
  avgPool2d,
  conv1d,
  conv2d,
  manualSeed,
  maxPool2d,
  pad,
  rand,
  randn,
  tensor,
  zeros,
} from '../index.ts';
import { findDifference } from '../testing/fixtures.ts';

describe('padding of four sides', () => {
  test('convolves as if the image had been padded before', () => {
    manualSeed(0);
    const x = randn(2, 3, 5, 6);
    const weight = randn(4, 3, 3, 2);
    const sides = [
      [2, 0],
      [1, 3],
    ] as const;
    const expected = conv2d(pad(x, [1, 3, 2, 0]), weight);
    expect(findDifference(conv2d(x, weight, { padding: sides }), expected)).toBeUndefined();
  });

  test('pools the largest value as if the image had been padded with minus infinity', () => {
    manualSeed(0);
    const x = randn(1, 2, 5, 5);
    const sides = [
      [0, 1],
      [1, 0],
    ] as const;
    const padded = pad(x, [1, 0, 0, 1], 'constant', Number.NEGATIVE_INFINITY);
    const options = { kernelSize: 3, stride: 2 };
    expect(maxPool2d(x, { ...options, padding: sides }).tolist()).toEqual(
      maxPool2d(padded, options).tolist(),
    );
    const wide = x.to('float64');
    expect(
      maxPool2d(wide, { ...options, padding: sides })
        .to('float32')
        .tolist(),
    ).toEqual(maxPool2d(padded, options).tolist());
  });

  test('averages as if the image had been padded with zeros', () => {
    manualSeed(0);
    const x = rand(1, 2, 5, 5);
    const sides = [
      [0, 1],
      [1, 0],
    ] as const;
    const options = { kernelSize: 3, stride: 2 };
    const expected = avgPool2d(pad(x, [1, 0, 0, 1]), options);
    expect(findDifference(avgPool2d(x, { ...options, padding: sides }), expected)).toBeUndefined();
  });

  test('is refused in any other form', () => {
    expect(() => conv2d(zeros(1, 1, 3, 3), zeros(1, 1, 1, 1), null, { padding: [1, 2, 3] })).toThrow(
      'invalid padding',
    );
    expect(() => conv2d(zeros(1, 1, 3, 3), zeros(1, 1, 1, 1), null, { padding: -1 })).toThrow(
      'negative padding is not supported',
    );
  });
});

describe('convolution', () => {
  test('of sequences is that of images of height 1', () => {
    manualSeed(0);
    const x = randn(2, 3, 9);
    const weight = randn(4, 3, 3);
    const expected = conv2d(x.unsqueeze(2), weight.unsqueeze(2), { stride: [1, 2], padding: [0, 1] }).squeeze(
      2,
    );
    expect(conv1d(x, weight, { stride: 2, padding: 1 }).tolist()).toEqual(expected.tolist());
  });

  test('of integers is exact', () => {
    const x = tensor([[[[2n ** 61n, 1n]]]]);
    const weight = tensor([[[[3n, 5n]]]]);
    expect(conv2d(x, weight).item()).toBe(3n * 2n ** 61n + 5n);
  });

  test('names channels that do not fit', () => {
    expect(() => conv2d(zeros(1, 2, 3, 3), zeros(1, 3, 1, 1))).toThrow(
      'Given groups=1, weight of size [1, 3, 1, 1], expected input[1, 2, 3, 3] to have 3 channels, but got 2 channels instead',
    );
  });

  test('refuses kernels that are larger than the image', () => {
    expect(() => conv2d(zeros(1, 1, 2, 2), zeros(1, 1, 3, 3))).toThrow(
      "Kernel size: (3 x 3). Kernel size can't be greater than actual input size",
    );
  });
});
