/** Losses between pairs and triples, as layers: of vectors by their distance, of scores by their order. */
import type { Reduction, Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { pythonText } from '../module/python-text.ts';
import { PairwiseDistance } from './distance.ts';
import { Loss, type ReductionOptions } from './losses-base.ts';

/** Arguments of `HingeEmbeddingLoss` by name. */
export interface HingeEmbeddingLossOptions extends ReductionOptions {
  /** Default 1. */
  margin?: number;
}

const hingeEmbeddingLossNames = ['margin', 'reduction'] as const;
const hingeEmbeddingLossDefaults = { margin: 1, reduction: 'mean' } as const;

/** The input for targets of 1, max(0, margin - input) for those of -1 (`torch.nn.HingeEmbeddingLoss`). */
export class HingeEmbeddingLoss extends Loss {
  static override readonly className: string = 'HingeEmbeddingLoss';

  readonly margin: number;

  constructor(
    ...args: LayerArguments<
      [margin: number | undefined, reduction: Reduction | undefined],
      typeof hingeEmbeddingLossNames,
      HingeEmbeddingLossOptions
    >
  ) {
    const options = readArguments<HingeEmbeddingLossOptions>(
      'HingeEmbeddingLoss',
      hingeEmbeddingLossNames,
      hingeEmbeddingLossDefaults,
      args,
    );
    super(options.reduction);
    this.margin = options.margin;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return F.hingeEmbeddingLoss(input, target, { margin, reduction });
  }
}

/** Arguments of `CosineEmbeddingLoss` by name. */
export interface CosineEmbeddingLossOptions extends ReductionOptions {
  /** Default 0. */
  margin?: number;
}

const cosineEmbeddingLossNames = ['margin', 'reduction'] as const;
const cosineEmbeddingLossDefaults = { margin: 0, reduction: 'mean' } as const;

/** 1 - cosine for pairs of target 1, max(0, cosine - margin) for those of target -1 (`torch.nn.CosineEmbeddingLoss`). */
export class CosineEmbeddingLoss extends Loss {
  static override readonly className: string = 'CosineEmbeddingLoss';

  readonly margin: number;

  constructor(
    ...args: LayerArguments<
      [margin: number | undefined, reduction: Reduction | undefined],
      typeof cosineEmbeddingLossNames,
      CosineEmbeddingLossOptions
    >
  ) {
    const options = readArguments<CosineEmbeddingLossOptions>(
      'CosineEmbeddingLoss',
      cosineEmbeddingLossNames,
      cosineEmbeddingLossDefaults,
      args,
    );
    super(options.reduction);
    this.margin = options.margin;
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return F.cosineEmbeddingLoss(input1, input2, target, { margin, reduction });
  }
}

/** Arguments of `MarginRankingLoss` by name. */
export interface MarginRankingLossOptions extends ReductionOptions {
  /** Default 0. */
  margin?: number;
}

const marginRankingLossNames = ['margin', 'reduction'] as const;
const marginRankingLossDefaults = { margin: 0, reduction: 'mean' } as const;

/** max(0, margin - target * (input1 - input2)) (`torch.nn.MarginRankingLoss`). */
export class MarginRankingLoss extends Loss {
  static override readonly className: string = 'MarginRankingLoss';

  readonly margin: number;

  constructor(
    ...args: LayerArguments<
      [margin: number | undefined, reduction: Reduction | undefined],
      typeof marginRankingLossNames,
      MarginRankingLossOptions
    >
  ) {
    const options = readArguments<MarginRankingLossOptions>(
      'MarginRankingLoss',
      marginRankingLossNames,
      marginRankingLossDefaults,
      args,
    );
    super(options.reduction);
    this.margin = options.margin;
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return F.marginRankingLoss(input1, input2, target, { margin, reduction });
  }
}

/** Arguments of `TripletMarginLoss` by name. */
export interface TripletMarginLossOptions extends ReductionOptions {
  /** Default 1. */
  margin?: number;
  /** Order of the norm (default 2). */
  p?: number;
  /** Added to each difference (default 1e-6). */
  eps?: number;
  /** Whether the positive may stand in for an anchor that is farther from the negative (default false). */
  swap?: boolean;
}

const tripletMarginLossNames = ['margin', 'p', 'eps', 'swap', 'reduction'] as const;
const tripletMarginLossDefaults = { margin: 1, p: 2, eps: 1e-6, swap: false, reduction: 'mean' } as const;

/** max(0, margin + distance of anchor and positive - distance of anchor and negative) (`torch.nn.TripletMarginLoss`). */
export class TripletMarginLoss extends Loss {
  static override readonly className: string = 'TripletMarginLoss';

  readonly margin: number;
  readonly p: number;
  readonly eps: number;
  readonly swap: boolean;

  constructor(
    ...args: LayerArguments<
      [
        margin: number | undefined,
        p: number | undefined,
        eps: number | undefined,
        swap: boolean | undefined,
        reduction: Reduction | undefined,
      ],
      typeof tripletMarginLossNames,
      TripletMarginLossOptions
    >
  ) {
    const options = readArguments<TripletMarginLossOptions>(
      'TripletMarginLoss',
      tripletMarginLossNames,
      tripletMarginLossDefaults,
      args,
    );
    super(options.reduction);
    checkMargin('TripletMarginLoss', options.margin);
    this.margin = options.margin;
    this.p = options.p;
    this.eps = options.eps;
    this.swap = options.swap;
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, p, eps, swap, reduction } = this;
    return F.tripletMarginLoss(anchor, positive, negative, { margin, p, eps, swap, reduction });
  }
}

