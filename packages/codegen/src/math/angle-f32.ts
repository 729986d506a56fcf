/**
 * The reduction of angles to the octant around a multiple of pi / 2, which sine and cosine share: by Cody and Waite where
 * quotients are small, by Payne and Hanek beyond, so that every finite float32 is reduced to its full accuracy.
 */

import type { KernelBuilder } from '../builder.ts';
import type { Vector } from '../types.ts';
import { multiplyHigh } from './integers.ts';

type F32 = Vector<'f32'>;
type I32 = Vector<'i32'>;

/** An angle as `quadrant * pi / 2 + high + low`, `|high|` up to pi / 4; `low` is what rounding `high` left out. */
export interface ReducedAngle {
  readonly high: F32;
  readonly low: F32;
  /** Modulo 4 in its lowest two bits. */
  readonly quadrant: I32;
}

/** pi / 2 in parts of at most 12 bits, whose products with quotients below 4096 are exact, and the rest. */
const halfPi = [1.5703125, 0.0004837512969970703, 7.549533620476723e-8, 2.5633440682570896e-12] as const;

/** Angles up to here have quotients below 4096. */
const LARGEST_SIMPLE = 6400;

/** The binary digits of 1 / (2 pi) in words, after one word of zeros. */
const turnWords = [
  0, 0x28be60db, 0x9391054a, 0x7f09d5f4, 0x7d4d3770, 0x36d8a566, 0x4f10e410, 0x7f9458ea,
] as const;

/** Reduces angles of at least zero. What comes of NaN and infinity means nothing. */
export function reduceAngle(k: KernelBuilder, angle: F32): ReducedAngle {
  const n = k.nearest(k.mul(angle, 2 / Math.PI));
  const [p0, p1, p2, p3] = halfPi;
  const coarse = k.sub(k.sub(angle, k.mul(n, p0)), k.mul(n, p1));
  const step = k.mul(n, p2);
  const fine = k.sub(coarse, step);
  const high = k.variable(fine);
  const low = k.variable(k.fnma<'f32'>(n, p3, k.sub(k.sub(coarse, fine), step)));
  const quadrant = k.variable(k.convert('i32', n));
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
 * Payne and Hanek: the angle is M * 2^e with a whole M of 24 bits. Multiplied by those 96 binary digits of 1 / (2 pi) that
 * follow its first e, M gives the fraction of a turn.
 */
function reduceLarge(k: KernelBuilder, angle: F32): ReducedAngle {
  const bits = k.reinterpret('i32', angle);
  const significand = k.or(k.and(bits, 0x7fffff), 0x800000);
  const first = k.sub(k.shrLogical(bits, 23), 150 - 32);
  const [w2, w1, w0] = turnDigits(k, first) as [I32, I32, I32];
  const product1 = k.mul(significand, w1);
  const middle = k.add(product1, multiplyHigh(k, significand, w0));
  const carry = k.select<'i32'>(k.compareUnsigned(middle, '<', product1), k.constant('i32', 1), 0);
  const top = k.add(k.add(k.mul(significand, w2), multiplyHigh(k, significand, w1)), carry);
  const quadrant = k.shrLogical(k.add(top, 1 << 29), 30);
  // The turn's signed remainder in pieces that float32 holds exactly; 2 pi in 8 bits and the rest.
  const rest = k.sub(top, k.shl(quadrant, 30));
  const steps = k.shr(k.add(rest, 1 << 12), 13);
  const upper = k.mul(k.convert('f32', steps), 2 ** -19);
  const lower = k.fma<'f32'>(
    k.convert('f32', k.shrLogical(middle, 8)),
    2 ** -56,
    k.mul(k.convert('f32', k.sub(rest, k.shl(steps, 13))), 2 ** -32),
  );
  const coarse = k.mul(upper, 6.28125);
  const fine = k.fma<'f32'>(upper, 0.0019353071693331003, k.mul(lower, 2 * Math.PI));
  const high = k.add(coarse, fine);
  return { high, low: k.add(k.sub(coarse, high), fine), quadrant };
}

/** The 96 digits of 1 / (2 pi) from digit `first - 32` on, as three words. */
function turnDigits(k: KernelBuilder, first: I32): I32[] {
  const start = k.shrLogical(first, 5);
  const starts = [1, 2, 3, 4].map((word) => k.compare(start, '==', word));
  let words = [0, 1, 2, 3].map((offset) =>
    starts.reduce<I32>(
      (chosen, is, i) => k.select(is, turnWords[offset + i + 1]! | 0, chosen),
      k.constant('i32', turnWords[offset]! | 0),
    ),
  );
  for (const shift of [1, 2, 4, 8, 16]) {
    const shifted = k.compare(k.and(first, shift), '!=', 0);
    words = words.map((word, i) => {
      const next = words[i + 1];
      const moved = k.shl(word, shift);
      return k.select(shifted, next ? k.or(moved, k.shrLogical(next, 32 - shift)) : moved, word);
    });
  }
  return words.slice(0, 3);
}
