/**
 * Functions of float vectors, written in the kernel language; those of float64 are in basic-f64.ts. Polynomials are minimax fits
 * made for these intervals, in Horner's scheme; the reductions of the arguments follow Cody and Waite. Errors are stated in units
 * in the last place (ulp) of the exact result; they hold with and without fused multiply-add.
 */

import type { KernelBuilder } from '../builder.ts';
import type { Contract } from '../contract.ts';
import type { FloatType, Vector } from '../types.ts';
import { erf64, exp64, log64, tanh64 } from './basic-f64.ts';
import { copySign, polynomial } from './bits.ts';
import { ofType } from './of-type.ts';

type F32 = Vector<'f32'>;

/** ln 2 in two parts; the first has so few bits that its products with exponents are exact. */
const ln2High = 0.693359375;
const ln2Low = -2.1219444005469057e-4;

const expTerms = [
  0.4999999403953552, 0.1666651964187622, 0.041668400168418884, 0.00836885068565607, 0.0013814320554956794,
];

/** e to the power x. Error at most 1.1 ulp, denormal results included; 0 and infinity where the type ends, NaN for NaN. */
export function exp<C extends Contract, T extends FloatType>(k: KernelBuilder<C>, x: Vector<T>): Vector<T> {
  return ofType(k, x, exp32, exp64);
}

function exp32<C extends Contract>(k: KernelBuilder<C>, x: F32): F32 {
  const clamped = k.pmin(k.pmax(x, -104), 89);
  const n = k.nearest(k.mul(clamped, Math.LOG2E));
  const r = k.fnma(n, ln2Low, k.fnma(n, ln2High, clamped));
  const power = k.add(k.fma(k.mul(r, r), polynomial(k, r, expTerms), r), 1);
  if (k.target.scale) return k.scale(power, n);
  // 2^n in two factors: a single one would not reach denormal results, nor those just below infinity
  const exponent = k.convert('i32', n);
  const half = k.shr(exponent, 1);
  return k.mul(k.mul(power, powerOfTwo(k, half)), powerOfTwo(k, k.sub(exponent, half)));
}

const logTerms = [
  0.3333331346511841, -0.25000008940696716, 0.2000211924314499, -0.1666799634695053, 0.14219552278518677,
  -0.1240558922290802, 0.11888162046670914, -0.11675652116537094, 0.06746640801429749,
];

/** The natural logarithm. Error at most 1 ulp; minus infinity for zero, NaN below zero. */
export function log<C extends Contract, T extends FloatType>(k: KernelBuilder<C>, x: Vector<T>): Vector<T> {
  return ofType(k, x, log32, log64);
}

function log32<C extends Contract>(k: KernelBuilder<C>, x: F32): F32 {
  const denormal = k.compare(x, '<', 2 ** -126);
  const bits = k.reinterpret('i32', k.select(denormal, k.mul(x, 2 ** 23), x));
  // x = m * 2^e with m from sqrt(1/2) to sqrt(2)
  const e = k.shr(k.sub(bits, 0x3f3504f3), 23);
  const m = k.reinterpret('f32', k.sub(bits, k.shl(e, 23)));
  const exponent = k.add(k.convert('f32', e), k.select<'f32'>(denormal, k.constant('f32', -23), 0));
  const f = k.sub(m, 1);
  const square = k.mul(f, f);
  const rest = k.fma(k.mul(square, f), polynomial(k, f, logTerms), k.mul(exponent, ln2Low));
  const finite = k.fma(exponent, ln2High, k.add(f, k.fnma(square, 0.5, rest)));
  const special = k.select(
    k.compare(x, '==', 0),
    k.constant('f32', -Infinity),
    k.select(k.compare(x, '<', 0), Number.NaN, x),
  );
  return k.select(k.and(k.compare(x, '>', 0), k.compare(x, '<', Infinity)), finite, special);
}

/** The logistic function 1 / (1 + e^-x). Error at most 2.5 ulp, denormal results included. */
export function sigmoid<C extends Contract, T extends FloatType>(
  k: KernelBuilder<C>,
  x: Vector<T>,
): Vector<T> {
  const e = exp(k, k.neg(k.abs(x)));
  return k.div(k.select(k.compare(x, '<', 0), e, 1), k.add(e, 1));
}

/** (e^r - 1 - r) / r^2 for r from -ln(2)/2 to ln(2)/2, most exact where e^r - 1 is small. */
const expm1Terms = [
  0.5, 0.1666666716337204, 0.04166635498404503, 0.008333273231983185, 0.0013941102661192417,
  0.00019914253789465874,
];

/** The hyperbolic tangent. Error at most 2 ulp in float32, 1.5 in float64. */
export function tanh<C extends Contract, T extends FloatType>(k: KernelBuilder<C>, x: Vector<T>): Vector<T> {
  return ofType(k, x, tanh32, tanh64);
}

function tanh32<C extends Contract>(k: KernelBuilder<C>, x: F32): F32 {
  // t / (t + 2) with t = e^(2 |x|) - 1 = 2^n (1 + p) - 1, which nothing cancels in
  const double = k.mul(k.pmin(k.abs(x), 10), 2);
  const n = k.nearest(k.mul(double, Math.LOG2E));
  const r = k.fnma(n, ln2Low, k.fnma(n, ln2High, double));
  const p = k.fma(k.mul(r, r), polynomial(k, r, expm1Terms), r);
  const scale = k.target.scale ? k.scale<'f32'>(k.constant('f32', 1), n) : powerOfTwo(k, k.convert('i32', n));
  const t = k.fma(scale, p, k.sub(scale, 1));
  const divisor = k.add(t, 2);
  const quotient = k.div(t, divisor);
  // what the sum has lost matters where it is little more than 2
  const lost = k.select(k.compare(t, '<', 1), k.sub(t, k.sub(divisor, 2)), 0);
  return copySign(k, k.fnma(k.mul(quotient, lost), 0.5, quotient), x);
}

const erfTerms = [
  0.12837916612625122, -0.37612631916999817, 0.11283687502145767, -0.026858940720558167, 0.005199906881898642,
  -0.0008130013011395931, 8.31677534733899e-5,
];

/** -ln(erfc t) / t - 1 for t from 0.92 to 3.95, above which erf is 1 in float32. */
const erfcTerms = [
  0.12864848971366882, 0.6351513266563416, 0.10623687505722046, -0.023762060329318047, 0.003642457537353039,
  -0.0003228034474886954, 1.123126276070252e-5,
];

/** The error function. Error at most 1.5 ulp; never beyond 1 in magnitude. */
export function erf<C extends Contract, T extends FloatType>(k: KernelBuilder<C>, x: Vector<T>): Vector<T> {
  return ofType(k, x, erf32, erf64);
}

function erf32<C extends Contract>(k: KernelBuilder<C>, x: F32): F32 {
  const square = k.mul(x, x);
  const small = k.fma(x, polynomial(k, square, erfTerms), x);
  const t = k.pmin(k.abs(x), 3.95);
  const large = k.sub(1, exp(k, k.neg(k.fma(t, polynomial(k, t, erfcTerms), t))));
  return k.select(k.compare(t, '<', 0.925), small, copySign(k, large, x));
}

/** 2 to the power n, n from -126 to 127. */
function powerOfTwo<C extends Contract>(k: KernelBuilder<C>, n: Vector<'i32'>): F32 {
  return k.reinterpret('f32', k.shl(k.add(n, 127), 23));
}
