import { fixtureJson, fixturePath } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { createImage, type Image, type ResizeOptions, readImage, resize, VisionError } from './index.ts';

interface Case {
  readonly image: string;
  readonly interpolation: NonNullable<ResizeOptions['interpolation']>;
  readonly size: readonly [number, number];
  readonly file: string;
}

const { cases } = fixtureJson<{ cases: Case[] }>('vision/resize.json');
const photo = await readImage(fixturePath('vision/photo.png'));

test.each(cases)('$file: every value is Pillow\u2019s', async ({ image, interpolation, size, file }) => {
  const expected = await readImage(fixturePath(`vision/${file}`));
  const resized = resize(await readImage(fixturePath(`vision/${image}`)), size, { interpolation });
  expect([resized.width, resized.height, resized.channels]).toEqual([size[1], size[0], expected.channels]);
  expect(resized.data).toEqual(expected.data);
});

describe('a single size is that of the shorter side', () => {
  const blank = (width: number, height: number): Image =>
    createImage(width, height, 1, new Uint8Array(width * height));
  test.each([
    [451, 300, 256, 384, 256],
    [300, 451, 256, 256, 384],
    [10, 10, 7, 7, 7],
    [1000, 1, 2, 2000, 2],
  ])('%dx%d to %d gives %dx%d', (width, height, size, newWidth, newHeight) => {
    const resized = resize(blank(width, height), size);
    expect([resized.width, resized.height]).toEqual([newWidth, newHeight]);
  });
});

test('without antialiasing shrinking reads only the pixels around each place', () => {
  const stripes = createImage(8, 1, 1, Uint8Array.of(0, 255, 255, 0, 0, 255, 255, 0));
  expect(resize(stripes, [1, 2], { antialias: false }).data).toEqual(Uint8Array.of(255, 255));
  const smooth = resize(stripes, [1, 2]).data;
  expect(smooth[0]).toBeGreaterThan(100);
  expect(smooth[0]).toBeLessThan(200);
});

test('the same size gives a copy', () => {
  const copy = resize(photo, [photo.height, photo.width]);
  expect(copy.data).toEqual(photo.data);
  expect(copy.data).not.toBe(photo.data);
});

test.each([0, -1, 1.5, Number.NaN, 100_000])('size %d is refused', (size) => {
  expect(() => resize(photo, size)).toThrow(VisionError);
  expect(() => resize(photo, [size, 10])).toThrow(
    'resize: size is not valid, expected a side or [height, width]',
  );
});
