/** The pseudo-inverse, and least squares with it. */
import { cast } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import {
  broadcastMatrices,
  checkMatrices,
  checkSameDType,
  checkSquare,
  commonBatch,
  countTensor,
  matrixAt,
  tensorOf,
} from './batches.ts';
import { eigh, svd } from './eigen.ts';
import { factorQr, multiplyByQ } from './kernels/householder.ts';
import { singularValues } from './kernels/singular-values.ts';
import { solveTriangularInto } from './kernels/triangular.ts';
import { addScaled, transposed } from './kernels/vectors.ts';
import { limitOf, type Tolerance, type ToleranceOptions } from './norms.ts';
import { transposeOf } from './triangles.ts';

/** Options of {@link pinv}; `rcond` is an old name of `rtol`. */
export interface PinvOptions extends ToleranceOptions {
  readonly rcond?: Tolerance;
}

/** The Moore-Penrose inverse of matrices (PyTorch's `linalg.pinv`). Canonical: (A, options). */
export const pinv: (A: Tensor, rcond?: Tolerance | PinvOptions, options?: PinvOptions) => Tensor =
  defineOperator({
    name: 'linalgPinv',
    normalize: (A: Tensor, ...rest: unknown[]): [Tensor, PinvOptions] => {
      const names = ['rcond', 'hermitian', 'atol', 'rtol'] as const;
      const bound = bindArguments<PinvOptions>('linalg.pinv', names, rest);
      checkMatrices('linalg.pinv', A);
      if (bound.hermitian) checkSquare('linalg.pinv', A);
      return [A, bound];
    },
    forward: (A, { rcond = null, rtol = null, atol = null, hermitian = false }) => {
      const [m, n] = A.shape.slice(-2) as [number, number];
      if (A.numel() === 0) return zeros([...A.shape.slice(0, -2), n, m], { dtype: A.dtype });
      // In double precision and rounded once; the tolerance is that of the tensor's own dtype.
      const exact = cast(A, 'float64');
      const ratio = rtol ?? rcond;
      if (hermitian) {
        const { eigenvalues, eigenvectors } = eigh(exact);
        const sizes = eigenvalues.abs();
        const kept = sizes.gt(limitOf(A, sizes, atol, ratio).unsqueeze(-1));
        const inverses = eigenvalues.reciprocal().where(kept, 0);
        const whole = eigenvectors.mul(inverses.unsqueeze(-2)).matmul(transposeOf(eigenvectors));
        return cast(whole, A.dtype);
      }
      const { U, S, Vh } = svd(exact, { fullMatrices: false });
      const kept = S.gt(limitOf(A, S, atol, ratio).unsqueeze(-1));
      const inverses = S.reciprocal().where(kept, 0);
      return cast(transposeOf(Vh).mul(inverses.unsqueeze(-2)).matmul(transposeOf(U)), A.dtype);
    },
    derivatives: [{ reads: [0, 'result'], of: (grad, [A], inverse) => pinvBack(grad, inverse, A) }],
  });

/** Golub and Pereyra's formula for the derivative at constant rank, in the order that is cheaper for the shape. */
function pinvBack(grad: Tensor, inverse: Tensor, A: Tensor): Tensor {
  const [m, n] = A.shape.slice(-2) as [number, number];
  const [gradT, inverseT] = [transposeOf(grad), transposeOf(inverse)];
  if (m <= n) {
    const K = gradT.matmul(inverse);
    const last = K.matmul(inverseT);
    return inverse
      .matmul(K)
      .transpose(-2, -1)
      .neg()
      .add(last)
      .sub(A.matmul(inverse).matmul(last))
      .add(inverseT.matmul(inverse).matmul(gradT.sub(K.matmul(A))));
  }
  const K = inverse.matmul(gradT);
  const last = inverseT.matmul(K);
  return K.matmul(inverse)
    .transpose(-2, -1)
    .neg()
    .add(gradT.sub(A.matmul(K)).matmul(inverse).matmul(inverseT))
    .add(last)
    .sub(last.matmul(inverse).matmul(A));
}

