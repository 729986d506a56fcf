/** Where samples come from: the interfaces of `torch.utils.data`, and the datasets that are made of others. */
import type { Tensor } from '@sconce/tensor';

/**
 * Samples that are reached by number (PyTorch's map-style dataset). Any object of this form will do.
 *
 * @example
 * ```ts
 * const squares: Dataset<number> = { length: 100, getItem: (index) => index * index };
 * ```
 */
export interface Dataset<Item> {
  /** How many samples there are. */
  readonly length: number;
  /** The sample with a number from 0 to `length - 1`. */
  getItem(index: number): Item | Promise<Item>;
  /** The samples with the given numbers, for datasets that fetch several faster than one by one. */
  getItems?(indices: readonly number[]): readonly Item[] | Promise<readonly Item[]>;
}

/** Samples that come one after the other (PyTorch's `IterableDataset`): a stream, a generator. */
export type IterableDataset<Item> = (Iterable<Item> | AsyncIterable<Item>) & {
  /** How many samples there are, when that is known. */
  readonly length?: number;
};

/** A dataset, or a plain list of samples. */
export type DatasetLike<Item> = Dataset<Item> | readonly Item[];

/** Whether samples come in a stream and have no numbers. */
export function isIterableDataset<Item>(
  dataset: DatasetLike<Item> | IterableDataset<Item>,
): dataset is IterableDataset<Item> {
  if (Array.isArray(dataset) || 'getItem' in dataset) return false;
  return Symbol.iterator in dataset || Symbol.asyncIterator in dataset;
}

/** A list of samples as a dataset. @throws {TypeError} for something that is neither */
export function toDataset<Item>(dataset: DatasetLike<Item>): Dataset<Item> {
  if (Array.isArray(dataset)) return new ListDataset<Item>(dataset as readonly Item[]);
  const found = dataset as Dataset<Item>;
  if (typeof found?.getItem === 'function' && typeof found.length === 'number') return found;
  throw new TypeError('expected a dataset (length and getItem(index)) or a list of samples');
}

class ListDataset<Item> implements Dataset<Item> {
  readonly items: readonly Item[];

  constructor(items: readonly Item[]) {
    this.items = items;
  }

  get length(): number {
    return this.items.length;
  }

  getItem(index: number): Item {
    return this.items[checkIndex(index, this.length)] as Item;
  }
}

/** An index counted from the front. @throws {RangeError} when it lies outside */
function checkIndex(index: number, length: number): number {
  if (!Number.isInteger(index) || index < -length || index >= length) {
    throw new RangeError(`index ${index} is out of bounds for a dataset of ${length} samples`);
  }
  return index < 0 ? index + length : index;
}

/**
 * Rows of tensors that belong together (`torch.utils.data.TensorDataset`): sample `i` is `[x[i], y[i], ...]`.
 *
 * @throws {RangeError} when the tensors differ in the size of their first dimension
 */
export class TensorDataset<Tensors extends readonly Tensor[]>
  implements Dataset<{ [K in keyof Tensors]: Tensor }>
{
  readonly tensors: Tensors;

  constructor(...tensors: Tensors) {
    if (tensors.length === 0) throw new TypeError('TensorDataset() takes at least one tensor');
    if (tensors.some((tensor) => tensor.ndim === 0))
      throw new RangeError('TensorDataset: expected tensors of at least one dimension, got a scalar');
    if (tensors.some((tensor) => tensor.shape[0] !== tensors[0]!.shape[0]))
      throw new RangeError('Size mismatch between tensors');
    this.tensors = tensors;
  }

  get length(): number {
    return this.tensors[0]!.shape[0]!;
  }

  getItem(index: number): { [K in keyof Tensors]: Tensor } {
    return this.tensors.map((tensor) => tensor.select(0, index)) as { [K in keyof Tensors]: Tensor };
  }
}

/** Some samples of a dataset, by their numbers there (`torch.utils.data.Subset`). */
export class Subset<Item> implements Dataset<Item> {
  readonly dataset: Dataset<Item>;
  readonly indices: readonly number[];

  constructor(dataset: DatasetLike<Item>, indices: readonly number[]) {
    this.dataset = toDataset(dataset);
    this.indices = indices;
  }

  get length(): number {
    return this.indices.length;
  }

  getItem(index: number): Item | Promise<Item> {
    return this.dataset.getItem(this.#index(index));
  }

  getItems(indices: readonly number[]): readonly Item[] | Promise<readonly Item[]> {
    return itemsOf(
      this.dataset,
      indices.map((index) => this.#index(index)),
    );
  }

  #index(index: number): number {
    return this.indices[checkIndex(index, this.length)]!;
  }
}

/** Datasets one after the other (`torch.utils.data.ConcatDataset`). @throws {TypeError} for none, or a stream */
export class ConcatDataset<Item> implements Dataset<Item> {
  readonly datasets: readonly Dataset<Item>[];
  /** For each dataset the number of samples up to its end. */
  readonly cumulativeSizes: readonly number[];

  constructor(datasets: Iterable<DatasetLike<Item>>) {
    const list = [...datasets];
    if (list.length === 0) throw new TypeError('datasets should not be an empty iterable');
    if (list.some((dataset) => isIterableDataset(dataset)))
      throw new TypeError('ConcatDataset does not support IterableDataset');
    this.datasets = list.map((dataset) => toDataset(dataset));
    let sum = 0;
    this.cumulativeSizes = this.datasets.map((dataset) => {
      sum += dataset.length;
      return sum;
    });
  }

