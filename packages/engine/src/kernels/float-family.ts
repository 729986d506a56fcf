// Kernels that are the same for float32 and float64: written once, recorded for either lane type.

import type { Contract, FloatType, KernelBuilder } from '@sconce/codegen';
import { type Family, family, type Values } from '../runtime/family.ts';

/** The kernels of one family by lane type. */
export type FloatFamily<S extends object, V> = Readonly<Record<FloatType, Family<S, V>>>;

/**
 * Defines a family for both lane types. To the compiler all is f32: `type` says what it is, so contract and body name no other
 * lane type and ask `k.lanes(type)` for the number of lanes.
 */
export function floatFamily<S extends object, const C extends Contract>(
  name: string,
  contractOf: (type: 'f32') => C,
  body: (k: KernelBuilder<C>, spec: S, type: 'f32') => void,
): FloatFamily<S, Values<C>> {
  const of = (type: FloatType): Family<S, Values<C>> => {
    const as = type as 'f32';
    return family(type === 'f32' ? name : `${name}-${type}`, contractOf(as), (k, spec: S) =>
      body(k, spec, as),
    );
  };
  return { f32: of('f32'), f64: of('f64') };
}
