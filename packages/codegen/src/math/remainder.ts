/** Remainders of float32 division, exact as in C: x - trunc(x / y) * y is computed in float64, in steps where quotients are large. */

import type { KernelBuilder } from '../builder.ts';
import type { Vector } from '../types.ts';
import { copySign } from './bits.ts';

type F32 = Vector<'f32'>;
type F64 = Vector<'f64'>;

/** Quotients below this have exact products with float32 numbers in float64. */
const STEP = 2 ** 29;

/** Steps that the largest quotient of float32 numbers, below 2^278, takes. */
const STEPS = 10;

/** C's fmod: the remainder of division, with the sign of `x`; exact. NaN where `y` is zero or `x` infinite. */
export function fmod(k: KernelBuilder, x: F32, y: F32): F32 {
  const [low, high] = (['low', 'high'] as const).map((half) =>
    ofMagnitudes(k, k.widen('f64', k.abs(x), half), k.widen('f64', k.abs(y), half)),
  ) as [F64, F64];
  return copySign(k, k.narrow('f32', low, high), x);
}

function ofMagnitudes(k: KernelBuilder, x: F64, y: F64): F64 {
  const rest = k.variable(reduce(k, x, y));
  k.when(k.any(k.compare(rest, '>=', y)), '!=', 0, () => {
    k.loop(STEPS, () => k.assign(rest, reduce(k, rest, y)));
  });
  const defined = k.and(k.compare(y, '>', 0), k.compare(x, '<', Infinity));
  return k.select(k.and(defined, k.compare(y, '<', Infinity)), rest, k.select(defined, x, Number.NaN));
}

/** Takes off as large a multiple of `y` as is exact. */
function reduce(k: KernelBuilder, x: F64, y: F64): F64 {
  const quotient = k.div(x, y);
  // the largest power of two that leaves the quotient below the limit divides it, and its whole part is taken
  const exponent = k.and(k.reinterpret('i64', quotient), 0x7ff * 2 ** 52);
  const scale = k.select(
    k.compare(quotient, '>=', STEP),
    k.reinterpret('f64', k.sub(exponent, 28 * 2 ** 52)),
    1,
  );
  const multiple = k.mul(k.trunc(k.div(quotient, scale)), scale);
  const rest = k.sub(x, k.mul(multiple, y));
  // a quotient just below a whole number may have been rounded up to it
  return k.select(k.compare(rest, '<', 0), k.add(rest, k.mul(y, scale)), rest);
}
