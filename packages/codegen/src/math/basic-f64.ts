/**
 * Functions of float64 vectors, written in the kernel language; basic.ts chooses between them and those of float32. Polynomials
 * are minimax fits made for these intervals; the reductions of the arguments follow Cody and Waite, that of the logarithm is
 * FreeBSD’s (`e_log.c`). Exponents are built and read in the upper halves of the lanes, as i32: no target has to emulate a shift.
 */

import type { KernelBuilder } from '../builder.ts';
import type { Contract } from '../contract.ts';
import type { Vector } from '../types.ts';
import { copySign, polynomial } from './bits.ts';

type F64 = Vector<'f64'>;

/** ln 2 in two parts; the first has so few bits that its products with exponents are exact. */
const ln2High = 0.6931471804855391;
const ln2Low = 7.440617110012397e-11;

/** (e^r - 1 - r) / r^2 for r from -ln(2)/2 to ln(2)/2. */
const expTerms = [
  0.5, 0.1666666666666667, 0.04166666666666667, 0.00833333333332614, 0.0013888888888883752,
  0.00019841269874804214, 2.4801587325536023e-5, 2.7557255421023506e-6, 2.7557273657975953e-7,
  2.5105208339987698e-8, 2.0914680780540263e-9,
];

export function exp64<C extends Contract>(k: KernelBuilder<C>, x: F64): F64 {
  const { n, rest } = expm1Parts64(k, k.pmin(k.pmax(x, -746), 710));
  return scalePower64(k, k.add(rest, 1), n);
}

/** `n` and `rest` with e^x = 2^n (1 + rest), for numbers up to 1400 in magnitude; rest is from -0.3 to 0.42. */
export function expm1Parts64<C extends Contract>(k: KernelBuilder<C>, x: F64): { n: F64; rest: F64 } {
  const n = k.nearest(k.mul(x, Math.LOG2E));
  const r = k.fnma(n, ln2Low, k.fnma(n, ln2High, x));
  return { n, rest: k.fma(k.mul(r, r), polynomial(k, r, expTerms), r) };
}

/** `x` times 2 to the power n, for whole n up to 2044 in magnitude; rounded once. */
export function scalePower64<C extends Contract>(k: KernelBuilder<C>, x: F64, n: F64): F64 {
  if (k.target.scale) return k.scale(x, n);
  // two factors: a single one would not reach denormal results, nor those just below infinity
  const half = k.floor(k.mul(n, 0.5));
  return k.mul(k.mul(x, powerOfTwo(k, half)), powerOfTwo(k, k.sub(n, half)));
}

/** (2 atanh(s) - 2 s) / s^3 in s^2, for s = (m - 1) / (m + 1) and m from sqrt(1/2) to sqrt(2). */
const logTerms = [
  0.6666666666666666, 0.4000000000000088, 0.2857142857080323, 0.2222222239180047, 0.18181795630884753,
  0.15386240205813478, 0.13268759668560612, 0.13086767009948175,
];

/** `x = mantissa * 2^exponent` of finite numbers above zero, with the mantissa from sqrt(1/2) to sqrt(2). */
export function splitExponent64<C extends Contract>(
  k: KernelBuilder<C>,
  x: F64,
): { mantissa: F64; exponent: F64 } {
  const denormal = k.compare(x, '<', 2 ** -1022);
  const bits = k.reinterpret('i32', k.select(denormal, k.mul(x, 2 ** 54), x));
  const e = k.shr(k.sub(bits, 0x3fe6a09e), 20);
  return {
    mantissa: k.reinterpret('f64', k.sub(bits, k.and(k.shl(e, 20), upperHalves(k)))),
    exponent: k.add(upperInteger(k, e), k.select<'f64'>(denormal, k.constant('f64', -54), 0)),
  };
}

export function log64<C extends Contract>(k: KernelBuilder<C>, x: F64): F64 {
  const { mantissa, exponent } = splitExponent64(k, x);
  const f = k.sub(mantissa, 1);
  const s = k.div(f, k.add(f, 2));
  const square = k.mul(s, s);
  const half = k.mul(k.mul(f, 0.5), f);
  const rest = k.fma(k.fma(square, polynomial(k, square, logTerms), half), s, k.mul(exponent, ln2Low));
  const finite = k.fma(exponent, ln2High, k.sub(f, k.sub(half, rest)));
  const special = k.select(
    k.compare(x, '==', 0),
    k.constant('f64', -Infinity),
    k.select(k.compare(x, '<', 0), Number.NaN, x),
  );
  return k.select(k.and(k.compare(x, '>', 0), k.compare(x, '<', Infinity)), finite, special);
}

