/** Linear algebra under PyTorch's older names (`torch.qr`, `torch.lu_unpack`, `x.inverse()`); the newer ones are in `linalg`. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { checkSameDType, checkSquare, checkSystem } from '../linalg/batches.ts';
import * as eigen from '../linalg/eigen.ts';
import * as factorizations from '../linalg/factorizations.ts';
import { det, inv, logdet, matrixPower, type SlogdetResult, slogdet } from '../linalg/inverse.ts';
import { pinv } from '../linalg/least-squares.ts';
import { matrixExp } from '../linalg/matrix-exp.ts';
import * as orthogonal from '../linalg/orthogonal.ts';
import { type GeqrfResult, geqrf, type OrmqrOptions, ormqr } from '../linalg/orthogonal.ts';
import * as products from '../linalg/products.ts';
import * as solving from '../linalg/solve.ts';
import { lowerOf, transposeOf, upperOf } from '../linalg/triangles.ts';
import { solveTriangular } from '../linalg/triangular.ts';
import type { Tensor } from '../tensor.ts';
import { cat } from './joining.ts';

export { det, geqrf, inv as inverse, logdet, matrixExp, matrixPower, ormqr, slogdet };

/** A choice of triangle, by position or by name. */
export type UpperArgument = boolean | { readonly upper?: boolean };

function upperOption(operator: string, rest: readonly unknown[]): boolean {
  return bindArguments<{ upper: boolean }>(operator, ['upper'], rest).upper ?? false;
}

/** The Cholesky factor of symmetric positive definite matrices, the lower one by default. Canonical: (x, upper). */
export const cholesky: (x: Tensor, upper?: UpperArgument) => Tensor = defineOperator({
  name: 'cholesky',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, boolean] => {
    checkSquare('cholesky', x);
    return [x, upperOption('cholesky', rest)];
  },
  forward: (x: Tensor, upper: boolean) => factorizations.cholesky(x, { upper }),
  composite: true,
});

/** The inverse of the matrices whose Cholesky factors are given. Canonical: (L, upper). */
export const choleskyInverse: (L: Tensor, upper?: UpperArgument) => Tensor = defineOperator({
  name: 'choleskyInverse',
  normalize: (L: Tensor, ...rest: unknown[]): [Tensor, boolean] => {
    checkSquare('cholesky_inverse', L);
    return [L, upperOption('cholesky_inverse', rest)];
  },
  forward: (L, upper) => {
    const exact = L.to('float64');
    const inverse = inv(upper ? upperOf(exact) : lowerOf(exact));
    const turned = transposeOf(inverse);
    return (upper ? inverse.matmul(turned) : turned.matmul(inverse)).to(L.dtype);
  },
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [L, upper], inverse) => {
        const both = inverse.matmul(grad.add(transposeOf(grad)).matmul(inverse));
        return (upper ? L.matmul(both) : both.matmul(L)).neg();
      },
    },
  ],
});

/** The solution of A X = B, where the Cholesky factor L of A is given. Canonical: (B, L, upper). */
export const choleskySolve: (B: Tensor, L: Tensor, upper?: UpperArgument) => Tensor = defineOperator({
  name: 'choleskySolve',
  normalize: (B: Tensor, L: Tensor, ...rest: unknown[]): [Tensor, Tensor, boolean] => {
    const operator = 'cholesky_solve';
    checkTensor(operator, 'b', B);
    checkTensor(operator, 'A', L);
    if (B.ndim < 2)
      fail(operator, `b should have at least 2 dimensions, but has ${B.ndim} dimensions instead`);
    if (L.ndim < 2)
      fail(operator, `u should have at least 2 dimensions, but has ${L.ndim} dimensions instead`);
    checkSquare(operator, L);
    checkSameDType(operator, L, B);
    checkSystem(operator, L, B, true);
    return [B, L, upperOption(operator, rest)];
  },
  forward: (B, L, upper) => {
    const lower = upper ? transposeOf(L) : L;
    const inside = solveTriangular(lower, B, { upper: false });
    return solveTriangular(transposeOf(lower), inside, { upper: true });
  },
  derivatives: [
    { reads: [1], of: (grad, [, L, upper]) => choleskySolve(grad, L, upper) },
    {
      reads: [1, 'result'],
      of: (grad, [, L, upper], X) => {
        const half = choleskySolve(grad, L, upper).matmul(transposeOf(X));
        const both = half.add(transposeOf(half));
        return (upper ? L.matmul(both) : both.matmul(L)).neg();
      },
    },
  ],
});

