/** Sine, cosine and tangent of float64 vectors. Polynomials are minimax fits on the octant around zero. */

import type { KernelBuilder } from '../builder.ts';
import type { Vector } from '../types.ts';
import { type ReducedAngle64, reduceAngle64 } from './angle-f64.ts';
import { polynomial } from './bits.ts';

type F64 = Vector<'f64'>;

/** (sin r - r) / r^3 by powers of r^2. */
const sinTerms = [
  -0.16666666666666666, 0.008333333333333323, -0.0001984126984125513, 2.755731921422303e-6,
  -2.5052104920084892e-8, 1.6058367711344932e-10, -7.578751732781912e-13,
];

/** (cos r - 1 + r^2 / 2) / r^4 by powers of r^2. */
const cosTerms = [
  0.041666666666666664, -0.0013888888888888874, 2.4801587301571537e-5, -2.755731921539236e-7,
  2.0876754369698694e-9, -1.1470293651622476e-11, 4.738125832828011e-14,
];

export function sin64(k: KernelBuilder, x: F64): F64 {
  return k.xor(ofMagnitude(k, k.abs(x), 0), k.and(x, -0));
}

export function cos64(k: KernelBuilder, x: F64): F64 {
  return ofMagnitude(k, k.abs(x), 1);
}

export function tan64(k: KernelBuilder, x: F64): F64 {
  const magnitude = k.abs(x);
  const angle = reduceAngle64(k, magnitude);
  const { sine, cosine } = onOctant(k, angle);
  const even = k.compare(k.and(angle.quadrant, 1), '==', 0);
  const ratio = k.div(k.select(even, sine, k.neg(cosine)), k.select(even, cosine, sine));
  const finite = k.compare(magnitude, '<', Number.POSITIVE_INFINITY);
  return k.select(finite, k.xor(ratio, k.and(x, -0)), Number.NaN);
}

/** The sine of an angle of at least zero, `quarters` quarter turns on. */
function ofMagnitude(k: KernelBuilder, magnitude: F64, quarters: 0 | 1): F64 {
  const angle = reduceAngle64(k, magnitude);
  const { sine, cosine } = onOctant(k, angle);
  const turned = k.add(angle.quadrant, quarters);
  const value = k.select(k.compare(k.and(turned, 1), '==', 0), sine, cosine);
  const sign = k.reinterpret('f64', k.shl(k.and(turned, 2), 62));
  const finite = k.compare(magnitude, '<', Number.POSITIVE_INFINITY);
  return k.select(finite, k.xor(value, sign), Number.NaN);
}

function onOctant(k: KernelBuilder, { high, low }: ReducedAngle64): { sine: F64; cosine: F64 } {
  const square = k.mul(high, high);
  const half = k.mul(square, 0.5);
  const nearOne = k.sub(1, half);
  const sine = k.add(k.fma(k.mul(high, square), polynomial(k, square, sinTerms), k.mul(low, nearOne)), high);
  const lost = k.sub(k.sub(1, nearOne), half);
  const quartic = k.fma(
    k.mul(square, square),
    polynomial(k, square, cosTerms),
    k.sub(lost, k.mul(high, low)),
  );
  return { sine, cosine: k.add(nearOne, quartic) };
}
