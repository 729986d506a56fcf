/** Sine and cosine of float32 vectors. Polynomials are minimax fits on the octant around zero. */

import type { KernelBuilder } from '../builder.ts';
import type { Vector } from '../types.ts';
import { reduceAngle } from './angle-f32.ts';
import { polynomial } from './bits.ts';

type F32 = Vector<'f32'>;

/** (sin r - r) / r^3 by powers of r^2. */
const sinTerms = [-0.16666655242443085, 0.008332177065312862, -0.0001951714075403288];

/** (cos r - 1 + r^2 / 2) / r^4 by powers of r^2. */
const cosTerms = [0.04166664555668831, -0.0013887366512790322, 2.4438273612759076e-5];

/** The sine. Error at most 1.5 ulp for every finite angle; NaN for infinities. */
export function sin32(k: KernelBuilder, x: F32): F32 {
  return k.xor(ofMagnitude(k, k.abs(x), 0), k.and(x, -0));
}

/** The cosine. Error at most 1.5 ulp for every finite angle; NaN for infinities. */
export function cos32(k: KernelBuilder, x: F32): F32 {
  return ofMagnitude(k, k.abs(x), 1);
}

/** The sine of an angle of at least zero, `quarters` quarter turns on. */
function ofMagnitude(k: KernelBuilder, angle: F32, quarters: 0 | 1): F32 {
  const { high, low, quadrant } = reduceAngle(k, angle);
  const square = k.mul(high, high);
  const sine = k.add(k.fma(k.mul(high, square), polynomial(k, square, sinTerms), low), high);
  const half = k.mul(square, 0.5);
  const nearOne = k.sub(1, half);
  const lost = k.sub(k.sub(1, nearOne), half);
  const quartic = k.fma(
    k.mul(square, square),
    polynomial(k, square, cosTerms),
    k.sub(lost, k.mul(high, low)),
  );
  const cosine = k.add(nearOne, quartic);
  const turned = k.add(quadrant, quarters);
  const magnitude = k.select(k.compare(k.and(turned, 1), '==', 0), sine, cosine);
  const sign = k.reinterpret('f32', k.shl(k.and(turned, 2), 30));
  return k.select(k.compare(angle, '<', Number.POSITIVE_INFINITY), k.xor(magnitude, sign), Number.NaN);
}
