/** What losses of single elements share: how they are reduced, and how a gradient comes back through that. */
import type { Expression } from '@sconce/engine';
import { fail } from '../errors.ts';
import { broadcastShapes, numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { apply, type FusedEntry, runFused } from './fused-core.ts';
import type { Reduction } from './nll-loss.ts';

/** The option of every loss. */
export interface ReductionOption {
  /** `mean` (default), `sum`, or `none`: the losses of all elements. */
  readonly reduction?: Reduction;
}

/** Refuses what is no reduction. */
export function readReduction(operator: string, reduction: string = 'mean'): Reduction {
  if (reduction !== 'none' && reduction !== 'mean' && reduction !== 'sum') {
    fail(operator, `${reduction} is not a valid value for reduction`, 'none, mean or sum');
  }
  return reduction;
}

/** The losses of all elements by a formula, brought to one number if wanted. */
export function lossesOf(
  entry: FusedEntry,
  inputs: readonly Tensor[],
  parameters: readonly number[],
  reduction: Reduction,
): Tensor {
  const losses = runFused(entry, inputs, parameters);
  return reduction === 'none' ? losses : reduction === 'sum' ? losses.sum() : losses.mean();
}

/** By how much each element's loss counts in the result. */
export function shareOf(operator: string, reduction: Reduction, x: Tensor, target: Tensor): number {
  return reduction === 'mean' ? 1 / numelOf(broadcastShapes(operator, x.shape, target.shape)) : 1;
}

/** Formulas of a loss's values and of its first gradient. */
export interface LossFormulas {
  readonly losses: FusedEntry;
  readonly inputBack: FusedEntry;
}

/** log(1 / (1 + exp(-x))) without overflow. */
export function logSigmoidOf(x: Expression): Expression {
  return apply('sub', apply('minimum', x, 0), apply('log1p', apply('exp', apply('neg', apply('abs', x)))));
}

/** A value times a weight, where there is one. */
export function weighted(value: Tensor, weight: Tensor | null): Tensor {
  return weight === null ? value : value.mul(weight);
}
