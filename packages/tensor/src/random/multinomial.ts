/** Draws category numbers by their probabilities, as PyTorch's CPU generator does. */
import { cast, flatElements, materialize, newTensor, newTensorLike } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { wordsOf } from '../ops/positions.ts';
import { Selection } from '../ops/selection.ts';
import type { Tensor } from '../tensor.ts';
import { fillExponential } from './continuous.ts';
import { defaultGenerator, type Generator } from './generator.ts';

/** Options of {@link multinomial}. */
export interface MultinomialOptions {
  /** Whether a category can come several times. */
  readonly replacement?: boolean;
  /** The default generator if left out. */
  readonly generator?: Generator;
}

/** Signature of {@link multinomial}. */
export interface MultinomialOperator {
  (x: Tensor, numSamples: number, replacement?: boolean, options?: MultinomialOptions): Tensor;
  (x: Tensor, numSamples: number, options: MultinomialOptions): Tensor;
  (x: Tensor, options: MultinomialOptions & { readonly numSamples: number }): Tensor;
}

type Canonical = [
  x: Tensor,
  numSamples: number,
  options: { readonly replacement: boolean; readonly generator: Generator },
];

/**
 * int64 numbers of categories, drawn with the probabilities (up to a common factor) in the last dimension of a vector or
 * matrix. Canonical: (x, numSamples, { replacement, generator }).
 */
export const multinomial: MultinomialOperator = defineOperator({
  name: 'multinomial',
  constant: true,
  normalize: (x: Tensor, ...rest: unknown[]): Canonical => {
    checkTensor('multinomial', 'input', x);
    type Named = MultinomialOptions & { numSamples: number };
    const names: (keyof Named)[] = ['numSamples', 'replacement', 'generator'];
    const bound = bindArguments<Named>('multinomial', names, rest);
    const { numSamples, replacement = false, generator = defaultGenerator } = bound;
    if (x.ndim < 1 || x.ndim > 2) {
      fail('multinomial', `prob_dist must be 1 or 2 dim`, '1 or 2 dimensions', `${x.ndim}`);
    }
    const { kind, scalarName } = dtypeInfo(x.dtype);
    if (kind !== 'float') {
      fail('multinomial', `multinomial only supports floating-point dtypes for input, got: ${scalarName}`);
    }
    if (numSamples === undefined || !(numSamples > 0)) {
      fail('multinomial', 'cannot sample n_sample <= 0 samples', '> 0', String(numSamples));
    }
    const size = x.shape.at(-1)!;
    if (!replacement && numSamples > size) {
      fail(
        'multinomial',
        'cannot sample n_sample > prob_dist.size(-1) samples without replacement',
        `at most ${size}`,
        String(numSamples),
      );
    }
    if (size > 2 ** 24) fail('multinomial', 'number of categories cannot exceed 2^24', '2^24', String(size));
    return [x, numSamples, { replacement, generator }];
  },
  forward: (...[x, numSamples, { replacement, generator }]: Canonical) => {
    const double = x.dtype === 'float64';
    const dense = materialize(cast(x, double ? 'float64' : 'float32'));
    const result = newTensor([...x.shape.slice(0, -1), numSamples], 'int64');
    const chances = flatElements(dense) as Float64Array;
    const words = wordsOf(result);
    const size = x.shape.at(-1)!;
    if (replacement && numSamples > 1) drawOften(chances, words, size, numSamples, generator, double);
    else drawOnce(x, chances, words, size, numSamples, generator, roundingOf(x));
    return result;
  },
}) as MultinomialOperator;

/** What rounds a number to the tensor's dtype. */
function roundingOf(x: Tensor): (value: number) => number {
  const { codec } = dtypeInfo(x.dtype);
  if (codec !== undefined) return (value) => codec.decode(codec.encode(value));
  return x.dtype === 'float64' ? (value) => value : Math.fround;
}

