/**
 * Conversions between i64 and f64 lanes, put together from halves of 32 bits: most targets have no instruction for them. An integer
 * below 2^52 is read from, or written into, the lower bits of a double that is 2^52 larger.
 */

import type { ArithmeticRecorder } from './arithmetic-recorder.ts';
import type { Contract } from './contract.ts';
import type { Vector } from './types.ts';

/** The nearest double, ties to even. */
export function longToDouble<C extends Contract>(k: ArithmeticRecorder<C>, x: Vector<'i64'>): Vector<'f64'> {
  const offset = k.reinterpret('i64', k.constant('f64', 2 ** 52));
  const lower = k.sub(k.reinterpret('f64', k.or(k.and(x, 2 ** 32 - 1), offset)), 2 ** 52);
  const upper = k.add(k.shr(x, 32), 2 ** 31);
  const shifted = k.sub(k.reinterpret('f64', k.or(upper, offset)), 2 ** 52 + 2 ** 31);
  // the product is exact, so that there is one rounding
  return k.fma(shifted, 2 ** 32, lower);
}

/** Towards zero; unspecified for NaN and for what an i64 cannot hold. */
export function doubleToLong<C extends Contract>(k: ArithmeticRecorder<C>, x: Vector<'f64'>): Vector<'i64'> {
  const whole = k.trunc(x);
  const upper = k.floor(k.mul(whole, 2 ** -32));
  const lower = k.reinterpret('i64', k.add(k.fnma(upper, 2 ** 32, whole), 2 ** 52));
  const shifted = k.shl(k.reinterpret('i64', k.add(upper, 1.5 * 2 ** 52)), 32);
  return k.or(shifted, k.and(lower, 2 ** 32 - 1));
}
