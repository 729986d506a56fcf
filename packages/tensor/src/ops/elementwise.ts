/** Elementwise arithmetic and mathematical functions: one table entry per operator. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { roundHalfToEven } from '../half.ts';
import { resultType } from '../promotion.ts';
import { Tensor } from '../tensor.ts';
import { largerOf, productOf, quotientOf, smallerOf, sumOf } from './arithmetic.ts';
import {
  type BinaryEntry,
  type BinaryOperator,
  binaryOperator,
  type Operand,
  runBinary,
  runUnary,
  type UnaryEntry,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';
import { erf as erfOf } from './special.ts';

const keep = (x: bigint): bigint => x;

/** Negative. */
export const neg: UnaryOperator = unaryOperator({
  name: 'neg',
  result: 'same',
  engine: 'neg',
  float: (x) => -x,
  long: (x) => -x,
  noBool:
    'Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.',
});

/** Absolute value. */
export const abs: UnaryOperator = unaryOperator({
  name: 'abs',
  result: 'same',
  noBool: `"abs_cpu" not implemented for 'Bool'`,
  engine: 'abs',
  float: Math.abs,
  long: (x) => (x < 0n ? -x : x),
});

/** e to the power x. */
export const exp: UnaryOperator = unaryOperator({
  name: 'exp',
  result: 'float',
  engine: 'exp',
  float: Math.exp,
});

/** Natural logarithm. */
export const log: UnaryOperator = unaryOperator({
  name: 'log',
  result: 'float',
  engine: 'log',
  float: Math.log,
});

/** Natural logarithm of 1 + x. */
export const log1p: UnaryOperator = unaryOperator({ name: 'log1p', result: 'float', float: Math.log1p });

/** Square root. */
export const sqrt: UnaryOperator = unaryOperator({
  name: 'sqrt',
  result: 'float',
  engine: 'sqrt',
  float: Math.sqrt,
});

/** 1 / sqrt(x). */
export const rsqrt: UnaryOperator = unaryOperator({
  name: 'rsqrt',
  result: 'float',
  engine: 'rsqrt',
  float: (x) => 1 / Math.sqrt(x),
});

/** 1 / x. */
export const reciprocal: UnaryOperator = unaryOperator({
  name: 'reciprocal',
  result: 'float',
  engine: 'reciprocal',
  float: (x) => 1 / x,
});

/** Hyperbolic tangent. */
export const tanh: UnaryOperator = unaryOperator({
  name: 'tanh',
  result: 'float',
  engine: 'tanh',
  float: Math.tanh,
});

/** The error function. */
export const erf: UnaryOperator = unaryOperator({
  name: 'erf',
  result: 'float',
  engine: 'erf',
  float: erfOf,
});

/** Sine of x in radians. */
export const sin: UnaryOperator = unaryOperator({
  name: 'sin',
  result: 'float',
  engine: 'sin',
  float: Math.sin,
});

/** Cosine of x in radians. */
export const cos: UnaryOperator = unaryOperator({
  name: 'cos',
  result: 'float',
  engine: 'cos',
  float: Math.cos,
});

/** Tangent of x in radians. */
export const tan: UnaryOperator = unaryOperator({ name: 'tan', result: 'float', float: Math.tan });

/** Largest integer that is not above x. */
export const floor: UnaryOperator = unaryOperator({
  name: 'floor',
  result: 'same',
  noBool: `"floor_vml_cpu" not implemented for 'Bool'`,
  engine: 'floor',
  float: Math.floor,
  long: keep,
});

/** Smallest integer that is not below x. */
export const ceil: UnaryOperator = unaryOperator({
  name: 'ceil',
  result: 'same',
  noBool: `"ceil_vml_cpu" not implemented for 'Bool'`,
  engine: 'ceil',
  float: Math.ceil,
  long: keep,
});

/** Options of {@link round}. */
export interface RoundOptions {
  /** Digits after the decimal point to keep; negative ones round to tens, hundreds, ... */
  readonly decimals?: number;
}

/** Nearest integer (or multiple of 10^-decimals), halves to the even one. Canonical: (x, { decimals }). */
export const round: (x: Tensor, options?: RoundOptions) => Tensor = defineOperator({
  name: 'round',
  normalize: (x: Tensor, options?: RoundOptions): [Tensor, Required<RoundOptions>] => {
    checkTensor('round', 'input', x);
    const { decimals = 0 } = bindArguments<RoundOptions>('round', ['decimals'], [options]);
    return [x, { decimals }];
  },
  forward: (x: Tensor, { decimals }) => {
    const entry: UnaryEntry = {
      name: 'round',
      result: 'same',
      noBool: `"round_vml_cpu" not implemented for 'Bool'`,
      engine: 'round',
      float: roundHalfToEven,
      long: keep,
    };
    if (decimals === 0) return runUnary(entry, x);
    // As PyTorch: scaled in the tensor's own precision, rounded, and scaled back.
    const scale = 10 ** Math.abs(decimals);
    const [up, down] = decimals > 0 ? [productOf, quotientOf] : [quotientOf, productOf];
    return runBinary(down, runUnary({ ...entry, result: 'floatOnly' }, runBinary(up, x, scale)), scale);
  },
});

