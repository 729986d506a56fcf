// The judge of elementwise operations on integers: each as PyTorch defines it, one bigint at a time. Results wrap around where they
// are cast.

import { dtypeBytes, type EngineDType } from '../dtype.ts';
import type { ExpressionBinary, ExpressionTernary, ExpressionUnary } from '../elementwise-types.ts';
import { wrap } from './dtypes.ts';

type Apply = (dtype: EngineDType, x: bigint, y: bigint, z: bigint) => bigint;

const same: Apply = (_, x) => x;
/** The conditional operator; there is no `Math.max` of bigints. */
const pick = (condition: boolean, x: bigint, y: bigint): bigint => (condition ? x : y);
const abs = (x: bigint): bigint => (x < 0n ? -x : x);

/** BigInt division goes towards zero. */
const floorDivide: Apply = (_, x, y) => {
  const quotient = x / y;
  return x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient;
};

/** Integer operations by name. */
export const integerOperations: Readonly<
  Partial<Record<ExpressionUnary | ExpressionBinary | ExpressionTernary, Apply>>
> = {
  identity: same,
  floor: same,
  ceil: same,
  round: same,
  trunc: same,
  neg: (_, x) => -x,
  abs: (_, x) => abs(x),
  sign: (_, x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  square: (_, x) => x * x,
  relu: (_, x) => (x < 0n ? 0n : x),
  bitwiseNot: (dtype, x) => (dtype === 'bool' ? 1n - x : ~x),
  add: (_, x, y) => x + y,
  sub: (_, x, y) => x - y,
  mul: (_, x, y) => x * y,
  maximum: (_, x, y) => pick(x < y, y, x),
  minimum: (_, x, y) => pick(y < x, y, x),
  pow: (dtype, x, y) => {
    if (y < 0n) return x === 1n ? 1n : x === -1n ? (y % 2n === 0n ? 1n : -1n) : 0n;
    let [result, base] = [1n, x];
    for (let exponent = y; exponent > 0n; exponent >>= 1n) {
      if (exponent & 1n) result = wrap(result * base, dtype);
      base = wrap(base * base, dtype);
    }
    return result;
  },
  floorDivide,
  truncDivide: (_, x, y) => x / y,
  fmod: (_, x, y) => x % y,
  remainder: (dtype, x, y) => x - floorDivide(dtype, x, y, 0n) * y,
  bitwiseAnd: (_, x, y) => x & y,
  bitwiseOr: (_, x, y) => x | y,
  bitwiseXor: (_, x, y) => x ^ y,
  shiftLeft: (dtype, x, y) => (y < 0n || y >= BigInt(8 * dtypeBytes[dtype]) ? 0n : x << y),
  shiftRight: (dtype, x, y) => {
    const largest = BigInt(8 * dtypeBytes[dtype] - 1);
    if (y >= 0n && y <= largest) return x >> y;
    return x < 0n ? -1n : 0n;
  },
  clamp: (_, x, min, max) => {
    const raised = pick(x < min, min, x);
    return pick(max < raised, max, raised);
  },
  fma: (_, x, y, z) => x * y + z,
  scaledAdd: (_, x, y, alpha) => x + y * alpha,
  scaledSub: (_, x, y, alpha) => x - y * alpha,
};