/** Options of {@link qr} and {@link svd}: factors as small as they may be (the default), or square ones. */
export interface SomeOptions {
  readonly some?: boolean;
}

/** A = Q R with LAPACK's signs. Canonical: (x, some). */
export const qr: (x: Tensor, some?: boolean | SomeOptions) => orthogonal.QrResult = defineOperator({
  name: 'qr',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, boolean] => [
    x,
    bindArguments<SomeOptions>('qr', ['some'], rest).some ?? true,
  ],
  forward: (x: Tensor, some: boolean) => orthogonal.qr(x, some ? 'reduced' : 'complete'),
  composite: true,
});

/** Options of {@link svd}. */
export interface TorchSvdOptions extends SomeOptions {
  /** Whether U and V are computed; zeros otherwise. */
  readonly computeUv?: boolean;
}
/** Result of {@link svd}: A = U diag(S) Vᵀ. */
export interface TorchSvdResult {
  readonly U: Tensor;
  readonly S: Tensor;
  readonly V: Tensor;
}

/** Singular values and vectors. Canonical: (x, some, computeUv). */
export const svd: (x: Tensor, some?: boolean | TorchSvdOptions, computeUv?: boolean) => TorchSvdResult =
  defineOperator({
    name: 'svd',
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, boolean, boolean] => {
      const names = ['some', 'computeUv'] as const;
      const { some = true, computeUv = true } = bindArguments<TorchSvdOptions>('svd', names, rest);
      return [x, some, computeUv];
    },
    forward: (x: Tensor, some: boolean, computeUv: boolean): TorchSvdResult => {
      if (!computeUv) {
        const batch = x.shape.slice(0, -2);
        const [m, n] = x.shape.slice(-2) as [number, number];
        const square = (size: number): Tensor => zeros([...batch, size, size], { dtype: x.dtype });
        return { U: square(m), S: eigen.svdvals(x), V: square(n) };
      }
      const { U, S, Vh } = eigen.svd(x, { fullMatrices: !some });
      return { U, S, V: transposeOf(Vh) };
    },
    composite: true,
  });

/** Options of {@link lu}. */
export interface TorchLuOptions {
  readonly pivot?: boolean;
  readonly getInfos?: boolean;
}

/** P A = L U in one matrix, with the exchanges of rows and, if asked for, a status. Canonical: (x, pivot, getInfos). */
export const lu: (
  x: Tensor,
  pivot?: boolean | TorchLuOptions,
  getInfos?: boolean | TorchLuOptions,
) => factorizations.LuFactorResult | factorizations.LuFactorExResult = defineOperator({
  name: 'lu',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, boolean, boolean] => {
    const names = ['pivot', 'getInfos'] as const;
    const { pivot = true, getInfos = false } = bindArguments<TorchLuOptions>('lu', names, rest);
    return [x, pivot, getInfos];
  },
  forward: (x: Tensor, pivot: boolean, getInfos: boolean) =>
    getInfos ? factorizations.luFactorEx(x, { pivot }) : factorizations.luFactor(x, { pivot }),
  composite: true,
});

/** The solution of A X = B with the factors of A. Canonical: (b, LU, pivots). */
export const luSolve: (b: Tensor, LU: Tensor, pivots: Tensor) => Tensor = defineOperator({
  name: 'luSolve',
  forward: (b: Tensor, LU: Tensor, pivots: Tensor) => solving.luSolve(LU, pivots, b),
  composite: true,
});

