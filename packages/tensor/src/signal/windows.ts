/** Window functions, PyTorch's `torch.signal.windows`: weights that fall off towards the ends of a stretch of a signal. */
import { elementWriter, flatElements, newTensor } from '../access.ts';
import { bindArguments } from '../arguments.ts';
import type { DType } from '../dtype.ts';
import { fail } from '../errors.ts';
import { checkSizes } from '../shape.ts';
import { finished, type TensorOptions } from '../sizes.ts';
import type { Tensor } from '../tensor.ts';

/** Options of every window. */
export interface WindowOptions extends TensorOptions {
  /** true (by default): symmetric, for the design of filters; false: periodic, for spectra. */
  readonly sym?: boolean;
}

/** A window of `M` points; float32 unless `dtype` says otherwise. */
export type WindowFunction<Options extends WindowOptions = WindowOptions> = (
  M: number,
  options?: Options,
) => Tensor;

type Own<Options> = Readonly<Required<Omit<Options, keyof WindowOptions>>>;

/**
 * Makes a window function.
 * @param defaults of the options that the window has besides those of all
 * @param weightOf checks the options and gives the weight of each point
 */
function windowFunction<Options extends WindowOptions>(
  name: string,
  defaults: Own<Options>,
  weightOf: (M: number, sym: boolean, own: Own<Options>) => (n: number) => number,
): WindowFunction<Options> {
  const names = [...Object.keys(defaults), 'sym', 'dtype', 'requiresGrad', 'device'];
  return (M, given) => {
    const named = bindArguments<Record<string, unknown>>(name, names, [given]) as WindowOptions;
    const { sym = true, dtype = 'float32' } = named;
    if (!(M >= 0)) fail(name, `${name} requires non-negative window length, got M=${M}`);
    if (dtype !== 'float32' && dtype !== 'float64') {
      fail(name, `${name} expects float32 or float64 dtypes, got: torch.${String(dtype)}`);
    }
    const weight = weightOf(M, sym, { ...defaults, ...named } as Own<Options>);
    return finished(name, sampled(name, M, dtype, weight), named);
  };
}

function sampled(name: string, count: number, dtype: DType, weight: (n: number) => number): Tensor {
  checkSizes(name, [count]);
  const result = newTensor([count], dtype);
  const write = elementWriter(dtype);
  const elements = flatElements(result);
  for (let n = 0; n < count; n++) elements[n] = write(weight(n));
  return result;
}

/** Number of steps from the first point to the last, or to the first one of the next period. */
function stepsOf(M: number, sym: boolean): number {
  return sym || M === 1 ? M - 1 : M;
}

/** 1 - |2n / N - 1|: a triangle. */
export const bartlett: WindowFunction = windowFunction('bartlett', {}, (M, sym) => {
  const steps = stepsOf(M, sym);
  return (n) => (M === 1 ? 1 : 1 - Math.abs((2 * n) / steps - 1));
});

/** Options of {@link generalCosine}. */
export interface GeneralCosineOptions extends WindowOptions {
  /** Factors of the cosines of 0, 1, 2, ... times the angle. */
  readonly a: readonly number[];
}

/** a₀ - a₁ cos(2πn / N) + a₂ cos(4πn / N) - ... */
export const generalCosine: WindowFunction<GeneralCosineOptions> = windowFunction(
  'generalCosine',
  { a: [] },
  (M, sym, { a }) => {
    if (!Array.isArray(a)) fail('generalCosine', 'Coefficients must be a list/tuple');
    if (a.length === 0) fail('generalCosine', 'Coefficients cannot be empty');
    return cosines(M, sym, a);
  },
);

function cosines(M: number, sym: boolean, a: readonly number[]): (n: number) => number {
  const angle = (2 * Math.PI) / stepsOf(M, sym);
  return (n) =>
    M === 1
      ? 1
      : a.reduce((sum, factor, i) => sum + (i % 2 === 0 ? factor : -factor) * Math.cos(i * n * angle), 0);
}

