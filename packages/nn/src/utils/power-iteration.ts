/** The largest singular value of a weight, which both forms of spectral normalization divide by. */
import type { Tensor } from '@sconce/tensor';
import { normalize } from '../functional/distance.ts';

/** A weight as a matrix whose rows are the indices of one dimension. */
export function weightMatrix(weight: Tensor, dim: number): Tensor {
  const front = dim === 0 ? weight : weight.permute([dim, ...others(weight, dim)]);
  return front.reshape([front.shape[0] as number, -1]);
}

function others(weight: Tensor, dim: number): number[] {
  return weight.shape.map((_, i) => i).filter((i) => i !== dim);
}

/** A vector of random direction and length 1, of a tensor's dtype. */
export function randomDirection(like: Tensor, size: number, eps: number): Tensor {
  return unit(like.detach().newEmpty([size]).normal_(0, 1), eps);
}

/** A vector scaled to length 1. */
export function unit(vector: Tensor, eps: number): Tensor {
  return normalize(vector, { dim: 0, eps });
}
