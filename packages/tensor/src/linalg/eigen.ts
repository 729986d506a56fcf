/** Eigenvalues of symmetric matrices, and singular values. */
import { bindArguments } from '../arguments.ts';
import { isGradEnabled } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { checkMatrices, checkSquare, converging, matricesOf, matrixAt, tensorOf } from './batches.ts';
import { singularValues } from './kernels/singular-values.ts';
import { symmetricEigen } from './kernels/symmetric-eigen.ts';
import { transposed } from './kernels/vectors.ts';
import { diagonal, diagonalMatrix, transposeOf } from './triangles.ts';

/** Options of {@link eigh} and {@link eigvalsh}. */
export interface EighOptions {
  /** Which triangle is read: 'L' by default. */
  readonly UPLO?: 'L' | 'U' | 'l' | 'u';
}
/** Result of {@link eigh}. */
export interface EighResult {
  /** In ascending order. */
  readonly eigenvalues: Tensor;
  /** One a column; each is determined up to its sign. */
  readonly eigenvectors: Tensor;
}

function normalizeEigh(operator: string, A: Tensor, rest: readonly unknown[]): [Tensor, boolean] {
  const { UPLO = 'L' } = bindArguments<EighOptions>(operator, ['UPLO'], rest);
  checkSquare(operator, A);
  if (!['L', 'U', 'l', 'u'].includes(UPLO)) {
    fail(operator, `Expected UPLO argument to be 'L' or 'U', but got ${UPLO}`);
  }
  return [A, UPLO.toUpperCase() === 'U'];
}

/** Decomposes each matrix; the vectors as columns where they are wanted. */
function decompose(A: Tensor, upper: boolean, wantVectors: boolean): { values: Tensor; vectors: Tensor } {
  const a = matricesOf(A);
  const n = a.rows;
  const values = new Float64Array(a.count * n);
  for (let i = 0; i < a.count; i++) {
    const own = matrixAt(a, i);
    // The other triangle is not read.
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < r; c++) {
        if (upper) own[r * n + c] = own[c * n + r]!;
        else own[c * n + r] = own[r * n + c]!;
      }
    }
    const found = converging('linalg.eigh', a, i, () => symmetricEigen(own, n, wantVectors));
    values.set(found.values, i * n);
    if (found.vectors !== undefined) own.set(transposed(found.vectors, n, n));
  }
  return {
    values: tensorOf(values, [...a.shape, n], A.dtype),
    vectors: tensorOf(a.data, A.shape, A.dtype),
  };
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices, of which one triangle is read (PyTorch's `linalg.eigh`).
 * Canonical: (A, upper).
 */
export const eigh: (A: Tensor, UPLO?: EighOptions['UPLO'] | EighOptions) => EighResult = defineOperator({
  name: 'linalgEigh',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, boolean] => normalizeEigh('linalg.eigh', A, rest),
  forward: (A, upper): EighResult => {
    const { values, vectors } = decompose(A, upper, true);
    return { eigenvalues: values, eigenvectors: vectors };
  },
  derivatives: [
    {
      reads: ['result'],
      of: ([gradL, gradV], _, { eigenvalues: L, eigenvectors: V }) => {
        if (gradV === undefined) {
          return gradL === undefined ? null : V.mul(gradL.unsqueeze(-2)).matmul(transposeOf(V));
        }
        const Vt = transposeOf(V);
        const gaps = L.unsqueeze(-2).sub(L.unsqueeze(-1));
        let inner = Vt.matmul(gradV).div(withUnitDiagonal(gaps));
        inner = inner.sub(diagonalMatrix(diagonal(inner)));
        if (gradL !== undefined) inner = inner.add(diagonalMatrix(gradL));
        return V.matmul(inner).matmul(Vt);
      },
    },
  ],
});

/** The matrices with ones added to their diagonals, which are zero. */
function withUnitDiagonal(x: Tensor): Tensor {
  return x.add(diagonalMatrix(diagonal(x).detach().mul(0).add(1)));
}

/** Eigenvalues of symmetric matrices in ascending order (PyTorch's `linalg.eigvalsh`). Canonical: (A, upper). */
export const eigvalsh: (A: Tensor, UPLO?: EighOptions['UPLO'] | EighOptions) => Tensor = defineOperator({
  name: 'linalgEigvalsh',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, boolean] => normalizeEigh('linalg.eigvalsh', A, rest),
  forward: (A: Tensor, upper: boolean) =>
    isGradEnabled() && A.requiresGrad
      ? eigh(A, { UPLO: upper ? 'U' : 'L' }).eigenvalues
      : decompose(A, upper, false).values,
  composite: true,
});

/** Options of {@link svd}. */
export interface SvdOptions {
  /** Square U and V: true by default, as in PyTorch. */
  readonly fullMatrices?: boolean;
  /** PyTorch's choice of a GPU algorithm; there is one algorithm here. */
  readonly driver?: string | null;
}
/** Result of {@link svd}: A = U diag(S) Vh. */
export interface SvdResult {
  readonly U: Tensor;
  /** In descending order. */
  readonly S: Tensor;
  readonly Vh: Tensor;
}

