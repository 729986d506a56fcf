/** Gradients of products, exact where factors are zero. */
import { gradMode } from '../autograd/mode.ts';
import type { Tensor } from '../tensor.ts';
import { cat } from './joining.ts';

/** The gradient of a product along dimensions (null: all); `grad` and `result` have the shape of x. */
export function productBack(grad: Tensor, x: Tensor, result: Tensor, dims: readonly number[] | null): Tensor {
  if (x.ndim === 0) return grad;
  if (!hasZero(x)) return grad.mul(result).div(x);
  const reduced = dims ?? [...x.shape.keys()];
  const kept = [...x.shape.keys()].filter((d) => !reduced.includes(d));
  const order = [...kept, ...reduced];
  const moved = x.permute(order);
  const lines = moved.reshape([...kept.map((d) => x.shape[d]!), -1]);
  const others = productOfOthers(lines, kept.length).reshape(moved.shape);
  return grad.mul(others.permute(order.map((_, d) => order.indexOf(d))));
}

function hasZero(x: Tensor): boolean {
  return x.detach().eq(0).any().item() === true;
}

/** For every element the product of the others along a dimension. */
function productOfOthers(x: Tensor, dim: number): Tensor {
  const size = x.shape[dim]!;
  const one = x.newOnes(x.shape.with(dim, 1));
  const before = cat([one, x.narrow(dim, 0, size - 1)], dim).cumprod(dim);
  const after = cat([one, x.narrow(dim, 1, size - 1).flip(dim)], dim)
    .cumprod(dim)
    .flip(dim);
  return before.mul(after);
}

/** The gradient of running products along a dimension. */
export function cumprodBack(grad: Tensor, x: Tensor, result: Tensor, dim: number): Tensor {
  if (x.numel() <= 1 || x.shape[dim] === 1) return grad;
  if (!hasZero(x)) return sumFromHere(grad.mul(result), dim).div(x);
  return gradMode.enabled ? recordedBack(grad, x, dim) : directBack(grad, x, result, dim);
}

function sumFromHere(x: Tensor, dim: number): Tensor {
  return x.flip(dim).cumsum(dim).flip(dim);
}

/** In time that grows with the number of elements: before the first zero, at it, and nothing behind it. */
function directBack(grad: Tensor, x: Tensor, result: Tensor, dim: number): Tensor {
  const zeros = x.eq(0).cumsum(dim);
  const before = zeros.eq(0);
  const early = sumFromHere(grad.mul(result).where(before, 0), dim).div(x);
  const between = zeros.eq(1);
  const first = between.logicalAnd(x.eq(0));
  // From the first zero on: the product of what stands before it, and of what follows up to each place.
  const prefix = x.where(before, 1).prod(dim, true);
  const following = x.where(between.logicalAnd(first.logicalNot()), 1).cumprod(dim);
  const slope = following.mul(grad.where(between, 0)).sum(dim, true).mul(prefix);
  return early.where(before, slope.expand(x.shape).where(first, 0));
}

/** Made of operators that are recorded, for gradients of higher order; time grows with the square of the dimension. */
function recordedBack(grad: Tensor, x: Tensor, dim: number): Tensor {
  const size = x.shape[dim]!;
  const one = x.newOnes(x.shape.with(dim, 1));
  const slopes: Tensor[] = [];
  for (let k = 0; k < size; k++) {
    const before = k === 0 ? one : x.narrow(dim, 0, k).prod(dim, true);
    const after = cat([one, x.narrow(dim, k + 1, size - k - 1)], dim).cumprod(dim);
    slopes.push(
      before
        .mul(after)
        .mul(grad.narrow(dim, k, size - k))
        .sum(dim, true),
    );
  }
  return cat(slopes, dim);
}
