/** Factorizations with pivots or positive diagonals: Cholesky, LU and LDL. */
import { bindArguments } from '../arguments.ts';
import { eye, zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { cat } from '../ops/joining.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  checkInfo,
  checkMatrices,
  checkSquare,
  int32Of,
  int32Tensor,
  matricesOf,
  matrixAt,
  tensorOf,
} from './batches.ts';
import { factorLdl } from './kernels/indefinite.ts';
import { factorCholesky, factorLu } from './kernels/triangular.ts';
import { transposed } from './kernels/vectors.ts';
import { lowerOf, mirrored, transposeOf, upperOf } from './triangles.ts';
import { solveTriangular } from './triangular.ts';

/** Options of {@link cholesky} and {@link choleskyEx}. */
export interface CholeskyOptions {
  /** Give the upper factor U = Lᵀ. */
  readonly upper?: boolean;
}
/** Options of operators that give a status: whether one that says failure is an error. */
export interface CheckErrorsOptions {
  readonly checkErrors?: boolean;
}
/** Result of {@link choleskyEx}. */
export interface CholeskyResult {
  readonly L: Tensor;
  /** int32: 0, or the order of the leading minor that is not positive. */
  readonly info: Tensor;
}

function notPositive(order: number): string {
  return `The factorization could not be completed because the input is not positive-definite (the leading minor of order ${order} is not positive-definite).`;
}

/**
 * A = L Lᵀ of symmetric positive definite matrices, of which one triangle is read, with a status instead of an error
 * (PyTorch's `linalg.cholesky_ex`). Canonical: (A, { upper, checkErrors }).
 */
export const choleskyEx: (A: Tensor, options?: CholeskyOptions & CheckErrorsOptions) => CholeskyResult =
  defineOperator({
    name: 'linalgCholeskyEx',
    normalize: (A: Tensor, ...rest: unknown[]): [Tensor, Required<CholeskyOptions & CheckErrorsOptions>] => {
      const names = ['upper', 'checkErrors'] as const;
      const bound = bindArguments<CholeskyOptions & CheckErrorsOptions>('linalg.cholesky_ex', names, rest);
      checkSquare('linalg.cholesky', A);
      return [A, { upper: bound.upper ?? false, checkErrors: bound.checkErrors ?? false }];
    },
    forward: (A, { upper, checkErrors }): CholeskyResult => {
      const a = matricesOf(upper ? transposedView(A) : A);
      const info = new Int32Array(a.count);
      for (let i = 0; i < a.count; i++) {
        const own = matrixAt(a, i);
        info[i] = factorCholesky(own, a.rows);
        if (upper) own.set(transposed(own, a.rows, a.rows));
      }
      const states = int32Tensor(info, a.shape);
      if (checkErrors) checkInfo('linalg.cholesky_ex', states, notPositive);
      return { L: tensorOf(a.data, A.shape, A.dtype), info: states };
    },
    derivatives: [
      {
        reads: ['result'],
        of: ([grad], [, { upper }], { L }) => {
          if (grad === undefined) return null;
          const lower = upper ? transposeOf(L) : L;
          const own = upper ? transposeOf(grad) : grad;
          // Half of L⁻ᵀ S L⁻¹, where S is symmetric with the lower triangle of Lᵀ grad.
          const inner = mirrored(transposeOf(lower).matmul(own)).mul(0.5);
          const above = solveTriangular(transposeOf(lower), inner, { upper: true });
          return solveTriangular(lower, above, { upper: false, left: false });
        },
      },
    ],
  });

function transposedView(A: Tensor): Tensor {
  return A.transpose(-2, -1);
}

/**
 * The lower Cholesky factor of symmetric positive definite matrices, of which the lower triangle is read (with `upper`
 * the upper ones). Canonical: (A, { upper }).
 * @throws TensorError where a matrix is not positive definite
 */
