/**
 * Sums of two doubles, the second one what rounding left out of the first: twice the precision. After T. J. Dekker, "A
 * floating-point technique for extending the available precision" (1971). Products are split rather than left to a fused
 * multiply-add, which not every target rounds once.
 */

import type { KernelBuilder } from '../builder.ts';
import type { Operand, Vector } from '../types.ts';

type F64 = Vector<'f64'>;

/** The number `high + low`. */
export interface DoubleDouble {
  readonly high: F64;
  readonly low: F64;
}

/** `a + b` exactly. */
export function twoSum(k: KernelBuilder, a: Operand<'f64'>, b: Operand<'f64'>): DoubleDouble {
  const high = k.add(a, b);
  const other = k.sub(high, a);
  return { high, low: k.add(k.sub(a, k.sub(high, other)), k.sub(b, other)) };
}

/** `a + b` exactly, for `a` zero or at least as large as `b`. */
export function fastTwoSum(k: KernelBuilder, a: Operand<'f64'>, b: Operand<'f64'>): DoubleDouble {
  const high = k.add(a, b);
  return { high, low: k.sub(b, k.sub(high, a)) };
}

/** `a * b` exactly, below 2^996 and where nothing of it is denormal. */
export function twoProduct(k: KernelBuilder, a: F64, b: F64): DoubleDouble {
  const high = k.mul(a, b);
  const [x, y] = [split(k, a), split(k, b)];
  const first = k.sub(k.mul(x.high, y.high), high);
  const crossed = k.add(k.add(first, k.mul(x.high, y.low)), k.mul(x.low, y.high));
  return { high, low: k.add(crossed, k.mul(x.low, y.low)) };
}

/** The upper 26 bits and the rest. */
function split(k: KernelBuilder, a: F64): DoubleDouble {
  const scaled = k.mul(a, 2 ** 27 + 1);
  const high = k.sub(scaled, k.sub(scaled, a));
  return { high, low: k.sub(a, high) };
}
