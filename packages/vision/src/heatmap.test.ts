import { tensor } from '@sconce/tensor';
import { describe, expect, test } from 'vitest';
import { type Colormap, colormapTable } from './colormap.ts';
import { createImage, overlayHeatmap, VisionError } from './index.ts';

/** Colours of the published tables at 0, 1/2 and 1. turbo's polynomial is darker than its table at the ends. */
const published: Record<Colormap, [number, number[]][]> = {
  turbo: [
    [0, [48, 18, 59]],
    [128, [164, 252, 60]],
    [255, [122, 4, 3]],
  ],
  viridis: [
    [0, [68, 1, 84]],
    [128, [33, 145, 140]],
    [255, [253, 231, 37]],
  ],
  inferno: [
    [0, [0, 0, 4]],
    [128, [188, 55, 84]],
    [255, [252, 255, 164]],
  ],
};

test.each(Object.entries(published))('%s is near its published table', (name, colors) => {
  const table = colormapTable(name as Colormap);
  for (const [at, expected] of colors) {
    const got = [...table.slice(3 * at, 3 * at + 3)];
    for (const [c, value] of got.entries())
      expect(Math.abs(value - expected[c]!), `${at}: ${got}`).toBeLessThan(name === 'turbo' ? 40 : 6);
  }
});

const black = createImage(4, 2, 3, new Uint8Array(24));
const pixel = (image: { width: number; data: Uint8Array }, x: number, y: number) => [
  ...image.data.slice((y * image.width + x) * 3, (y * image.width + x) * 3 + 3),
];

test('the map covers the image, blended by alpha', () => {
  const table = colormapTable('viridis');
  const full = overlayHeatmap(black, tensor([[0, 1]]), { alpha: 1, colormap: 'viridis' });
  expect([full.width, full.height, full.channels]).toEqual([4, 2, 3]);
  for (const y of [0, 1]) {
    expect(pixel(full, 0, y)).toEqual([...table.slice(0, 3)]);
    expect(pixel(full, 3, y)).toEqual([...table.slice(-3)]);
    // Pixel 1 lies a quarter of the way from the first place to the second.
    expect(pixel(full, 1, y)).toEqual([...table.slice(3 * 64, 3 * 64 + 3)]);
  }
  const half = overlayHeatmap(black, tensor([[1]]), { colormap: 'viridis' });
  expect(pixel(half, 0, 0)).toEqual([...table.slice(-3)].map((value) => Math.round(value / 2)));
  const none = overlayHeatmap(createImage(1, 1, 1, Uint8Array.of(77)), tensor([[1]]), { alpha: 0 });
  expect([...none.data]).toEqual([77, 77, 77]);
});

test('values beyond the range, and NaN, have the colours of its ends', () => {
  const options = { alpha: 1, range: [0, 2] } as const;
  const of = (value: number) => pixel(overlayHeatmap(black, tensor([[value]]), options), 0, 0);
  expect(of(9)).toEqual(of(2));
  expect(of(-9)).toEqual(of(0));
  expect(of(Number.NaN)).toEqual(of(0));
  expect(pixel(overlayHeatmap(black, tensor([[5]]), { alpha: 1, range: 'auto' }), 0, 0)).toEqual(of(0));
});

test('a map with filling is stretched by the part that the image takes', () => {
  // The right half and the lower half of the map are filling.
  const map = tensor([
    [
      [
        [0.2, 0.2, 1, 1],
        [0.2, 0.2, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ],
    ],
  ]);
  const shown = overlayHeatmap(black, map, { alpha: 1, covered: [0.5, 0.5] });
  const low = pixel(overlayHeatmap(black, tensor([[0.2]]), { alpha: 1 }), 0, 0);
  expect(pixel(shown, 0, 0)).toEqual(low);
  expect(pixel(shown, 2, 0)).toEqual(low);
});

describe('refused, with what is wrong', () => {
  test.each([
    [
      'two maps',
      () => overlayHeatmap(black, tensor([[[1]], [[2]]])),
      'expected a floating-point heat map [rows, columns]',
    ],
    ['integers', () => overlayHeatmap(black, tensor([[1n]])), 'got int64 [1, 1]'],
    ['an empty map', () => overlayHeatmap(black, tensor([[]])), 'got float32 [1, 0]'],
    [
      'alpha above 1',
      () => overlayHeatmap(black, tensor([[1]]), { alpha: 2 }),
      'expected alpha from 0 to 1, got 2',
    ],
    [
      'no part covered',
      () => overlayHeatmap(black, tensor([[1]]), { covered: [0, 1] }),
      'expected covered parts above 0',
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(VisionError);
    expect(run).toThrow(message);
  });
});
