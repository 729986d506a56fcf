/** Rounding, signs, and what is close to them: neighbours, absent and infinite values replaced. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { Tensor } from '../tensor.ts';
import { productOf, quotientOf } from './arithmetic.ts';
import {
  asTensor,
  type BinaryEntry,
  binaryOperator,
  checkOperands,
  type Operand,
  runBinary,
  runUnary,
  type TensorBinaryOperator,
  type TensorFirstOperator,
  type UnaryEntry,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';
import { apply, choose, compare, isNaNOf, select } from './expressions.ts';

const zero = (grad: Tensor): Tensor => grad.newZeros(grad.shape);

function rounding(name: 'floor' | 'ceil' | 'trunc'): UnaryOperator {
  return unaryOperator({
    name,
    derivative: zero,
    result: 'same',
    engine: name,
    noBool: `"${name}_vml_cpu" not implemented for 'Bool'`,
  });
}

/** Largest integer that is not above x. */
export const floor: UnaryOperator = rounding('floor');

/** Smallest integer that is not below x. */
export const ceil: UnaryOperator = rounding('ceil');

/** Integer part. */
export const trunc: UnaryOperator = rounding('trunc');

/** x without its integer part. */
export const frac: UnaryOperator = unaryOperator({
  name: 'frac',
  kernel: 'frac_cpu',
  derivative: (grad) => grad,
  result: 'floatOnly',
  formula: (x) => apply('sub', x!, apply('trunc', x!)),
});

/** Options of {@link round}. */
export interface RoundOptions {
  /** Digits after the decimal point to keep; negative ones round to tens, hundreds, ... */
  readonly decimals?: number;
}

const rounded: UnaryEntry = {
  name: 'round',
  result: 'same',
  noBool: `"round_vml_cpu" not implemented for 'Bool'`,
  engine: 'round',
};
const whole: Required<RoundOptions> = { decimals: 0 };

/** Nearest integer (or multiple of 10^-decimals), halves to the even one. Canonical: (x, { decimals }). */
export const round: (x: Tensor, options?: RoundOptions) => Tensor = defineOperator({
  name: 'round',
  normalize: (x: Tensor, options?: RoundOptions): [Tensor, Required<RoundOptions>] => {
    checkTensor('round', 'input', x);
    if (options === undefined) return [x, whole];
    const { decimals = 0 } = bindArguments<RoundOptions>('round', ['decimals'], [options]);
    return [x, { decimals }];
  },
  forward: (x: Tensor, { decimals }: Required<RoundOptions>) => {
    if (decimals === 0) return runUnary(rounded, x);
    // As PyTorch: scaled in the tensor's own precision, rounded, and scaled back.
    const scale = 10 ** Math.abs(decimals);
    const [up, down] = decimals > 0 ? [productOf, quotientOf] : [quotientOf, productOf];
    return runBinary(down, runUnary({ ...rounded, result: 'floatOnly' }, runBinary(up, x, scale)), scale);
  },
  backwardName: (_, { decimals }) => (decimals === 0 ? 'RoundBackward0' : 'RoundBackward1'),
  derivatives: [zero],
});

/** -1, 0 or 1. */
export const sign: UnaryOperator = unaryOperator({
  name: 'sign',
  derivative: zero,
  result: 'same',
  engine: 'sign',
});

/** -1, 0 or 1. */
export const sgn: UnaryOperator = unaryOperator({
  name: 'sgn',
  derivative: zero,
  result: 'same',
  engine: 'sign',
});

const negativeInteger: UnaryEntry = {
  name: 'signbit',
  result: 'bool',
  formula: (x) => compare(x!, '<', 0),
};
const negativeFloat: UnaryEntry = {
  name: 'signbit',
  result: 'bool',
  // Zeros and NaN have a sign too.
  formula: (x) => compare(apply('copysign', 1, x!), '<', 0),
};

/** Whether the sign is negative, of zeros too. */
export const signbit: UnaryOperator = defineOperator({
  name: 'signbit',
  constant: true,
  forward: (x: Tensor) => runUnary(dtypeInfo(x.dtype).kind === 'float' ? negativeFloat : negativeInteger, x),
});

/** The size of x with the sign of y, in floats. */
export const copysign: TensorFirstOperator = binaryOperator({
  name: 'copysign',
  result: 'float',
  numbers: 'second',
  engine: 'copysign',
  backwardName: (_, y) => (y instanceof Tensor ? 'CopysignBackward0' : 'CopysignBackward1'),
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [x], result) => {
        const own = asTensor(x, grad);
        return grad.mul(result.div(own).maskedFill(own.eq(0), 0));
      },
    },
    zero,
  ],
});

/** 0 where x is negative, `values` where it is 0, 1 where it is positive; NaN stays. It has no gradient, as in PyTorch. */
export const heaviside: TensorBinaryOperator = defineOperator({
  name: 'heaviside',
  normalize: (x: Operand, values: Operand): [Operand, Operand] => {
    checkOperands({ name: 'heaviside', numbers: 'none' }, x, values);
    return [x, values];
  },
  forward: (x: Operand, values: Operand) => runBinary(step, x, values),
  forwardInto: (output: Tensor, x: Operand, values: Operand) => runBinary(step, x, values, [], output),
});