/** Integer part. */
export const trunc: UnaryOperator = unaryOperator({
  name: 'trunc',
  result: 'same',
  noBool: `"trunc_vml_cpu" not implemented for 'Bool'`,
  engine: 'trunc',
  float: Math.trunc,
  long: keep,
});

/** -1, 0 or 1. */
export const sign: UnaryOperator = unaryOperator({
  name: 'sign',
  result: 'same',
  engine: 'sign',
  float: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  long: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
});

/** Options of {@link add} and {@link sub}. */
export interface AlphaOptions {
  /** Factor of the second operand; an integer where the result is one. */
  readonly alpha?: number;
}

/** Signature of {@link add} and {@link sub}. */
export type AlphaOperator = (x: Operand, y: Operand, options?: AlphaOptions) => Tensor;

function alphaOperator(
  entry: BinaryEntry,
  check: (x: Operand, y: Operand) => void = () => {},
): AlphaOperator {
  return defineOperator({
    name: entry.name,
    normalize: (
      x: Operand,
      y: Operand,
      options?: AlphaOptions,
    ): [Operand, Operand, Required<AlphaOptions>] => {
      const { alpha = 1 } = bindArguments<AlphaOptions>(entry.name, ['alpha'], [options]);
      check(x, y);
      if (!Number.isInteger(alpha) && dtypeInfo(resultType(x, y)).kind !== 'float') {
        fail(entry.name, 'For integral input tensors, argument alpha must not be a floating point number.');
      }
      return [x, y, { alpha }];
    },
    forward: (x: Operand, y: Operand, { alpha }) => runBinary(entry, x, y, alpha),
  });
}

/** x + alpha * y. Canonical: (x, y, { alpha }). */
export const add: AlphaOperator = alphaOperator(sumOf);

const subtraction: BinaryEntry = {
  name: 'sub',
  result: 'promote',
  engine: 'sub',
  float: (x, y) => x - y,
  long: (x, y) => x - y,
};
/** x - alpha * y; bool operands are refused, as in PyTorch. Canonical: (x, y, { alpha }). */
export const sub: AlphaOperator = alphaOperator(subtraction, (x, y) => {
  const bools = [x, y].filter((operand) =>
    (operand instanceof Tensor ? operand.dtype : typeof operand).startsWith('bool'),
  );
  if (bools.length === 2) {
    fail(
      'sub',
      'Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead.',
    );
  }
  if (bools.length === 1) {
    fail(
      'sub',
      'Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.',
    );
  }
});

/** x * y. */
export const mul: BinaryOperator = binaryOperator(productOf);

/** The larger of both; NaN if one is NaN. */
export const maximum: BinaryOperator = binaryOperator(largerOf);

/** The smaller of both; NaN if one is NaN. */
export const minimum: BinaryOperator = binaryOperator(smallerOf);

const negativePower = 'Integers to negative integer powers are not allowed.';

const power: BinaryEntry = {
  name: 'pow',
  result: 'promote',
  noBool: `"pow" not implemented for 'Bool'`,
  engine: 'pow',
  float: powerOf,
  int: (x, y) => Number(BigInt.asIntN(32, wrappedPower(BigInt(x), BigInt(y)))),
  long: wrappedPower,
};
/** x to the power y. Integers to negative integer powers are an error, as in PyTorch. Canonical: (x, y). */
export const pow: BinaryOperator = defineOperator({
  name: 'pow',
  normalize: (x: Operand, y: Operand): [Operand, Operand] => {
    // Seen before an unsigned dtype can hide the sign.
    if (typeof y === 'number' && y < 0 && dtypeInfo(resultType(x, y)).kind === 'int')
      fail('pow', negativePower);
    return [x, y];
  },
  forward: (x: Operand, y: Operand) => runBinary(power, x, y),
});

