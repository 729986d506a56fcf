/** The orders in which samples are taken, drawn as PyTorch's samplers draw them. */
import { fromTypedArray, Generator, multinomial, randint, randperm, type Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { drawSeed } from './seeds.ts';

/** An order of samples, or of batches of them, that can be gone through again and again. */
export interface Sampler<Index> extends Iterable<Index> {
  /** How many there are in one pass. */
  readonly length: number;
}

/** Anything with a length. */
export interface Sized {
  readonly length: number;
}

function numbers(tensor: Tensor): number[] {
  return Array.from(tensor.toTypedArray(), Number);
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value <= 0)
    throw new RangeError(`${name} should be a positive integer value, but got ${name}=${value}`);
}

function checkFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean')
    throw new TypeError(`${name} should be a boolean value, but got ${name}=${String(value)}`);
}

/** From first to last (`torch.utils.data.SequentialSampler`). */
export class SequentialSampler implements Sampler<number> {
  readonly dataSource: Sized;

  constructor(dataSource: Sized) {
    this.dataSource = dataSource;
  }

  get length(): number {
    return this.dataSource.length;
  }

  *[Symbol.iterator](): Generator_<number> {
    for (let i = 0; i < this.dataSource.length; i++) yield i;
  }
}

/** JavaScript's generators; the plain name is PyTorch's source of random numbers. */
type Generator_<T> = globalThis.Generator<T, void, undefined>;

/** Arguments of {@link RandomSampler} by name. */
export interface RandomSamplerOptions {
  /** Whether a sample can come several times (default false). */
  replacement?: boolean;
  /** How many are drawn in one pass; as many as there are when left out. */
  numSamples?: number;
  /** Where to draw from; a generator of its own, seeded from the default one at each pass, when left out. */
  generator?: Generator;
}

const randomNames = ['replacement', 'numSamples', 'generator'] as const;

/** In random order (`torch.utils.data.RandomSampler`). @throws {RangeError} for a count that is not positive */
export class RandomSampler implements Sampler<number> {
  readonly dataSource: Sized;
  readonly replacement: boolean;
  readonly generator: Generator | undefined;
  readonly #numSamples: number | undefined;

  constructor(
    dataSource: Sized,
    ...args: LayerArguments<
      [replacement: boolean | undefined, numSamples: number | undefined, generator: Generator | undefined],
      typeof randomNames,
      RandomSamplerOptions
    >
  ) {
    const { replacement, numSamples, generator } = readArguments<RandomSamplerOptions>(
      'RandomSampler',
      randomNames,
      { replacement: false, numSamples: undefined, generator: undefined } as never,
      args,
    );
    checkFlag('replacement', replacement);
    this.dataSource = dataSource;
    this.replacement = replacement;
    this.#numSamples = numSamples;
    this.generator = generator;
    checkCount('num_samples', this.numSamples);
  }

  /** How many are drawn in one pass. */
  get numSamples(): number {
    return this.#numSamples ?? this.dataSource.length;
  }

  get length(): number {
    return this.numSamples;
  }

  *[Symbol.iterator](): Generator_<number> {
    const count = this.dataSource.length;
    const generator = this.generator ?? new Generator().manualSeed(drawSeed());
    if (this.replacement) {
      for (let i = 0; i < Math.floor(this.numSamples / 32); i++)
        yield* numbers(randint(count, [32], { generator }));
      yield* numbers(randint(count, [this.numSamples % 32], { generator }));
      return;
    }
    for (let i = 0; i < Math.floor(this.numSamples / count); i++)
      yield* numbers(randperm(count, { generator }));
    // PyTorch draws this permutation too where nothing of it is needed.
    yield* numbers(randperm(count, { generator })).slice(0, this.numSamples % count);
  }
}

const subsetNames = ['generator'] as const;

/** Options of samplers that draw. */
export interface SamplerOptions {
  /** The default generator if left out. */
  generator?: Generator;
}

/** The given numbers in random order (`torch.utils.data.SubsetRandomSampler`). */
export class SubsetRandomSampler implements Sampler<number> {
  readonly indices: readonly number[];
  readonly generator: Generator | undefined;