/** Every category races with an exponential clock of its rate; the first ones to ring are drawn. */
function drawOnce(
  x: Tensor,
  chances: Float64Array,
  words: Int32Array,
  size: number,
  count: number,
  generator: Generator,
  round: (value: number) => number,
): void {
  checkChances(chances, size);
  // The clocks are drawn in the order of the tensor's memory.
  const drawn = newTensorLike(x, x.shape, x.dtype);
  fillExponential(drawn, 1, generator);
  const clocks = flatElements(
    materialize(cast(drawn, chances instanceof Float64Array ? 'float64' : 'float32')),
  );
  const rates = new Float64Array(chances.length);
  for (let i = 0; i < rates.length; i++) rates[i] = round(chances[i]! / (clocks[i] as number));
  for (let row = 0; row * size < rates.length; row++) {
    const own = rates.subarray(row * size, (row + 1) * size);
    const order = count === 1 ? [largest(own)] : topOf(own, count);
    for (let i = 0; i < count; i++) {
      words[2 * (row * count + i)] = order[i]!;
      words[2 * (row * count + i) + 1] = 0;
    }
  }
}

function largest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function topOf(values: Float64Array, count: number): ArrayLike<number> {
  const selection = new Selection(values, true);
  if (count * 64 <= values.length) selection.partialSort(0, count, values.length);
  else {
    selection.nthElement(0, count - 1, values.length);
    selection.sort(0, count - 1);
  }
  return selection.order;
}

function checkChances(chances: Float64Array, size: number): void {
  for (let i = 0; i < chances.length; i++) {
    if (!(chances[i]! >= 0 && chances[i]! < Number.POSITIVE_INFINITY)) {
      fail('multinomial', 'probability tensor contains either `inf`, `nan` or element < 0');
    }
  }
  for (let row = 0; row * size < chances.length; row++) {
    let total = 0;
    for (let i = 0; i < size; i++) total += chances[row * size + i]!;
    if (total === 0) fail('multinomial', 'invalid multinomial distribution (sum of probabilities <= 0)');
  }
}

/** Each draw looks a uniform number up in the running sum of probabilities. */
function drawOften(
  chances: Float64Array,
  words: Int32Array,
  size: number,
  count: number,
  { engine }: Generator,
  double: boolean,
): void {
  const sums = double ? new Float64Array(size) : new Float32Array(size);
  for (let row = 0; row * size < chances.length; row++) {
    let total = 0;
    for (let i = 0; i < size; i++) {
      const chance = chances[row * size + i]!;
      if (!(chance >= 0))
        fail('multinomial', 'invalid multinomial distribution (encountering probability entry < 0)');
      if (chance === Number.POSITIVE_INFINITY) {
        fail(
          'multinomial',
          'invalid multinomial distribution (encountering probability entry = infinity or NaN)',
        );
      }
      total = double ? total + chance : Math.fround(total + chance);
      sums[i] = total;
    }
    if (!(total > 0)) fail('multinomial', 'invalid multinomial distribution (sum of probabilities <= 0)');
    for (let i = 0; i < size; i++) sums[i]! /= total;
    sums[size - 1] = 1;
    for (let n = 0; n < count; n++) {
      const drawn = engine.uniform53();
      let low = 0;
      let high = size;
      while (high > low) {
        const middle = low + ((high - low) >>> 1);
        if (sums[middle]! < drawn) low = middle + 1;
        else high = middle;
      }
      words[2 * (row * count + n)] = low;
      words[2 * (row * count + n) + 1] = 0;
    }
  }
}

/** Drawing categories as a method. */
export interface MultinomialMethods {
  /** int64 numbers of categories, drawn with the probabilities in the last dimension. */
  multinomial(numSamples: number, replacement?: boolean, options?: MultinomialOptions): Tensor;
  multinomial(numSamples: number, options: MultinomialOptions): Tensor;
  multinomial(options: MultinomialOptions & { readonly numSamples: number }): Tensor;
}
