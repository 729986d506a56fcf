/** Exporters of elementwise operators and activations. */
import type { DType, Tensor } from '@sconce/tensor';
import { float, string } from '../attribute-values.ts';
import type { ExportCall, Exporter, Exporters } from './export-call.ts';

type Operand = Tensor | number | boolean | bigint;

/** One node with the same meaning. */
const unary =
  (opType: string): Exporter =>
  (call, x: Tensor) =>
    call.node(opType, [floatInput(call, x)]);

/** PyTorch turns integers into floats where ONNX's operator takes floats only. */
function floatInput(call: ExportCall, x: Tensor): string {
  return x.dtype === call.result.dtype ? call.value(x) : call.cast(call.value(x), call.result.dtype);
}

/** Two operands brought to the result's dtype. */
const binary =
  (opType: string): Exporter =>
  (call, x: Operand, y: Operand) =>
    call.node(opType, [call.operand(x, call.result.dtype), call.operand(y, call.result.dtype)]);

/** `x ± alpha * y`. */
const scaled =
  (opType: string): Exporter =>
  (call, x: Operand, y: Operand, { alpha }: { alpha: number }) => {
    const { dtype } = call.result;
    const right = call.operand(y, dtype);
    const factor = alpha === 1 ? right : call.node('Mul', [right, call.scalar(alpha, dtype)]);
    return call.node(opType, [call.operand(x, dtype), factor]);
  };

/** The dtype in which two operands are compared: a tensor's own wins over a number's. */
function comparedDType(x: Operand, y: Operand): DType {
  const tensors = [x, y].filter((value): value is Tensor => typeof value === 'object');
  const floating = tensors.find((value) => value.isFloatingPoint());
  const fraction = [x, y].some((value) => typeof value === 'number' && !Number.isInteger(value));
  return floating?.dtype ?? (fraction ? 'float32' : tensors[0]!.dtype);
}

const comparison =
  (opType: string, negate = false): Exporter =>
  (call, x: Operand, y: Operand) => {
    const dtype = comparedDType(x, y);
    const result = call.node(opType, [call.operand(x, dtype), call.operand(y, dtype)]);
    return negate ? call.node('Not', [result]) : result;
  };

const logical =
  (opType: string): Exporter =>
  (call, x: Operand, y: Operand) =>
    call.node(opType, [call.operand(x, 'bool'), call.operand(y, 'bool')]);

function clip(call: ExportCall, x: Tensor, min: number | null, max: number | null): string {
  const { dtype } = call.result;
  return call.node('Clip', [
    call.operand(x, dtype),
    min === null ? '' : call.scalar(min, dtype),
    ...(max === null ? [] : [call.scalar(max, dtype)]),
  ]);
}

/** x * f(x). */
const gated =
  (opType: string): Exporter =>
  (call, x: Tensor) =>
    call.node('Mul', [call.value(x), call.node(opType, [call.value(x)])]);

function gelu(call: ExportCall, x: Tensor, { approximate }: { approximate: 'none' | 'tanh' }): string {
  if (call.opset >= 20) return call.node('Gelu', [call.value(x)], { approximate: string(approximate) });
  const constant = (value: number): string => call.scalar(value, x.dtype);
  const multiply = (a: string, b: string): string => call.node('Mul', [a, b]);
  const input = call.value(x);
  if (approximate === 'none') {
    const erf = call.node('Erf', [multiply(input, constant(Math.SQRT1_2))]);
    return multiply(multiply(input, call.node('Add', [erf, constant(1)])), constant(0.5));
  }
  const cubed = multiply(multiply(input, input), multiply(input, constant(0.044715)));
  const inner = multiply(call.node('Add', [input, cubed]), constant(Math.sqrt(2 / Math.PI)));
  return multiply(
    multiply(input, call.node('Add', [call.node('Tanh', [inner]), constant(1)])),
    constant(0.5),
  );
}

function softplus(
  call: ExportCall,
  x: Tensor,
  { beta, threshold }: { beta: number; threshold: number },
): string {
  const input = call.value(x);
  const steep = beta === 1 ? input : call.node('Mul', [input, call.scalar(beta, x.dtype)]);
  const soft = call.node('Softplus', [steep]);
  const result = beta === 1 ? soft : call.node('Div', [soft, call.scalar(beta, x.dtype)]);
  return call.node('Where', [call.node('Greater', [steep, call.scalar(threshold, x.dtype)]), input, result]);
}

