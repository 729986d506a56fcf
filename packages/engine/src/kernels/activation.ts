// The activations that kernels apply to their results before storing them.

import type { FloatType, KernelBuilder, Vector } from '@sconce/codegen';
import type { Activation } from '../types.ts';

/** Which activation a kernel is recorded with; the bounds of `clamp` are arguments. */
export type ActivationKind = 'none' | 'relu' | 'clamp';

/** The bounds of `clamp` in a kernel's registers. */
export interface Bounds<T extends FloatType = 'f32'> {
  readonly min: Vector<T>;
  readonly max: Vector<T>;
}

/** The part of a kernel's spec that an activation decides. */
export function activationKind(activation: Activation | undefined): ActivationKind {
  return activation?.kind ?? 'none';
}

/** The arguments `min` and `max` of a kernel with an activation. */
export function activationBounds(activation: Activation | undefined): { min: number; max: number } {
  return activation?.kind === 'clamp' ? { min: activation.min, max: activation.max } : { min: 0, max: 0 };
}

/** Records an activation. The order of operands lets NaN through, as PyTorch does. */
export function activate<T extends FloatType>(
  k: Pick<KernelBuilder, 'pmax' | 'pmin'>,
  kind: ActivationKind,
  value: Vector<T>,
  bounds: Bounds<T>,
): Vector<T> {
  if (kind === 'relu') return k.pmax(value, 0);
  if (kind === 'clamp') return k.pmin(k.pmax(value, bounds.min), bounds.max);
  return value;
}
