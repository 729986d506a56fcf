/** Activations made of straight pieces: rectifiers, hard forms of smooth functions, shrinking, and limits. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { runUnary, type UnaryEntry, type UnaryOperator, unaryOperator } from './elementwise-core.ts';
import { apply, choose, chooseInside, type FusedEntry, fused, fusedDerivative } from './fused-core.ts';
import { runClamp } from './limits.ts';
import { type RreluOperator, type RreluOptions, randomRectifier } from './random-rectifier.ts';

export type { RreluOperator, RreluOptions } from './random-rectifier.ts';

// Formulas of derivatives take the gradient first, then what was kept, then parameters.

/** The gradient where the kept element is above the parameter, else 0; through NaN too. */
const aboveBack: FusedEntry = fused('thresholdBackward', (grad, kept, first) =>
  choose('<=', kept, first, 0, grad),
);

/** The gradient strictly between the two parameters, else 0. */
const betweenBack: FusedEntry = fused('hardtanhBackward', (grad, kept, first, second) =>
  chooseInside(kept, [first, second], grad, 0),
);

/** The gradient outside of the limits -lambd..lambd, else 0. */
const outsideBack: FusedEntry = fused('shrinkBackward', (grad, kept, first) =>
  choose('<=', apply('abs', kept), first, 0, grad),
);

/** max(x, 0). */
export const relu: UnaryOperator = unaryOperator({
  name: 'relu',
  result: 'same',
  engine: 'relu',
  noBool: 'Boolean inputs not supported for relu',
  derivative: fusedDerivative({
    reads: 'result',
    entry: aboveBack,
    parameters: () => [0],
    recorded: (g, y) => g.where(y.gt(0), 0),
  }),
});

/** min(max(x, 0), 6). */
export const relu6: UnaryOperator = defineOperator({
  name: 'relu6',
  forward: (x: Tensor) => limit('relu6', x, 0, 6),
  backwardName: 'HardtanhBackward0',
  derivatives: [
    fusedDerivative({
      reads: 'result',
      entry: betweenBack,
      parameters: () => [0, 6],
      recorded: (g, y) => g.where(y.gt(0).logicalAnd(y.lt(6)), 0),
    }),
  ],
});

/** x * relu6(x + 3) / 6. */
export const hardswish: UnaryOperator = unaryOperator({
  name: 'hardswish',
  result: 'floatOnly',
  engine: 'hardswish',
  derivative: fusedDerivative({
    reads: 0,
    entry: fused('hardswishBackward', (grad, kept) =>
      choose(
        '<=',
        kept,
        -3,
        0,
        choose('<', kept, 3, apply('mul', grad, apply('add', apply('div', kept, 3), 0.5)), grad),
      ),
    ),
    recorded: (g, x) => g.mul(x.div(3).add(0.5)).where(x.abs().lt(3), g.mul(x.ge(3))),
  }),
});

/** relu6(x + 3) / 6. */
export const hardsigmoid: UnaryOperator = unaryOperator({
  name: 'hardsigmoid',
  result: 'floatOnly',
  engine: 'hardsigmoid',
  derivative: fusedDerivative({
    reads: 0,
    entry: fused('hardsigmoidBackward', (grad, kept) =>
      chooseInside(kept, [-3, 3], apply('div', grad, 6), 0),
    ),
    recorded: (g, x) => g.div(6).where(x.abs().lt(3), 0),
  }),
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
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: fused('leakyReluBackward', (grad, kept, first) =>
        choose('>', kept, 0, grad, apply('mul', grad, first)),
      ),
      parameters: ([, slope]: [Tensor, number]) => [slope],
      recorded: (g, x, [, slope]) => g.where(x.gt(0), g.mul(slope)),
    }),
    null,
  ],
});

/**
 * The leaky rectifier with a slope for each element that is not positive, drawn from [lower, upper) in training.
 * Canonical: (x, { lower, upper, training }).
 */
export const rrelu: RreluOperator = randomRectifier('rrelu', (x, factors) =>
  typeof factors === 'number' ? x.leakyRelu(factors) : x.mul(factors),
);

/** Signature of {@link threshold}. */
export interface ThresholdOperator {
  (x: Tensor, threshold: number, value: number): Tensor;
  (x: Tensor, options: { readonly threshold: number; readonly value: number }): Tensor;
}

const thresholdEntry: UnaryEntry = {
  name: 'threshold',
  result: 'same',
  formula: (x, limit, value) => choose('<=', x!, limit!, value!, x!),
  noBool: `"threshold_cpu" not implemented for 'Bool'`,
};

/** x where it is above `threshold`, else `value`. Canonical: (x, threshold, value). */
export const threshold: ThresholdOperator = defineOperator({
  name: 'threshold',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number] => {
    checkTensor('threshold', 'input', x);
    type Options = { threshold: number; value: number };
    const named = bindArguments<Options>('threshold', ['threshold', 'value'], rest);
    if (named.threshold === undefined || named.value === undefined)
      fail('threshold', "missing argument 'threshold' or 'value'", 'two numbers');
    return [x, named.threshold, named.value];
  },
  forward: (x: Tensor, limit: number, value: number) => runUnary(thresholdEntry, x, [limit, value]),
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: aboveBack,
      parameters: ([, limit]: [Tensor, number, number]) => [limit],
      recorded: (g, x, [, limit]) => g.where(x.gt(limit), 0),
    }),
    null,
    null,
  ],
});

