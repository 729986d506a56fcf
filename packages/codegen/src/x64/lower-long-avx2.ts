/** What AVX2 has no instructions for on 64-bit integer lanes, put together from others. */

import type { Vector } from '../types.ts';
import type { FunctionWriter } from './function-writer.ts';

function pick(w: FunctionWriter, to: Vector, a: Vector, b: Vector, isMax: boolean): void {
  const [left, right] = [w.read(a), w.read(b)];
  const takesRight = w.temporaryVector();
  if (isMax) w.emit('vpcmpgtq', takesRight, right, left);
  else w.emit('vpcmpgtq', takesRight, left, right);
  w.emit('vblendvpd', w.write(to), left, right, takesRight);
}

/** The operators on two vectors that are more than one instruction. */
export const longBinary = {
  pmin: (w: FunctionWriter, to: Vector, a: Vector, b: Vector): void => pick(w, to, a, b, false),
  pmax: (w: FunctionWriter, to: Vector, a: Vector, b: Vector): void => pick(w, to, a, b, true),
  /** The product of the lower halves, and both products of a lower and an upper half moved up. */
  mul: (w: FunctionWriter, to: Vector, a: Vector, b: Vector): void => {
    const [left, right] = [w.read(a), w.read(b)];
    const [crossed, other] = [w.temporaryVector(), w.temporaryVector()];
    w.emit('vpsrlq', crossed, left, 32);
    w.emit('vpmuludq', crossed, crossed, right);
    w.emit('vpsrlq', other, right, 32);
    w.emit('vpmuludq', other, other, left);
    w.emit('vpaddq', crossed, crossed, other);
    w.emit('vpsllq', crossed, crossed, 32);
    w.emit('vpmuludq', other, left, right);
    w.emit('vpaddq', w.write(to), crossed, other);
  },
} as const;

/** Shifts to the right; the sign comes in from the left. */
export function shiftLong(w: FunctionWriter, to: Vector, a: Vector, count: number): void {
  const source = w.read(a);
  const sign = w.temporaryVector();
  w.clear(sign);
  w.emit('vpcmpgtq', sign, sign, source);
  w.emit('vpsllq', sign, sign, 64 - count);
  const target = w.write(to);
  w.emit('vpsrlq', target, source, count);
  w.emit('vorps', target, target, sign);
}

export function absLong(w: FunctionWriter, to: Vector, a: Vector): void {
  const source = w.read(a);
  const sign = w.temporaryVector();
  w.clear(sign);
  w.emit('vpcmpgtq', sign, sign, source);
  const target = w.write(to);
  w.emit('vxorps', target, source, sign);
  w.emit('vpsubq', target, target, sign);
}
