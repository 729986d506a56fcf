// The lane type of kernels that compute in float32 or float64.

import type { FloatType } from '@sconce/codegen';
import type { EngineDType } from './dtype.ts';
import { EngineError } from './errors.ts';
import { bytesOf, type Region } from './runtime/region.ts';

/** Element types of kernels that need fractions and whole precision. */
export type FloatDType = Extract<EngineDType, 'float32' | 'float64'>;

/** A lane type and the bytes of its elements. */
export interface FloatLanes {
  readonly type: FloatType;
  readonly bytes: 4 | 8;
}

const lanesOf: Readonly<Record<FloatDType, FloatLanes>> = {
  float32: { type: 'f32', bytes: 4 },
  float64: { type: 'f64', bytes: 8 },
};

/**
 * The lanes that a dtype is computed in.
 * @throws EngineError when it is neither float32 nor float64.
 */
export function floatLanes(kernel: string, dtype: FloatDType = 'float32'): FloatLanes {
  const lanes: FloatLanes | undefined = lanesOf[dtype];
  if (lanes === undefined) throw new EngineError(kernel, 'invalid dtype', 'float32 or float64', dtype);
  return lanes;
}

/** A region as numbers of a lane type, valid until the next allocation. */
export function numbersOf(region: Region, type: FloatType): Float32Array | Float64Array {
  const { buffer, byteOffset, length } = bytesOf(region);
  return type === 'f64'
    ? new Float64Array(buffer, byteOffset, length / 8)
    : new Float32Array(buffer, byteOffset, length / 4);
}
