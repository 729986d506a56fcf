import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tensor } from '@sconce/tensor';
import { fixturePath } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import {
  boxesSvg,
  createImage,
  drawBoundingBoxes,
  type Image,
  readImage,
  VisionError,
  writeImage,
} from './index.ts';

const chelsea = fixturePath('images/chelsea.png');

const gray = (width: number, height: number, channels: 1 | 3 | 4 = 3): Image =>
  createImage(width, height, channels, new Uint8Array(width * height * channels).fill(128));

const pixel = (image: Image, x: number, y: number) => {
  const at = (y * image.width + x) * image.channels;
  return [...image.data.slice(at, at + image.channels)];
};

describe('drawBoundingBoxes', () => {
  test('draws the outline inside the box and leaves the rest', async () => {
    const drawn = await drawBoundingBoxes(gray(40, 30), [[5, 5, 25, 20]], { colors: 'red', width: 2 });
    expect([drawn.width, drawn.height, drawn.channels]).toEqual([40, 30, 3]);
    for (let y = 0; y < 30; y++) {
      for (let x = 0; x < 40; x++) {
        const inside = x >= 5 && x < 25 && y >= 5 && y < 20;
        const inner = x >= 7 && x < 23 && y >= 7 && y < 18;
        expect([x, y, pixel(drawn, x, y)]).toEqual([x, y, inside && !inner ? [255, 0, 0] : [128, 128, 128]]);
      }
    }
  });

  test('takes tensors and a colour per box', async () => {
    const boxes = tensor([
      [0, 0, 10, 10],
      [20, 20, 30, 30],
    ]);
    const drawn = await drawBoundingBoxes(gray(30, 30), boxes, { colors: ['#00f', [0, 255, 0]], width: 1 });
    expect(pixel(drawn, 0, 5)).toEqual([0, 0, 255]);
    expect(pixel(drawn, 29, 25)).toEqual([0, 255, 0]);
  });

  test('grayscale becomes RGB, alpha stays', async () => {
    const onGray = await drawBoundingBoxes(gray(10, 10, 1), [[0, 0, 10, 10]], { colors: 'lime', width: 1 });
    expect([onGray.channels, pixel(onGray, 0, 0), pixel(onGray, 5, 5)]).toEqual([
      3,
      [0, 255, 0],
      [128, 128, 128],
    ]);
    const onAlpha = await drawBoundingBoxes(gray(10, 10, 4), [[0, 0, 10, 10]], { colors: 'lime', width: 1 });
    expect(onAlpha.channels).toBe(4);
    expect(pixel(onAlpha, 0, 0)).toEqual([0, 255, 0, 255]);
    expect(pixel(onAlpha, 5, 5)[3]).toBe(128);
  });

  test('a label stands above its box, with readable ink on the colour of the box', async () => {
    const drawn = await drawBoundingBoxes(gray(100, 60), [[10, 30, 90, 55]], {
      labels: ['cat 0.97'],
      colors: '#ffff00',
      labelHeight: 12,
    });
    const background = [pixel(drawn, 12, 10), pixel(drawn, 12, 28)];
    expect(background).toEqual([
      [255, 255, 0],
      [255, 255, 0],
    ]);
    let ink = 0;
    for (let y = 9; y < 29; y++) {
      for (let x = 10; x < 90; x++) if (Math.max(...pixel(drawn, x, y)) < 80) ink++;
    }
    // Eight characters of twelve pixels' height in strokes of two pixels.
    expect(ink).toBeGreaterThan(150);
    expect(ink).toBeLessThan(700);
    expect(pixel(drawn, 50, 42)).toEqual([128, 128, 128]);
  });

  test('every printable ASCII character is drawn', async () => {
    for (let code = 33; code < 127; code++) {
      const label = String.fromCharCode(code);
      const drawn = await drawBoundingBoxes(gray(40, 60), [[0, 40, 40, 60]], {
        labels: [label],
        colors: 'white',
        labelHeight: 18,
      });
      const dark = drawn.data.filter((value) => value < 128).length;
      expect([label, dark >= 3 * 4]).toEqual([label, true]);
    }
  });

  test('labels stay inside the image, and hang inside the box at its upper edge', () => {
    const svg = boxesSvg({ width: 100, height: 50 }, [[90, 2, 100, 40]], {
      labels: ['a long label'],
      labelHeight: 9,
    });
    const [, x, y] = /<rect x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="[\d.]+" fill="#/.exec(svg)!;
    expect(Number(x)).toBeLessThan(40);
    expect(Number(y)).toBeGreaterThanOrEqual(2);
  });

  test('labels with the same name share a colour, whatever their scores', () => {
    const svg = boxesSvg(
      { width: 99, height: 99 },
      [
        [0, 0, 9, 9],
        [9, 9, 20, 20],
        [30, 30, 40, 40],
      ],
      {
        labels: ['cat 0.97', 'dog: 80%', 'cat 0.41'],
      },
    );
    const [first, second, third] = [...svg.matchAll(/stroke="(#\w{6})" stroke-width="1"/g)].map(
      (match) => match[1],
    );
    expect(third).toBe(first);
    expect(second).not.toBe(first);
  });

  test('text in a label is never taken for SVG', async () => {
    const label = '</text><script>\u00e9 & \u4e2d\u0000';
    const svg = boxesSvg(gray(50, 50), [[0, 20, 50, 50]], { labels: [label] });
    expect(svg).toContain('&lt;/text&gt;&lt;script&gt;\u00e9 &amp; \u4e2d ');
    expect((await drawBoundingBoxes(gray(50, 50), [[0, 20, 50, 50]], { labels: [label] })).width).toBe(50);
  });

  test.each([
    [
      'a box of three numbers',
      [[1, 2, 3]],
      {},
      'box 0 is not valid, expected [x1, y1, x2, y2], got [1, 2, 3]',
    ],
    [
      'two labels for one box',
      [[0, 0, 1, 1]],
      { labels: ['a', 'b'] },
      'expected as many labels as boxes, got 2 and 1',
    ],
    [
      'two colours for one box',
      [[0, 0, 1, 1]],
      { colors: ['red', 'blue'] },
      'expected as many colours as boxes',
    ],
    ['a colour that is none', [[0, 0, 1, 1]], { colors: '"/><script>' }, 'expected a colour #rrggbb'],
    ['a width of 0', [[0, 0, 1, 1]], { width: 0 }, 'width is not valid, expected a positive number, got 0'],
  ])('%s is refused', async (_, boxes, options, message) => {
    const drawing = drawBoundingBoxes(gray(9, 9), boxes, options);
    await expect(drawing).rejects.toThrow(VisionError);
    await expect(drawing).rejects.toThrow(`drawBoundingBoxes: ${message}`);
  });
});