/** Arguments of `TripletMarginWithDistanceLoss`, all by name. */
export interface TripletMarginWithDistanceLossOptions extends ReductionOptions {
  /** The distance of two batches of vectors (default `PairwiseDistance`). */
  distanceFunction?: ((a: Tensor, b: Tensor) => Tensor) | null;
  /** Default 1. */
  margin?: number;
  /** Whether the positive may stand in for an anchor that is farther from the negative (default false). */
  swap?: boolean;
}

const distanceDefaults = { distanceFunction: null, margin: 1, swap: false, reduction: 'mean' } as const;

/** `TripletMarginLoss` with a distance of one's own (`torch.nn.TripletMarginWithDistanceLoss`). */
export class TripletMarginWithDistanceLoss extends Loss {
  static override readonly className: string = 'TripletMarginWithDistanceLoss';

  /** Under its name in PyTorch's state dicts; also `distanceFunction`. A child where it is a module, as by default. */
  distance_function: (a: Tensor, b: Tensor) => Tensor;
  readonly margin: number;
  readonly swap: boolean;

  constructor(
    ...args: LayerArguments<
      [],
      [],
      TripletMarginWithDistanceLossOptions,
      keyof TripletMarginWithDistanceLossOptions
    >
  ) {
    const layer = 'TripletMarginWithDistanceLoss';
    const options = readArguments<TripletMarginWithDistanceLossOptions>(layer, [], distanceDefaults, args);
    super(options.reduction);
    checkMargin(layer, options.margin);
    this.distance_function = options.distanceFunction ?? new PairwiseDistance();
    this.margin = options.margin;
    this.swap = options.swap;
  }

  /** The distance of two batches of vectors. */
  get distanceFunction(): (a: Tensor, b: Tensor) => Tensor {
    return this.distance_function;
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { distance_function: distanceFunction, margin, swap, reduction } = this;
    return F.tripletMarginWithDistanceLoss(anchor, positive, negative, {
      distanceFunction,
      margin,
      swap,
      reduction,
    });
  }
}

function checkMargin(layer: string, margin: number): void {
  if (margin > 0) return;
  throw new RangeError(`${layer}: expected margin to be greater than 0, got ${pythonText(margin)} instead`);
}
