/** What losses do with the losses of single elements. */
import type { Reduction, Tensor } from '@sconce/tensor';
import { refuse } from './refuse.ts';

/** The option that nearly every loss has. */
export interface LossOptions {
  /** `mean` (default), `sum` or `none`, which gives the losses of all elements. */
  readonly reduction?: Reduction;
}

/** A loss of a prediction and a target. */
export type Loss<Options extends object = LossOptions> = (
  input: Tensor,
  target: Tensor,
  options?: Options,
) => Tensor;

/** Refuses what is no reduction, in PyTorch's words. */
export function checkReduction(operator: string, reduction: string): void {
  if (reduction !== 'none' && reduction !== 'mean' && reduction !== 'sum') {
    refuse(operator, `${reduction} is not a valid value for reduction`);
  }
}

/** Brings the losses of all elements to one number, or leaves them. */
export function reduceLoss(operator: string, losses: Tensor, reduction: Reduction = 'mean'): Tensor {
  checkReduction(operator, reduction);
  return reduction === 'none' ? losses : reduction === 'sum' ? losses.sum() : losses.mean();
}
