/** Systems with a triangular matrix (PyTorch's `linalg.solve_triangular`), which many gradients are made of. */
import { bindArguments } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import {
  broadcastMatrices,
  checkMatrices,
  checkSameDType,
  checkSquare,
  checkSystem,
  commonBatch,
  matrixAt,
  tensorOf,
} from './batches.ts';
import { solveTriangularInto } from './kernels/triangular.ts';
import { transposed } from './kernels/vectors.ts';
import { lowerOf, transposeOf, upperOf } from './triangles.ts';

/** Options of {@link solveTriangular}. */
export interface SolveTriangularOptions {
  /** Whether A's upper triangle is read, or its lower one. */
  readonly upper: boolean;
  /** Solve A X = B (the default), or X A = B. */
  readonly left?: boolean;
  /** The diagonal counts as ones and is not read. */
  readonly unitriangular?: boolean;
}

/**
 * The solution of A X = B (or X A = B) with triangular A; leading dimensions are broadcast (PyTorch's
 * `linalg.solve_triangular`). Canonical: (A, B, { upper, left, unitriangular }).
 */
export const solveTriangular: (A: Tensor, B: Tensor, options: SolveTriangularOptions) => Tensor =
  defineOperator({
    name: 'linalgSolveTriangular',
    normalize: (
      A: Tensor,
      B: Tensor,
      ...rest: unknown[]
    ): [Tensor, Tensor, Required<SolveTriangularOptions>] => {
      const operator = 'linalg.solve_triangular';
      const names = ['upper', 'left', 'unitriangular'] as const;
      const bound = bindArguments<SolveTriangularOptions>(operator, names, rest);
      const { upper, left = true, unitriangular = false } = bound;
      if (upper === undefined) fail(operator, "missing argument 'upper'");
      checkSquare(operator, A);
      checkMatrices(operator, B, 'B');
      checkSameDType(operator, A, B);
      checkSystem(operator, A, B, left);
      return [A, B, { upper, left, unitriangular }];
    },
    forward: (A, B, { upper, left, unitriangular: unit }) => {
      const batch = commonBatch('linalg.solve_triangular', A, B);
      const a = broadcastMatrices(A, batch);
      const b = broadcastMatrices(B, batch);
      const n = a.rows;
      for (let i = 0; i < b.count; i++) {
        const target = matrixAt(b, i);
        if (left) solveTriangularInto(matrixAt(a, i), n, target, n, b.columns, { upper, unit });
        else {
          const turned = transposed(target, b.rows, n);
          solveTriangularInto(matrixAt(a, i), n, turned, n, b.rows, { upper, unit, transpose: true });
          target.set(transposed(turned, n, b.rows));
        }
      }
      return tensorOf(b.data, [...batch, b.rows, b.columns], B.dtype);
    },
    derivatives: [
      {
        reads: [0, 'result'],
        of: (grad, [A, , options], X) => {
          const { upper, left, unitriangular } = options;
          const b = solvedBack(grad, A, options);
          const own = (left ? b.matmul(transposeOf(X)) : transposeOf(X).matmul(b)).neg();
          const offset = unitriangular ? 1 : 0;
          return upper ? upperOf(own, offset) : lowerOf(own, -offset);
        },
      },
      { reads: [0], of: (grad, [A, , options]) => solvedBack(grad, A, options) },
    ],
  });

function solvedBack(grad: Tensor, A: Tensor, options: Required<SolveTriangularOptions>): Tensor {
  return solveTriangular(transposeOf(A), grad, { ...options, upper: !options.upper });
}
