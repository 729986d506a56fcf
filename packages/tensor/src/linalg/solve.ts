/** Linear systems: by LU, by factors that are there already, and of tensors read as matrices. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  batchPlaces,
  broadcastMatrices,
  checkInfo,
  checkMatrices,
  checkSameDType,
  checkShape,
  checkSquare,
  checkSystem,
  commonBatch,
  int32Of,
  int32Tensor,
  matricesOf,
  matrixAt,
  tensorOf,
} from './batches.ts';
import { unpackLu } from './factorizations.ts';
import { solveLdlInto } from './kernels/indefinite.ts';
import { factorLu, solveLuInto } from './kernels/triangular.ts';
import { lowerOf, transposeOf, upperOf } from './triangles.ts';
import { solveTriangular } from './triangular.ts';

/** Options of {@link solve}. */
export interface SolveOptions {
  /** Solve A X = B (the default), or X A = B. */
  readonly left?: boolean;
}
/** Options of {@link solveEx}. */
export interface SolveExOptions extends SolveOptions {
  readonly checkErrors?: boolean;
}
/** Result of {@link solveEx}. */
export interface SolveResult {
  readonly result: Tensor;
  /** int32: 0, or the number of the first pivot that is zero. */
  readonly info: Tensor;
}

/** Whether B is one right-hand side for each matrix. */
function isVector(A: Tensor, B: Tensor): boolean {
  return B.ndim === 1 || (A.ndim - 1 === B.ndim && B.shape.join() === A.shape.slice(0, -1).join());
}

const singular = (): string => 'The solver failed because the input matrix is singular.';

/**
 * The solution of A X = B with a status instead of an error (PyTorch's `linalg.solve_ex`). B holds matrices, or one
 * vector for each matrix of A. Canonical: (A, B, left, checkErrors).
 */
export const solveEx: (A: Tensor, B: Tensor, options?: SolveExOptions) => SolveResult = defineOperator({
  name: 'linalgSolveEx',
  normalize: (A: Tensor, B: Tensor, ...rest: unknown[]): [Tensor, Tensor, boolean, boolean] => {
    const operator = 'linalg.solve';
    const names = ['left', 'checkErrors'] as const;
    const { left = true, checkErrors = false } = bindArguments<SolveExOptions>(operator, names, rest);
    checkSquare(operator, A);
    checkTensor(operator, 'B', B);
    checkSameDType(operator, A, B);
    const vector = isVector(A, B);
    if (vector && !left) {
      fail(
        operator,
        'Vector broadcasting of the left hand side is not supported for left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)',
      );
    }
    if (!vector && B.ndim < 2) fail(operator, 'The input tensor B must have at least 2 dimensions.');
    checkSystem(operator, A, vector ? B.unsqueeze(-1) : B, left);
    return [A, B, left, checkErrors];
  },
  forward: (A, B, left, checkErrors): SolveResult => {
    const vector = isVector(A, B);
    const right = vector ? B.unsqueeze(-1) : left ? B : transposeOf(B);
    const a = matricesOf(A);
    const n = a.rows;
    const pivots = new Int32Array(a.count * n);
    const info = new Int32Array(a.count);
    for (let i = 0; i < a.count; i++) info[i] = factorLu(matrixAt(a, i), n, n, pivots, i * n);
    const states = int32Tensor(info, a.shape);
    if (checkErrors) checkInfo('torch.linalg.solve', states, singular);
    const batch = commonBatch('linalg.solve', A, right);
    const b = broadcastMatrices(right, batch);
    batchPlaces(a.shape, batch).forEach((place, i) => {
      solveLuInto(matrixAt(a, place), pivots, place * n, matrixAt(b, i), n, b.columns, !left);
    });
    const solution = tensorOf(b.data, [...batch, n, b.columns], B.dtype);
    const result = vector ? solution.squeeze(-1) : left ? solution : transposeOf(solution);
    return { result, info: states };
  },
  derivatives: [
    {
      reads: [0, 'result'],
      of: ([grad], [A, B, left], { result: X }) => {
        if (grad === undefined) return null;
        const own = solveBack(grad, A, B, left);
        if (isVector(A, B)) return own.unsqueeze(-1).mul(X.unsqueeze(-2)).neg();
        return (left ? own.matmul(transposeOf(X)) : transposeOf(X).matmul(own)).neg();
      },
    },
    { reads: [0], of: ([grad], [A, B, left]) => (grad === undefined ? null : solveBack(grad, A, B, left)) },
  ],
});

