/** Activations: elementwise functions that networks put between their layers, and limits. */
import { cast } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { resultType } from '../promotion.ts';
import { Tensor } from '../tensor.ts';
import { largerOf, smallerOf } from './arithmetic.ts';
import {
  runBinary,
  runUnary,
  type UnaryEntry,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';
import { erf as erfOf } from './special.ts';

const sigmoidOf = (x: number): number => 1 / (1 + Math.exp(-x));

const softplusOf = (x: number, beta: number, threshold: number): number =>
  x * beta > threshold ? x : Math.log1p(Math.exp(x * beta)) / beta;

const clampOf = (x: number, min: number, max: number): number =>
  Number.isNaN(x) ? x : Math.min(Math.max(x, min), max);

/** 1 / (1 + exp(-x)). */
export const sigmoid: UnaryOperator = unaryOperator({
  name: 'sigmoid',
  result: 'float',
  engine: 'sigmoid',
  float: sigmoidOf,
});

/** max(x, 0). */
export const relu: UnaryOperator = unaryOperator({
  name: 'relu',
  result: 'same',
  engine: 'relu',
  float: (x) => Math.max(x, 0),
  long: (x) => (x < 0n ? 0n : x),
  noBool: 'Boolean inputs not supported for relu',
});

/** min(max(x, 0), 6). */
export const relu6: UnaryOperator = defineOperator({
  name: 'relu6',
  forward: (x: Tensor) => runClamp('relu6', x, 0, 6),
});

/** x * relu6(x + 3) / 6. */
export const hardswish: UnaryOperator = unaryOperator({
  name: 'hardswish',
  result: 'floatOnly',
  engine: 'hardswish',
  float: (x) => (x * clampOf(x + 3, 0, 6)) / 6,
});

/** relu6(x + 3) / 6. */
export const hardsigmoid: UnaryOperator = unaryOperator({
  name: 'hardsigmoid',
  result: 'floatOnly',
  engine: 'hardsigmoid',
  float: (x) => clampOf(x + 3, 0, 6) / 6,
});

/** x * sigmoid(x). */
export const silu: UnaryOperator = unaryOperator({
  name: 'silu',
  result: 'floatOnly',
  engine: 'silu',
  float: (x) => x / (1 + Math.exp(-x)),
});

/** x * tanh(softplus(x)). */
export const mish: UnaryOperator = unaryOperator({
  name: 'mish',
  result: 'floatOnly',
  engine: 'mish',
  float: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
});

/** x where it is positive, else negativeSlope * x. */
export interface LeakyReluOperator {
  (x: Tensor, negativeSlope?: number): Tensor;
  (x: Tensor, options?: { readonly negativeSlope?: number }): Tensor;
}

const leakyReluEntry: UnaryEntry = {
  name: 'leakyRelu',
  result: 'floatOnly',
  engine: 'leakyRelu',
  float: (x, slope) => (x > 0 ? x : x * slope!),
};

/** x where it is positive, else negativeSlope * x (0.01 by default). Canonical: (x, negativeSlope). */
export const leakyRelu: LeakyReluOperator = defineOperator({
  name: 'leakyRelu',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    const { negativeSlope = 0.01 } = bindArguments<{ negativeSlope: number }>(
      'leakyRelu',
      ['negativeSlope'],
      rest,
    );
    return [x, negativeSlope];
  },
  forward: (x: Tensor, slope: number) => runUnary(leakyReluEntry, x, [slope]),
});

/** Signature of {@link elu}. */
export interface EluOperator {
  (x: Tensor, alpha?: number): Tensor;
  (x: Tensor, options?: { readonly alpha?: number }): Tensor;
}

const eluEntry: UnaryEntry = {
  name: 'elu',
  result: 'floatOnly',
  engine: 'elu',
  float: (x, alpha) => (x > 0 ? x : alpha! * Math.expm1(x)),
};

