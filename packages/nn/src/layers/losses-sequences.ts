/** The loss of sequences without alignment, as a layer: `CTCLoss`. */
import type { Reduction, Tensor } from '@sconce/tensor';
import { ctcLoss } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Loss, type ReductionOptions } from './losses-base.ts';

/** Arguments of `CTCLoss` by name. */
export interface CTCLossOptions extends ReductionOptions {
  /** The class that stands for no label (default 0). */
  blank?: number;
  /** Whether impossible alignments, whose loss is infinite, count for nothing (default false). */
  zeroInfinity?: boolean;
}

const names = ['blank', 'reduction', 'zeroInfinity'] as const;
const defaults = { blank: 0, reduction: 'mean', zeroInfinity: false } as const;

/**
 * The negative log likelihood of label sequences under log probabilities of [T, N, C] or [T, C]; targets are of [N, S],
 * or all in a row (`torch.nn.CTCLoss`).
 */
export class CTCLoss extends Loss {
  static override readonly className: string = 'CTCLoss';

  readonly blank: number;
  readonly zeroInfinity: boolean;

  constructor(
    ...args: LayerArguments<
      [blank: number | undefined, reduction: Reduction | undefined, zeroInfinity: boolean | undefined],
      typeof names,
      CTCLossOptions
    >
  ) {
    const options = readArguments<CTCLossOptions>('CTCLoss', names, defaults, args);
    super(options.reduction);
    this.blank = options.blank;
    this.zeroInfinity = options.zeroInfinity;
  }

  override forward(
    logProbs: Tensor,
    targets: Tensor,
    inputLengths: Tensor | readonly number[],
    targetLengths: Tensor | readonly number[],
  ): Tensor {
    const { blank, zeroInfinity, reduction } = this;
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, { blank, zeroInfinity, reduction });
  }
}