/** Power of 64-bit integers that wrap around, in a number of steps that grows with the exponent's digits only. */
function wrappedPower(x: bigint, y: bigint): bigint {
  if (y < 0n) fail('pow', negativePower);
  let result = 1n;
  let square = x;
  for (let rest = y; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

/** C's `pow`, which differs from JavaScript's where 1 is raised to NaN and ±1 to infinity. */
function powerOf(x: number, y: number): number {
  if (x === 1 || (x === -1 && !Number.isFinite(y) && !Number.isNaN(y))) return 1;
  return x ** y;
}

const divisionByZero = 'ZeroDivisionError';

const floorRemainder = (x: number, y: number): number => {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
};

/** Remainder with the sign of the divisor, as Python's `%`. */
export const remainder: BinaryOperator = binaryOperator({
  name: 'remainder',
  result: 'promote',
  noBool: `"remainder_cpu" not implemented for 'Bool'`,
  float: floorRemainder,
  int: (x, y) => (y === 0 ? fail('remainder', divisionByZero) : floorRemainder(x, y)),
  long: (x, y) => {
    if (y === 0n) fail('remainder', divisionByZero);
    const rest = x % y;
    return rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest;
  },
});

/** Options of {@link div}. */
export interface DivOptions {
  /** null: true division, which gives floats; `trunc` and `floor` round and keep integers. */
  readonly roundingMode?: 'trunc' | 'floor' | null;
}

const truncatedDivision: BinaryEntry = {
  name: 'div',
  result: 'promote',
  noBool: `"div_trunc_cpu" not implemented for 'Bool'`,
  float: (x, y) => Math.trunc(x / y),
  int: (x, y) => (y === 0 ? fail('div', divisionByZero) : Math.trunc(x / y)),
  long: (x, y) => (y === 0n ? fail('div', divisionByZero) : x / y),
};

const flooredDivision: BinaryEntry = {
  name: 'div',
  result: 'promote',
  noBool: `"div_floor_cpu" not implemented for 'Bool'`,
  float: floorDivide,
  int: (x, y) => (y === 0 ? fail('div', divisionByZero) : Math.floor(x / y)),
  long: (x, y) => {
    if (y === 0n) fail('div', divisionByZero);
    const quotient = x / y;
    return x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient;
  },
};

/** Python's floor division of floats: exact where the rounded quotient would cross an integer. */
function floorDivide(x: number, y: number): number {
  if (y === 0) return x / y;
  const rest = x % y;
  let quotient = (x - rest) / y;
  if (rest !== 0 && rest < 0 !== y < 0) quotient -= 1;
  if (quotient === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

/** x / y: true division, or rounded with `roundingMode`. Canonical: (x, y, { roundingMode }). */
export const div: (x: Operand, y: Operand, options?: DivOptions) => Tensor = defineOperator({
  name: 'div',
  normalize: (x: Operand, y: Operand, options?: DivOptions): [Operand, Operand, Required<DivOptions>] => {
    const { roundingMode = null } = bindArguments<DivOptions>('div', ['roundingMode'], [options]);
    if (roundingMode !== null && roundingMode !== 'trunc' && roundingMode !== 'floor') {
      fail(
        'div',
        "expected rounding_mode to be one of None, 'trunc', or 'floor' but found",
        undefined,
        String(roundingMode),
      );
    }
    return [x, y, { roundingMode }];
  },
  forward: (x: Operand, y: Operand, { roundingMode }) =>
    runBinary(
      roundingMode === null ? quotientOf : roundingMode === 'trunc' ? truncatedDivision : flooredDivision,
      x,
      y,
    ),
});

/** Elementwise operators as methods. */
export interface ElementwiseMethods {
  /** Negative. */
  neg(): Tensor;
  /** Absolute value. */
  abs(): Tensor;
  /** e to the power x. */
  exp(): Tensor;
  /** Natural logarithm. */
  log(): Tensor;
  /** Natural logarithm of 1 + x. */
  log1p(): Tensor;
  /** Square root. */
  sqrt(): Tensor;
  /** 1 / sqrt(x). */
  rsqrt(): Tensor;
  /** 1 / x. */
  reciprocal(): Tensor;
  /** Hyperbolic tangent. */
  tanh(): Tensor;
  /** The error function. */
  erf(): Tensor;
  /** Sine of x in radians. */
  sin(): Tensor;
  /** Cosine of x in radians. */
  cos(): Tensor;
  /** Tangent of x in radians. */
  tan(): Tensor;
  /** Largest integer that is not above x. */
  floor(): Tensor;
  /** Smallest integer that is not below x. */
  ceil(): Tensor;
  /** Nearest integer (or multiple of 10^-decimals), halves to the even one. */
  round(options?: RoundOptions): Tensor;
  /** Integer part. */
  trunc(): Tensor;
  /** -1, 0 or 1. */
  sign(): Tensor;
  /** x + alpha * y. */
  add(other: Operand, options?: AlphaOptions): Tensor;
  /** x - alpha * y; bool operands are refused, as in PyTorch. */
  sub(other: Operand, options?: AlphaOptions): Tensor;
  /** x * y. */
  mul(other: Operand): Tensor;
  /** x / y: true division, or rounded with `roundingMode`. */
  div(other: Operand, options?: DivOptions): Tensor;
  /** x to the power y. Integers to negative integer powers are an error, as in PyTorch. */
  pow(exponent: Operand): Tensor;
  /** The larger of both; NaN if one is NaN. */
  maximum(other: Operand): Tensor;
  /** The smaller of both; NaN if one is NaN. */
  minimum(other: Operand): Tensor;
  /** Remainder with the sign of the divisor, as Python's `%`. */
  remainder(divisor: Operand): Tensor;
}
