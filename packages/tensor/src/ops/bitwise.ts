/** Operators on the bits of integers and bools, and common divisors. */
import type { Tensor } from '../tensor.ts';
import {
  type BinaryEntry,
  type BinaryOperator,
  binaryOperator,
  type Operand,
  type TensorBinaryOperator,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';

/** Bits that are not set in x; of bool, whether it is false. */
export const bitwiseNot: UnaryOperator = unaryOperator({
  name: 'bitwiseNot',
  kernel: 'bitwise_not_cpu',
  result: 'intOnly',
  engine: 'bitwiseNot',
});

function bitwise(
  name: string,
  engine: BinaryEntry['engine'] & {},
  kernel: string,
  noBool?: string,
): BinaryOperator {
  return binaryOperator({
    name,
    kernel,
    result: 'intOnly',
    numbers: 'either',
    engine,
    ...(noBool === undefined ? {} : { noBool: `"${noBool}" not implemented for 'Bool'` }),
  });
}

/** Bits that are set in both. */
export const bitwiseAnd: BinaryOperator = bitwise('bitwiseAnd', 'bitwiseAnd', 'bitwise_and_cpu');
/** Bits that are set in one of both. */
export const bitwiseOr: BinaryOperator = bitwise('bitwiseOr', 'bitwiseOr', 'bitwise_or_cpu');
/** Bits that are set in exactly one of both. */
export const bitwiseXor: BinaryOperator = bitwise('bitwiseXor', 'bitwiseXor', 'bitwise_xor_cpu');
/** x with its bits moved up by y places. */
export const bitwiseLeftShift: BinaryOperator = bitwise(
  'bitwiseLeftShift',
  'shiftLeft',
  'lshift_cpu',
  'lshift_cpu',
);
/** x with its bits moved down by y places; the sign stays. */
export const bitwiseRightShift: BinaryOperator = bitwise(
  'bitwiseRightShift',
  'shiftRight',
  'rshift_cpu',
  'rshift_cpu',
);

function divisor(x: number, y: number): number {
  let [a, b] = [Math.abs(x), Math.abs(y)];
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

function divisorOfLongs(x: bigint, y: bigint): bigint {
  let [a, b] = [x < 0n ? -x : x, y < 0n ? -y : y];
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** The greatest common divisor of integers. */
export const gcd: TensorBinaryOperator = binaryOperator({
  name: 'gcd',
  kernel: 'gcd_cpu',
  result: 'intOnly',
  numbers: 'none',
  noBool: `"gcd_cpu" not implemented for 'Bool'`,
  plain: divisor,
  long: divisorOfLongs,
});

/** The least common multiple of integers. */
export const lcm: TensorBinaryOperator = binaryOperator({
  name: 'lcm',
  kernel: 'lcm_cpu',
  result: 'intOnly',
  numbers: 'none',
  noBool: `"lcm_cpu" not implemented for 'Bool'`,
  plain: (x, y) => (x === 0 || y === 0 ? 0 : Math.abs(Math.imul(x! / divisor(x!, y!), y!))),
  long: (x, y) => {
    if (x === 0n || y === 0n) return 0n;
    const multiple = (x! / divisorOfLongs(x!, y!)) * y!;
    return multiple < 0n ? -multiple : multiple;
  },
});

/** Bit operators as methods. */
export interface BitwiseMethods {
  /** Bits that are not set. */
  bitwiseNot(): Tensor;
  /** Bits that are set in both. */
  bitwiseAnd(other: Operand): Tensor;
  /** Bits that are set in one of both. */
  bitwiseOr(other: Operand): Tensor;
  /** Bits that are set in exactly one of both. */
  bitwiseXor(other: Operand): Tensor;
  /** x with its bits moved up by y places. */
  bitwiseLeftShift(other: Operand): Tensor;
  /** x with its bits moved down by y places; the sign stays. */
  bitwiseRightShift(other: Operand): Tensor;
  /** The greatest common divisor of integers. */
  gcd(other: Tensor): Tensor;
  /** The least common multiple of integers. */
  lcm(other: Tensor): Tensor;
}
