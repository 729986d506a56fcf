/** Exponentials, logarithms and hyperbolic functions besides those of basic.ts. */

import type { KernelBuilder } from '../builder.ts';
import type { FloatType, Vector } from '../types.ts';
import { erf64, exp64, expm1Parts64, log64, scalePower64, splitExponent64 } from './basic-f64.ts';
import { copySign, polynomial } from './bits.ts';
import { throughFloat64 } from './through-float64.ts';

type F64 = Vector<'f64'>;

/** 2 to the power x. Error at most 1.5 ulp. */
export function exp2<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => {
    const clamped = k.pmin(k.pmax(y, -1080), 1025);
    const n = k.nearest(clamped);
    return scalePower64(k, exp64(k, k.mul(k.sub(clamped, n), Math.LN2)), n);
  });
}

/** e^x - 1, near zero too. Error at most 2 ulp. */
export function expm1<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => expm1Of64(k, y));
}

function expm1Of64(k: KernelBuilder, x: F64): F64 {
  const { n, rest } = expm1Parts64(k, k.pmin(k.pmax(x, -50), 710));
  // 2^n (1 + rest) - 1
  const value = scalePower64(k, k.add(rest, k.sub(1, scalePower64(k, k.constant('f64', 1), k.neg(n)))), n);
  return k.select(k.compare(x, '==', 0), x, value);
}

/** log(1 + x), near zero too; minus infinity for -1, NaN below. Error at most 2 ulp. */
export function log1p<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => log1pOf64(k, y));
}

/** The logarithm of the rounded sum, and what rounding has left out of it. */
function log1pOf64(k: KernelBuilder, x: F64): F64 {
  const sum = k.add(x, 1);
  const lost = k.select(k.compare(x, '>=', 1), k.sub(1, k.sub(sum, x)), k.sub(x, k.sub(sum, 1)));
  const logarithm = log64(k, sum);
  const corrected = k.add(logarithm, k.div(lost, sum));
  const ordinary = k.and(k.compare(sum, '>', 0), k.compare(sum, '<', Infinity));
  return k.select(k.compare(x, '==', 0), x, k.select(ordinary, corrected, logarithm));
}

/** The logarithm to base 2, exact for powers of 2. Error at most 2 ulp. */
export function log2<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => {
    const { mantissa, exponent } = splitExponent64(k, y);
    return special(k, y, k.fma(log64(k, mantissa), Math.LOG2E, exponent));
  });
}

/** log10(2) in two parts; the first has so few bits that its products with exponents are exact. */
const log10Of2High = 0.3010299956640665;
const log10Of2Low = -8.532344317057107e-14;

/** The logarithm to base 10. Error at most 2 ulp. */
export function log10<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => {
    const { mantissa, exponent } = splitExponent64(k, y);
    const rest = k.fma<'f64'>(log64(k, mantissa), Math.LOG10E, k.mul(exponent, log10Of2Low));
    return special(k, y, k.fma(exponent, log10Of2High, rest));
  });
}

/** A logarithm where the number is above zero and finite; else what the natural logarithm has there. */
function special(k: KernelBuilder, x: F64, finite: F64): F64 {
  const ordinary = k.and(k.compare(x, '>', 0), k.compare(x, '<', Infinity));
  const below = k.select(k.compare(x, '<', 0), Number.NaN, x);
  const others = k.select(k.compare(x, '==', 0), k.constant('f64', -Infinity), below);
  return k.select(ordinary, finite, others);
}

/** (sinh x - x) / x^3 by powers of x^2, for x up to 1. */
const sinhTerms = [
  0.16666666666666669, 0.008333333333333137, 0.00019841269841438424, 2.7557319155088864e-6,
  2.5052123440031043e-8, 1.6057236961463297e-10, 7.759418963673474e-13,
];

