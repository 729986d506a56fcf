/** What the operator database does not show of convolution, pooling and their kin: second gradients and edge cases. */
import { describe, expect, test } from 'vitest';
import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  affineGrid,
  autograd,
  avgPool2d,
  col2im,
  conv1d,
  conv2d,
  conv3d,
  convTranspose2d,
  full,
  gridSample,
  im2col,
  interpolate,
  lpPool2d,
  manualSeed,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  ones,
  pad,
  rand,
  randn,
  type Tensor,
  tensor,
} from '../index.ts';

const leaf = (...shape: number[]): Tensor => rand(shape, { dtype: 'float64' }).requiresGrad_();

type Case = readonly [name: string, call: (...args: Tensor[]) => Tensor, shapes: readonly number[][]];

const cases: readonly Case[] = [
  ['conv1d', (x, w, b) => conv1d(x!, w!, b!, { stride: 2, padding: 1 }), [[2, 2, 7], [4, 2, 3], [4]]],
  [
    'conv2d in groups',
    (x, w, b) => conv2d(x!, w!, b!, { stride: 2, padding: 1, groups: 2, dilation: 2 }),
    [[2, 4, 6, 7], [4, 2, 2, 3], [4]],
  ],
  [
    'conv3d without a batch',
    (x, w, b) => conv3d(x!, w!, b!, { padding: 1 }),
    [[2, 3, 3, 3], [2, 2, 2, 2, 2], [2]],
  ],
  [
    'convTranspose2d',
    (x, w, b) => convTranspose2d(x!, w!, b!, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
    [[1, 4, 3, 3], [4, 2, 3, 3], [4]],
  ],
  ['maxPool2d', (x) => maxPool2d(x!, 3, { stride: 2, padding: 1 }), [[1, 2, 5, 5]]],
  ['maxPool2d of large windows', (x) => maxPool2d(x!, 5, { stride: 2, padding: 1 }), [[1, 2, 7, 7]]],
  ['avgPool2d', (x) => avgPool2d(x!, 3, { stride: 2, padding: 1 }), [[1, 2, 5, 5]]],
  ['avgPool2d side by side', (x) => avgPool2d(x!, 2), [[1, 2, 5, 5]]],
  ['avgPool2d of large windows side by side', (x) => avgPool2d(x!, 5), [[1, 2, 11, 10]]],
  ['avgPool2d of sixteen places side by side', (x) => avgPool2d(x!, 4), [[1, 2, 8, 9]]],
  ['adaptiveAvgPool2d', (x) => adaptiveAvgPool2d(x!, [2, 3]), [[1, 2, 5, 5]]],
  ['adaptiveMaxPool2d', (x) => adaptiveMaxPool2d(x!, [2, 3]), [[1, 2, 5, 5]]],
  ['bilinear resizing', (x) => interpolate(x!, { scaleFactor: 1.7, mode: 'bilinear' }), [[1, 2, 4, 4]]],
  ['bicubic resizing', (x) => interpolate(x!, { size: [6, 3], mode: 'bicubic' }), [[1, 2, 4, 4]]],
  ['reflection', (x) => pad(x!, [2, 1, 1, 2], 'reflect'), [[1, 2, 4, 4]]],
  ['a crop on one side and a circle', (x) => pad(x!, [2, -1], 'circular'), [[1, 2, 4]]],
  ['im2col', (x) => im2col(x!, 2, 1, 1, 2), [[1, 2, 4, 4]]],
];

describe('gradients and their gradients', () => {
  test.each(cases)('of %s are those of finite differences', (_name, call, shapes) => {
    manualSeed(0);
    const leaves = shapes.map((shape) => leaf(...shape));
    expect(autograd.gradcheck(call, leaves)).toBe(true);
    expect(autograd.gradgradcheck(call, leaves)).toBe(true);
  });
});

describe('maximum pooling', () => {
  test('lets its result be changed in place before the gradient is taken', () => {
    const x = tensor([[[[-1, -2, 3, 4]]]]).requiresGrad_();
    maxPool2d(x, [1, 2]).relu_().sum().backward();
    expect(x.grad!.tolist()).toEqual([[[[0, 0, 0, 1]]]]);
  });

  test('finds places inside of the image where all of a window is minus infinity', () => {
    const x = full([1, 1, 3, 3], Number.NEGATIVE_INFINITY, { dtype: 'float32' });
    const { indices } = maxPool2dWithIndices(x, 3, { stride: 2, padding: 1 });
    expect(indices.tolist()).toEqual([
      [
        [
          [0, 1],
          [3, 4],
        ],
      ],
    ]);
  });

  test('takes the last NaN and the first of equal values, as it does for windows that are not fused', () => {
    const row = [1, Number.NaN, 2, Number.NaN, 5, 5, 3, 4];
    const x = tensor([[[row]]]);
    expect(maxPool2dWithIndices(x, [1, 4]).indices.tolist()).toEqual([[[[3, 4]]]]);
    const long = tensor([[[[...row, ...new Array(12).fill(0)]]]]);
    expect(maxPool2dWithIndices(long, [1, 20]).indices.tolist()).toEqual([[[[3]]]]);
  });

  test('is undone by unpooling', () => {
    manualSeed(0);
    const x = rand(2, 3, 6, 8);
    const { values, indices } = maxPool2dWithIndices(x, 2);
    const back = maxUnpool2d(values, indices, 2);
    expect(maxPool2d(back, 2).tolist()).toEqual(values.tolist());
    expect(back.ne(0).sum().item()).toBe(values.numel());
  });

  test('refuses to unpool to a place outside of the output', () => {
    const indices = tensor([[[[4n]]]]);
    expect(() => maxUnpool2d(ones(1, 1, 1, 1), indices, 2)).toThrow(
      'Found an invalid max index: 4 (output volumes are of size 2x2)',
    );
  });
});

describe('columns of images', () => {
  test('add up to the image as often as patches hold its elements', () => {
    manualSeed(0);
    const x = randn(2, 3, 5, 6);
    const window = { kernelSize: [2, 3], padding: [1, 0], stride: [2, 1] };
    const sums = col2im(im2col(x, window), { outputSize: [5, 6], ...window });
    const counts = col2im(im2col(ones(1, 1, 5, 6), window), { outputSize: [5, 6], ...window });
    expect(sums.sub(x.mul(counts)).abs().max().item() as number).toBeLessThan(1e-5);
  });

  test('hold the patches whose norms norm pooling gives', () => {
    manualSeed(0);
    const x = rand(1, 1, 4, 6);
    const patches = im2col(x, { kernelSize: 2, stride: 2 });
    const norms = patches.mul(patches).sum({ dim: 1 }).sqrt().reshape(1, 1, 2, 3);
    expect(lpPool2d(x, 2, 2).sub(norms).abs().max().item() as number).toBeLessThan(1e-6);
  });
});

describe('an affine grid', () => {
  test.each([true, false])('of the identity samples the image as it is (alignCorners %s)', (alignCorners) => {
    manualSeed(0);
    const x = rand(1, 2, 4, 5);
    const grid = affineGrid(
      tensor([
        [
          [1, 0, 0],
          [0, 1, 0],
        ],
      ]),
      x.shape,
      { alignCorners },
    );
    expect(gridSample(x, grid, { alignCorners }).sub(x).abs().max().item() as number).toBeLessThan(1e-5);
  });
});