/** LAPACK's drivers: QR of full rank, QR with pivots, and singular values. */
export type LstsqDriver = 'gels' | 'gelsy' | 'gelsd' | 'gelss';
/** Options of {@link lstsq}. */
export interface LstsqOptions {
  /** Singular values up to rcond times the largest count as zero (not for 'gels'). */
  readonly rcond?: number | null;
  /** 'gelsy' by default, as in PyTorch on the CPU. */
  readonly driver?: LstsqDriver | null;
}
/** Result of {@link lstsq}. What the driver does not give is empty. */
export interface LstsqResult {
  readonly solution: Tensor;
  /** Sums of squares, where A has more rows than columns and full rank. */
  readonly residuals: Tensor;
  readonly rank: Tensor;
  readonly singularValues: Tensor;
}

/** The X of least norm among those of least |A X - B| (PyTorch's `linalg.lstsq`). Canonical: (A, B, rcond, driver). */
export const lstsq: (
  A: Tensor,
  B: Tensor,
  rcond?: number | null | LstsqOptions,
  options?: LstsqOptions,
) => LstsqResult = defineOperator({
  name: 'linalgLstsq',
  normalize: (A: Tensor, B: Tensor, ...rest: unknown[]): [Tensor, Tensor, number, LstsqDriver] => {
    const operator = 'linalg.lstsq';
    const bound = bindArguments<LstsqOptions>(operator, ['rcond', 'driver'], rest);
    checkTensor(operator, 'input', A);
    checkTensor(operator, 'other', B);
    if (A.ndim < 2) fail(operator, 'input must have at least 2 dimensions.');
    if (B.ndim < 1) fail(operator, 'other must have at least 1 dimension.');
    checkMatrices(operator, A);
    if (A.dtype !== B.dtype) checkSameDType(operator, A, B);
    if (A.ndim < B.ndim || A.ndim - B.ndim > 1) {
      fail(
        operator,
        'input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1',
      );
    }
    const rows = isVector(A, B) ? B.shape.at(-1) : B.shape.at(-2);
    if (rows !== A.shape.at(-2)) {
      fail(operator, `input.size(-2) should match other.size(${isVector(A, B) ? -1 : -2})`);
    }
    const driver = bound.driver ?? 'gelsy';
    if (!['gels', 'gelsy', 'gelsd', 'gelss'].includes(driver)) {
      fail(operator, `parameter 'driver' should be one of (gels, gelsy, gelsd, gelss)`, undefined, driver);
    }
    const usual = (A.dtype === 'float32' ? 2 ** -23 : 2 ** -52) * Math.max(...A.shape.slice(-2));
    return [A, B, bound.rcond ?? usual, driver];
  },
  forward: (A, B, rcond, driver): LstsqResult => {
    const vector = isVector(A, B);
    const right = vector ? B.unsqueeze(-1) : B;
    const batch = commonBatch('linalg.lstsq', A, right);
    const a = broadcastMatrices(A, batch);
    const b = broadcastMatrices(right, batch);
    const { rows: m, columns: n } = a;
    const k = b.columns;
    const solution = new Float64Array(a.count * n * k);
    const residuals = new Float64Array(a.count * k);
    const values = new Float64Array(a.count * Math.min(m, n));
    const ranks = new Float64Array(a.count);
    for (let i = 0; i < a.count; i++) {
      const [own, wanted] = [matrixAt(a, i), matrixAt(b, i)];
      let x: Float64Array;
      if (driver === 'gels') x = solveFullRank(own, wanted.slice(), m, n, k);
      else {
        const found = solveByValues(own, wanted, m, n, k, rcond);
        x = found.x;
        ranks[i] = found.rank;
        values.set(found.values, (i * values.length) / a.count);
      }
      solution.set(x, i * n * k);
      addSquares(residuals, i * k, own, x, wanted, m, n, k);
    }
    const fullRank = driver === 'gels' || ranks.every((rank) => rank === n);
    const withResiduals = m > n && driver !== 'gelsy' && fullRank;
    const withValues = driver === 'gelsd' || driver === 'gelss';
    return {
      solution: tensorOf(solution, vector ? [...batch, n] : [...batch, n, k], A.dtype),
      residuals: withResiduals ? tensorOf(residuals, [...batch, k], A.dtype) : zeros([0], { dtype: A.dtype }),
      rank: driver === 'gels' ? zeros([0], { dtype: 'int64' }) : countTensor(ranks, batch),
      singularValues: withValues
        ? tensorOf(values, [...batch, Math.min(m, n)], A.dtype)
        : zeros([0], { dtype: A.dtype }),
    };
  },
  derivatives: [
    {
      reads: [0, 1, 'result'],
      of: ([grad, gradR], [A, B], { solution }) => {
        const [X, right] = isVector(A, B) ? [solution.unsqueeze(-1), B.unsqueeze(-1)] : [solution, B];
        let own: Tensor | null = null;
        if (grad !== undefined) {
          const column = isVector(A, B) ? grad.unsqueeze(-1) : grad;
          own = pinvBack(column.matmul(transposeOf(right)), pinv(A), A);
        }
        if (gradR === undefined || gradR.numel() === 0) return own;
        const fromR = residualGrad(gradR, A, X, right).matmul(transposeOf(X));
        return own === null ? fromR : own.add(fromR);
      },
    },
    {
      reads: [0, 1, 'result'],
      of: ([grad, gradR], [A, B], { solution }) => {
        const vector = isVector(A, B);
        let own: Tensor | null = null;
        if (grad !== undefined) own = transposeOf(pinv(A)).matmul(vector ? grad.unsqueeze(-1) : grad);
        if (gradR !== undefined && gradR.numel() > 0) {
          const [X, right] = vector ? [solution.unsqueeze(-1), B.unsqueeze(-1)] : [solution, B];
          const fromR = residualGrad(gradR, A, X, right).neg();
          own = own === null ? fromR : own.add(fromR);
        }
        return own !== null && vector ? own.squeeze(-1) : own;
      },
    },
  ],
});

