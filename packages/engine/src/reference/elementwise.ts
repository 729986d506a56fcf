// The judge of the elementwise kernels: each operation as PyTorch defines it, one number at a time, in float64.

import type { Activation, BinaryOp, UnaryOp } from '../types.ts';
import { erf } from './erf.ts';

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

/** Operations of one input. */
export const unary: Record<UnaryOp, Unary> = {
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

/** Operations of two inputs. */
export const binary: Record<BinaryOp, Binary> = {
  add: (x, y, [alpha = 1]) => x + Math.fround(alpha * y),
  sub: (x, y, [alpha = 1]) => x - Math.fround(alpha * y),
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

/** Applies a unary or binary operation over strided float32 data; `offset` and strides count elements. */
export function referenceElementwise(p: {
  op: UnaryOp | BinaryOp;
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
        ? unary[p.op as UnaryOp](a, parameters)
        : binary[p.op as BinaryOp](a, y!.data[at(y!)]!, parameters);
    p.output.data[at(p.output)] = activate(Math.fround(result));
    for (let d = index.length - 1; d >= 0; d--) {
      index[d]!++;
      if (index[d]! < p.shape[d]!) break;
      index[d] = 0;
    }
  }
}