export const cholesky: (A: Tensor, options?: CholeskyOptions) => Tensor = defineOperator({
  name: 'linalgCholesky',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, CholeskyOptions] => [
    A,
    bindArguments<CholeskyOptions>('linalg.cholesky', ['upper'], rest),
  ],
  forward: (A: Tensor, options: CholeskyOptions) => {
    const { L, info } = choleskyEx(A, options);
    checkInfo('linalg.cholesky', info, notPositive);
    return L;
  },
  composite: true,
});

/** Options of {@link lu} and its like. */
export interface LuOptions {
  /** Partial pivoting; without it is not there on the CPU, as in PyTorch. */
  readonly pivot?: boolean;
}
/** Result of {@link luFactor}. */
export interface LuFactorResult {
  /** Both factors in one: U above and on the diagonal, L, whose diagonal is ones, below. */
  readonly LU: Tensor;
  /** int32, from 1: row i was exchanged with row pivots[i]. */
  readonly pivots: Tensor;
}
/** Result of {@link luFactorEx}. */
export interface LuFactorExResult extends LuFactorResult {
  /** int32: 0, or the number of the first pivot that is zero. */
  readonly info: Tensor;
}

/** P A = L U with a status instead of an error (PyTorch's `linalg.lu_factor_ex`). Canonical: (A, { pivot, checkErrors }). */
export const luFactorEx: (A: Tensor, options?: LuOptions & CheckErrorsOptions) => LuFactorExResult =
  defineOperator({
    name: 'linalgLuFactorEx',
    normalize: (A: Tensor, ...rest: unknown[]): [Tensor, Required<LuOptions & CheckErrorsOptions>] => {
      const operator = 'linalg.lu_factor';
      const names = ['pivot', 'checkErrors'] as const;
      const bound = bindArguments<LuOptions & CheckErrorsOptions>(operator, names, rest);
      checkMatrices(operator, A);
      const { pivot = true, checkErrors = false } = bound;
      if (!pivot) fail(operator, 'LU without pivoting is not implemented on the CPU');
      return [A, { pivot, checkErrors }];
    },
    forward: (A, { checkErrors }): LuFactorExResult => {
      const a = matricesOf(A);
      const steps = Math.min(a.rows, a.columns);
      const pivots = new Int32Array(a.count * steps);
      const info = new Int32Array(a.count);
      for (let i = 0; i < a.count; i++) {
        info[i] = factorLu(matrixAt(a, i), a.rows, a.columns, pivots, i * steps);
      }
      const states = int32Tensor(info, a.shape);
      if (checkErrors) checkInfo('linalg.lu_factor_ex', states, zeroPivot);
      return {
        LU: tensorOf(a.data, A.shape, A.dtype),
        pivots: int32Tensor(pivots, [...a.shape, steps]),
        info: states,
      };
    },
    derivatives: [
      {
        reads: ['result'],
        of: ([grad], _, { LU, pivots }) => {
          if (grad === undefined) return null;
          const [m, n] = LU.shape.slice(-2) as [number, number];
          const k = Math.min(m, n);
          return luBack(
            lowerOf(grad.narrow(-1, 0, k), -1),
            upperOf(grad.narrow(-2, 0, k)),
            unpackLu(LU, pivots),
          );
        },
      },
    ],
  });

function zeroPivot(place: number): string {
  return `U[${place},${place}] is zero and using it on lu_solve would result in a division by zero. If you still want to perform the factorization, consider calling linalg.lu(A, { pivot }) or linalg.luFactorEx(A, { pivot })`;
}

/** P A = L U in one matrix, with the exchanges of rows. Canonical: (A, { pivot }). @throws TensorError for singular A */
export const luFactor: (A: Tensor, options?: LuOptions) => LuFactorResult = defineOperator({
  name: 'linalgLuFactor',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, LuOptions] => [
    A,
    bindArguments<LuOptions>('linalg.lu_factor', ['pivot'], rest),
  ],
  forward: (A: Tensor, options: LuOptions): LuFactorResult => {
    const { LU, pivots, info } = luFactorEx(A, options);
    checkInfo('torch.linalg.lu_factor', info, zeroPivot);
    return { LU, pivots };
  },
  composite: true,
});

