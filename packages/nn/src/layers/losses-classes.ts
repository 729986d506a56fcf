/** Losses between scores of classes and the right class, as layers. */
import type { Reduction, Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { WeightedLoss, type WeightedLossOptions } from './losses-base.ts';

/** Arguments of `NLLLoss` by name. */
export interface NLLLossOptions extends WeightedLossOptions {
  /** The target that counts for nothing (default -100). */
  ignoreIndex?: number;
}

const nLLLossNames = ['weight', 'ignoreIndex', 'reduction'] as const;
const nLLLossDefaults = { weight: null, ignoreIndex: -100, reduction: 'mean' } as const;

/** The negative log likelihood of classes under log probabilities of [C], [N, C] or [N, C, ...] (`torch.nn.NLLLoss`). */
export class NLLLoss extends WeightedLoss {
  static override readonly className: string = 'NLLLoss';

  readonly ignoreIndex: number;

  constructor(
    ...args: LayerArguments<
      [weight: Tensor | null | undefined, ignoreIndex: number | undefined, reduction: Reduction | undefined],
      typeof nLLLossNames,
      NLLLossOptions
    >
  ) {
    const options = readArguments<NLLLossOptions>('NLLLoss', nLLLossNames, nLLLossDefaults, args);
    super(options);
    this.ignoreIndex = options.ignoreIndex;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction } = this;
    return F.nllLoss(input, target, { weight, ignoreIndex, reduction });
  }
}

/** The older name of `NLLLoss` for images (`torch.nn.NLLLoss2d`). */
export class NLLLoss2d extends NLLLoss {
  static override readonly className: string = 'NLLLoss2d';
}

/** Arguments of `CrossEntropyLoss` by name. */
export interface CrossEntropyLossOptions extends WeightedLossOptions {
  /** The target that counts for nothing (default -100). */
  ignoreIndex?: number;
  /** Share of the target that is spread evenly over all classes (default 0). */
  labelSmoothing?: number;
}

const crossEntropyLossNames = ['weight', 'ignoreIndex', 'reduction', 'labelSmoothing'] as const;
const crossEntropyLossDefaults = {
  weight: null,
  ignoreIndex: -100,
  reduction: 'mean',
  labelSmoothing: 0,
} as const;

/** The cross entropy of scores of [C], [N, C] or [N, C, ...] and classes or probabilities (`torch.nn.CrossEntropyLoss`). */
export class CrossEntropyLoss extends WeightedLoss {
  static override readonly className: string = 'CrossEntropyLoss';

  readonly ignoreIndex: number;
  readonly labelSmoothing: number;

  constructor(
    ...args: LayerArguments<
      [
        weight: Tensor | null | undefined,
        ignoreIndex: number | undefined,
        reduction: Reduction | undefined,
        labelSmoothing: number | undefined,
      ],
      typeof crossEntropyLossNames,
      CrossEntropyLossOptions
    >
  ) {
    const options = readArguments<CrossEntropyLossOptions>(
      'CrossEntropyLoss',
      crossEntropyLossNames,
      crossEntropyLossDefaults,
      args,
    );
    super(options);
    this.ignoreIndex = options.ignoreIndex;
    this.labelSmoothing = options.labelSmoothing;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, labelSmoothing, reduction } = this;
    return F.crossEntropy(input, target, { weight, ignoreIndex, labelSmoothing, reduction });
  }
}

/** Arguments of `MultiMarginLoss` by name. */
export interface MultiMarginLossOptions extends WeightedLossOptions {
  /** Power of each excess (default 1). */
  p?: 1 | 2;
  /** By how much the right class is to be ahead (default 1). */
  margin?: number;
}

const multiMarginLossNames = ['p', 'margin', 'weight', 'reduction'] as const;
const multiMarginLossDefaults = { p: 1, margin: 1, weight: null, reduction: 'mean' } as const;

/** How far other classes come into the margin before the right one (`torch.nn.MultiMarginLoss`). */
export class MultiMarginLoss extends WeightedLoss {
  static override readonly className: string = 'MultiMarginLoss';

  readonly p: 1 | 2;
  readonly margin: number;

  constructor(
    ...args: LayerArguments<
      [
        p: 1 | 2 | undefined,
        margin: number | undefined,
        weight: Tensor | null | undefined,
        reduction: Reduction | undefined,
      ],
      typeof multiMarginLossNames,
      MultiMarginLossOptions
    >
  ) {
    const options = readArguments<MultiMarginLossOptions>(
      'MultiMarginLoss',
      multiMarginLossNames,
      multiMarginLossDefaults,
      args,
    );
    super(options);
    const { p, weight } = options;
    if (p !== 1 && p !== 2) throw new TypeError('only p == 1 and p == 2 supported');
    if (weight !== null && weight.ndim !== 1) {
      throw new TypeError(
        `MultiMarginLoss: expected weight to be None or 1D tensor, got ${weight.ndim}D instead`,
      );
    }
    this.p = options.p;
    this.margin = options.margin;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, p, margin, reduction } = this;
    return F.multiMarginLoss(input, target, { weight, p, margin, reduction });
  }
}
