/** Draws counts whose parameters are the elements of tensors: Poisson and binomial numbers. */
import { broadcastView, cast, elementWriter, flatElements, materialize, newTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zerosLike } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { broadcastShapes } from '../shape.ts';
import { lgamma } from '../special/gamma.ts';
import type { Tensor } from '../tensor.ts';
import { defaultGenerator, type Generator } from './generator.ts';
import type { GeneratorOptions } from './in-place.ts';
import type { Mt19937 } from './mt19937.ts';

interface Drawn {
  readonly generator: Generator;
}

/** The elements in row-major order, as numbers. */
function valuesOf(x: Tensor): Float32Array | Float64Array {
  const wide = cast(x, x.dtype === 'float64' ? 'float64' : 'float32');
  return flatElements(materialize(wide)) as Float32Array | Float64Array;
}

/** One number of a Poisson distribution; a rejection method (Hörmann, 1993, "PTRS") where the rate is 10 or more. */
function poissonOf(rate: number, engine: Mt19937): number {
  if (rate === 0) return 0;
  if (rate < 10) {
    const limit = Math.exp(-rate);
    let product = 1;
    for (let count = 0; ; count++) {
      product *= engine.uniform53();
      if (!(product > limit)) return count;
    }
  }
  const logRate = Math.log(rate);
  const b = 0.931 + 2.53 * Math.sqrt(rate);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const limit = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = engine.uniform53() - 0.5;
    const v = engine.uniform53();
    const us = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= limit) return count;
    if (count < 0 || (us < 0.013 && v > us)) continue;
    const proposed = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (proposed <= -rate + count * logRate - lgamma(count + 1)) return count;
  }
}

/** A number of the Poisson distribution for each element, which is its rate. Canonical: (x, { generator }). */
export const poisson: (x: Tensor, options?: GeneratorOptions) => Tensor = defineOperator({
  name: 'poisson',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Drawn] => {
    checkTensor('poisson', 'input', x);
    const { kind, scalarName } = dtypeInfo(x.dtype);
    if (kind !== 'float') fail('poisson', `"poisson_cpu" not implemented for '${scalarName}'`);
    const { generator = defaultGenerator } = bindArguments<GeneratorOptions>('poisson', ['generator'], rest);
    return [x, { generator }];
  },
  forward: (x: Tensor, { generator }: Drawn) => {
    const rates = valuesOf(x);
    const result = newTensor(x.shape, x.dtype);
    const elements = flatElements(result);
    const write = elementWriter(x.dtype);
    for (let i = 0; i < rates.length; i++) {
      const rate = rates[i]!;
      if (!(rate >= 0)) fail('poisson', 'invalid Poisson rate, expected rate to be non-negative');
      elements[i] = write(poissonOf(rate, generator.engine));
    }
    return result;
  },
  derivatives: [(grad) => zerosLike(grad)],
});

/** Rounds to the dtype in which PyTorch computes intermediate values. */
type Round = (value: number) => number;

const tails = [
  0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
  0.0138761288230707, 0.0118967099458917, 0.010411265261972, 0.00925546218271273, 0.00833056343336287,
];

/** What Stirling's approximation of log(k!) leaves out. */
function stirlingTail(k: number): number {
  const known = tails[Math.floor(k)];
  if (known !== undefined) return known;
  const square = (k + 1) ** 2;
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1);
}

/** Adds up geometric waiting times until they exceed the number of trials. */
function binomialByInversion(trials: number, p: number, engine: Mt19937, round: Round): number {
  const scale = round(Math.log1p(-p));
  let waited = 0;
  for (let successes = 0; ; successes++) {
    waited += Math.ceil(Math.log(engine.uniform53()) / scale);
    if (waited > trials) return successes;
  }
}

