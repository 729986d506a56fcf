/** Triangles and diagonals of matrices, for the formulas of gradients. */
import { viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { ones, zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { triangleMask } from './batches.ts';

/** The matrices' lower triangle up to a diagonal, zeros above. */
export function lowerOf(x: Tensor, offset: number = 0): Tensor {
  return x.where(triangleMask(x.shape.at(-2)!, x.shape.at(-1)!, offset, false), 0);
}

/** The matrices' upper triangle from a diagonal on, zeros below. */
export function upperOf(x: Tensor, offset: number = 0): Tensor {
  return x.where(triangleMask(x.shape.at(-2)!, x.shape.at(-1)!, offset, true), 0);
}

/** Options of {@link diagonal}. */
export interface LinalgDiagonalOptions {
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

/**
 * The diagonals of matrices (PyTorch's `linalg.diagonal`): a view whose last dimension is the diagonal.
 * Canonical: (A, offset, dim1, dim2), dimensions not negative.
 */
export const diagonal: (A: Tensor, options?: LinalgDiagonalOptions) => Tensor = defineOperator({
  name: 'linalgDiagonal',
  backwardName: 'DiagonalBackward0',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, number, number, number] => {
    checkTensor('linalg.diagonal', 'A', A);
    const names = ['offset', 'dim1', 'dim2'] as const;
    const bound = bindArguments<LinalgDiagonalOptions>('linalg.diagonal', names, rest);
    const { offset = 0, dim1 = -2, dim2 = -1 } = bound;
    const first = wrapDim('linalg.diagonal', dim1, A.ndim);
    const second = wrapDim('linalg.diagonal', dim2, A.ndim);
    if (first === second) {
      fail('linalg.diagonal', `diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
    }
    return [A, offset, first, second];
  },
  forward: (A, offset, dim1, dim2) => {
    const rows = A.shape[dim1]! + Math.min(offset, 0);
    const columns = A.shape[dim2]! - Math.max(offset, 0);
    const length = Math.max(Math.min(rows, columns), 0);
    const kept = A.shape.map((_, d) => d).filter((d) => d !== dim1 && d !== dim2);
    const [down, along] = [A.strides[dim1]!, A.strides[dim2]!];
    const start = length === 0 ? 0 : offset < 0 ? -offset * down : offset * along;
    return viewOf(
      A,
      [...kept.map((d) => A.shape[d]!), length],
      [...kept.map((d) => A.strides[d]!), down + along],
      A.offset + start,
    );
  },
  view: true,
  derivatives: [
    (grad, [A, offset, dim1, dim2]) => {
      const whole = zeros(A.shape, { dtype: grad.dtype });
      diagonal(whole, { offset, dim1, dim2 }).copy_(grad);
      return whole;
    },
  ],
});

/** Square matrices with the given diagonals and zeros elsewhere. */
export function diagonalMatrix(values: Tensor): Tensor {
  const n = values.shape.at(-1)!;
  const matrix = zeros([...values.shape, n], { dtype: values.dtype });
  diagonal(matrix).copy_(values);
  return matrix;
}

/** The matrices' transposes. */
export function transposeOf(x: Tensor): Tensor {
  return x.transpose(-2, -1);
}

/** x + xᵀ with the diagonal as it was in x. */
export function mirrored(x: Tensor): Tensor {
  return lowerOf(x).add(transposeOf(lowerOf(x, -1)));
}

/** The value as a result of x that no element of x changes: its gradient is zero. Both have one shape. */
export function withoutInfluence(value: Tensor, x: Tensor): Tensor {
  return value.where(ones([], { dtype: 'bool' }), x);
}

/** The adjoint of writing a symmetric matrix by its upper triangle: x + xᵀ, the diagonal halved. */
export function symmetrizedAdjoint(x: Tensor): Tensor {
  const n = x.shape.at(-1)!;
  const sum = x.add(transposeOf(x));
  return sum.where(
    triangleMask(n, n, 0, true)
      .logicalAnd(triangleMask(n, n, 0, false))
      .logicalNot(),
    sum.mul(0.5),
  );
}
