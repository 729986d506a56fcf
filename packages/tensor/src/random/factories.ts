/** Creation functions and in-place methods for random tensors. */
import { elementWriter, flatElements, newTensor } from '../access.ts';
import { isOptions } from '../arguments.ts';
import { fail } from '../errors.ts';
import { checkSizes } from '../shape.ts';
import { readSizes, type SizeArguments, type TensorOptions } from '../sizes.ts';
import type { Tensor } from '../tensor.ts';
import {
  bernoulliOf,
  fillBernoulli,
  fillIntegers,
  fillNormal,
  fillUniform,
  randomPermutation,
} from './distributions.ts';
import { defaultGenerator, type Generator } from './generator.ts';

/** Options of random creation functions. */
export interface RandomOptions extends TensorOptions {
  /** The default generator if left out. */
  readonly generator?: Generator;
}
/** Sizes as one list or spread, then options. */
export type RandomSizeArguments =
  | readonly [size: readonly number[], options?: RandomOptions]
  | readonly [...size: number[]]
  | readonly [...size: number[], options: RandomOptions];

/** Uniform numbers in [0, 1): `rand(2, 3)`. The numbers are PyTorch's for the same seed. */
export function rand(...args: RandomSizeArguments): Tensor {
  const [shape, options] = readSizes('rand', args as SizeArguments);
  const { dtype = 'float32', generator = defaultGenerator }: RandomOptions = options;
  const result = newTensor(shape, dtype);
  fillUniform(result, 0, 1, generator);
  return result;
}

/** Standard normal numbers: `randn(2, 3)`. The numbers are PyTorch's for the same seed. */
export function randn(...args: RandomSizeArguments): Tensor {
  const [shape, options] = readSizes('randn', args as SizeArguments);
  const { dtype = 'float32', generator = defaultGenerator }: RandomOptions = options;
  const result = newTensor(shape, dtype);
  fillNormal(result, 0, 1, generator);
  return result;
}

/** {@link rand} in another tensor's shape and dtype. */
export function randLike(other: Tensor, options: RandomOptions = {}): Tensor {
  return rand(other.shape, { dtype: other.dtype, ...options });
}

/** {@link randn} in another tensor's shape and dtype. */
export function randnLike(other: Tensor, options: RandomOptions = {}): Tensor {
  return randn(other.shape, { dtype: other.dtype, ...options });
}

/** Signature of {@link randint}. */
export interface RandintFunction {
  (high: number | bigint, size: readonly number[], options?: RandomOptions): Tensor;
  (low: number | bigint, high: number | bigint, size: readonly number[], options?: RandomOptions): Tensor;
}

/** Whole numbers in [low, high), int64 unless given; low is 0 by default. */
export const randint: RandintFunction = (...args: readonly unknown[]): Tensor => {
  const limits = args.filter(
    (value): value is number | bigint => typeof value === 'number' || typeof value === 'bigint',
  );
  const size = args.find((value): value is readonly number[] => Array.isArray(value));
  const { dtype = 'int64', generator = defaultGenerator }: RandomOptions = args.find(isOptions) ?? {};
  if (size === undefined || limits.length < 1 || limits.length > 2) {
    fail('randint', 'invalid arguments', 'randint(high, size) or randint(low, high, size)');
  }
  if (!limits.every((limit) => typeof limit === 'bigint' || Number.isSafeInteger(limit))) {
    fail('randint', 'limits must be integers', 'integers', limits.join(', '));
  }
  checkSizes('randint', size);
  const [low, high] =
    limits.length === 1 ? [0n, BigInt(limits[0]!)] : [BigInt(limits[0]!), BigInt(limits[1]!)];
  const result = newTensor([...size], dtype);
  fillIntegers(result, low, high, generator);
  return result;
};

/** The numbers 0 to n - 1 in random order, int64 unless given. */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  checkSizes('randperm', [n]);
  const { dtype = 'int64', generator = defaultGenerator } = options;
  if (n >= 214748364) fail('randperm', 'n is too large', 'less than 214748364', String(n));
  const order = randomPermutation(n, generator);
  const result = newTensor([n], dtype);
  const write = elementWriter(dtype);
  const elements = flatElements(result);
  order.forEach((value, i) => {
    elements[i] = write(value);
  });
  return result;
}

/** Options of random in-place methods. */
export interface GeneratorOptions {
  readonly generator?: Generator;
}

/**
 * Ones and zeros: each element of `p` is the probability of a one at its place. With a number `probability`, the tensor
 * only gives shape and dtype.
 */
export function bernoulli(
  p: Tensor,
  probability?: number | GeneratorOptions,
  options?: GeneratorOptions,
): Tensor {
  const { generator = defaultGenerator } = (typeof probability === 'object' ? probability : options) ?? {};
  if (typeof probability !== 'number') return bernoulliOf(p, generator);
  const result = newTensor(p.shape, p.dtype);
  fillBernoulli(result, probability, generator);
  return result;
}

/** Fills the tensor with uniform numbers in [from, to) and returns it. */
export function uniform_(
  x: Tensor,
  from: number = 0,
  to: number = 1,
  options: GeneratorOptions = {},
): Tensor {
  fillUniform(x, from, to, options.generator ?? defaultGenerator);
  return x;
}

/** Fills the tensor with normal numbers and returns it. */
export function normal_(
  x: Tensor,
  mean: number = 0,
  std: number = 1,
  options: GeneratorOptions = {},
): Tensor {
  fillNormal(x, mean, std, options.generator ?? defaultGenerator);
  return x;
}

/** Fills the tensor with ones of the given probability and zeros, and returns it. */
export function bernoulli_(x: Tensor, p: number = 0.5, options: GeneratorOptions = {}): Tensor {
  fillBernoulli(x, p, options.generator ?? defaultGenerator);
  return x;
}

/** Random fills as methods; each returns the tensor itself. */
export interface RandomMethods {
  /** Fills the tensor with uniform numbers in [from, to) and returns it. */
  uniform_(from?: number, to?: number, options?: GeneratorOptions): Tensor;
  /** Fills the tensor with normal numbers and returns it. */
  normal_(mean?: number, std?: number, options?: GeneratorOptions): Tensor;
  /** Fills the tensor with ones of the given probability and zeros, and returns it. */
  bernoulli_(p?: number, options?: GeneratorOptions): Tensor;
}
