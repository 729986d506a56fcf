/** Photographs in folders as batches for training and validation. */
import * as nn from '@sconce/nn';
import { Generator, type Tensor } from '@sconce/tensor';
import {
  centerCrop,
  type Image,
  ImageFolder,
  normalize,
  randomHorizontalFlip,
  resize,
  toTensor,
} from '@sconce/vision';
import { UsageError } from '../errors.ts';

/** How photographs are prepared and divided. */
export interface PhotographOptions {
  /** Side of the square that the model sees. */
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly batchSize: number;
  /** Part of the photographs that is kept for validation. */
  readonly validation: number;
  readonly seed: number;
  /** Whether photographs for training are mirrored at random. */
  readonly flip: boolean;
}

/** Loaders, and what they load. */
export interface Photographs {
  readonly classes: readonly string[];
  readonly train: nn.data.DataLoader<[Tensor, number]>;
  readonly validation: nn.data.DataLoader<[Tensor, number]> | undefined;
  readonly counts: { readonly train: number; readonly validation: number };
  /** Starts the random mirroring of an epoch, which depends on the seed and the epoch only. */
  beginEpoch(epoch: number): void;
}

/** Names of the classes of a folder. */
export function classesOf(folder: string): readonly string[] {
  return new ImageFolder(folder).classes;
}

/** Opens a folder with one folder a class. @throws {UsageError} when validation or training would have no photograph */
export function openPhotographs(folder: string, options: PhotographOptions): Photographs {
  const { size, mean, std, batchSize, validation, seed, flip } = options;
  const mirror = new Generator();
  const prepare = (image: Image): Tensor =>
    normalize(toTensor(centerCrop(resize(image, size), size)), mean, std);
  const augmented = new ImageFolder(folder, {
    transform: (image) => prepare(flip ? randomHorizontalFlip(image, 0.5, { generator: mirror }) : image),
  });
  const plain = new ImageFolder(folder, { transform: prepare });
  const [chosen, held] = nn.data.randomSplit(augmented.samples, [1 - validation, validation], {
    generator: new Generator().manualSeed(seed),
  });
  const counts = { train: chosen!.length, validation: held!.length };
  if (counts.train === 0 || (validation > 0 && counts.validation === 0)) {
    throw new UsageError(
      `--validation ${validation} of ${augmented.length} photographs: expected some for training and some for validation`,
    );
  }
  const rest = new nn.data.Subset(plain, held!.indices);
  return {
    classes: augmented.classes,
    counts,
    train: new nn.data.DataLoader(new nn.data.Subset(augmented, chosen!.indices), {
      batchSize,
      shuffle: true,
    }),
    validation: counts.validation === 0 ? undefined : new nn.data.DataLoader(rest, { batchSize }),
    beginEpoch: (epoch) => void mirror.manualSeed(BigInt(seed) * 1_000_003n + BigInt(epoch)),
  };
}
