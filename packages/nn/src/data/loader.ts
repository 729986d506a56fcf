/** `DataLoader`: batches of a dataset, in PyTorch's order (`torch.utils.data.DataLoader`). */
import type { Generator } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { type Collated, defaultCollate, defaultConvert } from './collate.ts';
import {
  type Dataset,
  type DatasetLike,
  type IterableDataset,
  isIterableDataset,
  toDataset,
} from './dataset.ts';
import { END, type Fetcher, type FetchOptions, MapFetcher, StreamFetcher } from './fetch.ts';
import { pacer } from './macrotask.ts';
import { BatchSampler, RandomSampler, SequentialSampler, type Sized } from './sampler.ts';
import { drawSeed } from './seeds.ts';
import { Workers } from './workers.ts';

/** Arguments of {@link DataLoader} after the dataset, by name. */
export interface DataLoaderOptions<Item, Batch> {
  /** Samples in a batch (default 1); null for single samples, as they are. */
  batchSize?: number | null;
  /** Whether each pass has a new random order (default false). */
  shuffle?: boolean;
  /** The order of samples. */
  sampler?: Iterable<number> & Partial<Sized>;
  /** The order of samples, in batches. */
  batchSampler?: Iterable<readonly number[]> & Partial<Sized>;
  /** Worker threads that load (Node only); 0 (the default) loads in this thread. Needs `workerModule`. */
  numWorkers?: number;
  /** Makes a batch of a list of samples; {@link defaultCollate} when left out. Workers take it from their module. */
  collateFn?: (samples: Item[]) => Batch;
  /** Whether a last batch that is smaller is left out (default false). */
  dropLast?: boolean;
  /** Seconds to wait for a batch from workers; 0 (the default) for no limit. */
  timeout?: number;
  /** Where the order and the workers' base seed are drawn from; the default generator when left out. */
  generator?: Generator;
  /**
   * Batches that are loaded ahead: by each worker; without workers, of a dataset whose `getItem` is asynchronous
   * (default 2). A dataset that answers at once is asked only for the batch that is due.
   */
  prefetchFactor?: number;
  /** Whether workers stay for the next pass (default false); `close()` ends them. */
  persistentWorkers?: boolean;
  /** Whether batches of workers come in the order of the sampler (default true). */
  inOrder?: boolean;
  /**
   * The module that workers import: it exports `dataset` (a dataset, or a function that makes one) and, if wanted,
   * `collateFn` and `workerInitFn(workerId)`.
   */
  workerModule?: URL | string;
}

const names = ['batchSize', 'shuffle'] as const;

const absent: unknown = undefined;
/** Options without values: PyTorch's defaults depend on one another, see the constructor. */
const defaults = Object.fromEntries(
  [
    ...names,
    'sampler',
    'batchSampler',
    'numWorkers',
    'collateFn',
    'dropLast',
    'timeout',
    'generator',
    'prefetchFactor',
    'persistentWorkers',
    'inOrder',
    'workerModule',
  ].map((name) => [name, absent]),
);

/**
 * Goes through a dataset in batches, as often as wanted, with the order, the seeds and the draws from generators that
 * PyTorch has.
 *
 * `for await (const batch of loader)` works for every dataset, loads ahead where that helps, and lets the event loop
 * turn. `for (const batch of loader)` works where the dataset and `collateFn` are synchronous and there are no workers.
 *
 * @example
 * ```ts
 * const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 32, shuffle: true });
 * for await (const [x, y] of loader) step(x, y);
 * ```
 * @throws {RangeError} for options that make no sense or exclude each other, in PyTorch's words
 */
