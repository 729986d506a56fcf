/** Elementwise arithmetic: one table entry per operator. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { resultType } from '../promotion.ts';
import { Tensor } from '../tensor.ts';
import { differenceOf, productOf, quotientOf, sumOf } from './arithmetic.ts';
import {
  asTensor,
  type BinaryDerivative,
  type BinaryEntry,
  type BinaryOperator,
  binaryOperator,
  checkOperands,
  type Operand,
  runBinary,
  runMany,
  type TensorFirstOperator,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';

/** Negative. */
export const neg: UnaryOperator = unaryOperator({
  name: 'neg',
  derivative: (grad) => grad.neg(),
  result: 'same',
  engine: 'neg',
  noBool:
    'Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.',
});

/** Absolute value. */
export const abs: UnaryOperator = unaryOperator({
  name: 'abs',
  derivative: { reads: [0], of: (grad, [x]) => grad.mul(x.sgn()) },
  result: 'same',
  engine: 'abs',
  noBool: `"abs_cpu" not implemented for 'Bool'`,
});

/** x². */
export const square: UnaryOperator = unaryOperator({
  name: 'square',
  backwardName: 'PowBackward0',
  derivative: { reads: [0], of: (grad, [x]) => grad.mul(x.mul(2)) },
  result: 'same',
  engine: 'square',
  noBool: `"pow" not implemented for 'Bool'`,
});

/** Square root. */
export const sqrt: UnaryOperator = unaryOperator({
  name: 'sqrt',
  derivative: { reads: ['result'], of: (grad, _, y) => grad.div(y.mul(2)) },
  result: 'float',
  engine: 'sqrt',
});

/** 1 / sqrt(x). */
export const rsqrt: UnaryOperator = unaryOperator({
  name: 'rsqrt',
  derivative: { reads: ['result'], of: (grad, _, y) => grad.mul(y.pow(3)).mul(-0.5) },
  result: 'float',
  engine: 'rsqrt',
});

/** 1 / x. */
export const reciprocal: UnaryOperator = unaryOperator({
  name: 'reciprocal',
  derivative: { reads: ['result'], of: (grad, _, y) => grad.neg().mul(y.mul(y)) },
  result: 'float',
  engine: 'reciprocal',
});

/** Options of {@link add}, {@link sub} and {@link rsub}. */
export interface AlphaOptions {
  /** Factor of the second operand; an integer where the result is one. */
  readonly alpha?: number | bigint;
}

/** Signature of {@link add}, {@link sub} and {@link rsub}. */
export type AlphaOperator = (x: Operand, y: Operand, options?: AlphaOptions) => Tensor;

type Alpha = Required<AlphaOptions>;

const unscaled: Alpha = { alpha: 1 };
const none: readonly number[] = [];

function alphaOf(name: string, x: Operand, y: Operand, options: AlphaOptions): Alpha {
  const { alpha = 1 } = bindArguments<AlphaOptions>(name, ['alpha'], [options]);
  if (typeof alpha === 'number' && !Number.isInteger(alpha) && dtypeInfo(resultType(x, y)).kind !== 'float') {
    fail(name, 'For integral input tensors, argument alpha must not be a floating point number.');
  }
  return alpha === 1 ? unscaled : { alpha };
}

function runAlpha(entry: BinaryEntry, x: Operand, y: Operand, { alpha }: Alpha, into?: Tensor): Tensor {
  return runBinary(entry, x, y, alpha === 1 ? none : [alpha], into);
}

/** x + alpha * y. Canonical: (x, y, { alpha }). */
export const add: AlphaOperator = defineOperator({
  name: 'add',
  normalize: (x: Operand, y: Operand, options?: AlphaOptions): [Operand, Operand, Alpha] => {
    checkOperands(sumOf, x, y);
    return [x, y, options === undefined ? unscaled : alphaOf('add', x, y, options)];
  },
  forward: (x: Operand, y: Operand, alpha: Alpha) => runAlpha(sumOf, x, y, alpha),
  forwardInto: (output: Tensor, x: Operand, y: Operand, alpha: Alpha) => runAlpha(sumOf, x, y, alpha, output),
  derivatives: [(grad) => grad, (grad, [, , { alpha }]) => (alpha === 1 ? grad : grad.mul(alpha))],
});

