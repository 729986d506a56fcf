/** Distances and similarities of vectors. */
import { bindArguments, broadcastTensors, linalg, type Tensor } from '@sconce/tensor';

/** Options of {@link cosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** The vectors' dimension: 1 by default. */
  readonly dim?: number;
  /** Smallest norm: 1e-8 by default. */
  readonly eps?: number;
}

/** The cosine of the angle between vectors along a dimension (`torch.nn.functional.cosine_similarity`). */
export function cosineSimilarity(
  x1: Tensor,
  x2: Tensor,
  ...rest: [dim?: number | CosineSimilarityOptions, eps?: number | CosineSimilarityOptions]
): Tensor {
  const named = bindArguments<CosineSimilarityOptions>('cosineSimilarity', ['dim', 'eps'], rest);
  const { dim = 1, eps = 1e-8 } = named;
  // Vectors are as long as broadcasting makes them.
  const [a, b] = broadcastTensors(...[x1, x2].map((x) => (x.isFloatingPoint() ? x : x.to('float32')))) as [
    Tensor,
    Tensor,
  ];
  const along = (full: Tensor): Tensor => {
    const norm = linalg.vectorNorm(full, 2, dim, true);
    // The limit does not hold up the gradient.
    const limited = norm.add(norm.detach().clamp({ min: eps }).sub(norm.detach()));
    return full.div(limited);
  };
  return along(a).mul(along(b)).sum(dim);
}

/** Options of {@link pairwiseDistance}. */
export interface PairwiseDistanceOptions {
  /** Order of the norm: 2 by default. */
  readonly p?: number;
  /** Added to each difference: 1e-6 by default. */
  readonly eps?: number;
  /** Whether the last dimension stays, with size 1. */
  readonly keepdim?: boolean;
}

/** The norm of the difference along the last dimension (`torch.nn.functional.pairwise_distance`). */
export function pairwiseDistance(
  x1: Tensor,
  x2: Tensor,
  ...rest: [
    p?: number | PairwiseDistanceOptions,
    eps?: number | PairwiseDistanceOptions,
    keepdim?: boolean | PairwiseDistanceOptions,
  ]
): Tensor {
  const names = ['p', 'eps', 'keepdim'] as const;
  const named = bindArguments<PairwiseDistanceOptions>('pairwiseDistance', names, rest);
  const { p = 2, eps = 1e-6, keepdim = false } = named;
  const difference = x1.sub(x2);
  // As a float: an integer tensor becomes one of floats.
  const own = difference.isFloatingPoint() ? difference : difference.to('float32');
  return linalg.vectorNorm(own.add(eps), p, -1, keepdim);
}

/** Options of {@link normalize}. */
export interface NormalizeOptions {
  /** Order of the norm: 2 by default. */
  readonly p?: number;
  /** The vectors' dimension, or dimensions: 1 by default. */
  readonly dim?: number | readonly number[];
  /** Smallest norm: 1e-12 by default. */
  readonly eps?: number;
}

/** Vectors along a dimension divided by their norms (`torch.nn.functional.normalize`). */
export function normalize(
  x: Tensor,
  ...rest: [
    p?: number | NormalizeOptions,
    dim?: number | readonly number[] | NormalizeOptions,
    eps?: number | NormalizeOptions,
  ]
): Tensor {
  const named = bindArguments<NormalizeOptions>('normalize', ['p', 'dim', 'eps'], rest);
  const { p = 2, dim = 1, eps = 1e-12 } = named;
  return x.div(linalg.vectorNorm(x, p, dim, true).clamp({ min: eps }));
}

/** x1ᵀ W x2 + b for each of the weight's matrices W of [out, in1, in2] (`torch.nn.functional.bilinear`). */
export function bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const [outputs, first, second] = weight.shape as readonly [number, number, number];
  const matrix = weight.permute([1, 0, 2]).reshape([first, outputs * second]);
  const outer = x1.shape.slice(0, -1);
  const left = x1.matmul(matrix).reshape([...outer, outputs, second]);
  const y = left.mul(x2.unsqueeze(-2)).sum(-1);
  return bias === null ? y : y.add(bias);
}