export class DataLoader<Item, Batch = Collated<Item>>
  implements AsyncIterable<Awaited<Batch>>, Iterable<Batch>
{
  readonly dataset: Dataset<Item> | IterableDataset<Item>;
  /** null where batches come from `batchSampler`, or there are none. */
  readonly batchSize: number | null;
  readonly dropLast: boolean;
  /** The order of samples; undefined for a stream. */
  readonly sampler: (Iterable<number> & Partial<Sized>) | undefined;
  readonly batchSampler: (Iterable<readonly unknown[]> & Partial<Sized>) | undefined;
  readonly numWorkers: number;
  readonly prefetchFactor: number;
  readonly timeout: number;
  readonly generator: Generator | undefined;
  readonly persistentWorkers: boolean;
  readonly inOrder: boolean;
  readonly workerModule: string | undefined;
  readonly collateFn: (samples: Item[]) => Batch;
  #kept: Workers | undefined;

  constructor(
    dataset: DatasetLike<Item> | IterableDataset<Item>,
    ...args: LayerArguments<
      [batchSize: number | null | undefined, shuffle: boolean | undefined],
      typeof names,
      DataLoaderOptions<Item, Batch>,
      Exclude<keyof DataLoaderOptions<Item, Batch>, (typeof names)[number]>
    >
  ) {
    const options = readArguments<DataLoaderOptions<Item, Batch>>(
      'DataLoader',
      names,
      defaults as never,
      args,
    ) as DataLoaderOptions<Item, Batch>;
    const isStream = isIterableDataset(dataset);
    this.dataset = isStream ? dataset : toDataset(dataset);
    checkOptions(options, isStream);
    const { batchSize = 1, shuffle = false, sampler, batchSampler, dropLast = false, generator } = options;
    this.numWorkers = options.numWorkers ?? 0;
    this.prefetchFactor = options.prefetchFactor ?? 2;
    this.timeout = options.timeout ?? 0;
    this.generator = generator;
    this.persistentWorkers = options.persistentWorkers ?? false;
    this.inOrder = options.inOrder ?? true;
    this.workerModule = options.workerModule === undefined ? undefined : String(options.workerModule);
    this.batchSize = batchSampler === undefined ? batchSize : null;
    this.dropLast = dropLast;
    this.sampler = isStream
      ? undefined
      : (sampler ?? orderOf(this.dataset as Dataset<Item>, shuffle, generator));
    this.batchSampler =
      batchSampler ??
      (batchSize === null
        ? undefined
        : new BatchSampler<unknown>(this.sampler ?? forever, batchSize, dropLast));
    this.collateFn =
      options.collateFn ??
      ((this.batchSampler === undefined ? defaultConvert : defaultCollate) as never as (
        samples: Item[],
      ) => Batch);
  }

  /** The number of batches in a pass (of samples, without batching). @throws {TypeError} when that is not known */
  get length(): number {
    const { batchSampler, sampler, dataset, batchSize } = this;
    const unknown = (what: string): never => {
      throw new TypeError(`DataLoader: ${what} has no length`);
    };
    if (sampler === undefined) {
      const length = dataset.length ?? unknown('the dataset');
      if (batchSize === null) return length;
      return this.dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize);
    }
    return (batchSampler ?? sampler).length ?? unknown('the sampler');
  }

  /** @throws {TypeError} when the dataset is asynchronous or there are workers: use `for await` then */
  [Symbol.iterator](): IterableIterator<Batch> {
    if (this.numWorkers > 0)
      throw new TypeError('DataLoader: batches of workers are asynchronous, iterate with for await');
    const indices = this.#begin().indices;
    return batches<Batch>(indices, this.#fetcher());
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Awaited<Batch>> {
    const { indices, baseSeed } = this.#begin();
    if (this.numWorkers === 0) return batchesAhead(indices, this.#fetcher(), this.prefetchFactor);
    const workers = this.#kept ?? this.#workers(baseSeed);
    if (this.persistentWorkers) this.#kept = workers;
    return batchesOfWorkers(workers, workers.pass(indices), this.persistentWorkers);
  }

  /** Ends workers that were kept for the next pass. */
  async close(): Promise<void> {
    const workers = this.#kept;
    this.#kept = undefined;
    await workers?.stop();
  }

  /** What PyTorch does when `iter(loader)` is called: the base seed is drawn whether there are workers or not. */
  #begin(): { indices: Iterator<unknown>; baseSeed: bigint } {
    const indices = (this.batchSampler ?? this.sampler ?? forever)[Symbol.iterator]();
    const baseSeed = this.#kept === undefined ? drawSeed(this.generator) : 0n;
    return { indices, baseSeed };
  }

  #fetcher(): Fetcher {
    const options: FetchOptions = {
      batching: this.batchSampler !== undefined,
      collate: this.collateFn as unknown as FetchOptions['collate'],
      dropLast: this.dropLast,
    };
    return isIterableDataset(this.dataset)
      ? new StreamFetcher(this.dataset, options)
      : new MapFetcher(this.dataset as Dataset<unknown>, options);
  }

  #workers(baseSeed: bigint): Workers {
    const { numWorkers, prefetchFactor, timeout, inOrder, dropLast } = this;
    const module = this.workerModule!;
    const batching = this.batchSampler !== undefined;
    return new Workers({
      module,
      numWorkers,
      baseSeed,
      batching,
      dropLast,
      prefetchFactor,
      timeout,
      inOrder,
    });
  }
}