/** x where it is positive, else alpha * (exp(x) - 1). Canonical: (x, alpha). */
export const elu: EluOperator = defineOperator({
  name: 'elu',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    const { alpha = 1 } = bindArguments<{ alpha: number }>('elu', ['alpha'], rest);
    return [x, alpha];
  },
  forward: (x: Tensor, alpha: number) => runUnary(eluEntry, x, [alpha]),
});

/** Options of {@link softplus}. */
export interface SoftplusOptions {
  readonly beta?: number;
  /** Where beta * x exceeds it, the result is x itself. */
  readonly threshold?: number;
}

/** Signature of {@link softplus}. */
export interface SoftplusOperator {
  (x: Tensor, beta?: number, threshold?: number): Tensor;
  (x: Tensor, options?: SoftplusOptions): Tensor;
}

const softplusEntry: UnaryEntry = {
  name: 'softplus',
  result: 'floatOnly',
  engine: 'softplus',
  float: (x, beta, threshold) => softplusOf(x, beta!, threshold!),
};

/** log(1 + exp(beta * x)) / beta. Canonical: (x, { beta, threshold }). */
export const softplus: SoftplusOperator = defineOperator({
  name: 'softplus',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Required<SoftplusOptions>] => {
    const { beta = 1, threshold = 20 } = bindArguments<SoftplusOptions>(
      'softplus',
      ['beta', 'threshold'],
      rest,
    );
    return [x, { beta, threshold }];
  },
  forward: (x: Tensor, { beta, threshold }) => runUnary(softplusEntry, x, [beta, threshold]),
});

/** Options of {@link gelu}. */
export interface GeluOptions {
  /** `tanh` uses the approximation by a hyperbolic tangent. */
  readonly approximate?: 'none' | 'tanh';
}

const geluEntry: UnaryEntry = {
  name: 'gelu',
  result: 'floatOnly',
  engine: 'gelu',
  float: (x) => 0.5 * x * (1 + erfOf(x * Math.SQRT1_2)),
};

const geluTanhEntry: UnaryEntry = {
  name: 'gelu',
  result: 'floatOnly',
  engine: 'geluTanh',
  float: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** x times the normal distribution function of x. Canonical: (x, { approximate }). */
export const gelu: (x: Tensor, options?: GeluOptions) => Tensor = defineOperator({
  name: 'gelu',
  normalize: (x: Tensor, options?: GeluOptions): [Tensor, Required<GeluOptions>] => {
    const { approximate = 'none' } = bindArguments<GeluOptions>('gelu', ['approximate'], [options]);
    if (approximate !== 'none' && approximate !== 'tanh') {
      fail('gelu', 'approximate argument must be either none or tanh.', 'none or tanh', String(approximate));
    }
    return [x, { approximate }];
  },
  forward: (x: Tensor, { approximate }) => runUnary(approximate === 'tanh' ? geluTanhEntry : geluEntry, x),
});

/** A bound of {@link clamp}: null (or left out) does not bound; a tensor bounds each element by its own. */
export type ClampBound = number | Tensor | null;

/** Options of {@link clamp}. */
export interface ClampOptions {
  readonly min?: ClampBound;
  readonly max?: ClampBound;
}

/** Signature of {@link clamp}. */
export interface ClampOperator {
  (x: Tensor, min?: ClampBound, max?: ClampBound): Tensor;
  (x: Tensor, options: ClampOptions): Tensor;
}

/** Limits every element to min..max. NaN stays. Canonical: (x, { min, max }) with null for no bound. */
export const clamp: ClampOperator = defineOperator({
  name: 'clamp',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Required<ClampOptions>] => {
    const { min = null, max = null } = bindArguments<ClampOptions>('clamp', ['min', 'max'], rest);
    if (min === null && max === null) fail('clamp', "At least one of 'min' or 'max' must not be None");
    return [x, { min, max }];
  },
  forward: (x: Tensor, { min, max }) => {
    if (!(min instanceof Tensor) && !(max instanceof Tensor)) return runClamp('clamp', x, min, max);
    const raised = min === null ? x : runBinary(largerOf, x, min);
    return max === null ? raised : runBinary(smallerOf, raised, max);
  },
});

