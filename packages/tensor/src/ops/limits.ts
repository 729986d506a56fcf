/** The larger and the smaller of two tensors, and limits. */
import type { Expression } from '@sconce/engine';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { checkRange } from '../integer-range.ts';
import { resultType } from '../promotion.ts';
import { Tensor } from '../tensor.ts';
import { largerOf, smallerOf } from './arithmetic.ts';
import {
  asTensor,
  type BinaryEntry,
  binaryOperator,
  type Operand,
  runBinary,
  runMany,
  runUnary,
  type TensorBinaryOperator,
  type UnaryEntry,
} from './elementwise-core.ts';
import { apply, isNaNOf, select } from './expressions.ts';

/** The gradient goes to the one that was taken, in halves where both are equal. */
function extremumBack(test: 'lt' | 'gt'): BinaryEntry['derivatives'] & {} {
  const share = (grad: Tensor, own: Operand, other: Operand, loses: 'lt' | 'gt'): Tensor => {
    const mine = asTensor(own, grad);
    return grad.div(2).where(mine.eq(other), grad).maskedFill(mine[loses](other), 0);
  };
  return [
    { reads: [0, 1], of: (grad, [x, y]) => share(grad, x, y, test) },
    { reads: [0, 1], of: (grad, [x, y]) => share(grad, y, x, test) },
  ];
}

/** The larger of both; NaN if one is NaN. */
export const maximum: TensorBinaryOperator = binaryOperator({
  ...largerOf,
  numbers: 'none',
  derivatives: extremumBack('lt'),
});

/** The smaller of both; NaN if one is NaN. */
export const minimum: TensorBinaryOperator = binaryOperator({
  ...smallerOf,
  numbers: 'none',
  derivatives: extremumBack('gt'),
});

function ignoringNaN(name: 'fmax' | 'fmin', engine: 'maximum' | 'minimum', test: 'ge' | 'le'): BinaryEntry {
  const first = (x: Operand, y: Operand, grad: Tensor): Tensor =>
    asTensor(x, grad)[test](y).logicalOr(asTensor(y, grad).isnan());
  return {
    name,
    result: 'same',
    numbers: 'none',
    formula: (x, y) => select(isNaNOf(y!), x!, select(isNaNOf(x!), y!, apply(engine, x!, y!))),
    derivatives: [
      { reads: [0, 1], of: (grad, [x, y]) => grad.maskedFill(first(x, y, grad).logicalNot(), 0) },
      { reads: [0, 1], of: (grad, [x, y]) => grad.maskedFill(first(x, y, grad), 0) },
    ],
  };
}

/** The larger of both; the number if one is NaN. */
export const fmax: TensorBinaryOperator = binaryOperator(ignoringNaN('fmax', 'maximum', 'ge'));

/** The smaller of both; the number if one is NaN. */
export const fmin: TensorBinaryOperator = binaryOperator(ignoringNaN('fmin', 'minimum', 'le'));

/** A bound of {@link clamp}: null (or left out) does not bound; a tensor bounds each element by its own. */
export type ClampBound = number | bigint | Tensor | null;

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

const noBool = (kernel: string): string => `"${kernel}" not implemented for 'Bool'`;

/** Limits by two numbers. */
const inside: UnaryEntry = {
  name: 'clamp',
  result: 'same',
  engine: 'clamp',
  noBool: noBool('clamp_scalar_cpu'),
};
const raised: BinaryEntry = { ...largerOf, name: 'clamp', noBool: noBool('clamp_min_scalar_cpu') };
const lowered: BinaryEntry = { ...smallerOf, name: 'clamp', noBool: noBool('clamp_max_scalar_cpu') };
const insideTensors = {
  name: 'clamp',
  result: 'same',
  formula: (x: Expression, min: Expression, max: Expression) =>
    apply('minimum', apply('maximum', x, min), max),
  noBool: noBool('clamp_cpu'),
} as const;

/** x limited to min..max in their common dtype; null does not limit. */
export function runClamp(x: Tensor, min: ClampBound, max: ClampBound, into?: Tensor): Tensor {
  if (!x.isFloatingPoint()) checkBounds(x, min, max);
  if (min === null) return runBinary(lowered, x, max!, [], into);
  if (max === null) return runBinary(raised, x, min, [], into);
  if (min instanceof Tensor || max instanceof Tensor) return runMany(insideTensors, [x, min, max], [], into);
  if (resultType(x, min, max) === x.dtype) return runUnary(inside, x, [min, max], into);
  return runMany(insideTensors, [x, min, max], [], into);
}

function checkBounds(x: Tensor, ...bounds: readonly ClampBound[]): void {
  const given = bounds.filter((bound) => bound !== null);
  const dtype = resultType(x, ...given);
  for (const bound of given) if (!(bound instanceof Tensor)) checkRange('clamp', bound, dtype);
}

