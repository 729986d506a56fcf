// Elementwise operations on integer lanes. Narrow types are computed in 32 bits; unsigned ones lie in the same lanes as signed
// ones, so that only what looks at signs differs. bool's are 0 and 1.

import type { Comparison, KernelBuilder, Mask, Vector } from '@sconce/codegen';
import { type ComputeType, isUnsigned } from '../dtype.ts';
import type { ExpressionBinary, ExpressionTernary, ExpressionUnary } from '../elementwise-types.ts';
import { bitsOf } from './typed/cast.ts';
import {
  flooredQuotient,
  flooredRemainder,
  truncatedQuotient,
  truncatedRemainder,
} from './typed/integer-division.ts';

type Lanes = Vector<'i32'>;

/** An operation on integers. To the compiler its lanes are i32. */
export interface IntegerOperation {
  readonly record: (k: KernelBuilder, type: ComputeType, ...args: readonly Lanes[]) => Lanes;
  /** Whether bits beyond the type in its arguments do no harm to the bits of the type in its result. */
  readonly modular?: boolean;
  /** Whether results fit their type where arguments do. */
  readonly fits?: boolean;
  readonly light?: boolean;
}

type Body = (k: KernelBuilder, type: ComputeType, x: Lanes, y: Lanes, z: Lanes) => Lanes;

const of = (record: Body, properties: Omit<IntegerOperation, 'record'>): IntegerOperation => ({
  record: record as IntegerOperation['record'],
  ...properties,
});
/** Arithmetic that wraps around. */
const wrapping = (record: Body): IntegerOperation => of(record, { modular: true, light: true });
/** What chooses among its arguments or moves them towards zero. */
const fitting = (record: Body): IntegerOperation => of(record, { fits: true, light: true });
const division = (record: Body): IntegerOperation => of(record, {});

const identity = fitting((_, __, x) => x);

/** Integer operations by name; others are of floats only. */
export const integerOperations: Readonly<
  Partial<Record<ExpressionUnary | ExpressionBinary | ExpressionTernary, IntegerOperation>>
> = {
  identity,
  floor: identity,
  ceil: identity,
  round: identity,
  trunc: identity,
  neg: wrapping((k, _, x) => k.neg(x)),
  abs: of((k, type, x) => (isUnsigned(type) ? x : k.abs(x)), { light: true }),
  sign: fitting((k, type, x) => {
    const positive = k.select(k.compare(x, '!=', 0), k.constant(x.type, 1), 0);
    return isUnsigned(type) ? positive : k.select(k.compare(x, '<', 0), k.constant(x.type, -1), positive);
  }),
  square: wrapping((k, _, x) => k.mul(x, x)),
  relu: fitting((k, type, x) => (isUnsigned(type) ? x : k.pmax(x, 0))),
  bitwiseNot: wrapping((k, type, x) => k.xor(x, type === 'bool' ? 1 : -1)),
  add: of((k, _, x, y) => k.add(x, y), { modular: true, light: true }),
  sub: wrapping((k, _, x, y) => k.sub(x, y)),
  mul: wrapping((k, _, x, y) => k.mul(x, y)),
  maximum: fitting((k, type, x, y) => k.select(compareIntegers(k, type, x, '<', y), y, x)),
  minimum: fitting((k, type, x, y) => k.select(compareIntegers(k, type, y, '<', x), y, x)),
  pow: of(power, {}),
  floorDivide: division(flooredQuotient as Body),
  truncDivide: division(truncatedQuotient as Body),
  fmod: division(truncatedRemainder as Body),
  remainder: division(flooredRemainder as Body),
  bitwiseAnd: fitting((k, _, x, y) => k.and(x, y)),
  bitwiseOr: fitting((k, _, x, y) => k.or(x, y)),
  bitwiseXor: fitting((k, _, x, y) => k.xor(x, y)),
  shiftLeft: of((k, type, x, count) => {
    const beyond = k.compareUnsigned(count, '>=', bitsOf(type));
    return k.select(
      beyond,
      0,
      shift(k, type, x, count, (value, bits) => k.shl(value, bits)),
    );
  }, {}),
  shiftRight: of(
    (k, type, x, count) => {
      const largest = bitsOf(type) - 1;
      const right = (value: Lanes, bits: number): Lanes =>
        isUnsigned(type) ? k.shrLogical(value, bits) : k.shr(value, bits);
      const beyond = k.compareUnsigned(count, '>', largest);
      const rest = isUnsigned(type) ? 0 : right(x, largest);
      return k.select(beyond, rest, shift(k, type, x, count, right));
    },
    { fits: true },
  ),
  clamp: fitting((k, type, x, min, max) => {
    const raised = k.select(compareIntegers(k, type, x, '<', min), min, x);
    return k.select(compareIntegers(k, type, max, '<', raised), max, raised);
  }),
  fma: wrapping((k, _, x, y, z) => k.add(k.mul(x, y), z)),
  scaledAdd: wrapping((k, _, x, y, alpha) => k.add(x, k.mul(y, alpha))),
  scaledSub: wrapping((k, _, x, y, alpha) => k.sub(x, k.mul(y, alpha))),
};

/** Compares lanes of an integer type, none of which has bits beyond it. */
export function compareIntegers(
  k: KernelBuilder,
  type: ComputeType,
  x: Vector,
  comparison: Comparison,
  y: Vector,
): Mask {
  // narrower types without a sign are positive in their lanes
  return type === 'uint32' || type === 'uint64'
    ? k.compareUnsigned(x as Lanes, comparison, y as Lanes)
    : k.compare(x, comparison, y);
}

/** Shifts by counts from 0 to the type's bits less one: by each power of two that is in the count. */
function shift(
  k: KernelBuilder,
  type: ComputeType,
  x: Lanes,
  count: Lanes,
  by: (value: Lanes, bits: number) => Lanes,
): Lanes {
  let result = x;
  for (let bits = 1; bits < bitsOf(type); bits *= 2) {
    result = k.select(k.compare(k.and(count, bits), '!=', 0), by(result, bits), result);
  }
  return result;
}

/** Squares and multiplies, bit by bit of the exponent; negative exponents give what is left of the reciprocal. */
function power(k: KernelBuilder, type: ComputeType, x: Lanes, y: Lanes): Lanes {
  const one = k.constant(x.type, 1);
  const result = k.variable(one);
  const base = k.variable(x);
  const exponent = k.variable(y);
  k.loop(bitsOf(type), () => {
    k.when(k.any(k.compare(exponent, '!=', 0)), '!=', 0, () => {
      const odd = k.compare(k.and(exponent, 1), '!=', 0);
      k.assign(result, k.select(odd, k.mul(result, base), result));
      k.assign(base, k.mul(base, base));
      k.assign(exponent, k.shrLogical(exponent, 1));
    });
  });
  if (isUnsigned(type)) return result;
  const sign = k.select(k.compare(k.and(y, 1), '!=', 0), x, one);
  const unit = k.or(k.compare(x, '==', 1), k.compare(x, '==', -1));
  return k.select(k.compare(y, '<', 0), k.select(unit, sign, 0), result);
}
