/**
 * Conversions between float32 and the 16-bit floats as integer arithmetic on lanes, for targets that have no instructions for
 * them. Rounding is to nearest, ties to even. After Fabian Giesen, "Half to float done quick" (2012) and his notes on the way back.
 */

import type { ArithmeticRecorder } from './arithmetic-recorder.ts';
import type { Contract } from './contract.ts';
import type { Vector } from './types.ts';

type Bits = Vector<'i32'>;
type F32 = Vector<'f32'>;

/** The float32 with the given float16 bits (in the lower half of each lane, the upper half zero). Exact. */
export function fromFloat16Bits<C extends Contract>(k: ArithmeticRecorder<C>, bits: Bits): F32 {
  const magnitude = k.and(bits, 0x7fff);
  // exponent and mantissa in their places; the product corrects the bias, of denormals too
  const finite = k.mul(k.reinterpret('f32', k.shl(magnitude, 13)), 2 ** 112);
  const special = k.select<'i32'>(k.compare(magnitude, '>', 0x7bff), k.constant('i32', 0x7f800000), 0);
  const sign = k.shl(k.sub(bits, magnitude), 16);
  return k.reinterpret('f32', k.or(k.or(k.reinterpret('i32', finite), special), sign));
}

/** The float16 bits of a float32, in the lower half of each lane. */
export function float16Bits<C extends Contract>(k: ArithmeticRecorder<C>, value: F32): Bits {
  const bits = k.reinterpret('i32', value);
  const magnitude = k.and(bits, 0x7fffffff);
  const odd = k.and(k.shrLogical(magnitude, 13), 1);
  const normal = k.shrLogical(k.add(k.add(magnitude, 0xfff - (112 << 23)), odd), 13);
  // the sum with 1/2 rounds at the place of float16's smallest denormal
  const shifted = k.add(k.reinterpret('f32', magnitude), 0.5);
  const denormal = k.sub(k.reinterpret('i32', shifted), 0x3f000000);
  const nan = k.or(k.and(k.shrLogical(magnitude, 13), 0x1ff), 0x7e00);
  const special = k.select(k.compare(magnitude, '>', 0x7f800000), nan, 0x7c00);
  const small = k.select(k.compare(magnitude, '<', 0x38800000), denormal, normal);
  const unsigned = k.select(k.compare(magnitude, '>=', 0x47800000), special, small);
  return k.or(unsigned, k.and(k.shrLogical(bits, 16), 0x8000));
}

/** The float32 with the given bfloat16 bits. Exact. */
export function fromBfloat16Bits<C extends Contract>(k: ArithmeticRecorder<C>, bits: Bits): F32 {
  return k.reinterpret('f32', k.shl(bits, 16));
}

/** The bfloat16 bits of a float32, in the lower half of each lane. */
export function bfloat16Bits<C extends Contract>(k: ArithmeticRecorder<C>, value: F32): Bits {
  const bits = k.reinterpret('i32', value);
  const upper = k.shrLogical(bits, 16);
  const rounded = k.shrLogical(k.add(k.add(bits, 0x7fff), k.and(upper, 1)), 16);
  return k.select(k.isNaN(value), k.or(upper, 0x40), rounded);
}
