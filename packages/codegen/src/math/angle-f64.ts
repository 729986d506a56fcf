/**
 * The reduction of float64 angles to the octant around a multiple of pi / 2: by Cody and Waite where quotients are small, by Payne
 * and Hanek beyond, so that every finite angle is reduced to its full accuracy.
 */

import type { KernelBuilder } from '../builder.ts';
import type { Vector } from '../types.ts';
import { type DoubleDouble, fastTwoSum, twoProduct, twoSum } from './double-double.ts';

type F64 = Vector<'f64'>;
type I64 = Vector<'i64'>;

/** An angle as `quadrant * pi / 2 + high + low`, `|high|` up to pi / 4; `low` is what rounding `high` left out. */
export interface ReducedAngle64 extends DoubleDouble {
  /** Modulo 4 in its lowest two bits. */
  readonly quadrant: I64;
}

/** pi / 2 in parts of 32 bits, whose products with quotients below 2^21 are exact, and the rest. */
const halfPi = [
  1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32,
] as const;

/** Angles up to here have quotients below 2^21. */
const LARGEST_SIMPLE = 3e6;

/** The binary digits of 1 / (2 pi) in words, after one word of zeros. */
const turnWords = [
  0, 0x28be60db, 0x9391054a, 0x7f09d5f4, 0x7d4d3770, 0x36d8a566, 0x4f10e410, 0x7f9458ea, 0xf7aef158,
  0x6dc91b8e, 0x909374b8, 0x01924bba, 0x82746487, 0x3f877ac7, 0x2c4a69cf, 0xba208d7d, 0x4baed121, 0x3a671c09,
  0xad17df90, 0x4e64758e, 0x60d4ce7d, 0x272117e2, 0xef7e4a0e, 0xc7fe25ff, 0xf7816603, 0xfbcbc462, 0xd6829b47,
  0xdb4d9fb3, 0xc9f2c26d, 0xd3d18fd9, 0xa797fa8b, 0x5d49eeb1, 0xfaf97c5e, 0xcf41ce7d, 0xe294a4ba, 0x9afed7ec,
  0x47e35742, 0x1580cc11, 0xbf1edaea,
];

/** Words of digits that a large angle is multiplied by. */
const WINDOW = 6;

/** Reduces angles of at least zero. What comes of NaN and infinity means nothing. */
export function reduceAngle64(k: KernelBuilder, angle: F64): ReducedAngle64 {
  const n = k.nearest(k.mul(angle, 2 / Math.PI));
  const [p0, p1, p2, p3] = halfPi;
  const first = twoSum(k, k.sub(angle, k.mul(n, p0)), k.mul(n, -p1));
  const second = twoSum(k, first.high, k.mul(n, -p2));
  const rest = k.sub(k.add(first.low, second.low), k.mul(n, p3));
  const sum = fastTwoSum(k, second.high, rest);
  const [high, low] = [k.variable(sum.high), k.variable(sum.low)];
  // the sum has the integer as its lowest bits
  const quadrant = k.variable(k.reinterpret('i64', k.add(n, 1.5 * 2 ** 52)));
  const large = k.compare(angle, '>', LARGEST_SIMPLE);
  k.when(k.any(large), '!=', 0, () => {
    const reduced = reduceLarge(k, angle);
    k.assign(high, k.select(large, reduced.high, high));
    k.assign(low, k.select(large, reduced.low, low));
    k.assign(quadrant, k.select(large, reduced.quadrant, quadrant));
  });
  return { high, low, quadrant };
}

/**
 * The angle is M * 2^e with a whole M of 53 bits. Multiplied by those 192 binary digits of 1 / (2 pi) that follow its first e, M
 * gives the fraction of a turn.
 */
function reduceLarge(k: KernelBuilder, angle: F64): ReducedAngle64 {
  const bits = k.reinterpret('i64', angle);
  const significand = k.or(k.and(bits, 2 ** 52 - 1), 2 ** 52);
  const digits = turnDigits(k, k.sub(k.shrLogical(bits, 52), 1075 - 32));
  // long multiplication modulo 2^192 in words of 32 bits
  const [m0, m1] = [k.and(significand, LOWER), k.shrLogical(significand, 32)];
  const byLower = digits.map((word) => k.mul(word, m0));
  const byUpper = digits.map((word) => k.mul(word, m1));
  const words: I64[] = [];
  let carry: I64 | undefined;
  for (let i = WINDOW - 1; i >= 0; i--) {
    const terms = [k.and(byLower[i]!, LOWER)];
    if (i + 1 < WINDOW) terms.push(k.shrLogical(byLower[i + 1]!, 32), k.and(byUpper[i + 1]!, LOWER));
    if (i + 2 < WINDOW) terms.push(k.shrLogical(byUpper[i + 2]!, 32));
    if (carry) terms.push(carry);
    const sum = terms.reduce((a, b) => k.add(a, b));
    words[i] = k.and(sum, LOWER);
    carry = k.shrLogical(sum, 32);
  }
  const top = k.or(k.shl(words[0]!, 32), words[1]!);
  const quadrant = k.shrLogical(k.add(top, 2 ** 61), 62);
  // the signed remainder in units of 2^-64 turns, as a double and what rounding it leaves
  const rest = k.sub(top, k.shl(quadrant, 62));
  const whole = k.convert('f64', rest);
  const below = k.fma<'f64'>(
    k.convert('f64', k.shrLogical(k.or(k.shl(words[2]!, 32), words[3]!), 11)),
    2 ** -53,
    k.convert('f64', k.sub(rest, k.convert('i64', whole))),
  );
  const turns = fastTwoSum(k, whole, below);
  // times 2 pi * 2^-64
  const unit = k.constant('f64', 2 * Math.PI * 2 ** -64);
  const product = twoProduct(k, turns.high, unit);
  const missing = k.fma<'f64'>(turns.low, unit, k.mul(turns.high, 2.4492935982947064e-16 * 2 ** -64));
  return { ...fastTwoSum(k, product.high, k.add(product.low, missing)), quadrant };
}

const LOWER = 2 ** 32 - 1;

/** The digits of 1 / (2 pi) from digit `first - 32` on, as words in 64-bit lanes. */
function turnDigits(k: KernelBuilder, first: I64): I64[] {
  const start = k.shrLogical(first, 5);
  let words = turnWords.map((word) => k.constant('i64', word));
  // each bit of the place halves what is left to choose from
  for (let bit = 16; bit >= 1; bit >>= 1) {
    const length = WINDOW + bit;
    const further = k.compare(k.and(start, bit), '!=', 0);
    words = words.slice(0, length).map((word, i) => k.select(further, words[i + bit]!, word));
  }
  let factor: I64 = k.constant('i64', 1);
  for (let bit = 16; bit >= 1; bit >>= 1) {
    const shifted = k.compare(k.and(first, bit), '!=', 0);
    factor = k.select(shifted, k.shl(factor, bit), factor);
  }
  const moved = words.map((word) => k.mul(word, factor));
  return moved.slice(0, WINDOW).map((word, i) => k.and(k.add(word, k.shrLogical(moved[i + 1]!, 32)), LOWER));
}
