/** Powers where C's pow does not follow from the logarithm: signs, zeros, infinities and NaN. */

import type { KernelBuilder } from '../builder.ts';
import type { FloatType, Mask, Vector } from '../types.ts';

/** `x` to the power `y`, given |x| to that power wherever |x| is neither zero nor infinite nor NaN. */
export function powerCases<T extends FloatType>(
  k: KernelBuilder,
  x: Vector<T>,
  y: Vector<T>,
  finite: Vector<T>,
): Vector<T> {
  const base = k.abs(x);
  const extreme = k.or(k.compare(base, '==', 0), k.compare(base, '==', Number.POSITIVE_INFINITY));
  const vanishes = k.xor(k.compare(base, '<', 1), k.compare(y, '<', 0));
  const zero = k.constant(x.type, 0);
  const magnitude = k.select(extreme, k.select<T>(vanishes, zero, Number.POSITIVE_INFINITY), finite);
  // whole numbers of 2^24 (2^53) and above are even: so are their halves whole
  const odd = k.andNot(whole(k, y), whole(k, k.mul(y, 0.5)));
  const signed = k.xor(magnitude, k.select(odd, k.and(x, -0), 0));
  const undefinedRoot = k.andNot(
    k.and(k.compare(x, '<', 0), k.compare(x, '>', Number.NEGATIVE_INFINITY)),
    whole(k, y),
  );
  const invalid = k.or(undefinedRoot, k.or(k.isNaN(x), k.isNaN(y)));
  const one = k.or(k.compare(y, '==', 0), k.compare(x, '==', 1));
  return k.select(one, k.constant(x.type, 1), k.select(invalid, Number.NaN, signed));
}

function whole<T extends FloatType>(k: KernelBuilder, y: Vector<T>): Mask {
  return k.compare(k.nearest(y), '==', y);
}