/** What a stream is asked with: there are no numbers, and it says itself when it ends. */
const forever: Iterable<undefined> = {
  *[Symbol.iterator]() {
    for (;;) yield undefined;
  },
};

function orderOf(
  dataset: Sized,
  shuffle: boolean,
  generator: Generator | undefined,
): RandomSampler | SequentialSampler {
  return shuffle ? new RandomSampler(dataset, { generator } as object) : new SequentialSampler(dataset);
}

function* batches<Batch>(indices: Iterator<unknown>, fetcher: Fetcher): Generator_<Batch> {
  for (let step = indices.next(); step.done !== true; step = indices.next()) {
    const batch = fetcher.fetch(step.value);
    if (batch === END) return;
    if (batch instanceof Promise) {
      batch.catch(() => undefined);
      throw new TypeError('DataLoader: the dataset or collateFn is asynchronous, iterate with for await');
    }
    yield batch as Batch;
  }
}

type Generator_<T> = globalThis.Generator<T, void, undefined>;

async function* batchesAhead<Batch>(
  indices: Iterator<unknown>,
  fetcher: Fetcher,
  ahead: number,
): AsyncGenerator<Awaited<Batch>> {
  const pace = pacer();
  const started: unknown[] = [];
  let more = true;
  const start = (): void => {
    const step = indices.next();
    if (step.done === true) {
      more = false;
      return;
    }
    const batch = fetcher.fetch(step.value);
    // Thrown when its turn comes; until then the promise counts as handled.
    if (batch instanceof Promise) batch.catch(() => undefined);
    started.push(batch);
  };
  for (;;) {
    if (started.length === 0 && more) start();
    while (more && started.length <= ahead && started[0] instanceof Promise) start();
    if (started.length === 0) return;
    const batch = await started.shift();
    if (batch === END) return;
    await pace();
    yield batch as Awaited<Batch>;
  }
}

async function* batchesOfWorkers<Batch>(
  workers: Workers,
  pass: { next(): Promise<unknown> },
  keep: boolean,
): AsyncGenerator<Awaited<Batch>> {
  const pace = pacer();
  try {
    for (;;) {
      const batch = await pass.next();
      if (batch === END) return;
      await pace();
      yield batch as Awaited<Batch>;
    }
  } finally {
    if (!keep) await workers.stop();
  }
}

/** PyTorch's checks, in its order and words. */
function checkOptions(options: DataLoaderOptions<never, unknown>, isStream: boolean): void {
  const { batchSize = 1, shuffle = false, sampler, batchSampler, numWorkers = 0, dropLast = false } = options;
  const { timeout = 0, prefetchFactor = 2, persistentWorkers = false } = options;
  const refuse = (what: string): never => {
    throw new RangeError(what);
  };
  if (!Number.isInteger(numWorkers) || numWorkers < 0) {
    refuse('num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.');
  }
  if (!(timeout >= 0)) refuse('timeout option should be non-negative');
  if (!Number.isInteger(prefetchFactor) || prefetchFactor < 0)
    refuse('prefetch_factor option should be non-negative');
  if (persistentWorkers && numWorkers === 0) refuse('persistent_workers option needs num_workers > 0');
  if (numWorkers > 0) {
    if (prefetchFactor === 0) refuse('prefetch_factor must be greater than 0 with num_workers > 0');
    if (options.workerModule === undefined)
      refuse('num_workers > 0 needs workerModule: the URL of a module that exports the dataset');
    if (options.collateFn !== undefined)
      refuse('collateFn cannot be sent to workers, expected it among the exports of workerModule');
  } else if (timeout !== 0) refuse('timeout is for workers, expected 0 with num_workers=0');
  if (isStream) {
    const given = (name: string, value: unknown): never =>
      refuse(
        `DataLoader with IterableDataset: expected unspecified ${name} option, but got ${name}=${String(value)}`,
      );
    if (shuffle) given('shuffle', 'True');
    if (sampler !== undefined) given('sampler', sampler);
    if (batchSampler !== undefined) given('batch_sampler', batchSampler);
  }
  if (sampler !== undefined && shuffle) refuse('sampler option is mutually exclusive with shuffle');
  if (batchSampler !== undefined) {
    if (batchSize !== 1 || shuffle || sampler !== undefined || dropLast)
      refuse('batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last');
  } else if (batchSize === null && dropLast) {
    refuse('batch_size=None option disables auto-batching and is mutually exclusive with drop_last');
  }
}
