/** Whole random numbers: fills in place, and permutations. */
import { elementWriter, flatElements } from '../access.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { wordsOf } from '../ops/positions.ts';
import type { Tensor } from '../tensor.ts';
import { cppNames, refuseUnsigned } from './distributions.ts';
import { fillEach, throughDense } from './filling.ts';
import type { Generator } from './generator.ts';
import { CHUNK, forEachChunk } from './words.ts';

/** Bits of the mantissa, the leading one included. */
const digits: Partial<Record<DType, bigint>> = { float64: 53n, float32: 24n, float16: 11n, bfloat16: 8n };

/** Smallest and largest whole number of a dtype; bounds are 64-bit integers, so floats reach that far. */
function rangeOf(dtype: DType): [bigint, bigint] {
  const { kind, bytes } = dtypeInfo(dtype);
  const bits = BigInt(8 * bytes);
  if (kind === 'bool') return [0n, 1n];
  if (dtype === 'float16') return [-65504n, 65504n];
  if (kind === 'float') return [-(2n ** 63n), 2n ** 63n - 1n];
  return dtype.startsWith('u') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/** A value as the dtype holds it, back as a whole number (beyond what a 64-bit integer holds: what x86-64 makes of it). */
function rounded(value: bigint, dtype: DType): bigint {
  const { codec } = dtypeInfo(dtype);
  const number = Number(value);
  const held =
    codec !== undefined
      ? codec.decode(codec.encode(number))
      : dtype === 'float32'
        ? Math.fround(number)
        : number;
  return Math.abs(held) < 2 ** 63 ? BigInt(held) : -(2n ** 63n);
}

/** One unit in the last place of a whole number in a mantissa of so many digits. */
function unitOf(value: bigint, precision: bigint): bigint {
  const size = value < 0n ? -value : value;
  return 1n << (BigInt(size.toString(2).length) - precision);
}

/** Raises `from` where rounding to the dtype would lower it. */
function raised(from: bigint, dtype: DType): bigint {
  const held = rounded(from + 1n, dtype);
  return held < from ? held + unitOf(from + 1n, digits[dtype]!) : from;
}

/** Lowers `to` where rounding to the dtype would bring the largest number up to it. */
function lowered(to: bigint, dtype: DType): bigint {
  const held = rounded(to - 1n, dtype);
  return held >= to ? held - unitOf(to - 1n, digits[dtype]!) : to;
}

/**
 * Whole numbers in [from, to); without `to` up to the largest whole number that the dtype counts to without gaps. Without
 * `from` as well: `fillWhole`.
 * @throws TensorError for an empty range, or one that the dtype does not hold
 */
export function fillIntegers(
  tensor: Tensor,
  from: bigint,
  to: bigint | undefined,
  generator: Generator,
): void {
  const { dtype } = tensor;
  const isFloat = dtypeInfo(dtype).kind === 'float';
  const [smallest, largest] = rangeOf(dtype);
  const check = (name: string, value: bigint): void => {
    if (value < smallest || value > largest) {
      fail(
        'random_',
        `${name} is out of bounds for ${cppNames[dtype]}`,
        `${smallest} to ${largest}`,
        `${value}`,
      );
    }
  };
  if (to !== undefined) {
    if (from >= to) {
      fail('random_', `random_ expects 'from' to be less than 'to', but got from=${from} >= to=${to}`);
    }
    const low = isFloat ? raised(from, dtype) : from;
    const high = isFloat ? lowered(to, dtype) : to;
    if (low >= high) {
      fail(
        'random_',
        `random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=${low} >= to=${high}`,
      );
    }
    check('from', low);
    check('to - 1', high - 1n);
    fillRange(tensor, low, high - low, generator);
    return;
  }
  if (from === -(2n ** 63n)) {
    if (dtype !== 'int64' && dtype !== 'float64' && dtype !== 'float32' && dtype !== 'bfloat16') {
      fail(
        'random_',
        'random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16',
        'one of these dtypes',
        dtype,
      );
    }
    fillEach(tensor, () => writable(BigInt.asIntN(64, generator.engine.uint64()), dtype));
    return;
  }
  const low = isFloat ? raised(from, dtype) : from;
  // The bound of uint64 is that of int64's arithmetic.
  const high = isFloat ? 1n << digits[dtype]! : dtype === 'uint64' ? -1n : largest;
  if (isFloat && low >= high) {
    fail(
      'random_',
      `random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got from=${low} > to_inc=${high}`,
    );
  }
  check('from', low);
  check('to - 1', high);
  fillRange(tensor, low, high - low + 1n, generator);
}

/** Whole numbers from 0 to the largest of an integer dtype, or to that up to which a floating-point one has no gaps. */
export function fillWhole(tensor: Tensor, { engine }: Generator): void {
  const { dtype } = tensor;
  refuseUnsigned('random_', 'random_kernel_cpu', tensor);
  if (dtype === 'int64') fillEach(tensor, () => BigInt.asUintN(63, engine.uint64()));
  else if (dtype === 'float64') fillEach(tensor, () => Number(engine.uint64() % (2n ** 53n + 1n)));
  else {
    const size = digits[dtype] === undefined ? rangeOf(dtype)[1] : 1n << digits[dtype];
    const range = Number(size) + 1;
    fillEach(tensor, () => engine.uint32() % range);
  }
}

/** `low` plus a draw modulo `range`. Ranges below 2^28 take one draw each, others two. */
function fillRange(tensor: Tensor, low: bigint, range: bigint, { engine }: Generator): void {
  const { dtype } = tensor;
  if (range >= 2n ** 28n) {
    fillEach(tensor, () => writable(BigInt.asIntN(64, low + (engine.uint64() % range)), dtype));
    return;
  }
  const size = Number(range);
  const base = Number(low);
  if (!Number.isSafeInteger(base) || !Number.isSafeInteger(base + size)) {
    fillEach(tensor, () => writable(low + BigInt(engine.uint32() % size), dtype));
    return;
  }
  throughDense(tensor, (dense) => {
    const write = elementWriter(dense.dtype);
    const inWords = dense.dtype === 'int64' && base >= -(2 ** 31) && base + size <= 2 ** 31;
    const plain = dtypeInfo(dense.dtype).codec === undefined && dense.dtype !== 'bool';
    forEachChunk(engine, dense.numel(), ({ view }, first, length) => {
      if (inWords) {
        const words = wordsOf(dense);
        for (let i = 0, at = 2 * first; i < length; i++, at += 2) {
          const value = (base + remainder(view[i]!, size)) | 0;
          words[at] = value;
          words[at + 1] = value >> 31;
        }
        return;
      }
      const elements = flatElements(dense);
      if (plain && !(elements instanceof BigInt64Array || elements instanceof BigUint64Array)) {
        for (let i = 0; i < length; i++) elements[first + i] = base + remainder(view[i]!, size);
      } else for (let i = 0; i < length; i++) elements[first + i] = write(base + remainder(view[i]!, size));
    });
  });
}

/** What an unsigned 32-bit number leaves: by doubles, which hold its quotient well enough, faster than by integers. */
function remainder(value: number, divisor: number): number {
  return value - Math.floor(value / divisor) * divisor;
}

/** A whole number such that rounding it to the dtype, perhaps once more, rounds it right. */
function writable(value: bigint, dtype: DType): number | bigint {
  if (dtypeInfo(dtype).kind !== 'float') return value;
  const size = value < 0n ? -value : value;
  if (dtype === 'float64' || size < 2n ** 53n) return Number(value);
  // To fewer bits than a double has, the lowest only matter by whether there are any.
  return Number(((size >> 11n) | (size & 0x7ffn ? 1n : 0n)) << 11n) * (value < 0n ? -1 : 1);
}

/** Writes the numbers 0 to n - 1 in random order into a dense tensor of n elements. */
export function fillPermutation(tensor: Tensor, { engine }: Generator): void {
  const n = tensor.numel();
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const others = new Int32Array(Math.min(n, CHUNK));
  forEachChunk(engine, Math.max(n - 1, 0), ({ view }, first, length) => {
    // In a loop of their own, the places to swap with do not wait for memory.
    for (let k = 0, i = first; k < length; k++, i++) others[k] = i + remainder(view[k]!, n - i);
    for (let k = 0, i = first; k < length; k++, i++) {
      const j = others[k]!;
      const value = order[i]!;
      order[i] = order[j]!;
      order[j] = value;
    }
  });
  if (tensor.dtype === 'int64') {
    const words = wordsOf(tensor);
    for (let i = 0; i < n; i++) {
      words[2 * i] = order[i]!;
      words[2 * i + 1] = 0;
    }
    return;
  }
  const write = elementWriter(tensor.dtype);
  const elements = flatElements(tensor);
  for (let i = 0; i < n; i++) elements[i] = write(order[i]!);
}
