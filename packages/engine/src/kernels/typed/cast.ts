// Conversions between computing types, as C++ compilers make them on x86-64: integers wrap around, floats beyond an integer type
// and NaN become what the processor's truncation to 32 or 64 bits gives (the smallest integer), of which the lower bits are kept.

import type { KernelBuilder, Vector } from '@sconce/codegen';
import { type ComputeType, isIntegerDType, isUnsigned } from '../../dtype.ts';
import { constantValue, masksFor, partsOf, type Truth, truthOf, type Value } from './lanes.ts';

type F32 = Vector<'f32'>;
type F64 = Vector<'f64'>;
type I32 = Vector<'i32'>;
type I64 = Vector<'i64'>;

/** The values of another type, with no bits beyond it. */
export function cast(k: KernelBuilder, value: Value, to: ComputeType): Value {
  return exact(k, castBits(k, value, to));
}

/** As {@link cast}; narrow integers (bool aside) may keep bits beyond their type, which a store to memory drops. */
export function castBits(k: KernelBuilder, value: Value, to: ComputeType): Value {
  const { type: from } = value;
  if (from === to) return to === 'bool' ? exact(k, value) : value;
  if (to === 'bool') return fromTruth(k, isNonZero(k, value), to);
  const of = exactUnlessBits(k, value, to);
  if (to === 'float32') return { type: to, parts: toFloat32(k, of) };
  if (to === 'float64') return { type: to, parts: toFloat64(k, of) };
  if (partsOf(to) === 2) return { type: to, parts: toLong(k, of, to) };
  return { type: to, parts: toInteger(k, of, to), loose: bitsOf(to) < 32 };
}

/** Where values are not zero; NaN is not. */
export function isNonZero(k: KernelBuilder, value: Value): Truth {
  return truthOf(exact(k, value).parts.map((part) => k.compare(part, '!=', 0)));
}

/** 1 where it holds and 0 elsewhere. */
export function fromTruth(k: KernelBuilder, truth: Truth, type: ComputeType): Value {
  const one = constantValue(k, type, 1).parts[0]!;
  return { type, parts: masksFor(k, truth, type).map((mask) => k.select(mask, one, 0)) };
}

/** Bits of an integer type. */
export function bitsOf(type: ComputeType): 8 | 16 | 32 | 64 {
  if (partsOf(type) === 2) return 64;
  if (type === 'int8' || type === 'uint8' || type === 'bool') return 8;
  return type === 'int16' || type === 'uint16' ? 16 : 32;
}

/** The same values without bits beyond their type. */
export function exact(k: KernelBuilder, value: Value): Value {
  if (!value.loose) return value;
  const { type } = value;
  const parts = value.parts.map((part) => {
    const lanes = part as I32;
    if (type === 'bool') return k.select(k.compare(lanes, '!=', 0), k.constant('i32', 1), 0);
    const unused = 32 - bitsOf(type);
    if (isUnsigned(type)) return k.and(lanes, 2 ** bitsOf(type) - 1);
    return k.shr(k.shl(lanes, unused), unused);
  });
  return { type, parts };
}

/** Integers that only lose bits need not be exact first. */
function exactUnlessBits(k: KernelBuilder, value: Value, to: ComputeType): Value {
  const onlyLoses =
    value.type !== 'bool' &&
    isIntegerDType(value.type) &&
    isIntegerDType(to) &&
    bitsOf(to) <= bitsOf(value.type);
  return onlyLoses ? value : exact(k, value);
}

function toFloat32(k: KernelBuilder, { type, parts }: Value): Vector[] {
  if (type === 'float64') return [k.narrow('f32', parts[0] as F64, parts[1] as F64)];
  if (type === 'uint32') {
    // exact in float64, so that there is one rounding
    const [low, high] = toFloat64(k, { type, parts }) as [F64, F64];
    return [k.narrow('f32', low, high)];
  }
  if (partsOf(type) === 1) return [k.convert('f32', parts[0] as I32)];
  const sticky = parts.map((part) => roundingOnce(k, part as I64, isUnsigned(type)));
  const [low, high] = toFloat64(k, { type, parts: sticky }) as [F64, F64];
  return [k.narrow('f32', low, high)];
}

