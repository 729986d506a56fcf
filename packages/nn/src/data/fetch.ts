/** Turns numbers of samples into batches; the same in the main thread and in workers. */
import { afterOne, type Dataset, type IterableDataset, itemsOf } from './dataset.ts';

/** Returned in place of a batch when a stream has ended. */
export const END: unique symbol = Symbol('the end of the samples');
/** {@link END} */
type End = typeof END;

/** Makes one batch after the other. */
export interface Fetcher {
  /** A batch (one sample, without batching) for what the sampler gave; a promise where the dataset answers with one. */
  fetch(index: unknown): unknown | End | Promise<unknown | End>;
}

/** What a fetcher is made of. */
export interface FetchOptions {
  /** Whether the sampler gives lists of numbers, so that samples become batches. */
  readonly batching: boolean;
  readonly collate: (batch: never) => unknown;
  readonly dropLast: boolean;
}

/** Fetches from a dataset whose samples have numbers. */
export class MapFetcher implements Fetcher {
  readonly #dataset: Dataset<unknown>;
  readonly #options: FetchOptions;

  constructor(dataset: Dataset<unknown>, options: FetchOptions) {
    this.#dataset = dataset;
    this.#options = options;
  }

  fetch(index: unknown): unknown {
    const { batching, collate } = this.#options;
    const found = batching
      ? itemsOf(this.#dataset, index as readonly number[])
      : this.#dataset.getItem(index as number);
    return afterOne(found, (items) => collate(items as never));
  }
}

/** Fetches from a stream, which it goes through once. */
export class StreamFetcher implements Fetcher {
  readonly #options: FetchOptions;
  readonly #samples: Iterator<unknown> | AsyncIterator<unknown>;
  /** The asynchronous fetch before, after which the next one begins. */
  #last: Promise<unknown> | undefined;
  #ended = false;

  constructor(dataset: IterableDataset<unknown>, options: FetchOptions) {
    this.#options = options;
    this.#samples =
      Symbol.iterator in dataset
        ? (dataset as Iterable<unknown>)[Symbol.iterator]()
        : (dataset as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }

  fetch(index: unknown): unknown {
    const count = this.#options.batching ? (index as readonly unknown[]).length : 1;
    if (this.#last === undefined) {
      if (this.#ended) return END;
      const first = this.#samples.next();
      if (!(first instanceof Promise)) return this.#collect(count, first);
      this.#last = this.#collectLater(count, first);
    } else {
      this.#last = this.#last.then(() => (this.#ended ? END : this.#collectLater(count, this.#next())));
    }
    return this.#last;
  }

  #next(): Promise<IteratorResult<unknown>> {
    return this.#samples.next() as Promise<IteratorResult<unknown>>;
  }

  #collect(count: number, first: IteratorResult<unknown>): unknown {
    const items: unknown[] = [];
    let step = first;
    while (step.done !== true) {
      items.push(step.value);
      if (items.length === count) return this.#batch(items, count);
      step = this.#samples.next() as IteratorResult<unknown>;
    }
    this.#ended = true;
    return this.#batch(items, count);
  }

  async #collectLater(count: number, first: Promise<IteratorResult<unknown>>): Promise<unknown> {
    const items: unknown[] = [];
    let step = await first;
    while (step.done !== true) {
      items.push(step.value);
      if (items.length === count) return this.#batch(items, count);
      step = await this.#next();
    }
    this.#ended = true;
    return this.#batch(items, count);
  }

  #batch(items: unknown[], count: number): unknown {
    const { batching, collate, dropLast } = this.#options;
    if (items.length === 0 || (dropLast && items.length < count)) return END;
    return collate((batching ? items : items[0]) as never);
  }
}
