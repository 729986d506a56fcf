/** What the loss layers share. */
import type { Reduction, Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';

/** The option of every loss. */
export interface ReductionOptions {
  /** `'mean'` (default), `'sum'`, or `'none'`: the losses of all elements. */
  reduction?: Reduction;
}

/** Options of losses with weights. */
export interface WeightedLossOptions extends ReductionOptions {
  /** A factor for each class, or for each element; kept as a buffer. */
  weight?: Tensor | null;
}

const reductionNames = ['reduction'] as const;
const weightNames = ['weight', 'reduction'] as const;

/** Constructor arguments of losses whose only one is `reduction`. */
export type ReductionArguments = LayerArguments<
  [reduction: Reduction | undefined],
  typeof reductionNames,
  ReductionOptions
>;

/** Constructor arguments of losses with a weight and no more. */
export type WeightedLossArguments = LayerArguments<
  [weight: Tensor | null | undefined, reduction: Reduction | undefined],
  typeof weightNames,
  WeightedLossOptions
>;

/** A loss: what it does with the losses of single elements. */
export abstract class Loss extends Module {
  readonly reduction: Reduction;

  constructor(reduction: Reduction) {
    super();
    this.reduction = reduction;
  }
}

/** A loss whose only option is `reduction`. */
export abstract class ReductionLoss extends Loss {
  constructor(layer: string, args: readonly unknown[]) {
    super(readArguments<ReductionOptions>(layer, reductionNames, { reduction: 'mean' }, args).reduction);
  }
}

/** A loss with a weight, which is a buffer. */
export abstract class WeightedLoss extends Loss {
  declare weight: Tensor | null;

  constructor({ weight, reduction }: Required<WeightedLossOptions>) {
    super(reduction);
    this.registerBuffer('weight', weight);
  }
}

/** Reads the arguments of losses with a weight and no more. */
export function readWeighted(layer: string, args: readonly unknown[]): Required<WeightedLossOptions> {
  return readArguments<WeightedLossOptions>(layer, weightNames, { weight: null, reduction: 'mean' }, args);
}
