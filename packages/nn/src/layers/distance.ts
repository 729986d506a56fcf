/** Layers that compare vectors. */
import type { Tensor } from '@sconce/tensor';
import { cosineSimilarity, pairwiseDistance } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';

/** Arguments of `CosineSimilarity` by name. */
export interface CosineSimilarityArguments {
  /** The vectors' dimension (default 1). */
  dim?: number;
  /** Smallest norm (default 1e-8). */
  eps?: number;
}

const cosineNames = ['dim', 'eps'] as const;
const cosineDefaults = { dim: 1, eps: 1e-8 };

/** The cosine of the angle between vectors along a dimension (`torch.nn.CosineSimilarity`). */
export class CosineSimilarity extends Module {
  static override readonly className: string = 'CosineSimilarity';

  readonly dim: number;
  readonly eps: number;

  constructor(
    ...args: LayerArguments<
      [dim: number | undefined, eps: number | undefined],
      typeof cosineNames,
      CosineSimilarityArguments
    >
  ) {
    super();
    const options = readArguments<CosineSimilarityArguments>(
      'CosineSimilarity',
      cosineNames,
      cosineDefaults,
      args,
    );
    this.dim = options.dim;
    this.eps = options.eps;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, this.dim, this.eps);
  }
}

/** Arguments of `PairwiseDistance` by name. */
export interface PairwiseDistanceArguments {
  /** Order of the norm (default 2). */
  p?: number;
  /** Added to each difference (default 1e-6). */
  eps?: number;
  /** Whether the last dimension stays, with size 1 (default false). */
  keepdim?: boolean;
}

const distanceNames = ['p', 'eps', 'keepdim'] as const;
const distanceDefaults = { p: 2, eps: 1e-6, keepdim: false };

/** The norm of the difference along the last dimension (`torch.nn.PairwiseDistance`). */
export class PairwiseDistance extends Module {
  static override readonly className: string = 'PairwiseDistance';

  /** Order of the norm. */
  readonly norm: number;
  readonly eps: number;
  readonly keepdim: boolean;

  constructor(
    ...args: LayerArguments<
      [p: number | undefined, eps: number | undefined, keepdim: boolean | undefined],
      typeof distanceNames,
      PairwiseDistanceArguments
    >
  ) {
    super();
    const options = readArguments<PairwiseDistanceArguments>(
      'PairwiseDistance',
      distanceNames,
      distanceDefaults,
      args,
    );
    this.norm = options.p;
    this.eps = options.eps;
    this.keepdim = options.keepdim;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this.norm, this.eps, this.keepdim);
  }
}
