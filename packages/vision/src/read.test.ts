import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fixturePath } from '@sconce/testing';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { getImageNumChannels, readImage, VisionError } from './index.ts';

const chelsea = fixturePath('images/chelsea.png');

const folder = await mkdtemp(join(tmpdir(), 'sconce-vision-'));
const colors = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90);
const raw = { width: 3, height: 2, channels: 3 } as const;

test('chelsea.png has 451x300 pixels of 3 channels', async () => {
  const image = await readImage(chelsea);
  expect([image.width, image.height, image.channels, image.data.length]).toEqual([
    451,
    300,
    3,
    451 * 300 * 3,
  ]);
  expect(getImageNumChannels(image)).toBe(3);
  expect(await getImageNumChannels(chelsea)).toBe(3);
});

describe('kinds of pictures', () => {
  const png = (channels: 1 | 2 | 3 | 4, data: Uint8Array) =>
    sharp(data, { raw: { width: 2, height: 1, channels } })
      .toColourspace(channels < 3 ? 'b-w' : 'srgb')
      .png()
      .toBuffer();

  test.each([
    ['grayscale', png(1, Uint8Array.of(7, 200)), 1, [7, 200]],
    ['grayscale with alpha', png(2, Uint8Array.of(7, 255, 200, 128)), 4, [7, 7, 7, 255, 200, 200, 200, 128]],
    ['RGB', png(3, colors.slice(0, 6)), 3, [255, 0, 0, 0, 255, 0]],
    ['RGBA', png(4, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)), 4, [1, 2, 3, 4, 5, 6, 7, 8]],
  ] as const)('%s', async (_, encoded, channels, data) => {
    const file = await encoded;
    const image = await readImage(file);
    expect([image.channels, [...image.data]]).toEqual([channels, data]);
    expect(await getImageNumChannels(file)).toBe(channels);
  });

  test('16-bit values are reduced to 8 bits', async () => {
    const deep = Uint16Array.of(0, 0x1234, 0xffff, 0x80ff, 0x7f00, 0x00ff);
    const file = await sharp(deep, { raw: { width: 2, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(file).metadata()).depth).toBe('ushort');
    const image = await readImage(file);
    expect([image.channels, [...image.data]]).toEqual([3, [0, 0x12, 0xff, 0x80, 0x7f, 1]]);
  });

  test('16-bit grayscale has one channel', async () => {
    const file = await sharp(Uint16Array.of(0, 0x1234, 0xffff, 0x80ff), {
      raw: { width: 2, height: 2, channels: 1 },
    })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(file).metadata()).depth).toBe('ushort');
    const image = await readImage(file);
    expect([image.channels, [...image.data]]).toEqual([1, [0, 0x12, 0xff, 0x80]]);
    expect(await getImageNumChannels(file)).toBe(1);
  });

  test('16-bit grayscale with alpha has four channels', async () => {
    const file = await sharp(Uint16Array.of(0x1234, 0xffff, 0x80ff, 0), {
      raw: { width: 2, height: 1, channels: 2 },
    })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const image = await readImage(file);
    expect([image.channels, [...image.data]]).toEqual([4, [0x12, 0x12, 0x12, 255, 0x80, 0x80, 0x80, 0]]);
    expect(await getImageNumChannels(file)).toBe(4);
  });

  test('palettes are resolved', async () => {
    const file = await sharp(colors, { raw }).png({ palette: true }).toBuffer();
    expect((await sharp(file).metadata()).isPalette).toBe(true);
    const image = await readImage(file);
    expect(image.channels).toBe(3);
    for (const [i, value] of image.data.entries())
      expect(Math.abs(value - colors[i]!)).toBeLessThanOrEqual(2);
  });

  test('CMYK becomes RGB', async () => {
    const file = await sharp(colors, { raw }).toColourspace('cmyk').tiff().toBuffer();
    expect((await sharp(file).metadata()).channels).toBe(4);
    expect((await readImage(file)).channels).toBe(3);
    expect(await getImageNumChannels(file)).toBe(3);
  });

  test.each(['jpeg', 'webp', 'tiff', 'avif'] as const)('%s', async (format) => {
    const file = await sharp(colors, { raw }).toFormat(format).toBuffer();
    const image = await readImage(file);
    expect([image.width, image.height, image.channels]).toEqual([3, 2, 3]);
  });

  test('GIF, with transparency as its file has it', async () => {
    const file = await sharp(colors, { raw }).gif().toBuffer();
    const image = await readImage(file);
    expect([image.width, image.height, image.channels]).toEqual([3, 2, await getImageNumChannels(file)]);
  });
});

test('the EXIF orientation is applied', async () => {
  const upright = await readImage(await sharp(colors, { raw }).png().toBuffer());
  const turned = await readImage(
    await sharp(colors, { raw }).png().withMetadata({ orientation: 6 }).toBuffer(),
  );
  // Orientation 6: the picture has to be turned a quarter clockwise.
  expect([turned.width, turned.height]).toEqual([2, 3]);
  for (let y = 0; y < 3; y++) {
    for (let x = 0; x < 2; x++) {
      const from = ((1 - x) * 3 + y) * 3;
      const to = (y * 2 + x) * 3;
      expect(turned.data.slice(to, to + 3)).toEqual(upright.data.slice(from, from + 3));
    }
  }
});

test('paths, file URLs and bytes are the same', async () => {
  const path = join(folder, 'p\u00e4th with space.png');
  const bytes = await sharp(colors, { raw }).png().toBuffer();
  await writeFile(path, bytes);
  const image = await readImage(path);
  expect(image.data).toEqual(colors);
  expect(await readImage(pathToFileURL(path))).toEqual(image);
  expect(await readImage(new Uint8Array(bytes))).toEqual(image);
});

describe('refused, with what is wrong', () => {
  test('a file that is not there', async () => {
    const path = join(folder, 'missing.png');
    await expect(readImage(path)).rejects.toThrow(
      `readImage: there is no file ${path}, expected a PNG, JPEG, WebP`,
    );
    await expect(getImageNumChannels(path)).rejects.toThrow('getImageNumChannels: there is no file');
  });

  test('a folder', async () => {
    await expect(readImage(folder)).rejects.toThrow(
      `readImage: ${folder} is a folder, expected a PNG, JPEG, WebP`,
    );
  });

  test('a file that is no picture', async () => {
    const path = join(folder, 'notes.png');
    await writeFile(path, 'these are notes');
    const reading = readImage(path);
    await expect(reading).rejects.toThrow(VisionError);
    await expect(reading).rejects.toThrow(
      `readImage: cannot read ${path}: the file contains unsupported image format, expected a PNG, JPEG, WebP, AVIF`,
    );
  });

  test.each(['truncated.png', 'not-an-image.png'])('%s of the hostile files', async (name) => {
    const path = fixturePath(`hostile/${name}`);
    const reading = readImage(path);
    await expect(reading).rejects.toThrow(VisionError);
    await expect(reading).rejects.toThrow(`readImage: cannot read ${path}: `);
    await expect(reading).rejects.toThrow('expected a PNG, JPEG, WebP');
  });

  test('a truncated picture', async () => {
    const bytes = await sharp(chelsea).png().toBuffer();
    await expect(readImage(bytes.subarray(0, 20_000))).rejects.toThrow(
      'readImage: cannot read the bytes given: ',
    );
    await expect(readImage(new Uint8Array(0))).rejects.toThrow('readImage: cannot read an empty file');
  });
});