function refuseBools(name: string, x: Operand, y: Operand): void {
  if (typeof x !== 'boolean' && typeof y !== 'boolean' && !isBool(x) && !isBool(y)) return;
  if (isBool(x) && isBool(y)) {
    fail(
      name,
      'Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead.',
    );
  }
  fail(
    name,
    'Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.',
  );
}

function isBool(operand: Operand): boolean {
  return operand instanceof Tensor ? operand.dtype === 'bool' : typeof operand === 'boolean';
}

function subtraction(name: 'sub' | 'rsub'): AlphaOperator {
  const reversed = name === 'rsub';
  const run = (x: Operand, y: Operand, alpha: Alpha, into?: Tensor): Tensor =>
    reversed ? runAlpha(differenceOf, y, x, alpha, into) : runAlpha(differenceOf, x, y, alpha, into);
  const same: BinaryDerivative = (grad) => grad;
  const scaled = (grad: Tensor, { alpha }: Alpha): Tensor =>
    alpha === 1 ? grad.neg() : grad.mul(alpha).neg();
  return defineOperator({
    name,
    normalize: (x: Operand, y: Operand, options?: AlphaOptions): [Operand, Operand, Alpha] => {
      checkOperands({ name, numbers: reversed ? 'second' : 'both' }, x, y);
      refuseBools(name, x, y);
      return [x, y, options === undefined ? unscaled : alphaOf(name, x, y, options)];
    },
    forward: (x: Operand, y: Operand, alpha: Alpha) => run(x, y, alpha),
    forwardInto: (output: Tensor, x: Operand, y: Operand, alpha: Alpha) => run(x, y, alpha, output),
    derivatives: reversed
      ? [(grad, [, , alpha]) => scaled(grad, alpha), same]
      : [same, (grad, [, , alpha]) => scaled(grad, alpha)],
    ...(reversed
      ? {
          backwardName: (_: Operand, y: Operand) => (y instanceof Tensor ? 'RsubBackward0' : 'RsubBackward1'),
        }
      : {}),
  });
}

/** x - alpha * y; bool operands are refused, as in PyTorch. Canonical: (x, y, { alpha }). */
export const sub: AlphaOperator = subtraction('sub');

/** y - alpha * x; bool operands are refused, as in PyTorch. Canonical: (x, y, { alpha }). */
export const rsub: AlphaOperator = subtraction('rsub');

/** x * y. */
export const mul: BinaryOperator = binaryOperator(productOf);

/** Options of {@link div}. */
export interface DivOptions {
  /** null: true division, which gives floats; `trunc` and `floor` round and keep integers. */
  readonly roundingMode?: 'trunc' | 'floor' | null;
}