function isVector(A: Tensor, B: Tensor): boolean {
  return A.ndim - 1 === B.ndim && B.shape.join() === A.shape.slice(0, -1).join();
}

/** The gradient of the sums of squares by A X - B. */
function residualGrad(grad: Tensor, A: Tensor, X: Tensor, B: Tensor): Tensor {
  return A.matmul(X).sub(B).mul(grad.unsqueeze(-2)).mul(2);
}

/** By QR, or for more columns than rows by QR of the transpose; the rank is taken to be full. */
function solveFullRank(a: Float64Array, b: Float64Array, m: number, n: number, k: number): Float64Array {
  const x = new Float64Array(n * k);
  if (m >= n) {
    const qr = a.slice();
    const tau = factorQr(qr, m, n);
    multiplyByQ(qr, n, tau, b, m, k, true);
    solveTriangularInto(qr, n, b, n, k, { upper: true });
    x.set(b.subarray(0, n * k));
    return x;
  }
  const qr = transposed(a, m, n);
  const tau = factorQr(qr, n, m);
  solveTriangularInto(qr, m, b, m, k, { upper: true, transpose: true });
  x.set(b);
  multiplyByQ(qr, m, tau, x, n, k, false);
  return x;
}

/** By singular values, those up to rcond times the largest left out. */
function solveByValues(
  a: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
  rcond: number,
): { x: Float64Array; rank: number; values: Float64Array } {
  const { values, u, v } = singularValues(a, m, n, 'reduced');
  const x = new Float64Array(n * k);
  const limit = rcond * (values[0] ?? 0);
  let rank = 0;
  values.forEach((value, r) => {
    if (!(value > limit)) return;
    rank++;
    const row = new Float64Array(k);
    for (let i = 0; i < m; i++) addScaled(row, 0, u![r * m + i]! / value, b, i * k, k);
    for (let j = 0; j < n; j++) addScaled(x, j * k, v![r * n + j]!, row, 0, k);
  });
  return { x, rank, values };
}

/** Adds the squares of A X - B, column by column. */
function addSquares(
  sums: Float64Array,
  at: number,
  a: Float64Array,
  x: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
): void {
  for (let i = 0; i < m; i++) {
    const row = b.slice(i * k, (i + 1) * k);
    for (let j = 0; j < n; j++) addScaled(row, 0, -a[i * n + j]!, x, j * k, k);
    for (let c = 0; c < k; c++) sums[at + c]! += row[c]! ** 2;
  }
}
