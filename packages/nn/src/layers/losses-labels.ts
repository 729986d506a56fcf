/** Losses of independent classes, as layers: two classes, or any number of right ones. */
import type { Reduction, Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import {
  type ReductionArguments,
  ReductionLoss,
  readWeighted,
  WeightedLoss,
  type WeightedLossArguments,
  type WeightedLossOptions,
} from './losses-base.ts';

/** The cross entropy of probabilities and targets between 0 and 1 (`torch.nn.BCELoss`). */
export class BCELoss extends WeightedLoss {
  static override readonly className: string = 'BCELoss';

  constructor(...args: WeightedLossArguments) {
    super(readWeighted('BCELoss', args));
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropy(input, target, { weight: this.weight, reduction: this.reduction });
  }
}

/** Arguments of `BCEWithLogitsLoss` by name. */
export interface BCEWithLogitsLossOptions extends WeightedLossOptions {
  /** A factor for the positive targets of each class; kept as a buffer. */
  posWeight?: Tensor | null;
}

const logitsNames = ['weight', 'reduction', 'posWeight'] as const;
const logitsDefaults = { weight: null, reduction: 'mean', posWeight: null } as const;

/** `BCELoss` of the sigmoid of scores, computed without loss of precision (`torch.nn.BCEWithLogitsLoss`). */
export class BCEWithLogitsLoss extends WeightedLoss {
  static override readonly className: string = 'BCEWithLogitsLoss';

  /** A buffer, under its name in PyTorch's state dicts; also `posWeight`. */
  declare pos_weight: Tensor | null;

  constructor(
    ...args: LayerArguments<
      [
        weight: Tensor | null | undefined,
        reduction: Reduction | undefined,
        posWeight: Tensor | null | undefined,
      ],
      typeof logitsNames,
      BCEWithLogitsLossOptions
    >
  ) {
    type Options = BCEWithLogitsLossOptions;
    const options = readArguments<Options>('BCEWithLogitsLoss', logitsNames, logitsDefaults, args);
    super(options);
    this.registerBuffer('pos_weight', options.posWeight);
  }

  /** The factor for the positive targets of each class. */
  get posWeight(): Tensor | null {
    return this.pos_weight;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, pos_weight: posWeight, reduction } = this;
    return F.binaryCrossEntropyWithLogits(input, target, { weight, posWeight, reduction });
  }
}

/** log(1 + exp(-target * input)) for targets of 1 and -1 (`torch.nn.SoftMarginLoss`). */
export class SoftMarginLoss extends ReductionLoss {
  static override readonly className: string = 'SoftMarginLoss';

  constructor(...args: ReductionArguments) {
    super('SoftMarginLoss', args);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.softMarginLoss(input, target, { reduction: this.reduction });
  }
}

/** How far other classes come into the margin before the right ones, which are listed up to the first -1 (`torch.nn.MultiLabelMarginLoss`). */
export class MultiLabelMarginLoss extends ReductionLoss {
  static override readonly className: string = 'MultiLabelMarginLoss';

  constructor(...args: ReductionArguments) {
    super('MultiLabelMarginLoss', args);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelMarginLoss(input, target, { reduction: this.reduction });
  }
}

/** The mean over the classes of the binary cross entropy with logits (`torch.nn.MultiLabelSoftMarginLoss`). */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  static override readonly className: string = 'MultiLabelSoftMarginLoss';

  constructor(...args: WeightedLossArguments) {
    super(readWeighted('MultiLabelSoftMarginLoss', args));
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelSoftMarginLoss(input, target, { weight: this.weight, reduction: this.reduction });
  }
}
