// The table of elementwise operations: what each does to vectors of each computing type, with PyTorch's results for NaN and
// infinities, and for integers that overflow.

import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  copySign,
  cos,
  cosh,
  erf,
  erfc,
  exp,
  exp2,
  expm1,
  fmod,
  hypot,
  type KernelBuilder,
  log,
  log1p,
  log2,
  log10,
  pow,
  sigmoid,
  sin,
  sinh,
  tan,
  tanh,
  type Vector,
} from '@sconce/codegen';
import { type ComputeType, isIntegerDType } from '../dtype.ts';
import type { ExpressionBinary, ExpressionTernary, ExpressionUnary } from '../elementwise-types.ts';
import { floorDivide, negativeExpm1, remainder, smallLog1p } from './elementwise-functions.ts';
import { type IntegerOperation, integerOperations } from './elementwise-integers.ts';

/** All operations. */
export type VectorOp = ExpressionUnary | ExpressionBinary | ExpressionTernary;

/** To the compiler the lanes are f32; every operation takes its types from its arguments. */
type Lanes = Vector<'f32'>;

/** An operation on float32 lanes, and on float64 lanes unless `only` says otherwise. */
interface FloatOperation {
  readonly record: (k: KernelBuilder, ...args: readonly Lanes[]) => Lanes;
  readonly only?: 'float32';
  /** Whether it is one or two instructions, so that loops around it are unrolled. */
  readonly light?: true;
}

type Body = (k: KernelBuilder, x: Lanes, y: Lanes, z: Lanes) => Lanes;

const light = (record: Body): FloatOperation => ({
  record: record as FloatOperation['record'],
  light: true,
});
const both = (record: Body): FloatOperation => ({ record: record as FloatOperation['record'] });
const float32 = (record: Body): FloatOperation => ({
  record: record as FloatOperation['record'],
  only: 'float32',
});

/** Operations of one argument. Those of bits have none on floats. */
const unary: Record<ExpressionUnary, FloatOperation | undefined> = {
  identity: light((_, x) => x),
  neg: light((k, x) => k.neg(x)),
  abs: light((k, x) => k.abs(x)),
  sign: light((k, x) =>
    k.select(
      k.compare(x, '>', 0),
      k.constant(x.type, 1),
      k.select(k.compare(x, '<', 0), k.constant(x.type, -1), 0),
    ),
  ),
  square: light((k, x) => k.mul(x, x)),
  relu: light((k, x) => k.pmax(x, 0)),
  floor: light((k, x) => k.floor(x)),
  ceil: light((k, x) => k.ceil(x)),
  round: light((k, x) => k.nearest(x)),
  trunc: light((k, x) => k.trunc(x)),
  sqrt: light((k, x) => k.sqrt(x)),
  rsqrt: light((k, x) => k.div(1, k.sqrt(x))),
  reciprocal: light((k, x) => k.div(1, x)),
  exp: both((k, x) => exp(k, x)),
  exp2: both((k, x) => exp2(k, x)),
  expm1: both((k, x) => expm1(k, x)),
  log: both((k, x) => log(k, x)),
  log2: both((k, x) => log2(k, x)),
  log10: both((k, x) => log10(k, x)),
  log1p: both((k, x) => log1p(k, x)),
  sin: both((k, x) => sin(k, x)),
  cos: both((k, x) => cos(k, x)),
  tan: both((k, x) => tan(k, x)),
  asin: both((k, x) => asin(k, x)),
  acos: both((k, x) => acos(k, x)),
  atan: both((k, x) => atan(k, x)),
  sinh: both((k, x) => sinh(k, x)),
  cosh: both((k, x) => cosh(k, x)),
  tanh: both((k, x) => tanh(k, x)),
  asinh: float32((k, x) => asinh(k, x)),
  acosh: float32((k, x) => acosh(k, x)),
  atanh: float32((k, x) => atanh(k, x)),
  erf: both((k, x) => erf(k, x)),
  erfc: float32((k, x) => erfc(k, x)),
  sigmoid: both((k, x) => sigmoid(k, x)),
  hardswish: light((k, x) => k.div(k.mul(x, k.pmin(k.pmax(k.add(x, 3), 0), 6)), 6)),
  hardsigmoid: light((k, x) => k.div(k.pmin(k.pmax(k.add(x, 3), 0), 6), 6)),
  silu: both((k, x) => k.mul(x, sigmoid(k, x))),
  mish: both((k, x) => {
    // tanh(log(1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2), which rounds to 1 long before e^2 overflows
    const e = exp(k, k.pmin(x, 20));
    const n = k.mul(e, k.add(e, 2));
    return k.mul(x, k.div(n, k.add(n, 2)));
  }),
  gelu: both((k, x) => k.mul(k.mul(x, 0.5), k.add(erf(k, k.mul(x, Math.SQRT1_2)), 1))),
  geluTanh: both((k, x) => {
    const cubic = k.mul(k.mul(x, x), x);
    const inner = k.mul(k.fma(cubic, 0.044715, x), Math.sqrt(2 / Math.PI));
    return k.mul(k.mul(x, 0.5), k.add(tanh(k, inner), 1));
  }),
  bitwiseNot: undefined,
};