/** The hyperbolic sine. Error at most 2 ulp. */
export function sinh<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => {
    const magnitude = k.abs(y);
    const square = k.mul(y, y);
    const small = k.fma(k.mul(magnitude, square), polynomial(k, square, sinhTerms), magnitude);
    const { half, inverse } = halfExponential(k, magnitude);
    return copySign(k, k.select(k.compare(magnitude, '<', 1), small, k.sub(half, inverse)), y);
  });
}

/** The hyperbolic cosine. Error at most 2 ulp. */
export function cosh<T extends FloatType>(k: KernelBuilder, x: Vector<T>): Vector<T> {
  return throughFloat64(k, [x], (y) => {
    const { half, inverse } = halfExponential(k, k.abs(y));
    return k.add(half, inverse);
  });
}

/** Half of e^x and of e^-x, for x of at least zero; the former is finite a little longer than e^x is. */
function halfExponential(k: KernelBuilder, x: F64): { half: F64; inverse: F64 } {
  const { n, rest } = expm1Parts64(k, k.pmin(x, 720));
  const half = scalePower64(k, k.add(rest, 1), k.sub(n, 1));
  return { half, inverse: k.div(0.25, half) };
}

/** The inverse hyperbolic sine. Error at most 1 ulp in float32, which it is for. */
export function asinh(k: KernelBuilder, x: Vector<'f32'>): Vector<'f32'> {
  return throughFloat64(k, [x], (y) => {
    const magnitude = k.abs(y);
    const square = k.mul(y, y);
    const ratio = k.div(square, k.add(k.sqrt(k.add(square, 1)), 1));
    const value = log1pOf64(k, k.add(magnitude, ratio));
    return copySign(k, k.select(k.compare(magnitude, '<', Infinity), value, magnitude), y);
  });
}

/** The inverse hyperbolic cosine; NaN below 1. Error at most 1 ulp in float32, which it is for. */
export function acosh(k: KernelBuilder, x: Vector<'f32'>): Vector<'f32'> {
  return throughFloat64(k, [x], (y) => {
    const above = k.sub(y, 1);
    const value = log1pOf64(k, k.add(above, k.sqrt(k.mul(above, k.add(y, 1)))));
    return k.select(k.compare(y, '<', 1), Number.NaN, value);
  });
}

/** The inverse hyperbolic tangent; infinite at 1 and -1, NaN beyond. Error at most 1 ulp in float32, which it is for. */
export function atanh(k: KernelBuilder, x: Vector<'f32'>): Vector<'f32'> {
  return throughFloat64(k, [x], (y) => {
    const magnitude = k.abs(y);
    const ratio = k.div(k.add(magnitude, magnitude), k.sub(1, magnitude));
    return copySign(k, k.mul(log1pOf64(k, ratio), 0.5), y);
  });
}

/** erfc(t) e^(t^2) (1 + 2t) by powers of (t - 3) / (t + 3), for t from 0.45 to 10.3, above which erfc is zero in float32. */
const erfcTerms = [
  1.2530080589537473, -0.1356211045924129, -0.04756239731625526, 0.12964506301666584, -0.11927118284627478,
  0.0683101719865571, -0.023791589335744552, 0.0025089703934105096, 0.0019623428340097087,
  -0.0006964300212907427, -0.0001947211722530096,
];

/** Below this nothing is lost by subtracting the error function from 1. */
const ERFC_FROM = 0.5;

/** 1 - erf(x), exact where it is small too. Error at most 1 ulp in float32, which it is for. */
export function erfc(k: KernelBuilder, x: Vector<'f32'>): Vector<'f32'> {
  return throughFloat64(k, [x], (y) => {
    const t = k.pmin(k.abs(y), 10.3);
    const u = k.div(k.sub(t, 3), k.add(t, 3));
    const scale = k.div(polynomial(k, u, erfcTerms), k.fma<'f64'>(t, 2, 1));
    const far = k.mul(exp64(k, k.neg(k.mul(t, t))), scale);
    const turned = k.select(k.compare(y, '<', 0), k.sub(2, far), far);
    return k.select(k.compare(t, '<', ERFC_FROM), k.sub(1, erf64(k, y)), turned);
  });
}