  get length(): number {
    return this.cumulativeSizes.at(-1)!;
  }

  getItem(index: number): Item | Promise<Item> {
    if (index < -this.length)
      throw new RangeError('absolute value of index should not exceed dataset length');
    const place = checkIndex(index, this.length);
    const which = this.cumulativeSizes.findIndex((end) => place < end);
    return this.datasets[which]!.getItem(place - (this.cumulativeSizes[which - 1] ?? 0));
  }
}

type ItemOf<D> = D extends DatasetLike<infer Item> ? Item : never;
/** A sample of a {@link StackDataset}: one of each dataset, under the same name or in the same place. */
export type StackedItem<Datasets> = { -readonly [K in keyof Datasets]: ItemOf<Datasets[K]> };

/**
 * Datasets side by side (`torch.utils.data.StackDataset`): given as a list the samples are lists, given by name they are
 * objects with these names.
 *
 * @throws {RangeError} when the datasets differ in length
 */
export class StackDataset<
  Datasets extends readonly DatasetLike<unknown>[] | Readonly<Record<string, DatasetLike<unknown>>>,
> implements Dataset<StackedItem<Datasets>>
{
  readonly datasets: Datasets;
  readonly length: number;
  readonly #parts: readonly (readonly [name: string, dataset: Dataset<unknown>])[];

  constructor(datasets: Datasets) {
    this.datasets = datasets;
    this.#parts = Object.entries(datasets as Record<string, DatasetLike<unknown>>).map(
      ([name, dataset]) => [name, toDataset(dataset)] as const,
    );
    const [first] = this.#parts;
    if (first === undefined) throw new RangeError('At least one dataset should be passed');
    this.length = first[1].length;
    if (this.#parts.some(([, dataset]) => dataset.length !== this.length))
      throw new RangeError('Size mismatch between datasets');
  }

  getItem(index: number): StackedItem<Datasets> | Promise<StackedItem<Datasets>> {
    const values = this.#parts.map(([, dataset]) => dataset.getItem(index));
    return afterAll(values, (items) => this.#sample(items));
  }

  getItems(
    indices: readonly number[],
  ): readonly StackedItem<Datasets>[] | Promise<readonly StackedItem<Datasets>[]> {
    const columns = this.#parts.map(([, dataset]) => itemsOf(dataset, indices));
    return afterAll(columns, (lists) =>
      indices.map((_, row) => this.#sample(lists.map((list) => list[row]))),
    );
  }

  #sample(items: readonly unknown[]): StackedItem<Datasets> {
    if (Array.isArray(this.datasets)) return items as unknown as StackedItem<Datasets>;
    return Object.fromEntries(this.#parts.map(([name], i) => [name, items[i]])) as StackedItem<Datasets>;
  }
}

/** Streams one after the other (`torch.utils.data.ChainDataset`); asynchronous if one of them is. */
export class ChainDataset<Item> implements AsyncIterable<Item> {
  readonly datasets: readonly IterableDataset<Item>[];

  /** @throws {TypeError} when one of them is no stream */
  constructor(datasets: Iterable<IterableDataset<Item>>) {
    this.datasets = [...datasets];
    if (!this.datasets.every((dataset) => isIterableDataset(dataset)))
      throw new TypeError('ChainDataset only supports IterableDataset');
    // Present only where it can be kept: its absence tells the loader to iterate asynchronously.
    if (this.datasets.every((dataset) => Symbol.iterator in dataset)) {
      Object.defineProperty(this, Symbol.iterator, { value: () => this.#all() });
    }
  }

  /** @throws {TypeError} when a dataset does not know its length */
  get length(): number {
    return this.datasets.reduce((sum, { length }) => {
      if (length === undefined) throw new TypeError('ChainDataset: a dataset has no length');
      return sum + length;
    }, 0);
  }

  *#all(): Generator<Item> {
    for (const dataset of this.datasets) yield* dataset as Iterable<Item>;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (const dataset of this.datasets) yield* dataset;
  }
}

/** The samples with the given numbers, all asked for before the first is waited for. */
export function itemsOf<Item>(
  dataset: Dataset<Item>,
  indices: readonly number[],
): readonly Item[] | Promise<readonly Item[]> {
  if (dataset.getItems === undefined)
    return afterAll(
      indices.map((index) => dataset.getItem(index)),
      (items) => items,
    );
  const check = (items: readonly Item[]): readonly Item[] => {
    if (items.length === indices.length) return items;
    throw new RangeError(
      `Nested dataset's output size mismatch. Expected ${indices.length}, got ${items.length}`,
    );
  };
  return afterOne(dataset.getItems(indices), check);
}

/** Goes on with a value at once, or once its promise has come true. */
export function afterOne<T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** As {@link afterOne} with several values; without a promise among them nothing is put off. */
function afterAll<T, R>(values: readonly (T | Promise<T>)[], next: (values: T[]) => R): R | Promise<R> {
  if (!values.some((value) => value instanceof Promise)) return next(values as T[]);
  return Promise.all(values).then(next);
}
