/** What kernels compute with: lane types of vectors, element types in memory, and the kinds of variables. */

/** Type of one lane of a vector. */
export type LaneType = 'f32' | 'f64' | IntegerType;

/** Lane types without fractions; they wrap around. */
export type IntegerType = 'i32' | 'i64';

/** Lane types with fractions, NaN and infinities. */
export type FloatType = 'f32' | 'f64';

/** Integers in memory that are narrower than a lane. */
export type NarrowInteger = 'i8' | 'u8' | 'i16' | 'u16';

/** Elements in memory that are narrower than a lane; `f16` is IEEE 754 binary16, `bf16` the upper half of an f32. */
export type NarrowType = NarrowInteger | 'f16' | 'bf16';

/** The lanes that narrow elements are computed in: i32 for integers, f32 for floats. */
export type WideType<N extends NarrowType> = N extends NarrowInteger ? 'i32' : 'f32';

/** Type of one element in memory: a lane type or a narrow one. */
export type ElementType = LaneType | NarrowType;

/** Size of one element in bytes. */
export const elementBytes: Readonly<Record<ElementType, 1 | 2 | 4 | 8>> = {
  f32: 4,
  f64: 8,
  i32: 4,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  f16: 2,
  bf16: 2,
  i64: 8,
};

/** Width of a lane. */
export function laneBits(type: LaneType): 32 | 64 {
  return elementBytes[type] === 8 ? 64 : 32;
}

export function isIntegerType(type: LaneType): type is IntegerType {
  return type === 'i32' || type === 'i64';
}

/** A constant's value in one lane: a whole number for i64, a bigint where a double does not hold it exactly. */
export type LaneValue = number | bigint;

/** A vector's bytes in memory. */
export function vectorBytes(type: LaneType, lanes: readonly LaneValue[]): Uint8Array {
  if (type === 'i64') return new Uint8Array(BigInt64Array.from(lanes, BigInt).buffer);
  const make = { f32: Float32Array, f64: Float64Array, i32: Int32Array }[type];
  return new Uint8Array(make.from(lanes.map(Number)).buffer);
}

/** A mutable integer as wide as a pointer of the target. Kernels keep within 32 bits, so that they run on every target. */
export interface Integer {
  readonly kind: 'integer';
  readonly id: number;
}

/** A mutable address of elements of one type. It counts in elements wherever a method does not say bytes. */
export interface Pointer<E extends ElementType = ElementType> {
  readonly kind: 'pointer';
  readonly id: number;
  readonly element: E;
}

/** A mutable vector of `target.lanes(type)` lanes. */
export interface Vector<T extends LaneType = LaneType> {
  readonly kind: 'vector';
  readonly id: number;
  readonly type: T;
}

/** One truth value per lane; `bits` is the width of the lanes it belongs to. */
export interface Mask {
  readonly kind: 'mask';
  readonly id: number;
  readonly bits: 32 | 64;
}

export type Variable = Integer | Pointer | Vector | Mask;

/** A vector, or a number that stands for the vector with that value in every lane. */
export type Operand<T extends LaneType = LaneType> = Vector<T> | number;

/** Prints a variable in error messages: `vector<f32> v7`. */
export function describe(variable: Variable): string {
  switch (variable.kind) {
    case 'integer':
      return `integer v${variable.id}`;
    case 'pointer':
      return `pointer<${variable.element}> v${variable.id}`;
    case 'vector':
      return `vector<${variable.type}> v${variable.id}`;
    case 'mask':
      return `mask<${variable.bits}> v${variable.id}`;
  }
}
