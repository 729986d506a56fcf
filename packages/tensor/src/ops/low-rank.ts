/** Singular values and principal components by random subspaces. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { svd } from '../linalg/eigen.ts';
import { qr } from '../linalg/orthogonal.ts';
import { transposeOf } from '../linalg/triangles.ts';
import { randn } from '../random/factories.ts';
import type { Tensor } from '../tensor.ts';
import type { TorchSvdResult } from './linear-algebra.ts';

/** Options of {@link svdLowrank}. */
export interface SvdLowrankOptions {
  /** How many singular values are estimated: 6 by default. */
  readonly q?: number | null;
  /** Iterations of the subspace: 2 by default. */
  readonly niter?: number;
  /** Taken from the matrix first, broadcast. */
  readonly M?: Tensor | null;
}

/**
 * The largest singular values and their vectors by a random subspace (Halko, Martinsson and Tropp 2009, algorithms 4.4
 * and 5.1); draws from the default generator. Canonical: (A, q, niter, M).
 */
export const svdLowrank: (
  A: Tensor,
  q?: number | null | SvdLowrankOptions,
  niter?: number,
  M?: Tensor | null,
) => TorchSvdResult = defineOperator({
  name: 'svdLowrank',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, number, number, Tensor | null] => {
    checkTensor('svd_lowrank', 'A', A);
    const names = ['q', 'niter', 'M'] as const;
    const { q, niter = 2, M = null } = bindArguments<SvdLowrankOptions>('svd_lowrank', names, rest);
    return [A, q ?? 6, niter, M];
  },
  forward: (A: Tensor, q: number, niter: number, M: Tensor | null): TorchSvdResult => {
    const [m, n] = A.shape.slice(-2) as [number, number];
    const given = M === null ? A : A.sub(M);
    // Worked on as a tall matrix.
    const tall = m < n ? transposeOf(given) : given;
    let Q = qr(tall.matmul(randn([tall.shape.at(-1)!, q], { dtype: A.dtype }))).Q;
    for (let i = 0; i < niter; i++) {
      Q = qr(transposeOf(tall).matmul(Q)).Q;
      Q = qr(tall.matmul(Q)).Q;
    }
    const { U, S, Vh } = svd(transposeOf(Q).matmul(tall), { fullMatrices: false });
    const [left, right] = [Q.matmul(U), transposeOf(Vh)];
    return m < n ? { U: right, S, V: left } : { U: left, S, V: right };
  },
  composite: true,
});

/** Options of {@link pcaLowrank}. */
export interface PcaLowrankOptions {
  /** How many components: at most 6 by default. */
  readonly q?: number | null;
  /** Take the mean of each column away first. */
  readonly center?: boolean;
  readonly niter?: number;
}

/** Principal components of the rows by a random subspace. Canonical: (A, q, center, niter). */
export const pcaLowrank: (
  A: Tensor,
  q?: number | null | PcaLowrankOptions,
  center?: boolean,
  niter?: number,
) => TorchSvdResult = defineOperator({
  name: 'pcaLowrank',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, number, boolean, number] => {
    checkTensor('pca_lowrank', 'A', A);
    const names = ['q', 'center', 'niter'] as const;
    const { q, center = true, niter = 2 } = bindArguments<PcaLowrankOptions>('pca_lowrank', names, rest);
    const most = Math.min(...A.shape.slice(-2));
    if (q != null && !(q >= 0 && q <= most)) {
      fail('pca_lowrank', `q(=${q}) must be non-negative integer and not greater than min(m, n)=${most}`);
    }
    if (!(niter >= 0)) fail('pca_lowrank', `niter(=${niter}) must be non-negative integer`);
    return [A, q ?? Math.min(6, most), center, niter];
  },
  forward: (A: Tensor, q: number, center: boolean, niter: number) =>
    svdLowrank(center ? A.sub(A.mean(-2, true)) : A, { q, niter }),
  composite: true,
});