function solveBack(grad: Tensor, A: Tensor, B: Tensor, left: boolean): Tensor {
  if (isVector(A, B)) return solveEx(transposeOf(A), grad.unsqueeze(-1)).result.squeeze(-1);
  return solveEx(transposeOf(A), grad, { left }).result;
}

/**
 * The solution of A X = B, or with `left: false` of X A = B (PyTorch's `linalg.solve`). B holds matrices, or one vector
 * for each matrix of A. Canonical: (A, B, left). @throws TensorError where a matrix is singular
 */
export const solve: (A: Tensor, B: Tensor, options?: SolveOptions) => Tensor = defineOperator({
  name: 'linalgSolve',
  normalize: (A: Tensor, B: Tensor, ...rest: unknown[]): [Tensor, Tensor, boolean] => {
    const { left = true } = bindArguments<SolveOptions>('linalg.solve', ['left'], rest);
    return [A, B, left];
  },
  forward: (A: Tensor, B: Tensor, left: boolean) => {
    const { result, info } = solveEx(A, B, { left });
    checkInfo('torch.linalg.solve', info, singular);
    return result;
  },
  composite: true,
});

/** Options of {@link luSolve}. */
export interface LuSolveOptions extends SolveOptions {
  /** Solve with the transpose of A. */
  readonly adjoint?: boolean;
}

/**
 * The solution of A X = B with the factors that `luFactor` gave (PyTorch's `linalg.lu_solve`).
 * Canonical: (LU, pivots, B, left, adjoint).
 */
export const luSolve: (LU: Tensor, pivots: Tensor, B: Tensor, options?: LuSolveOptions) => Tensor =
  defineOperator({
    name: 'linalgLuSolve',
    normalize: (
      LU: Tensor,
      pivots: Tensor,
      B: Tensor,
      ...rest: unknown[]
    ): [Tensor, Tensor, Tensor, boolean, boolean] => {
      const operator = 'linalg.lu_solve';
      const names = ['left', 'adjoint'] as const;
      const { left = true, adjoint = false } = bindArguments<LuSolveOptions>(operator, names, rest);
      checkSquare(operator, LU, 'LU');
      checkMatrices(operator, B, 'B');
      checkTensor(operator, 'pivots', pivots);
      checkSameDType(operator, LU, B);
      checkSystem(operator, LU, B, left);
      if (pivots.dtype !== 'int32') {
        fail(operator, 'pivots should be a Tensor of scalar type torch.int32', 'int32', pivots.dtype);
      }
      checkShape(operator, 'pivots', pivots, LU.shape.slice(0, -1));
      return [LU, pivots, B, left, adjoint];
    },
    forward: (LU, pivots, B, left, adjoint) => {
      const batch = commonBatch('linalg.lu_solve', LU, B);
      const lu = matricesOf(LU);
      const b = broadcastMatrices(left ? B : transposeOf(B), batch);
      const exchanges = int32Of(pivots);
      batchPlaces(lu.shape, batch).forEach((place, i) => {
        const at = place * lu.rows;
        solveLuInto(matrixAt(lu, place), exchanges, at, matrixAt(b, i), lu.rows, b.columns, adjoint === left);
      });
      const solution = tensorOf(b.data, [...batch, b.rows, b.columns], B.dtype);
      return left ? solution : transposeOf(solution);
    },
    derivatives: [
      {
        reads: [0, 1, 'result'],
        of: (grad, [LU, pivots, , left, adjoint], X) =>
          left
            ? luSolveBack(grad, LU, pivots, X, adjoint)
            : luSolveBack(transposeOf(grad), LU, pivots, transposeOf(X), !adjoint),
      },
      null,
      {
        reads: [0, 1],
        of: (grad, [LU, pivots, , left, adjoint]) => luSolve(LU, pivots, grad, { left, adjoint: !adjoint }),
      },
    ],
  });

