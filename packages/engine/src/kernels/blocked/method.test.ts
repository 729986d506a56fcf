import { describe, expect, it } from 'vitest';
import { chooseConv2d, conv2dBorder } from './method.ts';

const shape = {
  batch: 1,
  inChannels: 64,
  outChannels: 64,
  kernel: [3, 3],
  stride: [1, 1],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
} as const;
const square = (size: number) => ({ inHeight: size, inWidth: size, outHeight: size, outWidth: size });

describe('the choice of a method', () => {
  it.each([
    [56, 'winograd4'],
    [28, 'winograd4'],
    [14, 'winograd2'],
    [7, 'winograd2'],
    [4, 'direct'],
  ] as const)('for 3x3 windows of stride 1 on %i pixels is %s', (size, method) => {
    expect(chooseConv2d({ ...shape, ...square(size) })).toBe(method);
  });

  it('is never Winograd where it does not apply, does not pay, or is forbidden', () => {
    const large = { ...shape, ...square(56) };
    expect(chooseConv2d(large, { exact: true })).toBe('direct');
    expect(chooseConv2d({ ...large, stride: [2, 1], outHeight: 28 })).toBe('direct');
    expect(chooseConv2d({ ...large, dilation: [2, 2], padding: [2, 2, 2, 2] })).toBe('direct');
    expect(chooseConv2d({ ...large, groups: 2 })).toBe('direct');
    expect(chooseConv2d({ ...large, outChannels: 8 })).toBe('direct');
    expect(chooseConv2d({ ...large, kernel: [1, 1], padding: [0, 0, 0, 0] })).toBe('direct');
  });

  it('cuts a stride of two into even and odd inputs where that pays', () => {
    const strided = { ...shape, stride: [2, 2] } as const;
    expect(chooseConv2d({ ...strided, ...square(56), outHeight: 28, outWidth: 28 })).toBe('winogradStrided');
    expect(chooseConv2d({ ...strided, ...square(14), outHeight: 7, outWidth: 7 })).toBe('direct');
  });

  it('is Strassen for large products of whole blocks, where it is not forbidden', () => {
    const pointwise = { ...shape, kernel: [1, 1], padding: [0, 0, 0, 0] } as const;
    const large = { ...pointwise, ...square(14), inChannels: 512, outChannels: 512 };
    expect(chooseConv2d(large)).toBe('strassen');
    expect(chooseConv2d({ ...large, stride: [2, 2], inHeight: 28, inWidth: 28 })).toBe('strassen');
    expect(chooseConv2d(large, { exact: true })).toBe('direct');
    expect(chooseConv2d({ ...large, outChannels: 520 })).toBe('direct');
    expect(chooseConv2d({ ...large, ...square(4) })).toBe('direct');
    expect(chooseConv2d({ ...large, groups: 2 })).toBe('direct');
    expect(chooseConv2d({ ...pointwise, ...square(56) })).toBe('direct');
    expect(chooseConv2d({ ...large, kernel: [3, 3], stride: [2, 2], outHeight: 7, outWidth: 7 })).toBe(
      'direct',
    );
  });

  it('knows depthwise convolutions and first layers', () => {
    expect(chooseConv2d({ ...shape, ...square(56), groups: 64 })).toBe('depthwise');
    expect(chooseConv2d({ ...shape, ...square(56), groups: 64, outChannels: 128 })).toBe('direct');
    expect(chooseConv2d({ ...shape, ...square(56), inChannels: 3 })).toBe('planar');
  });
});

describe('the border of a method', () => {
  it('is what the windows reach, and the tiles of Winograd', () => {
    expect(conv2dBorder({ ...shape, ...square(7) }, 'direct')).toEqual([1, 1, 1, 1]);
    expect(conv2dBorder({ ...shape, ...square(7) }, 'winograd2')).toEqual([1, 2, 1, 2]);
    expect(conv2dBorder({ ...shape, ...square(7) }, 'winograd4')).toEqual([1, 2, 1, 2]);
    expect(conv2dBorder({ ...shape, ...square(9) }, 'winograd4')).toEqual([1, 4, 1, 4]);
    const strided = { ...shape, ...square(8), stride: [2, 2], outHeight: 4, outWidth: 4 } as const;
    expect(conv2dBorder(strided, 'direct')).toEqual([1, 0, 1, 0]);
    expect(conv2dBorder({ ...strided, outHeight: 3 }, 'winogradStrided')).toEqual([1, 0, 1, 0]);
    expect(conv2dBorder({ ...strided, ...square(6), outHeight: 3, outWidth: 3 }, 'winogradStrided')).toEqual([
      1, 2, 1, 2,
    ]);
  });
});
