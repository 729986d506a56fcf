/** Labelled pictures in folders, one folder a class (torchvision's `ImageFolder`), decoded by sharp off the main thread. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { VisionError } from './errors.ts';
import { convertImage, type Image } from './image.ts';
import { readImage } from './read.ts';

/** Options of {@link ImageFolder}. */
export interface ImageFolderOptions<Sample> {
  /** What is made of a decoded picture (RGB); the picture itself when left out. */
  readonly transform?: (image: Image) => Sample | Promise<Sample>;
  /** Endings of files that are pictures; the others are passed over. */
  readonly extensions?: readonly string[];
  /** Whether a class may have no picture (default false). */
  readonly allowEmpty?: boolean;
}

const pictures: readonly string[] = ['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif', '.tif', '.tiff'];

/**
 * A dataset of the pictures below a folder: `root/cat/001.jpg` is of class `cat`. Classes are numbered in the order of
 * their names, and pictures sorted by folder and name, as in torchvision.
 *
 * `getItem` gives `[transform(picture), class number]`. Pictures are decoded on sharp's threads, several at once when
 * several are asked for; transforms run one after the other in the order in which they were asked for, so that random ones
 * draw the same numbers however quickly a picture is decoded.
 *
 * @example
 * ```ts
 * const photos = new ImageFolder('photos', { transform: (image) => toTensor(centerCrop(resize(image, 64), 64)) });
 * const loader = new nn.data.DataLoader(photos, { batchSize: 16, shuffle: true });
 * ```
 * @throws {VisionError} when there is no such folder, no class in it, or a class without pictures
 */
export class ImageFolder<Sample = Image> {
  readonly root: string;
  /** Names of the classes, sorted. */
  readonly classes: readonly string[];
  /** Numbers of the classes by name. */
  readonly classToIdx: Readonly<Record<string, number>>;
  /** Paths and class numbers. */
  readonly samples: readonly (readonly [path: string, label: number])[];
  readonly transform: ((image: Image) => Sample | Promise<Sample>) | undefined;
  /** Settles when the transform that was asked for last has run. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(root: string, options: ImageFolderOptions<Sample> = {}) {
    const { transform, extensions = pictures, allowEmpty = false } = options;
    this.root = root;
    this.transform = transform;
    this.classes = foldersIn(root);
    if (this.classes.length === 0) fail(`Couldn't find any class folder in ${root}.`, root);
    this.classToIdx = Object.fromEntries(this.classes.map((name, label) => [name, label]));
    const endings = new Set(extensions.map((ending) => ending.toLowerCase()));
    const ofClass = this.classes.map((name) =>
      filesBelow(join(root, name)).filter((path) => endings.has(extname(path).toLowerCase())),
    );
    const empty = this.classes.filter((_, label) => ofClass[label]!.length === 0);
    if (empty.length > 0 && !allowEmpty) {
      const known = `Supported extensions are: ${extensions.join(', ')}`;
      fail(`Found no valid file for the classes ${empty.join(', ')}. ${known}`, root);
    }
    this.samples = ofClass.flatMap((paths, label) => paths.map((path) => [path, label] as const));
  }

  get length(): number {
    return this.samples.length;
  }

  /** Class numbers of all samples. */
  get targets(): number[] {
    return this.samples.map(([, label]) => label);
  }

  /** A picture and its class number. @throws {VisionError} when the picture cannot be read */
  async getItem(index: number): Promise<[sample: Sample, label: number]> {
    const sample = this.samples[index];
    if (sample === undefined)
      throw new RangeError(`index ${index} is out of bounds for a dataset of ${this.length} samples`);
    const [path, label] = sample;
    const decoded = readImage(path).then((image) => convertImage(image, 3));
    const before = this.#last;
    const { transform } = this;
    // The transforms of other samples go on when this picture cannot be read.
    const made = Promise.allSettled([decoded, before]).then(async () => {
      const image = await decoded;
      return transform === undefined ? (image as Sample) : await transform(image);
    });
    this.#last = made.catch(() => undefined);
    return [await made, label];
  }
}

function fail(what: string, file: string): never {
  throw new VisionError('ImageFolder', what, { file });
}

/** Names of the folders in a folder, sorted as Python sorts. */
function foldersIn(root: string): string[] {
  return entriesOf(root)
    .filter((entry) => isFolder(root, entry))
    .map(({ name }) => name)
    .sort(byCodePoints);
}

/** Paths of the files below a folder, links followed: folder by folder, both sorted. */
function filesBelow(folder: string): string[] {
  const folders: [string, string[]][] = [];
  const visit = (path: string): void => {
    const entries = entriesOf(path);
    const below = entries.filter((entry) => isFolder(path, entry));
    const files = entries.filter((entry) => !below.includes(entry)).map(({ name }) => join(path, name));
    folders.push([path, files.sort(byCodePoints)]);
    for (const { name } of below) visit(join(path, name));
  };
  visit(folder);
  return folders.sort(([a], [b]) => byCodePoints(a, b)).flatMap(([, files]) => files);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const what =
      code === 'ENOENT' ? 'there is no such folder' : code === 'ENOTDIR' ? 'it is a file' : message;
    throw new VisionError(
      'ImageFolder',
      `cannot list ${folder}: ${what}, expected a folder with one folder a class`,
      {
        cause,
        file: folder,
      },
    );
  }
}

function isFolder(parent: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(join(parent, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Python's order of texts; JavaScript's own goes by UTF-16 units. */
function byCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
