/** A weight as direction and length, which both forms of weight normalization are made of. */
import { linalg, type Tensor } from '@sconce/tensor';

/**
 * The 2-norms of a tensor over all dimensions but one, which stay as dimensions of size 1; over all of them, a scalar,
 * for dimension -1 (PyTorch's `norm_except_dim`).
 */
export function normExceptDim(v: Tensor, dim: number): Tensor {
  if (dim === -1) return linalg.vectorNorm(v);
  const others = v.shape.map((_, i) => i).filter((i) => i !== dim);
  return linalg.vectorNorm(v, 2, others, true);
}

/** A direction scaled to a length: `v * (g / norm(v))` (PyTorch's `_weight_norm`). */
export function scaleToNorm(v: Tensor, g: Tensor, dim: number): Tensor {
  return v.mul(g.div(normExceptDim(v, dim)));
}
