/** Powers, exponential functions and logarithms. */
import { newTensor } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { resultType } from '../promotion.ts';
import { forEachRow } from '../strided.ts';
import { Tensor } from '../tensor.ts';
import {
  asTensor,
  type BinaryEntry,
  type BinaryOperator,
  binaryOperator,
  checkOperands,
  computeDType,
  type Operand,
  runBinary,
  type TensorBinaryOperator,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';
import { apply, both, choose, compare, isNaNOf, not, select } from './expressions.ts';

/** e to the power x. */
export const exp: UnaryOperator = unaryOperator({
  name: 'exp',
  derivative: { reads: ['result'], of: (grad, _, y) => grad.mul(y) },
  result: 'float',
  engine: 'exp',
});

/** 2 to the power x. */
export const exp2: UnaryOperator = unaryOperator({
  name: 'exp2',
  derivative: { reads: ['result'], of: (grad, _, y) => grad.mul(y).mul(Math.LN2) },
  result: 'float',
  engine: 'exp2',
});

/** e to the power x, minus 1, exact near 0. */
export const expm1: UnaryOperator = unaryOperator({
  name: 'expm1',
  derivative: { reads: ['result'], of: (grad, _, y) => grad.mul(y.add(1)) },
  result: 'float',
  engine: 'expm1',
});

/** Natural logarithm. */
export const log: UnaryOperator = unaryOperator({
  name: 'log',
  derivative: { reads: [0], of: (grad, [x]) => grad.div(x) },
  result: 'float',
  engine: 'log',
});

/** Logarithm to the base 2. */
export const log2: UnaryOperator = unaryOperator({
  name: 'log2',
  derivative: { reads: [0], of: (grad, [x]) => grad.div(x.mul(Math.LN2)) },
  result: 'float',
  engine: 'log2',
});

/** Logarithm to the base 10. */
export const log10: UnaryOperator = unaryOperator({
  name: 'log10',
  derivative: { reads: [0], of: (grad, [x]) => grad.div(x.mul(Math.LN10)) },
  result: 'float',
  engine: 'log10',
});

/** Natural logarithm of 1 + x, exact near 0. */
export const log1p: UnaryOperator = unaryOperator({
  name: 'log1p',
  backwardName: 'Log1PBackward0',
  derivative: { reads: [0], of: (grad, [x]) => grad.div(x.add(1)) },
  result: 'float',
  engine: 'log1p',
});

const negativePower = 'Integers to negative integer powers are not allowed.';

const power: BinaryEntry = {
  name: 'pow',
  result: 'same',
  numbers: 'either',
  noBool: `"pow" not implemented for 'Bool'`,
  engine: 'pow',
};

/** The gradient of a power with respect to its base. */
function baseBack(grad: Tensor, base: Tensor, exponent: Operand): Tensor {
  if (!(exponent instanceof Tensor)) {
    const number = Number(exponent);
    return number === 0 ? grad.newZeros(grad.shape) : grad.mul(base.pow(number - 1).mul(number));
  }
  // 0 to the power 0 has no slope, where x ** (y - 1) would be infinite.
  return grad.mul(exponent.mul(base.pow(exponent.sub(1)))).where(exponent.ne(0), 0);
}

/** The gradient of a power with respect to its exponent. */
function exponentBack(grad: Tensor, base: Tensor, exponent: Tensor, result: Tensor): Tensor {
  const none = base.eq(0).logicalAnd(exponent.ge(0));
  return grad.mul(result.mul(base.log())).where(none.logicalNot(), 0);
}

/** x to the power y. Integers to a negative integer power that is a number are an error, as in PyTorch. Canonical: (x, y). */
export const pow: BinaryOperator = defineOperator({
  name: 'pow',
  normalize: (x: Operand, y: Operand): [Operand, Operand] => {
    checkOperands(power, x, y);
    if (!(y instanceof Tensor) && Number(y) < 0 && dtypeInfo(resultType(x, y)).kind === 'int')
      fail('pow', negativePower);
    return [x, y];
  },
  forward: (x: Operand, y: Operand) => runBinary(power, x, y),
  forwardInto: (output: Tensor, x: Operand, y: Operand) => runBinary(power, x, y, [], output),
  backwardName: (x, y) =>
    y instanceof Tensor ? (x instanceof Tensor ? 'PowBackward1' : 'PowBackward2') : 'PowBackward0',
  derivatives: [
    { reads: [0, 1], of: (grad, [x, y]) => baseBack(grad, asTensor(x, grad), y) },
    {
      reads: [0, 1, 'result'],
      of: (grad, [x, y], result) => exponentBack(grad, asTensor(x, grad), asTensor(y, grad), result),
    },
  ],
});

/** x to the power y in float64. */
export const floatPower: BinaryOperator = defineOperator({
  name: 'floatPower',
  normalize: (x: Operand, y: Operand): [Operand, Operand] => {
    checkOperands({ name: 'floatPower', numbers: 'either' }, x, y);
    return [x, y];
  },
  composite: true,
  forward: (x: Operand, y: Operand) => pow(doubleOf(x), doubleOf(y)),
});

function doubleOf(operand: Operand): Operand {
  return operand instanceof Tensor ? operand.to('float64') : Number(operand);
}

/** log(exp(x) + exp(y)) without overflow, to a base. */
function sumOfPowers(name: 'logaddexp' | 'logaddexp2'): BinaryEntry {
  const two = name === 'logaddexp2';
  const share = (grad: Tensor, own: Operand, other: Operand): Tensor => {
    const rest = asTensor(other, grad).sub(own);
    return grad.div((two ? rest.exp2() : rest.exp()).add(1));
  };
  return {
    name,
    kernel: `${name}_cpu`,
    result: 'floatOnly',
    numbers: 'none',
    formula: (x, y) => {
      const rest = apply('neg', apply('abs', apply('sub', x!, y!)));
      const small = two
        ? apply('mul', apply('log1p', apply('exp2', rest)), Math.LOG2E)
        : apply('log1p', apply('exp', rest));
      // Equal infinities have no difference.
      const infinite = both({ is: 'infinite', args: [x!] }, compare(x!, '==', y!));
      return select(infinite, x!, apply('add', apply('maximum', x!, y!), small));
    },
    derivatives: [
      { reads: [0, 1], of: (grad, [x, y]) => share(grad, x, y) },
      { reads: [0, 1], of: (grad, [x, y]) => share(grad, y, x) },
    ],
  };
}

/** log(exp(x) + exp(y)). */
export const logaddexp: TensorBinaryOperator = binaryOperator(sumOfPowers('logaddexp'));

/** log2(2^x + 2^y). */
export const logaddexp2: TensorBinaryOperator = binaryOperator(sumOfPowers('logaddexp2'));

/** x * log(y), 0 where x is 0 and y is not NaN. */
export const xlogy: BinaryOperator = binaryOperator({
  name: 'xlogy',
  result: 'float',
  numbers: 'either',
  formula: (x, y) =>
    select(both(compare(x!, '==', 0), not(isNaNOf(y!))), 0, apply('mul', x!, apply('log', y!))),
  backwardName: (x, y) => `XlogyBackward${x instanceof Tensor ? (y instanceof Tensor ? 0 : 2) : 1}`,
  derivatives: [
    {
      reads: [0, 1],
      of: (grad, [x, y]) => {
        const [own, other] = [asTensor(x, grad), asTensor(y, grad)];
        return grad.xlogy(other).maskedFill(own.eq(0).logicalAnd(other.le(0)), 0);
      },
    },
    { reads: [0, 1], of: (grad, [x, y]) => grad.mul(x).div(y) },
  ],
});

/** x * 2^y, in floats. */
export const ldexp: TensorBinaryOperator = binaryOperator({
  name: 'ldexp',
  result: 'float',
  numbers: 'none',
  formula: (x, y) => apply('mul', x!, apply('exp2', y!)),
  derivatives: [
    { reads: [1], of: (grad, [, y]) => grad.mul(asTensor(y, grad).exp2()) },
    { reads: ['result'], of: (grad, _, result) => grad.mul(result).mul(Math.LN2) },
  ],
});

/** What {@link frexp} returns. */
export interface FrexpResult {
  /** Numbers of 0.5 to 1 in size (0, NaN and infinities stay). */
  readonly mantissa: Tensor;
  /** int32. */
  readonly exponent: Tensor;
}

/** x as mantissa * 2^exponent, of floats. Canonical: (x). */
export const frexp: (x: Tensor) => FrexpResult = defineOperator({
  name: 'frexp',
  normalize: (x: Tensor): [Tensor] => {
    checkTensor('frexp', 'input', x);
    if (!x.isFloatingPoint()) {
      fail('frexp', 'torch.frexp() only supports floating-point dtypes', 'a floating-point dtype', x.dtype);
    }
    return [x];
  },
  forward: (x: Tensor): FrexpResult => {
    const own = x.to(computeDType(x.dtype));
    const mantissa = newTensor(x.shape, own.dtype);
    const exponent = newTensor(x.shape, 'int32');
    const from = elementsOf(own) as Float32Array | Float64Array;
    const parts = elementsOf(mantissa) as Float32Array | Float64Array;
    const powers = elementsOf(exponent) as Int32Array;
    forEachRow(x.shape, [own, mantissa, exponent], (offsets, length, [stepX, stepM, stepE]) => {
      let [i, j, k] = offsets as [number, number, number];
      for (let n = 0; n < length; n++, i += stepX!, j += stepM!, k += stepE!) {
        const value = from[i]!;
        const power = exponentOf(value);
        powers[k] = power;
        // In two steps: 2^-power of the smallest numbers is infinite.
        parts[j] = value * 2 ** -(power >> 1) * 2 ** -(power - (power >> 1));
      }
    });
    return { mantissa: mantissa.to(x.dtype), exponent };
  },
  derivatives: [
    {
      reads: ['result.exponent'],
      of: ([grad], _, { exponent }) => (grad === undefined ? null : grad.div(exponent.exp2())),
    },
  ],
});

const view = new DataView(new ArrayBuffer(8));

/** The power of two above a number's size; 0 for 0, NaN and infinities. */
function exponentOf(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  view.setFloat64(0, value);
  const stored = (view.getUint16(0) >> 4) & 2047;
  return stored === 0 ? exponentOf(value * 2 ** 64) - 64 : stored - 1022;
}

/** The angle of a real number in the complex plane: 0, or π where it is negative. */
export const angle: UnaryOperator = unaryOperator({
  name: 'angle',
  derivative: (grad) => grad.newZeros(grad.shape),
  result: 'float',
  formula: (x) => select(isNaNOf(x!), x!, choose('<', x!, 0, Math.PI, 0)),
});

/** Powers, exponential functions and logarithms as methods. */
export interface ExponentialMethods {
  /** e to the power x. */
  exp(): Tensor;
  /** 2 to the power x. */
  exp2(): Tensor;
  /** e to the power x, minus 1. */
  expm1(): Tensor;
  /** Natural logarithm. */
  log(): Tensor;
  /** Logarithm to the base 2. */
  log2(): Tensor;
  /** Logarithm to the base 10. */
  log10(): Tensor;
  /** Natural logarithm of 1 + x. */
  log1p(): Tensor;
  /** x to the power y. Integers to a negative integer power are an error, as in PyTorch. */
  pow(exponent: Operand): Tensor;
  /** x to the power y in float64. */
  floatPower(exponent: Operand): Tensor;
  /** log(exp(x) + exp(y)). */
  logaddexp(other: Tensor): Tensor;
  /** log2(2^x + 2^y). */
  logaddexp2(other: Tensor): Tensor;
  /** x * log(y), 0 where x is 0. */
  xlogy(other: Operand): Tensor;
  /** x * 2^y. */
  ldexp(other: Tensor): Tensor;
  /** x as mantissa * 2^exponent. */
  frexp(): FrexpResult;
  /** 0, or π where x is negative. */
  angle(): Tensor;
}