describe('writeImage', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sconce-vision-'));
  const image = await readImage(chelsea);

  test('PNG keeps every value, for every number of channels', async () => {
    for (const channels of [1, 3, 4] as const) {
      const path = join(folder, `${channels}.png`);
      const original = gray(7, 5, channels);
      await writeImage(path, original);
      expect(await readImage(path)).toEqual(original);
    }
    await writeImage(pathToFileURL(join(folder, 'chelsea.PNG')), image);
    expect(await readImage(join(folder, 'chelsea.PNG'))).toEqual(image);
  });

  test.each([
    ['jpg', [0xff, 0xd8, 0xff]],
    ['jpeg', [0xff, 0xd8, 0xff]],
    ['webp', [0x52, 0x49, 0x46, 0x46]],
  ])('.%s files are of their format and look like the image', async (ending, magic) => {
    const path = join(folder, `chelsea.${ending}`);
    await writeImage(path, image);
    expect([...(await readFile(path)).subarray(0, magic.length)]).toEqual(magic);
    const back = await readImage(path);
    const difference =
      back.data.reduce((sum, value, i) => sum + Math.abs(value - image.data[i]!), 0) / back.data.length;
    expect(difference).toBeLessThan(6);
  });

  test('nothing is left behind, also when writing fails', async () => {
    await expect(writeImage(join(folder, 'no', 'x.png'), image)).rejects.toThrow('there is no such folder');
    await expect(writeImage(folder, image)).rejects.toThrow(VisionError);
    await expect(writeImage(join(folder, 'x.bmp'), image)).rejects.toThrow(
      `writeImage: expected a file ending in .png, .jpg, .jpeg, .webp, got ${join(folder, 'x.bmp')}`,
    );
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