/** The gradient of the packed factors, for the system A X = B or Aᵀ X = B. */
function luSolveBack(grad: Tensor, LU: Tensor, pivots: Tensor, X: Tensor, adjoint: boolean): Tensor {
  const { P, L, U } = unpackLu(LU, pivots);
  const [Lt, Ut] = [transposeOf(L), transposeOf(U)];
  if (!adjoint) {
    const own = solveTriangular(Ut, grad, { upper: false });
    const toU = own.matmul(transposeOf(X));
    const toL = solveTriangular(Lt, toU.matmul(Ut), { upper: true, unitriangular: true });
    return lowerOf(toL, -1).add(upperOf(toU)).neg();
  }
  const turned = transposeOf(P).matmul(X);
  const own = solveTriangular(L, transposeOf(P).matmul(grad), { upper: false, unitriangular: true });
  const toL = turned.matmul(transposeOf(own));
  const toU = Lt.matmul(turned).matmul(transposeOf(solveTriangular(U, own, { upper: true })));
  return lowerOf(toL, -1).add(upperOf(toU)).neg();
}

/** Options of {@link ldlSolve}; for real matrices both forms are the same. */
export interface LdlSolveOptions {
  readonly hermitian?: boolean;
}

/**
 * The solution of A X = B with the factors that `ldlFactor` gave (PyTorch's `linalg.ldl_solve`).
 * Canonical: (LD, pivots, B, hermitian).
 */
export const ldlSolve: (LD: Tensor, pivots: Tensor, B: Tensor, options?: LdlSolveOptions) => Tensor =
  defineOperator({
    name: 'linalgLdlSolve',
    normalize: (LD: Tensor, pivots: Tensor, B: Tensor, ...rest: unknown[]): [Tensor, Tensor, Tensor] => {
      const operator = 'linalg.ldl_solve';
      bindArguments<LdlSolveOptions>(operator, ['hermitian'], rest);
      checkSquare(operator, LD, 'LD');
      checkMatrices(operator, B, 'B');
      checkTensor(operator, 'pivots', pivots);
      checkSameDType(operator, LD, B);
      checkSystem(operator, LD, B, true);
      if (pivots.dtype !== 'int32') {
        fail(operator, `Expected pivots to be integers. Got ${pivots.dtype}`, 'int32', pivots.dtype);
      }
      checkShape(operator, 'pivots', pivots, LD.shape.slice(0, -1));
      return [LD, pivots, B];
    },
    forward: (LD, pivots, B) => {
      const batch = commonBatch('linalg.ldl_solve', LD, B);
      const ld = matricesOf(LD);
      const b = broadcastMatrices(B, batch);
      const exchanges = int32Of(pivots);
      batchPlaces(ld.shape, batch).forEach((place, i) => {
        solveLdlInto(matrixAt(ld, place), exchanges, place * ld.rows, matrixAt(b, i), ld.rows, b.columns);
      });
      return tensorOf(b.data, [...batch, b.rows, b.columns], B.dtype);
    },
    derivatives: [null, null, { reads: [0, 1], of: (grad, [LD, pivots]) => ldlSolve(LD, pivots, grad) }],
  });

/** Options of {@link tensorsolve}. */
export interface TensorsolveOptions {
  /** Dimensions of A that are moved to its end first. */
  readonly dims?: readonly number[] | null;
}

/** The X with tensordot(A, X, X.ndim) = B (PyTorch's `linalg.tensorsolve`). Canonical: (A, B, dims). */
export const tensorsolve: (A: Tensor, B: Tensor, options?: TensorsolveOptions) => Tensor = defineOperator({
  name: 'linalgTensorsolve',
  normalize: (A: Tensor, B: Tensor, ...rest: unknown[]): [Tensor, Tensor, readonly number[]] => {
    checkTensor('linalg.tensorsolve', 'A', A);
    checkTensor('linalg.tensorsolve', 'B', B);
    const { dims } = bindArguments<TensorsolveOptions>('linalg.tensorsolve', ['dims'], rest);
    return [A, B, dims ?? []];
  },
  forward: (A: Tensor, B: Tensor, dims: readonly number[]) => {
    const moved = dims.map((dim) => (dim < 0 ? dim + A.ndim : dim));
    const order = [...A.shape.keys()].filter((d) => !moved.includes(d));
    const turned = A.permute([...order, ...moved]);
    const shape = turned.shape.slice(B.ndim);
    const size = numelOf(shape);
    if (B.numel() !== size) {
      fail(
        'linalg.tensorsolve',
        `Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got ${size} != ${B.numel()}`,
      );
    }
    return solve(turned.reshape(-1, size), B.reshape(-1)).reshape(shape);
  },
  composite: true,
});