/** A rejection method (Hörmann, 1993, "BTRS") for p <= 0.5 and an expected value of 10 or more. */
function binomialByRejection(trials: number, p: number, engine: Mt19937, round: Round): number {
  const q = round(1 - p);
  const deviation = round(Math.sqrt(round(round(trials * p) * q)));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = round(trials * p) + 0.5;
  const limit = 0.92 - 4.2 / b;
  const odds = round(p / q);
  const alpha = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor(round(round(trials + 1) * p));
  for (;;) {
    const u = engine.uniform53() - 0.5;
    const drawn = engine.uniform53();
    const us = 0.5 - Math.abs(u);
    const k = round(Math.floor(((2 * a) / us + b) * u + c));
    if (k < 0 || k > trials) continue;
    if (us >= 0.07 && drawn <= limit) return k;
    const v = Math.log((drawn * alpha) / (a / (us * us) + b));
    const beyondMode = trials - mode + 1;
    const beyondK = round(round(trials - k) + 1);
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * beyondMode)) +
      round(trials + 1) * Math.log(beyondMode / beyondK) +
      (k + 0.5) * Math.log((odds * beyondK) / round(k + 1)) +
      stirlingTail(mode) +
      stirlingTail(trials - mode) -
      stirlingTail(k) -
      stirlingTail(round(trials - k));
    if (v <= bound) return k;
  }
}

function binomialOf(trials: number, p: number, engine: Mt19937, round: Round): number {
  if (trials <= 0 || p <= 0) return 0;
  if (p >= 1) return trials;
  if (Number.isNaN(p)) return p;
  const smaller = p <= 0.5 ? p : round(1 - p);
  const draw = round(trials * smaller) >= 10 ? binomialByRejection : binomialByInversion;
  const drawn = draw(trials, smaller, engine, round);
  return p <= 0.5 ? drawn : round(trials - drawn);
}

/**
 * The number of successes in `count` trials of probability `prob`, element by element. Canonical: (count, prob, { generator }).
 */
export const binomial: (count: Tensor, prob: Tensor, options?: GeneratorOptions) => Tensor = defineOperator({
  name: 'binomial',
  normalize: (count: Tensor, ...rest: unknown[]): [Tensor, Tensor, Drawn] => {
    checkTensor('binomial', 'count', count);
    type Bound = { prob: Tensor } & GeneratorOptions;
    const bound = bindArguments<Bound>('binomial', ['prob', 'generator'], rest);
    const { prob, generator = defaultGenerator } = bound;
    checkTensor('binomial', 'prob', prob);
    for (const [name, { dtype }] of Object.entries({ count, prob })) {
      const { kind, scalarName } = dtypeInfo(dtype);
      if (kind === 'float') continue;
      fail('binomial', `binomial only supports floating-point dtypes for ${name}, got: ${scalarName}`);
    }
    if (count.dtype !== prob.dtype) {
      const [expected, got] = [count, prob].map(({ dtype }) => dtypeInfo(dtype).scalarName);
      fail('binomial', `Found dtype ${got} but expected ${expected}`);
    }
    if (count.dtype !== 'float32' && count.dtype !== 'float64') {
      fail('binomial', `"binomial_cpu" not implemented for '${dtypeInfo(count.dtype).scalarName}'`);
    }
    return [count, prob, { generator }];
  },
  forward: (count: Tensor, prob: Tensor, { generator }: Drawn) => {
    const shape = broadcastShapes('binomial', count.shape, prob.shape);
    const [trials, chances] = [count, prob].map((x) => valuesOf(broadcastView(x, shape))) as [
      Float32Array,
      Float32Array,
    ];
    const round: Round = count.dtype === 'float64' ? (value) => value : Math.fround;
    const result = newTensor(shape, count.dtype);
    const elements = flatElements(result);
    const write = elementWriter(count.dtype);
    for (let i = 0; i < trials.length; i++) {
      elements[i] = write(binomialOf(trials[i]!, chances[i]!, generator.engine, round));
    }
    return result;
  },
  derivatives: [(grad) => zerosLike(grad), (grad) => zerosLike(grad)],
});