/** Singular values of each matrix, and the vectors where they are wanted. */
function decomposeSingular(operator: string, A: Tensor, wanted: 'none' | 'reduced' | 'full'): SvdResult {
  const a = matricesOf(A);
  const { rows: m, columns: n } = a;
  const k = Math.min(m, n);
  const [uColumns, vRows] = wanted === 'none' ? [0, 0] : wanted === 'full' ? [m, n] : [k, k];
  const S = new Float64Array(a.count * k);
  const U = new Float64Array(a.count * m * uColumns);
  const Vh = new Float64Array(a.count * vRows * n);
  for (let i = 0; i < a.count; i++) {
    const found = converging(operator, a, i, () => singularValues(matrixAt(a, i), m, n, wanted));
    S.set(found.values, i * k);
    if (found.u !== undefined) U.set(transposed(found.u, uColumns, m), i * m * uColumns);
    if (found.v !== undefined) Vh.set(found.v, i * vRows * n);
  }
  return {
    U: tensorOf(U, [...a.shape, m, uColumns], A.dtype),
    S: tensorOf(S, [...a.shape, k], A.dtype),
    Vh: tensorOf(Vh, [...a.shape, vRows, n], A.dtype),
  };
}

/**
 * A = U diag(S) Vh (PyTorch's `linalg.svd`). Each pair of singular vectors is determined up to its sign.
 * Canonical: (A, fullMatrices).
 */
export const svd: (A: Tensor, fullMatrices?: boolean | SvdOptions) => SvdResult = defineOperator({
  name: 'linalgSvd',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, boolean] => {
    const names = ['fullMatrices', 'driver'] as const;
    const { fullMatrices = true } = bindArguments<SvdOptions>('linalg.svd', names, rest);
    checkMatrices('linalg.svd', A);
    return [A, fullMatrices];
  },
  forward: (A, full): SvdResult => decomposeSingular('linalg.svd', A, full ? 'full' : 'reduced'),
  derivatives: [
    {
      reads: ['result'],
      of: ([gradU, gradS, gradVh], _, { U, S, Vh }) => {
        const k = S.shape.at(-1)!;
        return svdBack(gradU?.narrow(-1, 0, k), gradS, gradVh?.narrow(-2, 0, k), {
          U: U.narrow(-1, 0, k),
          S,
          Vh: Vh.narrow(-2, 0, k),
        });
      },
    },
  ],
});

/** The gradient of the reduced decomposition. */
function svdBack(
  gradU: Tensor | undefined,
  gradS: Tensor | undefined,
  gradVh: Tensor | undefined,
  { U, S, Vh }: SvdResult,
): Tensor | null {
  if (gradU === undefined && gradVh === undefined) {
    return gradS === undefined ? null : U.mul(gradS.unsqueeze(-2)).matmul(Vh);
  }
  const [m, n, k] = [U.shape.at(-2)!, Vh.shape.at(-1)!, S.shape.at(-1)!];
  const [Ut, V] = [transposeOf(U), transposeOf(Vh)];
  const [across, down] = [S.unsqueeze(-2), S.unsqueeze(-1)];
  const gaps = withUnitDiagonal(across.sub(down).mul(across.add(down)));
  let inner: Tensor | undefined;
  const add = (part: Tensor): void => {
    inner = inner === undefined ? part : inner.add(part);
  };
  if (gradU !== undefined) add(skew(Ut.matmul(gradU)).div(gaps).mul(across));
  if (gradVh !== undefined)
    add(
      skew(Vh.matmul(transposeOf(gradVh)))
        .div(gaps)
        .mul(down),
    );
  if (gradS !== undefined) add(diagonalMatrix(gradS));
  let whole = U.matmul(inner!);
  if (gradU !== undefined && m > k) {
    whole = whole.add(gradU.sub(U.matmul(Ut.matmul(gradU))).div(across));
  }
  whole = whole.matmul(Vh);
  if (gradVh !== undefined && n > k) {
    const outside = gradVh.sub(gradVh.matmul(V).matmul(Vh));
    whole = whole.add(U.matmul(outside.div(down)));
  }
  return whole;
}

function skew(x: Tensor): Tensor {
  return x.sub(transposeOf(x));
}

/** Singular values in descending order (PyTorch's `linalg.svdvals`). Canonical: (A). */
export const svdvals: (A: Tensor, options?: { readonly driver?: string | null }) => Tensor = defineOperator({
  name: 'linalgSvdvals',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor] => {
    bindArguments<{ driver: string | null }>('linalg.svdvals', ['driver'], rest);
    checkMatrices('linalg.svdvals', A);
    return [A];
  },
  forward: (A: Tensor) =>
    isGradEnabled() && A.requiresGrad
      ? svd(A, { fullMatrices: false }).S
      : decomposeSingular('linalg.svdvals', A, 'none').S,
  composite: true,
});
