/** Trigonometric functions and their inverses. Polynomials are minimax fits; errors hold with and without fused multiply-add. */

import type { KernelBuilder } from '../builder.ts';
import type { FloatType, Vector } from '../types.ts';
import { copySign, polynomial } from './bits.ts';
import { ofType } from './of-type.ts';
import { cos32, sin32 } from './sin-cos-f32.ts';
import { cos64, sin64, tan64 } from './sin-cos-f64.ts';
import { throughFloat64 } from './through-float64.ts';

type F64 = Vector<'f64'>;

/** The sine. Error at most 1.5 ulp for every finite angle; NaN for infinities. */
export function sin<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return ofType(k, x, sin32, sin64);
}

/** The cosine. Error at most 1.5 ulp for every finite angle; NaN for infinities. */
export function cos<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return ofType(k, x, cos32, cos64);
}

/** The tangent. Error at most 2 ulp for every finite angle; NaN for infinities. */
export function tan<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (angle) => tan64(k, angle));
}

/** (atan x - x) / x^3 by powers of x^2, for x up to tan(pi / 8). */
const atanTerms = [
  -0.33333333333333326, 0.19999999999997695, -0.14285714285391146, 0.11111111088374083, -0.09090908151582312,
  0.07692282916796424, -0.06666229066441169, 0.05877044123707804, -0.052185461991480005, 0.0450411837655765,
  -0.03348753018045306, 0.015208264994571213,
];

/** (asin x - x) / x^3 by powers of x^2, for x up to 1/2. */
const asinTerms = [
  0.16666666666666763, 0.07499999999970154, 0.04464285717524034, 0.030381942677153245, 0.022372215861293364,
  0.01735159617333366, 0.013981011782590654, 0.01139733904726284, 0.010789108265854972, 0.0036728402643637064,
  0.021789375286257066, -0.02111532998524294, 0.032701526803220214,
];

/** Multiples of pi / 4, from 0 to 4, and what the nearest doubles leave out of them. */
const quarters = [
  { near: 0, rest: 0 },
  { near: Math.PI / 4, rest: 3.061616997868383e-17 },
  { near: Math.PI / 2, rest: 6.123233995736766e-17 },
  { near: 2.356194490192345, rest: 9.184850993605148e-17 },
  { near: Math.PI, rest: 1.2246467991473532e-16 },
] as const;

/** The inverse tangent. Error at most 2 ulp. */
export function atan<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => {
    const magnitude = k.abs(y);
    return copySign(k, angleOf(k, magnitude, k.constant('f64', 1)), y);
  });
}

/**
 * The angle of a point to the right of the origin, or to the left with `x` turned over where `side` is negative. Neither
 * coordinate is below zero, not both are zero or infinite.
 */
function angleOf(k: KernelBuilder, y: F64, x: F64, side?: F64): F64 {
  const beyond = k.compare(y, '>', k.mul(x, 2.414213562373095));
  const middle = k.andNot(k.compare(y, '>', k.mul(x, 0.41421356237309503)), beyond);
  const chosen = (near: number, half: number, far: number): F64 =>
    k.select<'f64'>(beyond, k.constant('f64', far), k.select(middle, k.constant('f64', half), near));
  // an octant, half of a quarter turn off, or all of it: y / x, (y - x) / (y + x), -x / y
  const numerator = k.select(beyond, k.neg(x), k.select(middle, k.sub(y, x), y));
  const denominator = k.select(beyond, y, k.select(middle, k.add(y, x), x));
  let t = k.div(numerator, denominator);
  let base = chosen(quarters[0].near, quarters[1].near, quarters[2].near);
  let rest = chosen(quarters[0].rest, quarters[1].rest, quarters[2].rest);
  if (side) {
    const left = k.compare(copySign(k, k.constant('f64', 1), side), '<', 0);
    t = k.xor(t, k.and(side, -0));
    base = k.select(left, chosen(quarters[4].near, quarters[3].near, quarters[2].near), base);
    rest = k.select(left, chosen(quarters[4].rest, quarters[3].rest, quarters[2].rest), rest);
  }
  const square = k.mul(t, t);
  const curved = k.fma(k.mul(t, square), polynomial(k, square, atanTerms), rest);
  return k.add(base, k.add(t, curved));
}

/** The angle of the point (x, y), from -pi to pi, zeros and infinities as in C. Error at most 2 ulp. */
export function atan2<T extends FloatType>(k: KernelBuilder, y: Vector<T>, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [y, x], (b, a) => {
    const [rise, run] = [k.abs(b), k.abs(a)];
    // infinities against each other are as ones, zeros as zero against one
    const infinite = k.and(k.compare(rise, '==', Infinity), k.compare(run, '==', Infinity));
    const nothing = k.and(k.compare(rise, '==', 0), k.compare(run, '==', 0));
    // and what is nearly infinite is made smaller, since their sum is taken
    const scale = k.select<'f64'>(
      k.compare(k.max(rise, run), '>', 2 ** 1000),
      k.constant('f64', 2 ** -60),
      1,
    );
    const up = k.select(infinite, 1, k.mul(rise, scale));
    const across = k.select(k.or(infinite, nothing), 1, k.mul(run, scale));
    const turned = copySign(k, angleOf(k, up, across, a), b);
    return k.select(k.or(k.isNaN(a), k.isNaN(b)), Number.NaN, turned);
  });
}

/** The inverse sine; NaN beyond 1. Error at most 2 ulp. */
export function asin<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => {
    const magnitude = k.abs(y);
    const { near, direct, doubled } = halves(k, magnitude);
    const far = k.sub(Math.PI / 2, k.sub(doubled, quarters[2].rest));
    return copySign(k, k.select(near, direct, far), y);
  });
}

/** The inverse cosine; NaN beyond 1. Error at most 2 ulp. */
export function acos<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => {
    const { near, direct, doubled } = halves(k, k.abs(y));
    const middle = k.sub(Math.PI / 2, k.sub(copySign(k, direct, y), quarters[2].rest));
    const behind = k.sub(Math.PI, k.sub(doubled, quarters[4].rest));
    return k.select(near, middle, k.select(k.compare(y, '<', 0), behind, doubled));
  });
}

/** The inverse sine of numbers up to 1/2, and twice that of sqrt((1 - x) / 2) beyond, which is the inverse cosine. */
function halves(k: KernelBuilder, magnitude: F64) {
  const near = k.compare(magnitude, '<=', 0.5);
  const half = k.mul(k.sub(1, magnitude), 0.5);
  const root = k.sqrt(half);
  const square = k.select(near, k.mul(magnitude, magnitude), half);
  const series = k.mul(square, polynomial(k, square, asinTerms));
  // what rounding the root has left out, in a product that is exact: the lower half of its bits is cleared
  const upper = k.and(root, fromBits(k, -(2 ** 32)));
  const lower = k.div(k.sub(half, k.mul(upper, upper)), k.add(root, upper));
  const far = k.add(k.fma(root, series, lower), upper);
  const direct: F64 = k.fma(magnitude, series, magnitude);
  return { near, direct, doubled: k.mul(k.select(k.compare(half, '==', 0), half, far), 2) };
}

function fromBits(k: KernelBuilder, bits: number): F64 {
  return k.reinterpret('f64', k.constant('i64', bits));
}
