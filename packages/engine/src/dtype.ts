// The element types that storages hold, as kernels are told of them.

/** Type of the elements of a slice. */
export type EngineDType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool';

/** Bytes of one element. */
export const dtypeBytes: Readonly<Record<EngineDType, 1 | 2 | 4 | 8>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

/** Types that kernels compute in; 16-bit floats are computed in float32 and rounded when they are stored. */
export type ComputeType = Exclude<EngineDType, 'float16' | 'bfloat16'>;

/** Computing types without fractions. */
export type IntegerDType = Exclude<ComputeType, 'float32' | 'float64'>;

/** The type that elements of a dtype are computed in. */
export function computeTypeOf(dtype: EngineDType): ComputeType {
  return dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype;
}

/** Whether values of a type are whole numbers; bool's are 0 and 1. */
export function isIntegerDType(type: EngineDType): type is IntegerDType {
  return !type.includes('float');
}

/** Whether values of an integer type are never negative. */
export function isUnsigned(type: EngineDType): boolean {
  return type.startsWith('uint') || type === 'bool';
}