  constructor(
    indices: readonly number[],
    ...args: LayerArguments<[generator: Generator | undefined], typeof subsetNames, SamplerOptions>
  ) {
    this.indices = indices;
    this.generator = readArguments<SamplerOptions>(
      'SubsetRandomSampler',
      subsetNames,
      { generator: undefined } as never,
      args,
    ).generator;
  }

  get length(): number {
    return this.indices.length;
  }

  *[Symbol.iterator](): Generator_<number> {
    const { generator } = this;
    const order = randperm(this.indices.length, generator === undefined ? {} : { generator });
    for (const place of numbers(order)) yield this.indices[place]!;
  }
}

/** Arguments of {@link WeightedRandomSampler} after the weights, by name. */
export interface WeightedRandomSamplerOptions extends SamplerOptions {
  /** How many are drawn in one pass. */
  numSamples: number;
  /** Whether a sample can come several times (default true). */
  replacement?: boolean;
}

const weightedNames = ['numSamples', 'replacement', 'generator'] as const;

/**
 * Samples drawn by their weights, which need not add up to 1 (`torch.utils.data.WeightedRandomSampler`).
 *
 * @throws {RangeError} for a count that is not positive, or weights that are no list
 */
export class WeightedRandomSampler implements Sampler<number> {
  /** float64 */
  readonly weights: Tensor;
  readonly numSamples: number;
  readonly replacement: boolean;
  readonly generator: Generator | undefined;

  constructor(
    weights: readonly number[] | Tensor,
    ...args: LayerArguments<
      [numSamples: number, replacement: boolean | undefined, generator: Generator | undefined],
      typeof weightedNames,
      WeightedRandomSamplerOptions
    >
  ) {
    const { numSamples, replacement, generator } = readArguments<WeightedRandomSamplerOptions>(
      'WeightedRandomSampler',
      weightedNames,
      { replacement: true, generator: undefined } as never,
      args,
    );
    checkCount('num_samples', numSamples);
    checkFlag('replacement', replacement);
    this.weights = Array.isArray(weights)
      ? fromTypedArray(Float64Array.from(weights as readonly number[]), [weights.length])
      : (weights as Tensor).to('float64');
    if (this.weights.ndim !== 1) {
      throw new RangeError(
        `weights should be a 1d sequence but given weights have shape (${this.weights.shape.join(', ')})`,
      );
    }
    this.numSamples = numSamples;
    this.replacement = replacement;
    this.generator = generator;
  }

  get length(): number {
    return this.numSamples;
  }

  *[Symbol.iterator](): Generator_<number> {
    const { generator, replacement } = this;
    yield* numbers(
      multinomial(this.weights, this.numSamples, replacement, generator === undefined ? {} : { generator }),
    );
  }
}

/** Arguments of {@link BatchSampler} after the sampler, by name. */
export interface BatchSamplerOptions {
  batchSize: number;
  /** Whether a last batch that is smaller is left out (default false). */
  dropLast?: boolean;
}

const batchNames = ['batchSize', 'dropLast'] as const;

/** What another sampler gives, in batches (`torch.utils.data.BatchSampler`). */
export class BatchSampler<Index = number> implements Sampler<Index[]> {
  readonly sampler: Iterable<Index> & Partial<Sized>;
  readonly batchSize: number;
  readonly dropLast: boolean;

  constructor(
    sampler: Iterable<Index> & Partial<Sized>,
    ...args: LayerArguments<
      [batchSize: number, dropLast: boolean | undefined],
      typeof batchNames,
      BatchSamplerOptions
    >
  ) {
    const { batchSize, dropLast } = readArguments<BatchSamplerOptions>(
      'BatchSampler',
      batchNames,
      { dropLast: false },
      args,
    );
    checkCount('batch_size', batchSize);
    checkFlag('drop_last', dropLast);
    this.sampler = sampler;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
  }

  /** @throws {TypeError} when the sampler inside does not know its length */
  get length(): number {
    const { length } = this.sampler;
    if (length === undefined) throw new TypeError('BatchSampler: its sampler has no length');
    return this.dropLast ? Math.floor(length / this.batchSize) : Math.ceil(length / this.batchSize);
  }

  *[Symbol.iterator](): Generator_<Index[]> {
    let batch: Index[] = [];
    for (const index of this.sampler) {
      batch.push(index);
      if (batch.length < this.batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}
