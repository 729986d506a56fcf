/** Chooses between the functions of both float types. */

import type { KernelBuilder } from '../builder.ts';
import type { Contract } from '../contract.ts';
import type { FloatType, Vector } from '../types.ts';

/** The function for the type of `x`. */
export function ofType<C extends Contract, T extends FloatType>(
  k: KernelBuilder<C>,
  x: Vector<T>,
  float32: (k: KernelBuilder<C>, x: Vector<'f32'>) => Vector<'f32'>,
  float64: (k: KernelBuilder<C>, x: Vector<'f64'>) => Vector<'f64'>,
): Vector<T> {
  return (x.type === 'f64' ? float64(k, x as Vector<'f64'>) : float32(k, x as Vector<'f32'>)) as Vector<T>;
}