/** Options of {@link generalHamming}. */
export interface GeneralHammingOptions extends WindowOptions {
  /** The constant part: 0.54 by default. */
  readonly alpha?: number;
}

/** α - (1 - α) cos(2πn / N). */
export const generalHamming: WindowFunction<GeneralHammingOptions> = windowFunction(
  'generalHamming',
  { alpha: 0.54 },
  (M, sym, { alpha }) => cosines(M, sym, [alpha, 1 - alpha]),
);

/** {@link generalHamming} with α = 0.54. */
export const hamming: WindowFunction = windowFunction('hamming', {}, (M, sym) =>
  cosines(M, sym, [0.54, 0.46]),
);

/** {@link generalHamming} with α = 0.5. */
export const hann: WindowFunction = windowFunction('hann', {}, (M, sym) => cosines(M, sym, [0.5, 0.5]));

/** {@link generalCosine} of 0.42, 0.5, 0.08. */
export const blackman: WindowFunction = windowFunction('blackman', {}, (M, sym) =>
  cosines(M, sym, [0.42, 0.5, 0.08]),
);

/** {@link generalCosine} with Nuttall's four factors. */
export const nuttall: WindowFunction = windowFunction('nuttall', {}, (M, sym) =>
  cosines(M, sym, [0.3635819, 0.4891775, 0.1365995, 0.0106411]),
);

/** sin(π (n + 0.5) / M), with M + 1 for M where periodic. */
export const cosine: WindowFunction = windowFunction('cosine', {}, (M, sym) => {
  const angle = Math.PI / (!sym && M > 1 ? M + 1 : M);
  return (n) => Math.sin((n + 0.5) * angle);
});

/** Options of {@link exponential}. */
export interface ExponentialOptions extends WindowOptions {
  /** Where the window is largest: the middle by default. For periodic windows only. */
  readonly center?: number | null;
  /** Points over which it falls to 1 / e: 1 by default. */
  readonly tau?: number;
}

/** exp(-|n - center| / tau). */
export const exponential: WindowFunction<ExponentialOptions> = windowFunction(
  'exponential',
  { center: null, tau: 1 },
  (M, sym, { center, tau }) => {
    if (!(tau > 0)) fail('exponential', `Tau must be positive, got: ${tau} instead.`);
    if (sym && center !== null) fail('exponential', 'Center must be None for symmetric windows');
    const middle = center ?? stepsOf(M, sym) / 2;
    return (n) => Math.exp(-Math.abs(n - middle) / tau);
  },
);

/** Options of {@link gaussian}. */
export interface GaussianOptions extends WindowOptions {
  /** Standard deviation in points: 1 by default. */
  readonly std?: number;
}

/** exp(-(n - middle)² / (2 std²)). */
export const gaussian: WindowFunction<GaussianOptions> = windowFunction(
  'gaussian',
  { std: 1 },
  (M, sym, { std }) => {
    if (!(std > 0)) fail('gaussian', `Standard deviation must be positive, got: ${std} instead.`);
    const middle = stepsOf(M, sym) / 2;
    return (n) => Math.exp(-((n - middle) ** 2) / (2 * std * std));
  },
);

/** Options of {@link kaiser}. */
export interface KaiserOptions extends WindowOptions {
  /** Shape: a larger one is narrower. 12 by default. */
  readonly beta?: number;
}

/** I₀(β sqrt(1 - (2n / N - 1)²)) / I₀(β). */
export const kaiser: WindowFunction<KaiserOptions> = windowFunction(
  'kaiser',
  { beta: 12 },
  (M, sym, { beta }) => {
    if (!(beta >= 0)) fail('kaiser', `beta must be non-negative, got: ${beta} instead.`);
    const steps = stepsOf(M, sym);
    return (n) => {
      if (M === 1) return 1;
      const place = (2 * n) / steps - 1;
      return besselI0(beta * Math.sqrt(Math.max(1 - place * place, 0))) / besselI0(beta);
    };
  },
);

/** The modified Bessel function of order 0 by its power series, all of whose terms are positive. */
function besselI0(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > (sum * Number.EPSILON) / 4; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}