function divide(
  call: ExportCall,
  x: Operand,
  y: Operand,
  { roundingMode }: { roundingMode: 'trunc' | 'floor' | null },
): string {
  const { dtype } = call.result;
  const quotient = call.node('Div', [call.operand(x, dtype), call.operand(y, dtype)]);
  if (roundingMode === null) return quotient;
  if (!call.result.isFloatingPoint()) {
    // ONNX divides integers towards zero.
    return roundingMode === 'trunc' ? quotient : call.fail('floor division of integers cannot be written');
  }
  if (roundingMode === 'floor') return call.node('Floor', [quotient]);
  return truncate(call, quotient);
}

/** Towards zero: the sign times the whole part of the absolute value. */
function truncate(call: ExportCall, x: string): string {
  return call.node('Mul', [call.node('Sign', [x]), call.node('Floor', [call.node('Abs', [x])])]);
}

/** Remainder with the divisor's sign: ONNX's Mod has it for integers only. */
function remainder(call: ExportCall, x: Operand, y: Operand): string {
  const { dtype } = call.result;
  const [left, right] = [call.operand(x, dtype), call.operand(y, dtype)];
  if (!call.result.isFloatingPoint()) return call.node('Mod', [left, right]);
  const whole = call.node('Floor', [call.node('Div', [left, right])]);
  return call.node('Sub', [left, call.node('Mul', [whole, right])]);
}

export const elementwise: Exporters = {
  abs: unary('Abs'),
  ceil: unary('Ceil'),
  cos: unary('Cos'),
  erf: unary('Erf'),
  exp: unary('Exp'),
  floor: unary('Floor'),
  isfinite: (call, x: Tensor) =>
    call.node('Less', [call.node('Abs', [call.value(x)]), call.scalar(Infinity, x.dtype)]),
  isinf: (call, x: Tensor) =>
    call.node('Equal', [call.node('Abs', [call.value(x)]), call.scalar(Infinity, x.dtype)]),
  isnan: (call, x: Tensor) => call.node('IsNaN', [call.value(x)]),
  log: unary('Log'),
  log1p: (call, x: Tensor) =>
    call.node('Log', [call.node('Add', [floatInput(call, x), call.scalar(1, call.result.dtype)])]),
  logicalNot: (call, x: Tensor) => call.node('Not', [call.operand(x, 'bool')]),
  neg: unary('Neg'),
  reciprocal: unary('Reciprocal'),
  round: unary('Round'),
  rsqrt: (call, x: Tensor) => call.node('Reciprocal', [call.node('Sqrt', [floatInput(call, x)])]),
  sigmoid: unary('Sigmoid'),
  sign: unary('Sign'),
  sin: unary('Sin'),
  tan: unary('Tan'),
  sqrt: unary('Sqrt'),
  tanh: unary('Tanh'),
  trunc: (call, x: Tensor) => truncate(call, call.value(x)),

  relu: unary('Relu'),
  relu6: (call, x: Tensor) => clip(call, x, 0, 6),
  clamp: (call, x: Tensor, min: number | null, max: number | null) => clip(call, x, min, max),
  hardtanh: (call, x: Tensor, { minVal, maxVal }: { minVal: number; maxVal: number }) =>
    clip(call, x, minVal, maxVal),
  leakyRelu: (call, x: Tensor, slope: number) =>
    call.node('LeakyRelu', [call.value(x)], { alpha: float(slope) }),
  elu: (call, x: Tensor, alpha: number) => call.node('Elu', [call.value(x)], { alpha: float(alpha) }),
  hardswish: unary('HardSwish'),
  hardsigmoid: (call, x: Tensor) =>
    call.node('HardSigmoid', [call.value(x)], { alpha: float(1 / 6), beta: float(0.5) }),
  silu: gated('Sigmoid'),
  mish: unary('Mish'),
  gelu,
  softplus,

  add: scaled('Add'),
  sub: scaled('Sub'),
  mul: binary('Mul'),
  div: divide,
  pow: binary('Pow'),
  maximum: binary('Max'),
  minimum: binary('Min'),
  remainder,

  eq: comparison('Equal'),
  ne: comparison('Equal', true),
  lt: comparison('Less'),
  le: comparison('LessOrEqual'),
  gt: comparison('Greater'),
  ge: comparison('GreaterOrEqual'),
  logicalAnd: logical('And'),
  logicalOr: logical('Or'),
  logicalXor: logical('Xor'),
  where: (call, condition: Tensor, x: Operand, y: Operand) =>
    call.node('Where', [
      call.operand(condition, 'bool'),
      call.operand(x, call.result.dtype),
      call.operand(y, call.result.dtype),
    ]),
};