/** (tanh(x) - x) / x^3 in x^2, for x up to 0.55. */
const tanhTerms = [
  -0.3333333333333333, 0.1333333333333331, -0.05396825396822037, 0.021869488534073906, -0.0088632354631468,
  0.0035921267699626346, -0.001455819097151351, 0.0005899052969492733, -0.0002384727248015252,
  9.455133052924858e-5, -3.372080112046316e-5, 7.874274345344419e-6,
];

export function tanh64<C extends Contract>(k: KernelBuilder<C>, x: F64): F64 {
  const magnitude = k.abs(x);
  const square = k.mul(x, x);
  const small = k.fma(k.mul(x, square), polynomial(k, square, tanhTerms), x);
  const large = k.sub(1, k.div(2, k.add(exp64(k, k.add(magnitude, magnitude)), 1)));
  return copySign(k, k.select(k.compare(magnitude, '<', 0.55), small, large), x);
}

/** erf(x) / x - 1 in x^2, for x up to 0.93. */
const erfTerms = [
  0.1283791670955126, -0.37612638903183754, 0.11283791670955073, -0.02686617064511775, 0.005223977625263319,
  -0.0008548327009338428, 0.00012055332266323158, -1.4925626015914435e-5, 1.646154617333177e-6,
  -1.635670439296975e-7, 1.470722977904933e-8, -1.1575189562988292e-9, 6.334603468852535e-11,
];

/** -ln(erfc t) / t - 1 for t from 0.92 to 5.95, above which erf is 1 in float64; most exact where erfc is large. */
const erfcTerms = [
  0.12837915327721994, 0.6366198587619106, 0.10277252434763785, -0.01912947019629491, -0.00020378511460237203,
  0.00168154626615916, -0.0005634197104653357, -9.813862857359665e-6, 0.00010093362316887072,
  -5.8683675312361716e-5, 2.1363514426502442e-5, -5.688676822418272e-6, 1.1485248459707562e-6,
  -1.753978568836695e-7, 1.972221062307017e-8, -1.5435599887282133e-9, 7.515423921169226e-11,
  -1.7139544459265355e-12,
];

export function erf64<C extends Contract>(k: KernelBuilder<C>, x: F64): F64 {
  const square = k.mul(x, x);
  const small = k.fma(x, polynomial(k, square, erfTerms), x);
  const t = k.pmin(k.abs(x), 5.95);
  const large = k.sub(1, exp64(k, k.neg(k.fma(t, polynomial(k, t, erfcTerms), t))));
  return k.select(k.compare(t, '<', 0.925), small, copySign(k, large, x));
}

/** 2 to the power n, for whole n from -1022 to 1023. */
function powerOfTwo<C extends Contract>(k: KernelBuilder<C>, n: F64): F64 {
  // the sum has the biased exponent as its lowest bits, and an upper half that the shift makes zero
  const words = k.reinterpret('i32', k.add(n, 1.5 * 2 ** 52 + 1023));
  return k.reinterpret('f64', k.shl(k.shuffle('swap', words, words, 1), 20));
}

/** The integers in the upper halves of 64-bit lanes. */
function upperInteger<C extends Contract>(k: KernelBuilder<C>, words: Vector<'i32'>): F64 {
  // as the lowest bits of 2^52 + 2^31 + n
  const lower = k.andNot(k.shuffle('swap', words, words, 1), upperHalves(k));
  const offset = k.constant('i32', (word) => (word % 2 ? 0x43300000 : -(2 ** 31)));
  return k.sub(k.reinterpret('f64', k.xor(lower, offset)), 2 ** 52 + 2 ** 31);
}

/** Every bit in the upper halves of 64-bit lanes. */
function upperHalves<C extends Contract>(k: KernelBuilder<C>): Vector<'i32'> {
  return k.constant('i32', (word) => (word % 2 ? -1 : 0));
}