/**
 * 64-bit integers of which float64 keeps enough that rounding to float32 afterwards is as rounding once: of large ones the lower
 * bits are gathered into one.
 */
function roundingOnce(k: KernelBuilder, x: I64, unsigned: boolean): I64 {
  const gathered = k.and(k.or(k.add(k.and(x, 0x7ff), 0x7ff), x), -0x800);
  const small = unsigned
    ? k.compareUnsigned(x, '<', 2 ** 53)
    : k.compareUnsigned(k.add(x, 2 ** 53), '<', 2 ** 54);
  return k.select(small, x, gathered);
}

function toFloat64(k: KernelBuilder, { type, parts }: Value): Vector[] {
  if (type === 'uint64') return parts.map((part) => unsignedToFloat64(k, part as I64));
  if (partsOf(type) === 2) return parts.map((part) => k.convert('f64', part as I64));
  const source = parts[0]!;
  const shifted = type === 'uint32' ? k.xor(source as I32, -(2 ** 31)) : (source as F32 | I32);
  return (['low', 'high'] as const).map((half) => {
    const wide = k.widen('f64', shifted, half);
    return type === 'uint32' ? k.add(wide, 2 ** 31) : wide;
  });
}

/** The nearest double of a 64-bit integer without sign. */
export function unsignedToFloat64(k: KernelBuilder, x: I64): F64 {
  const upper = k.convert('f64', k.shrLogical(x, 32));
  // the product is exact, so that there is one rounding
  return k.fma(upper, 2 ** 32, k.convert('f64', k.and(x, 2 ** 32 - 1)));
}

/** Integers of 32-bit lanes. */
function toInteger(k: KernelBuilder, value: Value, to: ComputeType): Vector[] {
  const { type, parts } = value;
  if (isIntegerDType(type)) {
    return partsOf(type) === 1 ? [...parts] : [k.narrow('i32', parts[0] as I64, parts[1] as I64)];
  }
  // through 64 bits what has more than 31 bits; uint8 too, as PyTorch does, which floats of 32 bits cannot tell
  if (to === 'uint32' || (to === 'uint8' && type === 'float64')) {
    const [low, high] = toLong(k, value, 'int64') as [I64, I64];
    return [k.narrow('i32', low, high)];
  }
  const inRange = parts.map((part) => orSmallest(k, part as F64, -(2 ** 31), 2 ** 31));
  if (type === 'float64') return [k.narrow('i32', inRange[0]!, inRange[1]!)];
  return [k.convert('i32', inRange[0]! as Vector as F32)];
}

/** Numbers that truncate to an integer type; the smallest one for all others. */
function orSmallest<T extends 'f32' | 'f64'>(
  k: KernelBuilder,
  x: Vector<T>,
  smallest: number,
  end: number,
): Vector<T> {
  // float64 reaches below the smallest by less than one
  const above = x.type === 'f64' ? k.compare(x, '>', smallest - 1) : k.compare(x, '>=', smallest);
  return k.select(k.and(above, k.compare(x, '<', end)), x, smallest);
}

function toLong(k: KernelBuilder, value: Value, to: ComputeType): Vector[] {
  const { type, parts } = value;
  if (isIntegerDType(type)) {
    if (partsOf(type) === 2) return [...parts];
    return (['low', 'high'] as const).map((half) => {
      const wide = k.widen('i64', parts[0] as I32, half);
      return type === 'uint32' ? k.and(wide, 2 ** 32 - 1) : wide;
    });
  }
  const doubles = (type === 'float32' ? toFloat64(k, value) : parts) as readonly F64[];
  return doubles.map((x) => {
    if (to !== 'uint64') return truncated(k, x);
    // the upper half of the range is moved down, and back as integers
    const large = k.compare(x, '>=', 2 ** 63);
    const moved = truncated(k, k.select(large, k.sub(x, 2 ** 63), x));
    return k.xor(moved, k.select(large, k.constant('i64', -(2 ** 63)), 0));
  });
}

/** Doubles as int64, towards zero; the smallest int64 for NaN and where there is none. */
function truncated(k: KernelBuilder, x: F64): I64 {
  const inRange = k.and(k.compare(x, '>=', -(2 ** 63)), k.compare(x, '<', 2 ** 63));
  return k.convert('i64', k.select(inRange, x, -(2 ** 63)));
}
