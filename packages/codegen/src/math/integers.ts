/** Arithmetic on i32 lanes that the kernel language leaves to its users. */

import type { KernelBuilder } from '../builder.ts';
import type { Vector } from '../types.ts';

type I32 = Vector<'i32'>;

/** The upper 32 bits of the 64-bit product of unsigned lanes, `a` below 2^24. */
export function multiplyHigh(k: KernelBuilder, a: I32, b: I32): I32 {
  const [aHigh, aLow] = [k.shrLogical(a, 16), k.and(a, 0xffff)];
  const [bHigh, bLow] = [k.shrLogical(b, 16), k.and(b, 0xffff)];
  const first = k.add(k.mul(aHigh, bLow), k.shrLogical(k.mul(aLow, bLow), 16));
  const second = k.add(k.mul(aLow, bHigh), k.and(first, 0xffff));
  return k.add(k.mul(aHigh, bHigh), k.add(k.shrLogical(first, 16), k.shrLogical(second, 16)));
}
