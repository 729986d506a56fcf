// Division of integer lanes, for which there are no vector instructions: quotients are found in floating point. What division
// by zero gives means nothing; kernels look for it beforehand.

import type { KernelBuilder, Vector } from '@sconce/codegen';
import { type ComputeType, isUnsigned } from '../../dtype.ts';
import { bitsOf, unsignedToFloat64 } from './cast.ts';

type F64 = Vector<'f64'>;
type I32 = Vector<'i32'>;
type I64 = Vector<'i64'>;

/** The quotient, rounded towards zero; the smallest integer divided by -1 is itself. */
export function truncatedQuotient(k: KernelBuilder, type: ComputeType, a: Vector, b: Vector): Vector {
  switch (bitsOf(type)) {
    case 64:
      return isUnsigned(type) ? unsignedLong(k, a as I64, b as I64) : signedLong(k, a as I64, b as I64);
    case 32:
      return wordQuotient(k, isUnsigned(type), a as I32, b as I32);
    default: {
      // float32 tells the quotients of 16-bit numbers apart
      const ratio = k.div(k.convert('f32', a as I32), k.convert('f32', b as I32));
      return k.convert('i32', k.trunc(ratio));
    }
  }
}

/** What is left of a division rounded towards zero: it has the sign of `a`. */
export function truncatedRemainder(k: KernelBuilder, type: ComputeType, a: Vector, b: Vector): Vector {
  return k.sub(a, k.mul(truncatedQuotient(k, type, a, b), b));
}

/** The quotient, rounded down. */
export function flooredQuotient(k: KernelBuilder, type: ComputeType, a: Vector, b: Vector): Vector {
  const quotient = truncatedQuotient(k, type, a, b);
  if (isUnsigned(type)) return quotient;
  const rest = k.sub(a, k.mul(quotient, b));
  return k.select(signsDiffer(k, rest, b), k.sub(quotient, 1), quotient);
}

/** What is left of a division rounded down: it has the sign of `b`. */
export function flooredRemainder(k: KernelBuilder, type: ComputeType, a: Vector, b: Vector): Vector {
  const rest = truncatedRemainder(k, type, a, b);
  return isUnsigned(type) ? rest : k.select(signsDiffer(k, rest, b), k.add(rest, b), rest);
}

/** Whether there is a rest, and it has another sign than the divisor. */
function signsDiffer(k: KernelBuilder, rest: Vector, b: Vector) {
  return k.and(k.compare(rest, '!=', 0), k.compare(k.xor(rest, b), '<', 0));
}

/** 32-bit integers, whose quotients float64 tells apart. */
function wordQuotient(k: KernelBuilder, unsigned: boolean, a: I32, b: I32): I32 {
  const half = 2 ** 31;
  const [low, high] = (['low', 'high'] as const).map((part) => {
    if (!unsigned) return k.trunc(k.div(k.widen('f64', a, part), k.widen('f64', b, part)));
    const [x, y] = [a, b].map((value) => k.add(k.widen('f64', k.xor(value, -half), part), half));
    return k.sub(k.trunc(k.div(x!, y!)), half);
  }) as [F64, F64];
  if (unsigned) return k.xor(k.narrow('i32', low, high), -half);
  // only the smallest integer over -1 is beyond the type
  return k.select(k.compare(b, '==', -1), k.neg(a), k.narrow('i32', low, high));
}

function signedLong(k: KernelBuilder, a: I64, b: I64): I64 {
  const quotient = unsignedLong(k, k.abs(a), k.abs(b));
  return k.select(k.compare(k.xor(a, b), '<', 0), k.neg(quotient), quotient);
}

/** A first quotient by float64, a second one of what it leaves, and at most one more. */
function unsignedLong(k: KernelBuilder, a: I64, b: I64): I64 {
  const divisor = unsignedToFloat64(k, b);
  const rough = k.trunc(k.div(unsignedToFloat64(k, a), divisor));
  const large = k.compare(rough, '>=', 2 ** 63);
  const moved = k.pmin(k.select(large, k.sub(rough, 2 ** 63), rough), 2 ** 63 - 1024);
  const first = k.xor(k.convert('i64', moved), k.select(large, k.constant('i64', -(2 ** 63)), 0));
  const left = k.sub(a, k.mul(first, b));
  const second = k.convert('i64', k.floor(k.div(k.convert('f64', left), divisor)));
  const quotient = k.add(first, second);
  const rest = k.sub(left, k.mul(second, b));
  const under = k.compare(rest, '<', 0);
  const over = k.andNot(k.compareUnsigned(rest, '>=', b), under);
  const corrected = k.add(
    quotient,
    k.select(over, k.constant('i64', 1), k.select<'i64'>(under, k.constant('i64', -1), 0)),
  );
  // quotients by numbers of 2^63 and above are 0 or 1, and rests need 64 bits
  const single = k.select(k.compareUnsigned(a, '>=', b), k.constant('i64', 1), 0);
  return k.select(k.compare(b, '<', 0), single, corrected);
}