/** Signature of {@link hardshrink} and {@link softshrink}. */
export interface ShrinkOperator {
  (x: Tensor, lambd?: number): Tensor;
  (x: Tensor, options: { readonly lambd?: number }): Tensor;
}

function shrink(entry: FusedEntry, check: (lambd: number) => void): ShrinkOperator {
  return defineOperator({
    name: entry.name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
      checkTensor(entry.name, 'input', x);
      const { lambd = 0.5 } = bindArguments<{ lambd: number }>(entry.name, ['lambd'], rest);
      check(lambd);
      return [x, lambd];
    },
    forward: (x: Tensor, lambd: number) => runUnary(entry, x, [lambd]),
    derivatives: [
      fusedDerivative({
        reads: 0,
        entry: outsideBack,
        parameters: ([, lambd]: [Tensor, number]) => [lambd],
        recorded: (g, x, [, lambd]) => g.where(x.abs().gt(lambd), 0),
      }),
      null,
    ],
  });
}

/** x outside of -lambd..lambd, else 0 (0.5 by default). Canonical: (x, lambd). */
export const hardshrink: ShrinkOperator = shrink(
  fused('hardshrink', (x, first) => choose('<=', apply('abs', x), first, 0, x)),
  () => {},
);

/** x moved towards 0 by lambd (0.5 by default), 0 within -lambd..lambd. Canonical: (x, lambd). */
export const softshrink: ShrinkOperator = shrink(
  fused('softshrink', (x, first) =>
    choose('<=', apply('abs', x), first, 0, apply('sub', x, apply('mul', apply('sign', x), first))),
  ),
  (lambd) => {
    if (lambd >= 0) return;
    fail('softshrink', `lambda must be in range [0, FLT_MAX] for input dtype, but found ${lambd}`);
  },
);

/** Signature of {@link hardtanh}. */
export interface HardtanhOperator {
  (x: Tensor, minVal?: number, maxVal?: number): Tensor;
  (x: Tensor, options?: { readonly minVal?: number; readonly maxVal?: number }): Tensor;
}

/** Limits every element to minVal..maxVal (-1..1 by default). Canonical: (x, { minVal, maxVal }). */
export const hardtanh: HardtanhOperator = defineOperator({
  name: 'hardtanh',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, { minVal: number; maxVal: number }] => {
    checkTensor('hardtanh', 'input', x);
    type Options = { minVal: number; maxVal: number };
    const { minVal = -1, maxVal = 1 } = bindArguments<Options>('hardtanh', ['minVal', 'maxVal'], rest);
    if (minVal > maxVal) fail('hardtanh', 'min_val cannot be greater than max_val');
    if (x.dtype === 'uint8' && minVal < 0) {
      fail('hardtanh', 'cannot do hardtanh on an unsigned type with negative limits');
    }
    return [x, { minVal, maxVal }];
  },
  forward: (x: Tensor, { minVal, maxVal }) => {
    // The dtype stays, so that integers are limited by integers.
    const own = dtypeInfo(x.dtype).kind === 'float' ? (bound: number) => bound : Math.trunc;
    return limit('hardtanh', x, own(minVal), own(maxVal));
  },
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: betweenBack,
      parameters: ([, { minVal, maxVal }]: [Tensor, { minVal: number; maxVal: number }]) => [minVal, maxVal],
      recorded: (g, x, [, { minVal, maxVal }]) => g.where(x.gt(minVal).logicalAnd(x.lt(maxVal)), 0),
    }),
    null,
  ],
});

/** Limits that stay in the tensor's dtype. */
function limit(name: string, x: Tensor, min: number, max: number): Tensor {
  checkTensor(name, 'input', x);
  if (x.dtype === 'bool') fail(name, 'Bool inputs not supported for hardtanh');
  return runClamp(x, min, max);
}

/** Activations as methods. */
export interface ActivationMethods {
  /** max(x, 0). */
  relu(): Tensor;
  /** min(max(x, 0), 6). */
  relu6(): Tensor;
  /** x where it is positive, else negativeSlope * x (0.01 by default). */
  leakyRelu(negativeSlope?: number): Tensor;
  /** The leaky rectifier with slopes that are drawn in training. */
  rrelu(options: RreluOptions): Tensor;
  rrelu(lower?: number, upper?: number, training?: boolean): Tensor;
  /** x * relu6(x + 3) / 6. */
  hardswish(): Tensor;
  /** relu6(x + 3) / 6. */
  hardsigmoid(): Tensor;
  /** Limits every element to minVal..maxVal (-1..1 by default). */
  hardtanh(minVal?: number, maxVal?: number): Tensor;
  /** x where it is above `threshold`, else `value`. */
  threshold(threshold: number, value: number): Tensor;
  /** x outside of -lambd..lambd, else 0. */
  hardshrink(lambd?: number): Tensor;
  /** x moved towards 0 by lambd, 0 within -lambd..lambd. */
  softshrink(lambd?: number): Tensor;
}