/** Python's floor division of floats: exact where the rounded quotient would cross an integer. */
function floorQuotient(x: number, y: number): number {
  if (y === 0) return x / y;
  const rest = x % y;
  let quotient = (x - rest) / y;
  if (rest !== 0 && rest < 0 !== y < 0) quotient -= 1;
  if (quotient === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

const divisions: Readonly<Record<'true' | 'trunc' | 'floor', BinaryEntry>> = {
  true: quotientOf,
  trunc: {
    name: 'div',
    result: 'same',
    noBool: `"div_trunc_cpu" not implemented for 'Bool'`,
    engine: 'truncDivide',
  },
  floor: {
    name: 'div',
    result: 'same',
    noBool: `"div_floor_cpu" not implemented for 'Bool'`,
    engine: 'floorDivide',
    plain: floorQuotient,
  },
};

type Rounding = Required<DivOptions>;

const unrounded: Rounding = { roundingMode: null };

function roundingOf(options: DivOptions): Rounding {
  const { roundingMode = null } = bindArguments<DivOptions>('div', ['roundingMode'], [options]);
  if (roundingMode !== null && roundingMode !== 'trunc' && roundingMode !== 'floor') {
    fail(
      'div',
      `div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '${String(roundingMode)}'`,
    );
  }
  return { roundingMode };
}

/** x / y: true division, or rounded with `roundingMode`. Canonical: (x, y, { roundingMode }). */
export const div: (x: Operand, y: Operand, options?: DivOptions) => Tensor = defineOperator({
  name: 'div',
  normalize: (x: Operand, y: Operand, options?: DivOptions): [Operand, Operand, Rounding] => {
    checkOperands(quotientOf, x, y);
    return [x, y, options === undefined ? unrounded : roundingOf(options)];
  },
  forward: (x: Operand, y: Operand, { roundingMode }: Rounding) =>
    runBinary(divisions[roundingMode ?? 'true'], x, y),
  forwardInto: (output: Tensor, x: Operand, y: Operand, { roundingMode }: Rounding) =>
    runBinary(divisions[roundingMode ?? 'true'], x, y, none, output),
  backwardName: (_x, _y, { roundingMode }) => (roundingMode === null ? 'DivBackward0' : 'DivBackward2'),
  derivatives: [
    {
      reads: [1],
      of: (grad, [, y, { roundingMode }]) =>
        roundingMode === null ? grad.div(y) : grad.newZeros(grad.shape),
    },
    {
      reads: [0, 1],
      of: (grad, [x, y, { roundingMode }]) =>
        roundingMode === null ? grad.neg().mul(asTensor(x, grad).div(y).div(y)) : grad.newZeros(grad.shape),
    },
  ],
});

/** x / y in floats, as `div` without rounding. */
export const trueDivide: BinaryOperator = defineOperator({
  name: 'trueDivide',
  composite: true,
  forward: (x: Operand, y: Operand) => div(x, y),
});

/** x / y rounded down. Like PyTorch's it has no gradient. */
export const floorDivide: BinaryOperator = binaryOperator({ ...divisions.floor, name: 'floorDivide' });

/** Remainder of floats with the sign of the divisor. */
function floorRemainder(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

/** Remainder with the sign of the divisor, as Python's `%`. */
export const remainder: BinaryOperator = binaryOperator({
  name: 'remainder',
  result: 'same',
  numbers: 'either',
  noBool: `"remainder_cpu" not implemented for 'Bool'`,
  engine: 'remainder',
  plain: floorRemainder,
  backwardName: (x, y) =>
    x instanceof Tensor && !(y instanceof Tensor) ? 'RemainderBackward0' : 'RemainderBackward1',
  derivatives: [
    (grad) => grad,
    {
      reads: [0, 1],
      of: (grad, [x, y]) => grad.neg().mul(asTensor(x, grad).div(y, { roundingMode: 'floor' })),
    },
  ],
});

/** Remainder with the sign of x, as C's `fmod`. */
export const fmod: TensorFirstOperator = binaryOperator({
  name: 'fmod',
  result: 'same',
  numbers: 'second',
  noBool: `"fmod_cpu" not implemented for 'Bool'`,
  engine: 'fmod',
  plain: (x, y) => x! % y!,
  backwardName: (_, y) => (y instanceof Tensor ? 'FmodBackward1' : 'FmodBackward0'),
  derivatives: [
    (grad) => grad,
    {
      reads: [0, 1],
      of: (grad, [x, y]) => grad.neg().mul(asTensor(x, grad).div(y, { roundingMode: 'trunc' })),
    },
  ],
});

/** Options of {@link addcmul} and {@link addcdiv}. */
export interface ValueOptions {
  /** Factor of the product or quotient: 1 by default. */
  readonly value?: number | bigint;
}

/** Signature of {@link addcmul} and {@link addcdiv}. */
export type ValueOperator = (x: Tensor, first: Tensor, second: Tensor, options?: ValueOptions) => Tensor;

type Value = Required<ValueOptions>;

function valueArguments(name: string, tensors: readonly Tensor[], options: ValueOptions | undefined): Value {
  tensors.forEach((tensor, i) => {
    checkTensor(name, ['input', 'tensor1', 'tensor2'][i]!, tensor);
  });
  const { value = 1 } = bindArguments<ValueOptions>(name, ['value'], [options]);
  if (
    typeof value === 'number' &&
    !Number.isInteger(value) &&
    dtypeInfo(resultType(...tensors)).kind !== 'float'
  ) {
    fail(name, 'value cannot be converted to an integer type without loss of the part behind the point');
  }
  return { value };
}

/** x + value * first * second. Canonical: (x, first, second, { value }). */
export const addcmul: ValueOperator = defineOperator({
  name: 'addcmul',
  normalize: (x: Tensor, a: Tensor, b: Tensor, options?: ValueOptions): [Tensor, Tensor, Tensor, Value] => [
    x,
    a,
    b,
    valueArguments('addcmul', [x, a, b], options),
  ],
  forward: (x: Tensor, a: Tensor, b: Tensor, { value }: Value) => runMany(productSum, [x, a, b], [value]),
  forwardInto: (output: Tensor, x: Tensor, a: Tensor, b: Tensor, { value }: Value) =>
    runMany(productSum, [x, a, b], [value], output),
  derivatives: [
    (grad) => grad,
    { reads: [2], of: (grad, [, , b, { value }]) => grad.mul(b.mul(value)) },
    { reads: [1], of: (grad, [, a, , { value }]) => grad.mul(a.mul(value)) },
  ],
});

const productSum = { name: 'addcmul', result: 'same', engine: 'addcmul' } as const;
const quotientSum = { name: 'addcdiv', result: 'same', engine: 'addcdiv' } as const;

/** x + value * first / second, of floats. Canonical: (x, first, second, { value }). */
export const addcdiv: ValueOperator = defineOperator({
  name: 'addcdiv',
  normalize: (x: Tensor, a: Tensor, b: Tensor, options?: ValueOptions): [Tensor, Tensor, Tensor, Value] => {
    const value = valueArguments('addcdiv', [x, a, b], options);
    if (dtypeInfo(a.dtype).kind !== 'float' && dtypeInfo(b.dtype).kind !== 'float') {
      fail(
        'addcdiv',
        'Integer division with addcdiv is no longer supported, and in a future release addcdiv will perform a true division of tensor1 and tensor2.',
      );
    }
    return [x, a, b, value];
  },
  forward: (x: Tensor, a: Tensor, b: Tensor, { value }: Value) => runMany(quotientSum, [x, a, b], [value]),
  forwardInto: (output: Tensor, x: Tensor, a: Tensor, b: Tensor, { value }: Value) =>
    runMany(quotientSum, [x, a, b], [value], output),
  derivatives: [
    (grad) => grad,
    { reads: [2], of: (grad, [, , b, { value }]) => grad.mul(b.reciprocal().mul(value)) },
    { reads: [1, 2], of: (grad, [, a, b, { value }]) => grad.neg().mul(a.mul(value).div(b.mul(b))) },
  ],
});

/** Signature of {@link lerp}. */
export interface LerpOperator {
  (x: Tensor, end: Tensor, weight: number | Tensor): Tensor;
  (x: Tensor, end: Tensor, options: { readonly weight: number | Tensor }): Tensor;
}

const between = { name: 'lerp', result: 'floatOnly', engine: 'lerp', kernel: 'lerp_kernel_scalar' } as const;

/** x + weight * (end - x), of floats. Canonical: (x, end, weight). */
export const lerp: LerpOperator = defineOperator({
  name: 'lerp',
  normalize: (x: Tensor, end: Tensor, given: unknown): [Tensor, Tensor, number | Tensor] => {
    checkTensor('lerp', 'input', x);
    checkTensor('lerp', 'end', end);
    const { weight } = bindArguments<{ weight: number | Tensor }>('lerp', ['weight'], [given]);
    if (weight === undefined) fail('lerp', "missing argument 'weight'");
    for (const other of weight instanceof Tensor ? [end, weight] : [end]) {
      if (other.dtype === x.dtype) continue;
      const what = other === end ? 'end' : 'weight';
      fail('lerp', `expected dtype ${x.dtype} for \`${what}\` but got dtype ${other.dtype}`);
    }
    return [x, end, weight];
  },
  forward: (x: Tensor, end: Tensor, weight: number | Tensor) => runMany(between, [x, end, weight]),
  forwardInto: (output: Tensor, x: Tensor, end: Tensor, weight: number | Tensor) =>
    runMany(between, [x, end, weight], none, output),
  backwardName: (_x, _end, weight) => (weight instanceof Tensor ? 'LerpBackward1' : 'LerpBackward0'),
  derivatives: [
    {
      reads: [2],
      of: (grad, [, , w]) => grad.mul(w instanceof Tensor ? w.rsub(1) : 1 - w),
    },
    { reads: [2], of: (grad, [, , weight]) => grad.mul(weight) },
    { reads: [0, 1], of: (grad, [x, end]) => grad.mul(end.sub(x)) },
  ],
});

/** Another name of {@link abs}. */
export const absolute: UnaryOperator = abs;
/** Another name of {@link div}. */
export const divide: typeof div = div;
/** Another name of {@link mul}. */
export const multiply: BinaryOperator = mul;
/** Another name of {@link neg}. */
export const negative: UnaryOperator = neg;
/** Another name of {@link sub}. */
export const subtract: AlphaOperator = sub;

/** Elementwise arithmetic as methods. */
export interface ElementwiseMethods {
  /** Negative. */
  neg(): Tensor;
  /** Negative. */
  negative(): Tensor;
  /** Absolute value. */
  abs(): Tensor;
  /** Absolute value. */
  absolute(): Tensor;
  /** x². */
  square(): Tensor;
  /** Square root. */
  sqrt(): Tensor;
  /** 1 / sqrt(x). */
  rsqrt(): Tensor;
  /** 1 / x. */
  reciprocal(): Tensor;
  /** x + alpha * y. */
  add(other: Operand, options?: AlphaOptions): Tensor;
  /** x - alpha * y; bool operands are refused, as in PyTorch. */
  sub(other: Operand, options?: AlphaOptions): Tensor;
  /** x - alpha * y. */
  subtract(other: Operand, options?: AlphaOptions): Tensor;
  /** y - alpha * x. */
  rsub(other: Operand, options?: AlphaOptions): Tensor;
  /** x * y. */
  mul(other: Operand): Tensor;
  /** x * y. */
  multiply(other: Operand): Tensor;
  /** x / y: true division, or rounded with `roundingMode`. */
  div(other: Operand, options?: DivOptions): Tensor;
  /** x / y: true division, or rounded with `roundingMode`. */
  divide(other: Operand, options?: DivOptions): Tensor;
  /** x / y in floats. */
  trueDivide(other: Operand): Tensor;
  /** x / y rounded down. */
  floorDivide(other: Operand): Tensor;
  /** Remainder with the sign of the divisor, as Python's `%`. */
  remainder(divisor: Operand): Tensor;
  /** Remainder with the sign of x, as C's `fmod`. */
  fmod(divisor: Operand): Tensor;
  /** x + value * first * second. */
  addcmul(first: Tensor, second: Tensor, options?: ValueOptions): Tensor;
  /** x + value * first / second. */
  addcdiv(first: Tensor, second: Tensor, options?: ValueOptions): Tensor;
  /** x + weight * (end - x). */
  lerp(end: Tensor, weight: number | Tensor): Tensor;
  lerp(end: Tensor, options: { readonly weight: number | Tensor }): Tensor;
}
