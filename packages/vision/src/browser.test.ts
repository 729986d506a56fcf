/** Node has neither ImageData nor canvases: the tests put the smallest possible ones in their place. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createImage } from './image.ts';
import { fromImageBitmap, fromImageData, getImageNumChannels, toImageData } from './index.browser.ts';

class FakeImageData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

/** A canvas onto which only bitmaps that carry their ImageData are drawn. */
class FakeCanvas {
  drawn: FakeImageData | undefined;
  getContext(): unknown {
    return {
      drawImage: (bitmap: { pixels: FakeImageData }) => {
        this.drawn = bitmap.pixels;
      },
      getImageData: () => this.drawn,
    };
  }
}

beforeAll(() => {
  vi.stubGlobal('ImageData', FakeImageData);
  vi.stubGlobal('OffscreenCanvas', FakeCanvas);
});
afterAll(() => vi.unstubAllGlobals());

const pixels = (): ImageData =>
  new FakeImageData(Uint8ClampedArray.of(1, 2, 3, 4, 5, 6, 7, 8), 2, 1) as unknown as ImageData;

test('ImageData becomes an image with alpha, which holds a copy', () => {
  const source = pixels();
  const image = fromImageData(source);
  expect(image).toEqual(createImage(2, 1, 4, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)));
  source.data[0] = 99;
  expect(image.data[0]).toBe(1);
  expect(getImageNumChannels(image)).toBe(4);
});

test('an ImageBitmap is read through a canvas', () => {
  const bitmap = { width: 2, height: 1, pixels: pixels() } as unknown as ImageBitmap;
  expect(fromImageBitmap(bitmap)).toEqual(fromImageData(pixels()));
});

test('an image of any kind becomes ImageData', () => {
  const { data, width, height } = toImageData(createImage(2, 1, 1, Uint8Array.of(9, 8)));
  expect([width, height, [...data]]).toEqual([2, 1, [9, 9, 9, 255, 8, 8, 8, 255]]);
});

/** The modules that a file of this folder imports, directly and through others. */
function imports(file: string, seen = new Set<string>()): Set<string> {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  for (const [, name] of source.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'/gm)) {
    if (name === undefined || seen.has(name)) continue;
    seen.add(name);
    if (name.startsWith('./')) imports(name, seen);
  }
  return seen;
}

test('the browser entry reaches neither sharp nor a module of Node', () => {
  const reached = [...imports('./index.browser.ts')].filter((name) => !name.startsWith('./'));
  expect(reached).toEqual(['@sconce/tensor']);
  expect([...imports('./index.ts')]).toContain('sharp');
});