/** Options of {@link luUnpack}: what is not wanted is empty. */
export interface LuUnpackOptions {
  readonly unpackData?: boolean;
  readonly unpackPivots?: boolean;
}

/** The factors P, L and U of what `lu` or `linalg.luFactor` gave. Canonical: (LU, pivots, unpackData, unpackPivots). */
export const luUnpack: (LU: Tensor, pivots: Tensor, options?: LuUnpackOptions) => factorizations.LuResult =
  defineOperator({
    name: 'luUnpack',
    normalize: (LU: Tensor, pivots: Tensor, ...rest: unknown[]): [Tensor, Tensor, boolean, boolean] => {
      const names = ['unpackData', 'unpackPivots'] as const;
      const bound = bindArguments<LuUnpackOptions>('lu_unpack', names, rest);
      checkTensor('lu_unpack', 'LU_data', LU);
      checkTensor('lu_unpack', 'LU_pivots', pivots);
      if (pivots.dtype !== 'int32') {
        fail(
          'lu_unpack',
          'torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.',
        );
      }
      return [LU, pivots, bound.unpackData ?? true, bound.unpackPivots ?? true];
    },
    forward: (LU, pivots, unpackData, unpackPivots): factorizations.LuResult => {
      const none = (): Tensor => zeros([0], { dtype: LU.dtype });
      const P = unpackPivots ? factorizations.permutationOf(pivots, LU) : none();
      if (!unpackData) return { P, L: none(), U: none() };
      const { L, U } = factorizations.unpackTriangles(LU);
      return { P, L, U };
    },
    derivatives: [
      ([, gradL, gradU], [LU, , unpackData]) => {
        if (!unpackData) return null;
        const [m, n] = LU.shape.slice(-2) as [number, number];
        const k = Math.min(m, n);
        const batch = LU.shape.slice(0, -2);
        const blank = (rows: number, columns: number): Tensor =>
          zeros([...batch, rows, columns], { dtype: LU.dtype });
        const lower = gradL === undefined ? blank(m, k) : lowerOf(gradL, -1);
        const upper = gradU === undefined ? blank(k, n) : upperOf(gradU);
        return cat([lower, blank(m, n - k)], -1).add(cat([upper, blank(m - k, n)], -2));
      },
    ],
  });

/** Options of {@link triangularSolve}. */
export interface TriangularSolveOptions {
  readonly upper?: boolean;
  readonly transpose?: boolean;
  readonly unitriangular?: boolean;
}
/** Result of {@link triangularSolve}. */
export interface TriangularSolveResult {
  readonly solution: Tensor;
  readonly clonedCoefficient: Tensor;
}

/** The solution of A X = B (or Aᵀ X = B) with triangular A. Canonical: (b, A, upper, transpose, unitriangular). */
export const triangularSolve: (
  b: Tensor,
  A: Tensor,
  options?: TriangularSolveOptions,
) => TriangularSolveResult = defineOperator({
  name: 'triangularSolve',
  normalize: (
    b: Tensor,
    A: Tensor,
    ...rest: unknown[]
  ): [Tensor, Tensor, Required<TriangularSolveOptions>] => {
    const names = ['upper', 'transpose', 'unitriangular'] as const;
    const bound = bindArguments<TriangularSolveOptions>('triangular_solve', names, rest);
    return [b, A, { upper: true, transpose: false, unitriangular: false, ...bound }];
  },
  forward: (b: Tensor, A: Tensor, { upper, transpose, unitriangular }: Required<TriangularSolveOptions>) => ({
    solution: solveTriangular(transpose ? transposeOf(A) : A, b, {
      upper: upper !== transpose,
      unitriangular,
    }),
    clonedCoefficient: A.clone(),
  }),
  composite: true,
});