/** Result of {@link lu}: A = P L U. */
export interface LuResult {
  readonly P: Tensor;
  readonly L: Tensor;
  readonly U: Tensor;
}

/** A = P L U as three matrices (PyTorch's `linalg.lu`). Canonical: (A, { pivot }). */
export const lu: (A: Tensor, options?: LuOptions) => LuResult = defineOperator({
  name: 'linalgLu',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, LuOptions] => [
    A,
    bindArguments<LuOptions>('linalg.lu', ['pivot'], rest),
  ],
  forward: (A: Tensor, options: LuOptions): LuResult => {
    const { LU, pivots } = luFactorEx(A, options);
    return unpackLu(LU, pivots);
  },
  derivatives: [
    {
      reads: ['result'],
      of: ([, gradL, gradU], _, result) => {
        const { L, U } = result;
        if (gradL === undefined && gradU === undefined) return null;
        const zero = (x: Tensor): Tensor => zeros(x.shape, { dtype: x.dtype });
        return luBack(lowerOf(gradL ?? zero(L), -1), upperOf(gradU ?? zero(U)), result);
      },
    },
  ],
});

/** L, whose diagonal is ones, and U of a packed factorization. */
export function unpackTriangles(LU: Tensor): { readonly L: Tensor; readonly U: Tensor } {
  const [m, n] = LU.shape.slice(-2) as [number, number];
  const k = Math.min(m, n);
  return {
    L: lowerOf(LU.narrow(-1, 0, k), -1).add(eye(m, k, { dtype: LU.dtype })),
    U: upperOf(LU.narrow(-2, 0, k)),
  };
}

/** The three factors of a packed factorization. */
export function unpackLu(LU: Tensor, pivots: Tensor): LuResult {
  return { P: permutationOf(pivots, LU), ...unpackTriangles(LU) };
}

/** The permutation matrices P of A = P L U, of exchanges counted from 1. */
export function permutationOf(pivots: Tensor, LU: Tensor): Tensor {
  const m = LU.shape.at(-2)!;
  const batch = LU.shape.slice(0, -2);
  const exchanges = int32Of(pivots);
  const steps = pivots.shape.at(-1)!;
  const data = new Float64Array(numelOf(batch) * m * m);
  for (let b = 0; b < numelOf(batch); b++) {
    const order = Array.from({ length: m }, (_, i) => i);
    for (let i = 0; i < steps; i++) {
      const other = exchanges[b * steps + i]! - 1;
      [order[i], order[other]] = [order[other]!, order[i]!];
    }
    order.forEach((row, i) => {
      data[(b * m + row) * m + i] = 1;
    });
  }
  return tensorOf(data, [...batch, m, m], LU.dtype);
}

/**
 * The gradient of A = P L U. With the leading square blocks L1 and U1 it is
 * P L1⁻ᵀ (strict lower part of L1ᵀ gradL + upper part of gradU U1ᵀ) U1⁻ᵀ; what the longer side has beyond them comes
 * from its own system, and acts on the other factor.
 */
