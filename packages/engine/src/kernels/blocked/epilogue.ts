// What every convolution on blocked images does to a sum before it stores it: bias, residual, activation, mask.

import type { KernelBuilder, Vector } from '@sconce/codegen';
import type { Region } from '../../runtime/region.ts';
import type { Activation } from '../../types.ts';
import { type ActivationKind, activate, activationKind, type Bounds } from '../activation.ts';

/** What follows the sums of a convolution. */
export interface Epilogue {
  readonly bias: Region;
  /** One vector: all bits set in the lanes that are channels. */
  readonly mask: Region;
  readonly activation: Activation | undefined;
}

/** The part of a kernel's spec that the epilogue decides. */
export interface EpilogueSpec {
  readonly residual: boolean;
  readonly activation: ActivationKind;
  /** Whether the last vector of channels holds padding, which a mask keeps zero. */
  readonly masked: boolean;
}

/** The epilogue of a job as a kernel is recorded for it. */
export function epilogueSpec(
  job: { readonly residual: unknown; readonly activation: Activation | undefined },
  masked: boolean,
): EpilogueSpec {
  return { residual: job.residual !== undefined, activation: activationKind(job.activation), masked };
}

/** What a sum meets on its way; whatever is left out does not take part. */
export interface EpilogueOperands {
  readonly bias?: Vector<'f32'> | undefined;
  readonly residual?: Vector<'f32'> | undefined;
  readonly bounds: Bounds;
  readonly mask?: Vector<'f32'> | undefined;
}

/** Records `activation(sum + bias + residual) & mask`. */
export function finishSum(
  k: KernelBuilder,
  activation: ActivationKind,
  sum: Vector<'f32'>,
  { bias, residual, bounds, mask }: EpilogueOperands,
): Vector<'f32'> {
  let value = bias ? k.add(sum, bias) : sum;
  if (residual) value = k.add(value, residual);
  value = activate(k, activation, value, bounds);
  return mask ? k.and(value, mask) : value;
}
