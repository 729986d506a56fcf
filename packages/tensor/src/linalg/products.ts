/** Products: chains of matrices, cross and dot products along a dimension, and Vandermonde's matrix. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { onesLike } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { stack } from '../ops/joining.ts';
import { broadcastShapes, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Options of operators along one dimension. */
export interface DimOptions {
  readonly dim?: number;
}

/** The cross product of vectors along a dimension of size 3 (PyTorch's `linalg.cross`). Canonical: (x, other, dim). */
export const cross: (x: Tensor, other: Tensor, options?: DimOptions) => Tensor = defineOperator({
  name: 'linalgCross',
  normalize: (x: Tensor, other: Tensor, ...rest: unknown[]): [Tensor, Tensor, number] => {
    const operator = 'linalg.cross';
    const { dim = -1 } = bindArguments<DimOptions>(operator, ['dim'], rest);
    checkTensor(operator, 'input', x);
    checkTensor(operator, 'other', other);
    if (x.ndim !== other.ndim) fail(operator, 'inputs must have the same number of dimensions.');
    const axis = wrapDim(operator, dim, x.ndim);
    if (x.shape[axis] !== 3 || other.shape[axis] !== 3) {
      fail(
        operator,
        `inputs dimension ${dim} must have length 3. Got ${x.shape[axis]} and ${other.shape[axis]}`,
      );
    }
    return [x, other, axis];
  },
  forward: (x, other, dim) => {
    const [a, b, c] = x.unbind(dim) as [Tensor, Tensor, Tensor];
    const [d, e, f] = other.unbind(dim) as [Tensor, Tensor, Tensor];
    return stack([b.mul(f).sub(c.mul(e)), c.mul(d).sub(a.mul(f)), a.mul(e).sub(b.mul(d))], dim);
  },
  derivatives: [
    { reads: [1], of: (grad, [, other, dim]) => crossOf(other, grad, dim) },
    { reads: [0], of: (grad, [x, , dim]) => crossOf(grad, x, dim) },
  ],
});

function crossOf(x: Tensor, other: Tensor, dim: number): Tensor {
  const shape = broadcastShapes('linalg.cross', x.shape, other.shape);
  return cross(x.expand(shape), other.expand(shape), { dim });
}

/** The dot product along a dimension (PyTorch's `linalg.vecdot`). Canonical: (x, y, dim). */
export const vecdot: (x: Tensor, y: Tensor, options?: DimOptions) => Tensor = defineOperator({
  name: 'linalgVecdot',
  normalize: (x: Tensor, y: Tensor, ...rest: unknown[]): [Tensor, Tensor, number] => {
    const { dim = -1 } = bindArguments<DimOptions>('linalg.vecdot', ['dim'], rest);
    checkTensor('linalg.vecdot', 'x', x);
    checkTensor('linalg.vecdot', 'y', y);
    return [x, y, dim];
  },
  forward: (x: Tensor, y: Tensor, dim: number) => x.mul(y).sum(dim),
  composite: true,
});

/**
 * The product of a chain of matrices in the order that needs the fewest multiplications; the first and the last may be
 * vectors (PyTorch's `linalg.multi_dot`). Canonical: (tensors).
 */
export const multiDot: (tensors: readonly Tensor[]) => Tensor = defineOperator({
  name: 'linalgMultiDot',
  normalize: (tensors: readonly Tensor[]): [readonly Tensor[]] => {
    const operator = 'linalg.multi_dot';
    if (!Array.isArray(tensors) || tensors.length < 2) {
      fail(operator, `multi_dot(): expected at least 2 tensors but got ${tensors.length ?? 0}`);
    }
    tensors.forEach((tensor: Tensor, i) => {
      checkTensor(operator, `tensors[${i}]`, tensor);
      const end = i === 0 || i === tensors.length - 1;
      if (tensor.ndim !== 2 && !(end && tensor.ndim === 1)) {
        fail(operator, `multi_dot(): tensor ${i} must be ${end ? '1D or 2D' : '2D'} but got ${tensor.ndim}D`);
      }
    });
    return [tensors];
  },
  forward: (tensors: readonly Tensor[]) => {
    const first = tensors[0]!;
    const last = tensors.at(-1)!;
    const chain = tensors.map((tensor, i) => {
      if (tensor.ndim === 2) return tensor;
      return i === 0 ? tensor.unsqueeze(0) : tensor.unsqueeze(-1);
    });
    chain.slice(1).forEach((matrix, i) => {
      if (chain[i]!.shape[1] !== matrix.shape[0]) {
        fail(
          'linalg.multi_dot',
          `multi_dot(): tensors ${i} and ${i + 1} with shapes ${showSizes(chain[i]!.shape)} and ${showSizes(matrix.shape)} cannot be multiplied`,
        );
      }
    });
    const product = chainProduct(chain);
    const rows = first.ndim === 1 ? product.squeeze(0) : product;
    return last.ndim === 1 ? rows.squeeze(-1) : rows;
  },
  composite: true,
});

function chainProduct(chain: readonly Tensor[]): Tensor {
  const n = chain.length;
  const sizes = [chain[0]!.shape[0]!, ...chain.map((matrix) => matrix.shape[1]!)];
  // cost[i][j] and split[i][j] of the best product of matrices i to j.
  const cost = chain.map(() => new Array<number>(n).fill(0));
  const split = chain.map(() => new Array<number>(n).fill(0));
  for (let length = 1; length < n; length++) {
    for (let i = 0; i + length < n; i++) {
      const j = i + length;
      cost[i]![j] = Number.POSITIVE_INFINITY;
      for (let k = i; k < j; k++) {
        const own = cost[i]![k]! + cost[k + 1]![j]! + sizes[i]! * sizes[k + 1]! * sizes[j + 1]!;
        if (own < cost[i]![j]!) {
          cost[i]![j] = own;
          split[i]![j] = k;
        }
      }
    }
  }
  const multiply = (i: number, j: number): Tensor => {
    if (i === j) return chain[i]!;
    const k = split[i]![j]!;
    return multiply(i, k).mm(multiply(k + 1, j));
  };
  return multiply(0, n - 1);
}

/** The powers 0 to N - 1 of each element along a new last dimension (PyTorch's `linalg.vander`). Canonical: (x, N). */
export const vander: (x: Tensor, options?: { readonly N?: number | null }) => Tensor = defineOperator({
  name: 'linalgVander',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('linalg.vander', 'x', x);
    const { N } = bindArguments<{ N: number | null }>('linalg.vander', ['N'], rest);
    const count = N ?? x.shape.at(-1) ?? 1;
    if (N != null && N <= 1) fail('linalg.vander', 'N must be greater than 1.');
    return [x, count];
  },
  forward: (x: Tensor, count: number) => {
    const base = x.ndim === 0 ? x.unsqueeze(0) : x;
    const input = base.dtype === 'bool' ? base.to('int64') : base;
    const powers = [onesLike(input)];
    while (powers.length < count) powers.push(powers.at(-1)!.mul(input));
    return stack(powers, -1);
  },
  composite: true,
});
