// The table of elementwise operations: what each does to vectors, with PyTorch's results for NaN and infinities.

import { erf, exp, type KernelBuilder, log, type Operand, sigmoid, tanh, type Vector } from '@sconce/codegen';
import type { BinaryOp, ExpressionBinary, ExpressionTernary, ExpressionUnary, UnaryOp } from '../types.ts';
import { pow } from './math/pow.ts';
import { cos, sin } from './math/sin-cos.ts';

type F32 = Vector<'f32'>;

type Unary = (k: KernelBuilder, x: F32) => F32;
type Binary = (k: KernelBuilder, x: F32, y: F32) => F32;
type Ternary = (k: KernelBuilder, x: F32, y: F32, z: F32) => F32;

/** Operations of three arguments: those of expressions, and sums with a scaled second term. */
type TernaryOp = ExpressionTernary | 'scaledAdd' | 'scaledSub';

/** All operations. Parameters of an operation are arguments like its inputs. */
export type VectorOp = ExpressionUnary | ExpressionBinary | TernaryOp;

/** Parameters that an operation takes when the caller gives none: PyTorch's defaults. */
export const defaultParameters: Partial<Record<UnaryOp | BinaryOp, readonly number[]>> = {
  softplus: [1, 20],
  leakyRelu: [0.01],
  clamp: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  elu: [1],
  add: [1],
  sub: [1],
};

/** Operations of one argument. */
const unary: Record<ExpressionUnary, Unary> = {
  neg: (k, x) => k.neg(x),
  abs: (k, x) => k.abs(x),
  sign: (k, x) =>
    k.select<'f32'>(
      k.compare(x, '>', 0),
      k.constant('f32', 1),
      k.select(k.compare(x, '<', 0), k.constant('f32', -1), 0),
    ),
  floor: (k, x) => k.floor(x),
  ceil: (k, x) => k.ceil(x),
  round: (k, x) => k.nearest(x),
  trunc: (k, x) => k.trunc(x),
  sqrt: (k, x) => k.sqrt(x),
  rsqrt: (k, x) => k.div(1, k.sqrt(x)),
  reciprocal: (k, x) => k.div(1, x),
  exp: (k, x) => exp(k, x),
  log: (k, x) => log(k, x),
  sin,
  cos,
  tanh: (k, x) => tanh(k, x),
  erf: (k, x) => erf(k, x),
  sigmoid: (k, x) => sigmoid(k, x),
  relu: (k, x) => k.pmax(x, 0),
  hardswish: (k, x) => k.div(k.mul(x, k.pmin(k.pmax(k.add(x, 3), 0), 6)), 6),
  hardsigmoid: (k, x) => k.div(k.pmin(k.pmax(k.add(x, 3), 0), 6), 6),
  silu: (k, x) => k.mul(x, sigmoid(k, x)),
  mish: (k, x) => {
    // tanh(log(1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2), which is 1 in float32 long before e^2 overflows
    const e = exp(k, k.pmin(x, 20));
    const n = k.mul(e, k.add(e, 2));
    return k.mul(x, k.div(n, k.add(n, 2)));
  },
  gelu: (k, x) => k.mul(k.mul(x, 0.5), k.add(erf(k, k.mul(x, Math.SQRT1_2)), 1)),
  geluTanh: (k, x) => {
    const cubic = k.mul(k.mul(x, x), x);
    const inner = k.mul(k.fma<'f32'>(cubic, 0.044715, x), Math.sqrt(2 / Math.PI));
    return k.mul(k.mul(x, 0.5), k.add(tanh(k, inner), 1));
  },
};

/** Operations of two arguments. */
const binary: Record<ExpressionBinary, Binary> = {
  add: (k, x, y) => k.add(x, y),
  sub: (k, x, y) => k.sub(x, y),
  mul: (k, x, y) => k.mul(x, y),
  div: (k, x, y) => k.div(x, y),
  maximum: (k, x, y) => k.max(x, y),
  minimum: (k, x, y) => k.min(x, y),
  pow,
  leakyRelu: (k, x, slope) => k.select(k.compare(x, '>', 0), x, k.mul(x, slope)),
  elu: (k, x, alpha) => k.select(k.compare(x, '>', 0), x, k.mul(alpha, expm1OfNegative(k, k.pmin(x, 0)))),
};

/** Operations of three arguments. */
const ternary: Record<TernaryOp, Ternary> = {
  clamp: (k, x, min, max) => k.pmin(k.pmax(x, min), max),
  softplus: (k, x, beta, threshold) => {
    const scaled = k.mul(x, beta);
    // log(1 + e^z) = max(z, 0) + log1p(e^-|z|)
    const positive = k.pmax(scaled, 0);
    const soft = k.div(k.add(positive, log1p(k, exp(k, k.neg(k.abs(scaled))))), beta);
    return k.select(k.compare(scaled, '>', threshold), x, soft);
  },
  fma: (k, x, y, z) => k.fma(x, y, z),
  scaledAdd: (k, x, y, alpha) => k.add(x, k.mul(y, alpha)),
  scaledSub: (k, x, y, alpha) => k.sub(x, k.mul(y, alpha)),
};

/** How many arguments an operation takes; nothing for what is none. */
export function arityOf(op: string): 1 | 2 | 3 | undefined {
  return Object.hasOwn(unary, op)
    ? 1
    : Object.hasOwn(binary, op)
      ? 2
      : Object.hasOwn(ternary, op)
        ? 3
        : undefined;
}

/** Records an operation; arguments beyond those that it takes are ignored. */
export function operate(k: KernelBuilder, op: VectorOp, args: readonly F32[]): F32 {
  const [x, y, z] = args as readonly [F32, F32, F32];
  if (op in unary) return unary[op as ExpressionUnary](k, x);
  if (op in binary) return binary[op as ExpressionBinary](k, x, y);
  return ternary[op as TernaryOp](k, x, y, z);
}

/** log(1 + u) for u from 0 to 1: the logarithm of the rounded sum, corrected by what rounding lost (Kahan). */
function log1p(k: KernelBuilder, u: F32): F32 {
  const sum = k.add(u, 1);
  const rounded = k.sub(sum, 1);
  const corrected = k.div(k.mul(log(k, sum), u), rounded);
  return k.select(k.compare(rounded, '==', 0), u, corrected);
}

/** ln 2 in two parts; the first has so few bits that its products with exponents are exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = Math.LN2 - LN2_HIGH;

/** Taylor's series of (e^r - 1 - r) / r^2, enough for |r| up to ln(2) / 2. */
const expm1Terms = [1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040];

/** e^x - 1 for x <= 0, without the cancellation near 0. NaN stays. */
function expm1OfNegative(k: KernelBuilder, x: F32): F32 {
  const clamped = k.pmax(x, -87);
  const n = k.nearest(k.mul(clamped, Math.LOG2E));
  const r = k.fnma<'f32'>(n, LN2_LOW, k.fnma<'f32'>(n, LN2_HIGH, clamped));
  const series = expm1Terms
    .slice(0, -1)
    .reduceRight<Operand<'f32'>>((sum, term) => k.fma<'f32'>(r, sum, term), expm1Terms.at(-1)!);
  const small = k.fma(k.mul(r, r), series, r);
  const power = k.reinterpret('f32', k.shl(k.add(k.convert('i32', n), 127), 23));
  return k.fma(small, power, k.sub(power, 1));
}