/** Operations of two arguments. */
const binary: Record<ExpressionBinary, FloatOperation | undefined> = {
  add: light((k, x, y) => k.add(x, y)),
  sub: light((k, x, y) => k.sub(x, y)),
  mul: light((k, x, y) => k.mul(x, y)),
  div: light((k, x, y) => k.div(x, y)),
  maximum: light((k, x, y) => k.max(x, y)),
  minimum: light((k, x, y) => k.min(x, y)),
  pow: both((k, x, y) => pow(k, x, y)),
  floorDivide: float32((k, x, y) => floorDivide(k, x, y)),
  truncDivide: light((k, x, y) => k.trunc(k.div(x, y))),
  fmod: float32((k, x, y) => fmod(k, x, y)),
  remainder: float32((k, x, y) => remainder(k, x, y)),
  atan2: both((k, x, y) => atan2(k, x, y)),
  hypot: both((k, x, y) => hypot(k, x, y)),
  copysign: light((k, x, y) => copySign(k, x, y)),
  leakyRelu: light((k, x, slope) => k.select(k.compare(x, '>', 0), x, k.mul(x, slope))),
  elu: both((k, x, alpha) => k.select(k.compare(x, '>', 0), x, k.mul(alpha, negativeExpm1(k, k.pmin(x, 0))))),
  bitwiseAnd: undefined,
  bitwiseOr: undefined,
  bitwiseXor: undefined,
  shiftLeft: undefined,
  shiftRight: undefined,
};

/** Operations of three arguments. */
const ternary: Record<ExpressionTernary, FloatOperation> = {
  clamp: light((k, x, min, max) => k.pmin(k.pmax(x, min), max)),
  softplus: both((k, x, beta, threshold) => {
    const scaled = k.mul(x, beta);
    // log(1 + e^z) = max(z, 0) + log1p(e^-|z|)
    const positive = k.pmax(scaled, 0);
    const soft = k.div(k.add(positive, smallLog1p(k, exp(k, k.neg(k.abs(scaled))))), beta);
    return k.select(k.compare(scaled, '>', threshold), x, soft);
  }),
  fma: light((k, x, y, z) => k.fma(x, y, z)),
  lerp: light((k, x, y, weight) => {
    const difference = k.sub(y, x);
    const fromEnd = k.sub(y, k.mul(difference, k.sub(1, weight)));
    const fromStart = k.add(x, k.mul(weight, difference));
    return k.select(k.compare(k.abs(weight), '<', 0.5), fromStart, fromEnd);
  }),
  scaledAdd: light((k, x, y, alpha) => k.add(x, k.mul(y, alpha))),
  scaledSub: light((k, x, y, alpha) => k.sub(x, k.mul(y, alpha))),
};

const floatOperations: Readonly<Record<string, FloatOperation | undefined>> = {
  ...unary,
  ...binary,
  ...ternary,
};

/** How many arguments an operation takes; nothing for what is none. */
export function arityOf(op: string): 1 | 2 | 3 | undefined {
  if (Object.hasOwn(unary, op)) return 1;
  if (Object.hasOwn(binary, op)) return 2;
  return Object.hasOwn(ternary, op) ? 3 : undefined;
}

/** The types that an operation is there for, in words; nothing if the given one is among them. */
export function missingFor(op: VectorOp, type: ComputeType): string | undefined {
  const [float, integer] = [floatOperations[op], integerOperations[op]];
  const there = isIntegerDType(type) ? integer : float && (float.only ?? type) === type;
  if (there) return undefined;
  const floats = float === undefined ? '' : float.only ? 'float32' : 'float32 or float64';
  return [floats, integer ? 'an integer type' : ''].filter(Boolean).join(' or ');
}

/** Whether an operation on floats is so short that loops around it are unrolled. */
export function isLight(op: VectorOp, type: ComputeType): boolean {
  return isIntegerDType(type) ? integerOperations[op]?.light === true : floatOperations[op]?.light === true;
}

/** Records an operation on one vector of each argument. */
export function operate(k: KernelBuilder, op: VectorOp, type: ComputeType, args: readonly Vector[]): Vector {
  if (isIntegerDType(type)) {
    return (integerOperations[op] as IntegerOperation).record(k, type, ...(args as readonly Vector<'i32'>[]));
  }
  return floatOperations[op]!.record(k, ...(args as readonly Vector<'f32'>[]));
}

/** Whether integers need to be without bits beyond their type for an operation, and whether its result may have such. */
export function looseness(op: VectorOp): { readonly takes: boolean; readonly gives: boolean } {
  return { takes: integerOperations[op]?.modular === true, gives: integerOperations[op]?.fits !== true };
}

/** About how long a step of a program takes, where reading an element takes 1. */
export function costOf(op: string, type: ComputeType): number {
  return arityOf(op) === undefined || isLight(op as VectorOp, type) ? 0.5 : 3;
}
