/** Losses between pairs and triples: of vectors by their distance, of scores by their order. */
import { bindArguments, type Tensor } from '@sconce/tensor';
import { pairwiseDistance } from './distance.ts';
import { checkReduction, type LossOptions, reduceLoss } from './loss-reduction.ts';
import { refuse } from './refuse.ts';

/** Options of losses with a margin. */
export interface MarginLossOptions extends LossOptions {
  readonly margin?: number;
}

/**
 * 1 - cosine for pairs of target 1, max(0, cosine - margin) for those of target -1
 * (`torch.nn.functional.cosine_embedding_loss`). The margin is 0 by default.
 */
export function cosineEmbeddingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor,
  { margin = 0, reduction }: MarginLossOptions = {},
): Tensor {
  const operator = 'cosineEmbeddingLoss';
  const dim = target.ndim;
  if (dim > 1) refuse(operator, '0D or 1D target tensor expected, multi-target not supported');
  if (input1.ndim !== dim + 1) {
    refuse(
      operator,
      `${dim}D target tensor expects ${dim + 1}D input tensors, but found inputs with sizes [${input1.shape.join(', ')}] and [${input2.shape.join(', ')}].`,
    );
  }
  const products = input1.mul(input2).sum(dim);
  const squares = (x: Tensor): Tensor => x.mul(x).sum(dim).add(1e-12);
  const cosine = products.div(squares(input1).mul(squares(input2)).sqrt());
  const alike = cosine.neg().add(1).where(target.eq(1), 0);
  const apart = cosine.sub(margin).clamp({ min: 0 }).where(target.eq(-1), 0);
  return reduceLoss(operator, alike.add(apart), reduction);
}

/** x for targets of 1, max(0, margin - x) for those of -1 (`hinge_embedding_loss`). The margin is 1 by default. */
export function hingeEmbeddingLoss(
  input: Tensor,
  target: Tensor,
  { margin = 1, reduction }: MarginLossOptions = {},
): Tensor {
  const apart = input.neg().add(margin).clamp({ min: 0 }).where(target.ne(1), 0);
  return reduceLoss('hingeEmbeddingLoss', apart.add(input.where(target.ne(-1), 0)), reduction);
}

/** max(0, margin - target * (input1 - input2)) (`torch.nn.functional.margin_ranking_loss`). The margin is 0 by default. */
export function marginRankingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor,
  { margin = 0, reduction = 'mean' }: MarginLossOptions = {},
): Tensor {
  const operator = 'marginRankingLoss';
  checkReduction(operator, reduction);
  if (input1.ndim !== input2.ndim || input1.ndim !== target.ndim) {
    const [a, b, c] = [input1, input2, target].map((tensor) => `[${tensor.shape.join(', ')}]`);
    refuse(
      operator,
      `margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: ${a}, input2: ${b}, target: ${c} `,
    );
  }
  const losses = target.neg().mul(input1.sub(input2)).add(margin).clamp({ min: 0 });
  return reduceLoss(operator, losses, reduction);
}

/** Options of {@link tripletMarginWithDistanceLoss}. */
export interface TripletMarginWithDistanceLossOptions extends MarginLossOptions {
  /** The distance of two batches of vectors: {@link pairwiseDistance} by default. */
  readonly distanceFunction?: ((a: Tensor, b: Tensor) => Tensor) | null;
  /** Whether the positive may stand in for an anchor that is farther from the negative: false by default. */
  readonly swap?: boolean;
}

/** max(0, margin + distance of anchor and positive - distance of anchor and negative). The margin is 1 by default. */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginWithDistanceLossOptions = {},
): Tensor {
  const { distanceFunction, margin = 1, swap = false, reduction = 'mean' } = options;
  const operator = 'tripletMarginLoss';
  checkReduction(operator, reduction);
  if (margin <= 0) {
    const written = Number.isInteger(margin) ? margin.toFixed(1) : String(margin);
    refuse(operator, `margin must be greater than 0, got ${written}`);
  }
  if (anchor.ndim !== positive.ndim || anchor.ndim !== negative.ndim) {
    refuse(
      operator,
      `The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor ${anchor.ndim}D, positive ${positive.ndim}D, and negative ${negative.ndim}D inputs`,
    );
  }
  const distance = distanceFunction ?? ((a: Tensor, b: Tensor): Tensor => pairwiseDistance(a, b));
  const near = distance(anchor, positive);
  let far = distance(anchor, negative);
  if (swap) far = far.minimum(distance(positive, negative));
  return reduceLoss(operator, near.sub(far).add(margin).clamp({ min: 0 }), reduction);
}

/** Options of {@link tripletMarginLoss}. */
export interface TripletMarginLossOptions extends MarginLossOptions {
  /** Order of the norm: 2 by default. */
  readonly p?: number;
  /** Added to each difference: 1e-6 by default. */
  readonly eps?: number;
  /** Whether the positive may stand in for an anchor that is farther from the negative: false by default. */
  readonly swap?: boolean;
}

/** {@link tripletMarginWithDistanceLoss} with the distance of a norm (`torch.nn.functional.triplet_margin_loss`). */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginLossOptions = {},
): Tensor {
  const names = ['margin', 'p', 'eps', 'swap', 'reduction'] as const;
  const {
    p = 2,
    eps = 1e-6,
    ...rest
  } = bindArguments<TripletMarginLossOptions>('tripletMarginLoss', names, [options]);
  const distanceFunction = (a: Tensor, b: Tensor): Tensor => pairwiseDistance(a, b, { p, eps });
  return tripletMarginWithDistanceLoss(anchor, positive, negative, { ...rest, distanceFunction });
}
