/** The table of element types: everything that depends on a dtype is looked up here. */
import { bfloat16Bits, bfloat16Value, float16Bits, float16Value } from './half.ts';

/** The element types, named as in PyTorch. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool';

/** 32-bit floats: what numbers become by default. */
export const float32: 'float32' = 'float32';
/** 64-bit floats. */
export const float64: 'float64' = 'float64';
/** 16-bit floats (IEEE binary16). */
export const float16: 'float16' = 'float16';
/** 16-bit floats with the range of float32. */
export const bfloat16: 'bfloat16' = 'bfloat16';
/** 8-bit integers. */
export const int8: 'int8' = 'int8';
/** 8-bit integers without sign. */
export const uint8: 'uint8' = 'uint8';
/** 16-bit integers. */
export const int16: 'int16' = 'int16';
/** 32-bit integers. */
export const int32: 'int32' = 'int32';
/** 64-bit integers: indices, sizes, sums of integers. */
export const int64: 'int64' = 'int64';
/** 16-bit integers without sign. */
export const uint16: 'uint16' = 'uint16';
/** 32-bit integers without sign. */
export const uint32: 'uint32' = 'uint32';
/** 64-bit integers without sign. */
export const uint64: 'uint64' = 'uint64';
/** Truth values. */
export const bool: 'bool' = 'bool';

/** Typed arrays that hold elements in memory. float16 and bfloat16 are stored as their bits in a Uint16Array. */
export type ElementArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Typed arrays that users pass in and get back: float16 and bfloat16 values come as a Float32Array. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

interface ElementArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): ElementArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ElementArray;
}

/** What is known about one dtype. */
export interface DTypeInfo {
  readonly name: DType;
  /** Category in type promotion; a later one wins over an earlier one. */
  readonly kind: 'bool' | 'int' | 'float';
  /** Bytes of one element. */
  readonly bytes: 1 | 2 | 4 | 8;
  /** PyTorch's internal name, which its error messages use (`Long`, `Float`). */
  readonly scalarName: string;
  readonly array: ElementArrayConstructor;
  /** For the 16-bit floats, which no typed array computes with: conversion from and to their bits. */
  readonly codec?: { readonly encode: (value: number) => number; readonly decode: (bits: number) => number };
}

const table: Readonly<Record<DType, DTypeInfo>> = {
  float32: { name: 'float32', kind: 'float', bytes: 4, scalarName: 'Float', array: Float32Array },
  float64: { name: 'float64', kind: 'float', bytes: 8, scalarName: 'Double', array: Float64Array },
  float16: {
    name: 'float16',
    kind: 'float',
    bytes: 2,
    scalarName: 'Half',
    array: Uint16Array,
    codec: { encode: float16Bits, decode: float16Value },
  },
  bfloat16: {
    name: 'bfloat16',
    kind: 'float',
    bytes: 2,
    scalarName: 'BFloat16',
    array: Uint16Array,
    codec: { encode: bfloat16Bits, decode: bfloat16Value },
  },
  int8: { name: 'int8', kind: 'int', bytes: 1, scalarName: 'Char', array: Int8Array },
  uint8: { name: 'uint8', kind: 'int', bytes: 1, scalarName: 'Byte', array: Uint8Array },
  int16: { name: 'int16', kind: 'int', bytes: 2, scalarName: 'Short', array: Int16Array },
  int32: { name: 'int32', kind: 'int', bytes: 4, scalarName: 'Int', array: Int32Array },
  int64: { name: 'int64', kind: 'int', bytes: 8, scalarName: 'Long', array: BigInt64Array },
  uint16: { name: 'uint16', kind: 'int', bytes: 2, scalarName: 'UInt16', array: Uint16Array },
  uint32: { name: 'uint32', kind: 'int', bytes: 4, scalarName: 'UInt32', array: Uint32Array },
  uint64: { name: 'uint64', kind: 'int', bytes: 8, scalarName: 'UInt64', array: BigUint64Array },
  bool: { name: 'bool', kind: 'bool', bytes: 1, scalarName: 'Bool', array: Uint8Array },
};

/** All dtypes, in the order of the table. */
export const dtypes: readonly DType[] = Object.keys(table) as DType[];

/** Looks a dtype up. */
export function dtypeInfo(dtype: DType): DTypeInfo {
  return table[dtype];
}

/** Whether the dtype is one of the floating-point types. */
export function isFloatingPoint(dtype: DType): boolean {
  return table[dtype].kind === 'float';
}

/** The dtype whose elements a typed array given by the user holds, or undefined for arrays that have none. */
export function dtypeOfTypedArray(array: ArrayBufferView): DType | undefined {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof BigInt64Array) return 'int64';
  if (array instanceof BigUint64Array) return 'uint64';
  if (array instanceof Uint32Array) return 'uint32';
  if (array instanceof Uint16Array) return 'uint16';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Int16Array) return 'int16';
  if (array instanceof Int8Array) return 'int8';
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return 'uint8';
  return undefined;
}