/** The gradient where no bound holds. */
function within(grad: Tensor, x: Tensor, min: ClampBound, max: ClampBound): Tensor {
  if (min === null) return grad.where(x.le(max!), 0);
  return grad.where(max === null ? x.ge(min) : x.ge(min).logicalAnd(x.le(max)), 0);
}

/** Limits every element to min..max. NaN stays. Canonical: (x, min, max) with null for no bound. */
export const clamp: ClampOperator = defineOperator({
  name: 'clamp',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, ClampBound, ClampBound] => {
    checkTensor('clamp', 'input', x);
    const { min = null, max = null } = bindArguments<ClampOptions>('clamp', ['min', 'max'], rest);
    if (min === null && max === null) fail('clamp', "At least one of 'min' or 'max' must not be None");
    return [x, min, max];
  },
  forward: (x: Tensor, min: ClampBound, max: ClampBound) => runClamp(x, min, max),
  forwardInto: (output: Tensor, x: Tensor, min: ClampBound, max: ClampBound) => runClamp(x, min, max, output),
  backwardName: (_, min, max) =>
    min instanceof Tensor || max instanceof Tensor ? 'ClampBackward0' : 'ClampBackward1',
  derivatives: [
    { reads: [0, 1, 2], of: (grad, [x, min, max]) => within(grad, x, min, max) },
    {
      reads: [0, 1, 2],
      of: (grad, [x, min, max]) => {
        const below = x.lt(min!);
        return grad.where(max === null ? below : below.logicalAnd((min as Tensor).lt(max)), 0);
      },
    },
    {
      reads: [0, 1, 2],
      of: (grad, [x, min, max]) => {
        const above = x.gt(max!);
        return grad.where(min === null ? above : above.logicalOr((max as Tensor).lt(min)), 0);
      },
    },
  ],
});

/** Signature of {@link clampMin}. */
export interface ClampMinOperator {
  (x: Tensor, min: number | Tensor): Tensor;
  (x: Tensor, options: { readonly min: number | Tensor }): Tensor;
}

/** Signature of {@link clampMax}. */
export interface ClampMaxOperator {
  (x: Tensor, max: number | Tensor): Tensor;
  (x: Tensor, options: { readonly max: number | Tensor }): Tensor;
}

function oneSided(
  name: 'clampMin' | 'clampMax',
  bound: 'min' | 'max',
  entry: BinaryEntry,
): ClampMinOperator & ClampMaxOperator {
  const [takes, given] = bound === 'min' ? (['ge', 'lt'] as const) : (['le', 'gt'] as const);
  const type = bound === 'min' ? 'Min' : 'Max';
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number | Tensor] => {
      checkTensor(name, 'input', x);
      const value = bindArguments<Record<string, number | Tensor>>(name, [bound], rest)[bound];
      if (value === undefined) fail(name, `missing argument '${bound}'`);
      return [x, value];
    },
    forward: (x: Tensor, value: number | Tensor) => runBinary(entry, x, value),
    forwardInto: (output: Tensor, x: Tensor, value: number | Tensor) =>
      runBinary(entry, x, value, [], output),
    backwardName: (_, value) => `Clamp${type}Backward${value instanceof Tensor ? 1 : 0}`,
    derivatives: [
      { reads: [0, 1], of: (grad, [x, value]) => grad.where(x[takes](value), 0) },
      { reads: [0, 1], of: (grad, [x, value]) => grad.where(x[given](value), 0) },
    ],
  });
}

/** The larger of x and a bound. NaN stays. Canonical: (x, min). */
export const clampMin: ClampMinOperator = oneSided('clampMin', 'min', { ...raised, name: 'clampMin' });

/** The smaller of x and a bound. NaN stays. Canonical: (x, max). */
export const clampMax: ClampMaxOperator = oneSided('clampMax', 'max', { ...lowered, name: 'clampMax' });

/** Another name of {@link clamp}. */
export const clip: ClampOperator = clamp;

/** Limits as methods. */
export interface LimitMethods {
  /** The larger of both; NaN if one is NaN. */
  maximum(other: Tensor): Tensor;
  /** The smaller of both; NaN if one is NaN. */
  minimum(other: Tensor): Tensor;
  /** The larger of both; the number if one is NaN. */
  fmax(other: Tensor): Tensor;
  /** The smaller of both; the number if one is NaN. */
  fmin(other: Tensor): Tensor;
  /** Limits every element to min..max. NaN stays. */
  clamp(min?: ClampBound, max?: ClampBound): Tensor;
  clamp(options: ClampOptions): Tensor;
  /** Limits every element to min..max. NaN stays. */
  clip(min?: ClampBound, max?: ClampBound): Tensor;
  clip(options: ClampOptions): Tensor;
  /** The larger of x and a bound. NaN stays. */
  clampMin(min: number | Tensor): Tensor;
  clampMin(options: { readonly min: number | Tensor }): Tensor;
  /** The smaller of x and a bound. NaN stays. */
  clampMax(max: number | Tensor): Tensor;
  clampMax(options: { readonly max: number | Tensor }): Tensor;
}