function luBack(gradL: Tensor, gradU: Tensor, { P, L, U }: LuResult): Tensor {
  const [m, n] = [L.shape.at(-2)!, U.shape.at(-1)!];
  const k = Math.min(m, n);
  const [L1, U1] = [L.narrow(-2, 0, k), U.narrow(-1, 0, k)];
  const lowerSolve = (x: Tensor): Tensor =>
    solveTriangular(transposeOf(L1), x, { upper: true, unitriangular: true });
  const upperSolve = (x: Tensor): Tensor =>
    solveTriangular(transposeOf(U1), x, { upper: false, left: false });
  let toL = transposeOf(L1).matmul(gradL.narrow(-2, 0, k));
  let toU = gradU.narrow(-1, 0, k).matmul(transposeOf(U1));
  let beside: Tensor | undefined;
  let below: Tensor | undefined;
  if (n > k) {
    const [rest, gradRest] = [U.narrow(-1, k, n - k), gradU.narrow(-1, k, n - k)];
    toL = toL.sub(gradRest.matmul(transposeOf(rest)));
    beside = lowerSolve(gradRest);
  } else if (m > k) {
    const [rest, gradRest] = [L.narrow(-2, k, m - k), gradL.narrow(-2, k, m - k)];
    toU = toU.sub(transposeOf(rest).matmul(gradRest));
    below = upperSolve(gradRest);
  }
  const own = upperSolve(lowerSolve(lowerOf(toL, -1).add(upperOf(toU))));
  const whole =
    beside !== undefined ? cat([own, beside], -1) : below !== undefined ? cat([own, below], -2) : own;
  return P.matmul(whole);
}

/** Result of {@link ldlFactor}. */
export interface LdlFactorResult {
  /** D's blocks on and beside the diagonal, L below. */
  readonly LD: Tensor;
  /** int32, as LAPACK's sytrf gives them. */
  readonly pivots: Tensor;
}
/** Result of {@link ldlFactorEx}. */
export interface LdlFactorExResult extends LdlFactorResult {
  /** int32: 0, or the number of the first block that is zero. */
  readonly info: Tensor;
}
/** Options of {@link ldlFactor}; for real matrices both forms are the same. */
export interface LdlOptions {
  readonly hermitian?: boolean;
}

/**
 * A = L D Lᵀ of symmetric matrices, of which the lower triangle is read, with a status instead of an error (PyTorch's
 * `linalg.ldl_factor_ex`). Canonical: (A, { hermitian, checkErrors }).
 */
export const ldlFactorEx: (A: Tensor, options?: LdlOptions & CheckErrorsOptions) => LdlFactorExResult =
  defineOperator({
    name: 'linalgLdlFactorEx',
    normalize: (A: Tensor, ...rest: unknown[]): [Tensor, LdlOptions & CheckErrorsOptions] => {
      const names = ['hermitian', 'checkErrors'] as const;
      const bound = bindArguments<LdlOptions & CheckErrorsOptions>('linalg.ldl_factor_ex', names, rest);
      checkSquare('linalg.ldl_factor_ex', A);
      return [A, bound];
    },
    forward: (A, { checkErrors = false }): LdlFactorExResult => {
      const a = matricesOf(A);
      const n = a.rows;
      const pivots = new Int32Array(a.count * n);
      const info = new Int32Array(a.count);
      for (let i = 0; i < a.count; i++) {
        const own = matrixAt(a, i);
        info[i] = factorLdl(own, n, pivots, i * n);
        for (let r = 0; r < n; r++) own.fill(0, r * n + r + 1, (r + 1) * n);
      }
      const states = int32Tensor(info, a.shape);
      if (checkErrors) checkInfo('linalg.ldl_factor_ex', states, zeroBlock);
      return {
        LD: tensorOf(a.data, A.shape, A.dtype),
        pivots: int32Tensor(pivots, [...a.shape, n]),
        info: states,
      };
    },
  });

function zeroBlock(place: number): string {
  return `The factorization could not be completed because D[${place},${place}] is exactly zero.`;
}

/** A = L D Lᵀ of symmetric matrices. Canonical: (A, { hermitian }). @throws TensorError where a block of D is zero */
export const ldlFactor: (A: Tensor, options?: LdlOptions) => LdlFactorResult = defineOperator({
  name: 'linalgLdlFactor',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, LdlOptions] => [
    A,
    bindArguments<LdlOptions>('linalg.ldl_factor', ['hermitian'], rest),
  ],
  forward: (A: Tensor, options: LdlOptions): LdlFactorResult => {
    const { LD, pivots, info } = ldlFactorEx(A, options);
    checkInfo('torch.linalg.ldl_factor', info, zeroBlock);
    return { LD, pivots };
  },
  composite: true,
});