const step: BinaryEntry = {
  name: 'heaviside',
  result: 'same',
  formula: (x, values) => select(isNaNOf(x!), x!, choose('==', x!, 0, values!, choose('<', x!, 0, 0, 1))),
};

const bits = new DataView(new ArrayBuffer(8));

/** The double next to x in the direction of y. */
function neighbour(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + (y > x === x > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

/** The float32 next to x in the direction of y. */
function neighbour32(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? 2 ** -149 : -(2 ** -149);
  bits.setFloat32(0, x);
  bits.setInt32(0, bits.getInt32(0) + (y > x === x > 0 ? 1 : -1));
  return bits.getFloat32(0);
}

/** The floating-point number next to x in the direction of y, of float32 and float64. */
export const nextafter: TensorBinaryOperator = defineOperator({
  name: 'nextafter',
  normalize: (x: Operand, y: Operand): [Operand, Operand] => {
    checkOperands({ name: 'nextafter', numbers: 'none' }, x, y);
    return [x, y];
  },
  forward: (x: Operand, y: Operand) => {
    const double = (x as Tensor).dtype === 'float64' || (y as Tensor).dtype === 'float64';
    return runBinary(double ? nextDouble : nextFloat, x, y);
  },
  derivatives: [
    {
      reads: [0, 1],
      of: (grad, [x, y]) => grad.where(asTensor(x, grad).ne(y), 0),
    },
    zero,
  ],
});

const nextFloat: BinaryEntry = { name: 'nextafter', result: 'floatOnly', plain: neighbour32 };
const nextDouble: BinaryEntry = { name: 'nextafter', result: 'floatOnly', plain: neighbour };

/** Options of {@link nanToNum}. */
export interface NanToNumOptions {
  /** What NaN becomes: 0 by default. */
  readonly nan?: number | null;
  /** What infinity becomes: the dtype's largest number by default. */
  readonly posinf?: number | null;
  /** What minus infinity becomes: the dtype's smallest number by default. */
  readonly neginf?: number | null;
}

/** Signature of {@link nanToNum}. */
export interface NanToNumOperator {
  (x: Tensor, nan?: number | null, posinf?: number | null, neginf?: number | null): Tensor;
  (x: Tensor, options: NanToNumOptions): Tensor;
}

const finiteOf: UnaryEntry = {
  name: 'nanToNum',
  result: 'same',
  formula: (x, nan, above, below) =>
    select(
      isNaNOf(x!),
      nan!,
      choose(
        '==',
        x!,
        Number.POSITIVE_INFINITY,
        above!,
        choose('==', x!, Number.NEGATIVE_INFINITY, below!, x!),
      ),
    ),
};
const largest: Readonly<Record<string, number>> = {
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
  float32: 3.4028234663852886e38,
  float64: Number.MAX_VALUE,
};

function replaceSpecial(
  x: Tensor,
  { nan, posinf, neginf }: Required<NanToNumOptions>,
  into?: Tensor,
): Tensor {
  const most = largest[x.dtype];
  if (most === undefined) return into ?? x.clone();
  return runUnary(finiteOf, x, [nan ?? 0, posinf ?? most, neginf ?? -most], into);
}

/** x with numbers for NaN and infinities. Canonical: (x, { nan, posinf, neginf }) with null for the defaults. */
export const nanToNum: NanToNumOperator = defineOperator({
  name: 'nanToNum',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Required<NanToNumOptions>] => {
    checkTensor('nanToNum', 'input', x);
    const names = ['nan', 'posinf', 'neginf'] as const;
    const {
      nan = null,
      posinf = null,
      neginf = null,
    } = bindArguments<NanToNumOptions>('nanToNum', names, rest);
    return [x, { nan, posinf, neginf }];
  },
  forward: (x: Tensor, options: Required<NanToNumOptions>) => replaceSpecial(x, options),
  forwardInto: (output: Tensor, x: Tensor, options: Required<NanToNumOptions>) =>
    replaceSpecial(x, options, output),
  derivatives: [{ reads: [0], of: (grad, [x]) => grad.mul(x.isfinite()) }],
});

/** Another name of {@link trunc}. */
export const fix: UnaryOperator = trunc;

/** Rounding and signs as methods. */
export interface RoundingMethods {
  /** Largest integer that is not above x. */
  floor(): Tensor;
  /** Smallest integer that is not below x. */
  ceil(): Tensor;
  /** Integer part. */
  trunc(): Tensor;
  /** Integer part. */
  fix(): Tensor;
  /** x without its integer part. */
  frac(): Tensor;
  /** Nearest integer (or multiple of 10^-decimals), halves to the even one. */
  round(options?: RoundOptions): Tensor;
  /** -1, 0 or 1. */
  sign(): Tensor;
  /** -1, 0 or 1. */
  sgn(): Tensor;
  /** Whether the sign is negative, of zeros too. */
  signbit(): Tensor;
  /** The size of x with the sign of `other`. */
  copysign(other: Operand): Tensor;
  /** 0 where x is negative, `values` where it is 0, 1 where it is positive. */
  heaviside(values: Tensor): Tensor;
  /** The floating-point number next to x in the direction of `other`. */
  nextafter(other: Tensor): Tensor;
  /** x with numbers for NaN and infinities. */
  nanToNum(nan?: number | null, posinf?: number | null, neginf?: number | null): Tensor;
  nanToNum(options: NanToNumOptions): Tensor;
}
