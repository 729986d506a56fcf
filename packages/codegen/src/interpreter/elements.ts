/** Single elements in memory, little endian. */

import type { ElementType } from '../types.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './half-float.ts';

/** Reads an element as a lane: an i64 as a bigint. */
export function readLane(type: ElementType, bytes: DataView, at: number): number | bigint {
  return type === 'i64' ? bytes.getBigInt64(at, true) : readers[type](bytes, at);
}

/** Writes a lane as an element. */
export function writeLane(type: ElementType, bytes: DataView, at: number, lane: number | bigint): void {
  if (typeof lane === 'bigint') bytes.setBigInt64(at, lane, true);
  else writers[type](bytes, at, lane);
}

/** Reads an element; of an i64 the lower 32 bits. */
export const readers: Readonly<Record<ElementType, (bytes: DataView, at: number) => number>> = {
  f32: (bytes, at) => bytes.getFloat32(at, true),
  f64: (bytes, at) => bytes.getFloat64(at, true),
  i8: (bytes, at) => bytes.getInt8(at),
  u8: (bytes, at) => bytes.getUint8(at),
  i16: (bytes, at) => bytes.getInt16(at, true),
  u16: (bytes, at) => bytes.getUint16(at, true),
  i32: (bytes, at) => bytes.getInt32(at, true),
  f16: (bytes, at) => fromFloat16(bytes.getUint16(at, true)),
  bf16: (bytes, at) => fromBfloat16(bytes.getUint16(at, true)),
  i64: (bytes, at) => bytes.getInt32(at, true),
};

/** Writes an element; integers lose the bits that it has no room for. */
export const writers: Readonly<Record<ElementType, (bytes: DataView, at: number, value: number) => void>> = {
  f32: (bytes, at, value) => bytes.setFloat32(at, value, true),
  f64: (bytes, at, value) => bytes.setFloat64(at, value, true),
  i8: (bytes, at, value) => bytes.setInt8(at, value),
  u8: (bytes, at, value) => bytes.setUint8(at, value),
  i16: (bytes, at, value) => bytes.setInt16(at, value, true),
  u16: (bytes, at, value) => bytes.setUint16(at, value, true),
  i32: (bytes, at, value) => bytes.setInt32(at, value, true),
  f16: (bytes, at, value) => bytes.setUint16(at, toFloat16(value), true),
  bf16: (bytes, at, value) => bytes.setUint16(at, toBfloat16(value), true),
  i64: (bytes, at, value) => bytes.setBigInt64(at, BigInt(value), true),
};
