/** Random splits of a dataset. */
import { type Generator, randperm } from '@sconce/tensor';
import { type DatasetLike, Subset, toDataset } from './dataset.ts';

/** Options of {@link randomSplit}. */
export interface RandomSplitOptions {
  /** The default generator if left out. */
  readonly generator?: Generator;
}

/**
 * Splits a dataset at random into parts that do not overlap (`torch.utils.data.random_split`), with the permutation that
 * PyTorch draws.
 *
 * @param lengths numbers of samples, or fractions that add up to 1; what rounding leaves over goes to the first parts
 * @throws {RangeError} when the lengths do not add up
 */
export function randomSplit<Item>(
  dataset: DatasetLike<Item>,
  lengths: readonly number[],
  options: RandomSplitOptions = {},
): Subset<Item>[] {
  const source = toDataset(dataset);
  const sizes = isFractions(lengths) ? sizesOf(lengths, source.length) : lengths;
  if (sum(sizes) !== source.length) {
    throw new RangeError('Sum of input lengths does not equal the length of the input dataset!');
  }
  const { generator } = options;
  const order = Array.from(
    randperm(source.length, generator === undefined ? {} : { generator }).toTypedArray(),
    Number,
  );
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return new Subset(source, order.slice(end - size, end));
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Python's `math.isclose(sum(lengths), 1) and sum(lengths) <= 1`. */
function isFractions(lengths: readonly number[]): boolean {
  const total = sum(lengths);
  return total <= 1 && 1 - total <= 1e-9;
}

function sizesOf(fractions: readonly number[], length: number): number[] {
  const sizes = fractions.map((fraction, i) => {
    if (!(fraction >= 0 && fraction <= 1))
      throw new RangeError(`Fraction at index ${i} is not between 0 and 1`);
    return Math.floor(length * fraction);
  });
  const left = length - sum(sizes);
  for (let i = 0; i < left; i++) sizes[i % sizes.length]! += 1;
  return sizes;
}