/** The Moore-Penrose inverse; singular values up to rcond times the largest count as zero. Canonical: (x, rcond). */
export const pinverse: (x: Tensor, rcond?: number | { readonly rcond?: number }) => Tensor = defineOperator({
  name: 'pinverse',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => [
    x,
    bindArguments<{ rcond: number }>('pinverse', ['rcond'], rest).rcond ?? 1e-15,
  ],
  forward: (x: Tensor, rcond: number) => pinv(x, rcond),
  composite: true,
});

/** Options of {@link cross}. */
export interface CrossOptions {
  /** The first dimension of size 3 if left out. */
  readonly dim?: number | null;
}

/** The cross product of vectors along a dimension of size 3. Canonical: (x, other, dim). */
export const cross: (x: Tensor, other: Tensor, dim?: number | null | CrossOptions) => Tensor = defineOperator(
  {
    name: 'cross',
    normalize: (x: Tensor, other: Tensor, ...rest: unknown[]): [Tensor, Tensor, number] => {
      checkTensor('cross', 'input', x);
      const { dim } = bindArguments<CrossOptions>('cross', ['dim'], rest);
      const chosen = dim ?? x.shape.indexOf(3);
      if (dim == null && chosen < 0) fail('cross', 'no dimension of size 3 in input');
      return [x, other, chosen];
    },
    forward: (x: Tensor, other: Tensor, dim: number) => products.cross(x, other, { dim }),
    composite: true,
  },
);

/** Linear algebra as methods. */
export interface LinearAlgebraMethods {
  /** The Cholesky factor of symmetric positive definite matrices, the lower one by default. */
  cholesky(upper?: UpperArgument): Tensor;
  /** The inverse of the matrices whose Cholesky factors these are. */
  choleskyInverse(upper?: UpperArgument): Tensor;
  /** The solution of A X = this, where the Cholesky factor L of A is given. */
  choleskySolve(L: Tensor, upper?: UpperArgument): Tensor;
  /** A = Q R with LAPACK's signs. */
  qr(some?: boolean | SomeOptions): orthogonal.QrResult;
  /** Singular values and vectors. */
  svd(some?: boolean | TorchSvdOptions, computeUv?: boolean): TorchSvdResult;
  /** P A = L U in one matrix, with the exchanges of rows and, if asked for, a status. */
  lu(
    pivot?: boolean | TorchLuOptions,
    getInfos?: boolean | TorchLuOptions,
  ): factorizations.LuFactorResult | factorizations.LuFactorExResult;
  /** The solution of A X = this with the factors of A. */
  luSolve(LU: Tensor, pivots: Tensor): Tensor;
  /** The solution of A X = this (or Aᵀ X = this) with triangular A. */
  triangularSolve(A: Tensor, options?: TriangularSolveOptions): TriangularSolveResult;
  /** QR as LAPACK's geqrf leaves it. */
  geqrf(): GeqrfResult;
  /** The product of `other` with the square Q that these reflections stand for. */
  ormqr(
    tau: Tensor,
    other: Tensor,
    ...rest: [options?: OrmqrOptions] | [left: boolean, transpose?: boolean]
  ): Tensor;
  /** The Moore-Penrose inverse; singular values up to rcond times the largest count as zero. */
  pinverse(rcond?: number | { readonly rcond?: number }): Tensor;
  /** The inverse of square matrices. */
  inverse(): Tensor;
  /** The exponential of square matrices. */
  matrixExp(): Tensor;
  /** The n-th power of square matrices; negative ones of the inverse. */
  matrixPower(n: number | { readonly n: number }): Tensor;
  /** Determinants. */
  det(): Tensor;
  /** The logarithm of the determinant; NaN where that is negative. */
  logdet(): Tensor;
  /** Sign and logarithm of the absolute determinant. */
  slogdet(): SlogdetResult;
  /** The cross product of vectors along a dimension of size 3. */
  cross(other: Tensor, dim?: number | null | CrossOptions): Tensor;
}
