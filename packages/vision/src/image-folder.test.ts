import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator, manualSeed, rand } from '@sconce/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createImage,
  horizontalFlip,
  ImageFolder,
  randomHorizontalFlip,
  toTensor,
  VisionError,
  writeImage,
} from './index.ts';

let root = '';
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'sconce-folder-'));
  const gray = (value: number) => createImage(2, 1, 1, Uint8Array.of(value, 255));
  for (const folder of ['dog', 'cat/b', 'cat/a', 'Zebra']) mkdirSync(join(root, folder), { recursive: true });
  await writeImage(join(root, 'dog/1.png'), gray(1));
  await writeImage(join(root, 'cat/10.png'), gray(2));
  await writeImage(join(root, 'cat/9.png'), gray(3));
  await writeImage(join(root, 'cat/b/1.png'), gray(4));
  await writeImage(join(root, 'cat/a/2.PNG.png'), gray(5));
  await writeImage(join(root, 'Zebra/1.png'), gray(6));
  symlinkSync(join(root, 'dog/1.png'), join(root, 'Zebra/0.png'));
  writeFileSync(join(root, 'cat/notes.txt'), 'no picture');
  writeFileSync(join(root, 'readme.txt'), 'no class');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('ImageFolder', () => {
  test('numbers classes and sorts pictures as torchvision does', () => {
    const folder = new ImageFolder(root);
    expect(folder.classes).toEqual(['Zebra', 'cat', 'dog']);
    expect(folder.classToIdx).toEqual({ Zebra: 0, cat: 1, dog: 2 });
    expect(folder.samples.map(([path, label]) => [path.slice(root.length + 1), label])).toEqual([
      ['Zebra/0.png', 0],
      ['Zebra/1.png', 0],
      ['cat/10.png', 1],
      ['cat/9.png', 1],
      ['cat/a/2.PNG.png', 1],
      ['cat/b/1.png', 1],
      ['dog/1.png', 2],
    ]);
    expect(folder.targets).toEqual([0, 0, 1, 1, 1, 1, 2]);
  });

  test('gives RGB pictures, transformed, with their class numbers', async () => {
    const plain = new ImageFolder(root);
    expect(await plain.getItem(3)).toEqual([createImage(2, 1, 3, Uint8Array.of(3, 3, 3, 255, 255, 255)), 1]);
    const [x, label] = await new ImageFolder(root, { transform: toTensor }).getItem(6);
    expect([x.shape, label]).toEqual([[3, 1, 2], 2]);
    await expect(plain.getItem(7)).rejects.toThrow('index 7 is out of bounds for a dataset of 7 samples');
  });

  test('transforms in the order in which samples were asked for, past one that fails', async () => {
    const broken = mkdtempSync(join(tmpdir(), 'sconce-folder-'));
    mkdirSync(join(broken, 'a'));
    const large = createImage(1500, 1500, 1, new Uint8Array(1500 * 1500));
    await writeImage(join(broken, 'a/0.png'), large);
    writeFileSync(join(broken, 'a/1.png'), 'no picture');
    await writeImage(join(broken, 'a/2.png'), createImage(1, 1, 1, Uint8Array.of(0)));
    const order: number[] = [];
    const folder = new ImageFolder(broken, { transform: ({ width }) => order.push(width) });
    const results = await Promise.allSettled([0, 1, 2].map((i) => folder.getItem(i)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(order).toEqual([1500, 1]);
    rmSync(broken, { recursive: true });
  });

  test('refuses folders without classes, and classes without pictures', () => {
    expect(() => new ImageFolder(join(root, 'missing'))).toThrow('there is no such folder');
    expect(() => new ImageFolder(join(root, 'readme.txt'))).toThrow('it is a file');
    expect(() => new ImageFolder(join(root, 'dog'))).toThrow(
      `Couldn't find any class folder in ${root}/dog.`,
    );
    expect(() => new ImageFolder(root, { extensions: ['.txt'] })).toThrow(
      'Found no valid file for the classes Zebra, dog. Supported extensions are: .txt',
    );
    expect(new ImageFolder(root, { extensions: ['.txt'], allowEmpty: true }).length).toBe(1);
  });
});

describe('randomHorizontalFlip', () => {
  const image = createImage(2, 1, 3, Uint8Array.of(1, 2, 3, 4, 5, 6));
  const flipped = createImage(2, 1, 3, Uint8Array.of(4, 5, 6, 1, 2, 3));

  test('mirrors when the number drawn is below p', () => {
    expect(horizontalFlip(image)).toEqual(flipped);
    const generator = new Generator().manualSeed(1);
    manualSeed(1);
    for (let i = 0; i < 20; i++) {
      const wanted = (rand([1]).item() as number) < 0.3 ? flipped : image;
      expect(randomHorizontalFlip(image, 0.3, { generator })).toEqual(wanted);
    }
    expect(() => randomHorizontalFlip(image, 2)).toThrow(VisionError);
  });
});
