// The judge of the elementwise kernels: each operation as PyTorch defines it, one number at a time, in float64.

import type { BinaryOp, ExpressionTernary, UnaryOp } from '../elementwise-types.ts';
import type { Activation } from '../types.ts';
import { erf, erfc } from './erf.ts';

type Unary = (x: number, p: readonly number[]) => number;
type Binary = (x: number, y: number, p: readonly number[]) => number;

/** PyTorch's clamp: NaN stays, and a lower bound above the upper one gives the upper one. */
const clamp = (x: number, min: number, max: number): number =>
  Number.isNaN(x) ? x : Math.min(Math.max(x, min), max);

/** Rounds halves to the even neighbour, as PyTorch's and IEEE's default does. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (!Number.isFinite(x) || rest === 0) return x;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const result = up ? floor + 1 : floor;
  return result === 0 && x < 0 ? -0 : result;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => (x > 20 ? x : Math.log1p(Math.exp(x)));

/** Operations of one input; those of bits are in integers.ts. */
export const unary: Record<Exclude<UnaryOp, 'bitwiseNot'>, Unary> = {
  identity: (x) => x,
  square: (x) => x * x,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  erfc,
  neg: (x) => -x,
  abs: Math.abs,
  // PyTorch's sign of NaN is zero.
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  exp: Math.exp,
  log: Math.log,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf,
  sigmoid,
  softplus: (x, [beta = 1, threshold = 20]) =>
    x * beta > threshold ? x : Math.log1p(Math.exp(x * beta)) / beta,
  relu: (x) => Math.max(x, 0),
  leakyRelu: (x, [slope = 0.01]) => (x > 0 ? x : x * slope),
  clamp: (x, [min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY]) => clamp(x, min, max),
  hardswish: (x) => (x * clamp(x + 3, 0, 6)) / 6,
  hardsigmoid: (x) => clamp(x + 3, 0, 6) / 6,
  elu: (x, [alpha = 1]) => (x > 0 ? x : alpha * Math.expm1(x)),
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
};

type FloatBinary = Exclude<BinaryOp, 'bitwiseAnd' | 'bitwiseOr' | 'bitwiseXor' | 'shiftLeft' | 'shiftRight'>;

/** Python's `%`. */
const remainder: Binary = (x, y) => {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
};

/** Operations of two inputs. */
export const binary: Record<FloatBinary, Binary> = {
  floorDivide: (x, y) => {
    if (y === 0) return x / y;
    const rest = x % y;
    const whole = (x - rest) / y - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0);
    if (whole === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
    const floor = Math.floor(whole);
    return whole - floor > 0.5 ? floor + 1 : floor;
  },
  truncDivide: (x, y) => Math.trunc(x / y),
  fmod: (x, y) => x % y,
  remainder,
  atan2: Math.atan2,
  hypot: (x, y) => Math.hypot(x, y),
  copysign: (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x)),
  add: (x, y, [alpha]) => x + (alpha === undefined ? y : Math.fround(alpha * y)),
  sub: (x, y, [alpha]) => x - (alpha === undefined ? y : Math.fround(alpha * y)),
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  maximum: (x, y) => Math.max(x, y),
  minimum: (x, y) => Math.min(x, y),
  // C's pow, where JavaScript's differs: one to any power, and minus one to an infinite power, is one.
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y),
};

/** An activation as a function; the identity where there is none. */
export function activationOf(activation: Activation | undefined): (x: number) => number {
  if (activation === undefined) return (x) => x;
  if (activation.kind === 'relu') return (x) => Math.max(x, 0);
  const min = Math.fround(activation.min);
  const max = Math.fround(activation.max);
  return (x) => clamp(x, min, max);
}

/** Operations of three inputs. */
export const ternary: Record<ExpressionTernary, (x: number, y: number, z: number) => number> = {
  clamp,
  softplus: (x, beta, threshold) => unary.softplus(x, [beta, threshold]),
  fma: (x, y, z) => x * y + z,
  lerp: (x, y, weight) => (Math.abs(weight) < 0.5 ? x + weight * (y - x) : y - (y - x) * (1 - weight)),
  scaledAdd: (x, y, alpha) => binary.add(x, y, [alpha]),
  scaledSub: (x, y, alpha) => binary.sub(x, y, [alpha]),
};

/** Applies a unary or binary operation over strided float32 data; `offset` and strides count elements. */
export function referenceElementwise(p: {
  op: keyof typeof unary | keyof typeof binary;
  inputs: readonly { data: Float32Array; offset: number; strides: readonly number[] }[];
  output: { data: Float32Array; offset: number; strides: readonly number[] };
  shape: readonly number[];
  parameters?: readonly number[] | undefined;
  activation?: Activation | undefined;
}): void {
  const parameters = (p.parameters ?? []).map(Math.fround);
  const activate = activationOf(p.activation);
  const [x, y] = p.inputs;
  const total = p.shape.reduce((a, b) => a * b, 1);
  const index = p.shape.map(() => 0);
  const at = (s: { offset: number; strides: readonly number[] }): number =>
    index.reduce((sum, i, d) => sum + i * s.strides[d]!, s.offset);
  for (let n = 0; n < total; n++) {
    const a = x!.data[at(x!)]!;
    const result =
      p.inputs.length === 1
        ? unary[p.op as keyof typeof unary](a, parameters)
        : binary[p.op as keyof typeof binary](a, y!.data[at(y!)]!, parameters);
    p.output.data[at(p.output)] = activate(Math.fround(result));
    for (let d = index.length - 1; d >= 0; d--) {
      index[d]!++;
      if (index[d]! < p.shape[d]!) break;
      index[d] = 0;
    }
  }
}
