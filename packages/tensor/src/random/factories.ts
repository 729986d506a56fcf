/** Creation functions for random tensors. */
import { newTensor, newTensorLike } from '../access.ts';
import { bindArguments, checkTensor, isOptions } from '../arguments.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { checkSizes } from '../shape.ts';
import { finished, readSizes, type SizeArguments, type TensorOptions } from '../sizes.ts';
import { Tensor } from '../tensor.ts';
import { fillNormal, fillUniform, refuseUnsigned } from './distributions.ts';
import { defaultGenerator, type Generator } from './generator.ts';
import { fillIntegers, fillPermutation } from './integers.ts';

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

/** What fills a tensor that was made for it. */
type Fill = (tensor: Tensor, generator: Generator) => void;

function made(operator: string, tensor: Tensor, fill: Fill, options: RandomOptions): Tensor {
  fill(tensor, options.generator ?? defaultGenerator);
  return finished(operator, tensor, options);
}

const uniform: Fill = (tensor, generator) => fillUniform(tensor, 0, 1, generator);
const normal: Fill = (tensor, generator) => fillNormal(tensor, 0, 1, generator);

/** Uniform numbers in [0, 1): `rand(2, 3)`. The numbers are PyTorch's for the same seed. */
export function rand(...args: RandomSizeArguments): Tensor {
  const [shape, options]: [readonly number[], RandomOptions] = readSizes('rand', args as SizeArguments);
  return made('rand', newTensor(shape, options.dtype ?? 'float32'), uniform, options);
}

/** Standard normal numbers: `randn(2, 3)`. The numbers are PyTorch's for the same seed. */
export function randn(...args: RandomSizeArguments): Tensor {
  const [shape, options]: [readonly number[], RandomOptions] = readSizes('randn', args as SizeArguments);
  return made('randn', newTensor(shape, options.dtype ?? 'float32'), normal, options);
}

/** {@link rand} in another tensor's shape, dtype and order in memory. */
export function randLike(other: Tensor, options: RandomOptions = {}): Tensor {
  return made('randLike', emptyOf('randLike', other, options.dtype), uniform, options);
}

/** {@link randn} in another tensor's shape, dtype and order in memory. */
export function randnLike(other: Tensor, options: RandomOptions = {}): Tensor {
  return made('randnLike', emptyOf('randnLike', other, options.dtype), normal, options);
}

function emptyOf(operator: string, other: Tensor, dtype: DType | undefined): Tensor {
  checkTensor(operator, 'input', other);
  return newTensorLike(other, other.shape, dtype ?? other.dtype);
}

/** A bound of {@link randint}: a whole number. */
export type Bound = number | bigint;

/** Options of {@link randint} that say by name what can be said by position. */
export interface RandintOptions extends RandomOptions {
  readonly low?: Bound;
  readonly high?: Bound;
  readonly size?: readonly number[];
}

/** Signature of {@link randint}. */
export interface RandintFunction {
  (high: Bound, size: readonly number[], options?: RandomOptions): Tensor;
  (low: Bound, high: Bound, size: readonly number[], options?: RandomOptions): Tensor;
  (low: Bound, high: Bound, options: RandintOptions): Tensor;
  (high: Bound, options: RandintOptions): Tensor;
  (options: RandintOptions): Tensor;
}

const creationOptions = ['dtype', 'generator', 'requiresGrad', 'device'] as const;

/** Whole numbers in [low, high), int64 unless given; low is 0 by default. @throws TensorError for an empty range */
export const randint: RandintFunction = (...args: readonly unknown[]): Tensor => {
  const given = isOptions(args.at(-1)) ? args.slice(0, -1) : args;
  const bounds = given.filter((value) => !Array.isArray(value)).length;
  const own = bounds > 1 ? (['low', 'high', 'size'] as const) : (['high', 'size', 'low'] as const);
  const options = bindArguments<RandintOptions>('randint', [...own, ...creationOptions], args);
  const { low = 0, high, size, dtype = 'int64' } = options;
  if (size === undefined || high === undefined) {
    fail('randint', 'invalid arguments', 'randint(high, size) or randint(low, high, size)');
  }
  checkSizes('randint', size);
  return made('randint', newTensor([...size], dtype), between('randint', low, high), options);
};

/** A bound of {@link randintLike}: a whole number, also as a tensor of one element. */
export type LikeBound = Bound | Tensor;

/** Options of {@link randintLike}. */
export interface RandintLikeOptions extends RandomOptions {
  readonly low?: LikeBound;
  readonly high?: LikeBound;
}

/** Signature of {@link randintLike}. */
export interface RandintLikeFunction {
  (other: Tensor, high: LikeBound, options?: RandintLikeOptions): Tensor;
  (other: Tensor, low: LikeBound, high: LikeBound, options?: RandomOptions): Tensor;
  (other: Tensor, options: RandintLikeOptions): Tensor;
}

/** {@link randint} in another tensor's shape, dtype and order in memory. */
export const randintLike: RandintLikeFunction = (other: Tensor, ...args: readonly unknown[]): Tensor => {
  const given = isOptions(args.at(-1)) ? args.slice(0, -1) : args;
  const own = given.length > 1 ? (['low', 'high'] as const) : (['high', 'low'] as const);
  const options = bindArguments<RandintLikeOptions>('randintLike', [...own, ...creationOptions], args);
  const { low = 0, high, dtype } = options;
  if (high === undefined) fail('randintLike', "missing argument 'high'");
  const tensor = emptyOf('randintLike', other, dtype);
  return made('randintLike', tensor, between('randintLike', low, high), options);
};

function between(operator: string, low: LikeBound, high: LikeBound): Fill {
  const [from, to] = [wholeOf(operator, low), wholeOf(operator, high)];
  return (tensor, generator) => fillIntegers(tensor, from, to, generator);
}

/** A bound as a bigint. @throws TensorError if it is no whole number of 64 bits */
export function wholeOf(operator: string, bound: unknown): bigint {
  const value = bound instanceof Tensor ? bound.item() : bound;
  const whole =
    typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
      ? BigInt(value)
      : undefined;
  if (whole === undefined) fail(operator, 'limits must be integers', 'integers', String(value));
  if (BigInt.asIntN(64, whole) !== whole)
    fail(operator, 'Overflow when unpacking long long', 'int64', `${whole}`);
  return whole;
}

/** The numbers 0 to n - 1 in random order, int64 unless given. @throws TensorError if the dtype does not hold them */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  checkSizes('randperm', [n]);
  const { dtype = 'int64' } = options;
  if (n >= 214748364) fail('randperm', 'n is too large', 'less than 214748364', String(n));
  const result = newTensor([n], dtype);
  if (dtype === 'bool') fail('randperm', `"randperm" not implemented for 'Bool'`);
  refuseUnsigned('randperm', 'randperm', result);
  const { bytes, kind, scalarName } = dtypeInfo(dtype);
  const largest = dtype === 'float16' ? 2049 : dtype === 'float32' ? 2 ** 24 + 1 : Number.POSITIVE_INFINITY;
  if (n > largest) fail('randperm', `n cannot be greater than ${largest} for ${scalarName} type.`);
  if (kind === 'int' && n > 2 ** (8 * bytes - (dtype === 'uint8' ? 0 : 1)) - 1) {
    const name = dtype === 'uint8' ? 'uint8_t' : `${dtype}_t`;
    fail('randperm', `value cannot be converted to type ${name} without overflow`, undefined, String(n));
  }
  return made('randperm', result, fillPermutation, options);
}