/** Signature of {@link hardtanh}. */
export interface HardtanhOperator {
  (x: Tensor, minVal?: number, maxVal?: number): Tensor;
  (x: Tensor, options?: { readonly minVal?: number; readonly maxVal?: number }): Tensor;
}

/** Limits every element to minVal..maxVal (-1..1 by default). Canonical: (x, { minVal, maxVal }). */
export const hardtanh: HardtanhOperator = defineOperator({
  name: 'hardtanh',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, { minVal: number; maxVal: number }] => {
    type Options = { minVal: number; maxVal: number };
    const { minVal = -1, maxVal = 1 } = bindArguments<Options>('hardtanh', ['minVal', 'maxVal'], rest);
    return [x, { minVal, maxVal }];
  },
  forward: (x: Tensor, { minVal, maxVal }) => {
    if (x.dtype === 'uint8' && minVal < 0) {
      fail('hardtanh', 'cannot do hardtanh on an unsigned type with negative limits');
    }
    return runClamp('hardtanh', x, minVal, maxVal);
  },
});

function runClamp(name: string, x: Tensor, min: number | null, max: number | null): Tensor {
  checkTensor(name, 'input', x);
  if (x.dtype === 'bool' && name !== 'clamp') fail(name, 'Bool inputs not supported for hardtanh');
  const bounds = [min, max].filter((bound) => bound !== null);
  const dtype = resultType(x, ...bounds);
  const low = boundOf(min ?? Number.NEGATIVE_INFINITY, dtype);
  const high = boundOf(max ?? Number.POSITIVE_INFINITY, dtype);
  const entry: UnaryEntry = {
    name,
    result: 'same',
    engine: 'clamp',
    float: (value) => clampOf(value, low, high),
    // Comparing a bigint with a number is exact.
    long: (value) => (value > high ? BigInt(high) : value < low ? BigInt(Math.min(low, high)) : value),
    noBool: `"clamp_scalar_cpu" not implemented for 'Bool'`,
  };
  return runUnary(entry, cast(x, dtype), [low, high]);
}

/** A bound as the dtype holds it: integers wrap around, as PyTorch converts them. */
function boundOf(bound: number, dtype: DType): number {
  const { kind, array } = dtypeInfo(dtype);
  if (kind !== 'int' || dtype === 'int64' || !Number.isFinite(bound)) return bound;
  const holder = new array(1);
  holder[0] = bound;
  return Number(holder[0]);
}

/** Activations as methods. */
export interface ActivationMethods {
  /** 1 / (1 + exp(-x)). */
  sigmoid(): Tensor;
  /** max(x, 0). */
  relu(): Tensor;
  /** min(max(x, 0), 6). */
  relu6(): Tensor;
  /** x where it is positive, else negativeSlope * x (0.01 by default). */
  leakyRelu(negativeSlope?: number): Tensor;
  /** x where it is positive, else alpha * (exp(x) - 1). */
  elu(alpha?: number): Tensor;
  /** log(1 + exp(beta * x)) / beta. */
  softplus(options?: SoftplusOptions): Tensor;
  /** x * relu6(x + 3) / 6. */
  hardswish(): Tensor;
  /** relu6(x + 3) / 6. */
  hardsigmoid(): Tensor;
  /** Limits every element to minVal..maxVal (-1..1 by default). */
  hardtanh(minVal?: number, maxVal?: number): Tensor;
  /** x * sigmoid(x). */
  silu(): Tensor;
  /** x times the normal distribution function of x. */
  gelu(options?: GeluOptions): Tensor;
  /** x * tanh(softplus(x)). */
  mish(): Tensor;
  /** Limits every element to min..max. NaN stays. */
  clamp(min?: ClampBound, max?: ClampBound): Tensor;
  clamp(options: ClampOptions): Tensor;
}
