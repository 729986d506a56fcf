/** Inverses, powers and determinants. */
import { bindArguments } from '../arguments.ts';
import { eye, full } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkInfo, checkSquare, hasZero, int32Tensor, matricesOf, matrixAt, tensorOf } from './batches.ts';
import { svd } from './eigen.ts';
import type { CheckErrorsOptions } from './factorizations.ts';
import { factorLu, solveLuInto } from './kernels/triangular.ts';
import { identity } from './kernels/vectors.ts';
import { transposeOf, withoutInfluence } from './triangles.ts';

/** Result of {@link invEx}. */
export interface InverseResult {
  readonly inverse: Tensor;
  /** int32: 0, or the number of the first pivot that is zero. */
  readonly info: Tensor;
}

function singular(place: number): string {
  return `The diagonal element ${place} is zero, the inversion could not be completed because the input matrix is singular.`;
}

/** The inverse with a status instead of an error (PyTorch's `linalg.inv_ex`). Canonical: (A, checkErrors). */
export const invEx: (A: Tensor, options?: CheckErrorsOptions) => InverseResult = defineOperator({
  name: 'linalgInvEx',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, boolean] => {
    const { checkErrors = false } = bindArguments<CheckErrorsOptions>('linalg.inv_ex', ['checkErrors'], rest);
    checkSquare('linalg.inv', A);
    return [A, checkErrors];
  },
  forward: (A, checkErrors): InverseResult => {
    const a = matricesOf(A);
    const n = a.rows;
    const info = new Int32Array(a.count);
    const pivots = new Int32Array(n);
    for (let i = 0; i < a.count; i++) {
      const own = matrixAt(a, i);
      const lu = own.slice();
      info[i] = factorLu(lu, n, n, pivots, 0);
      own.set(identity(n));
      solveLuInto(lu, pivots, 0, own, n, n, false);
    }
    const states = int32Tensor(info, a.shape);
    if (checkErrors) checkInfo('linalg.inv_ex', states, singular);
    return { inverse: tensorOf(a.data, A.shape, A.dtype), info: states };
  },
  derivatives: [
    {
      reads: ['result'],
      of: ([grad], _, { inverse }) => {
        if (grad === undefined) return null;
        const turned = transposeOf(inverse);
        return turned.matmul(grad).matmul(turned).neg();
      },
    },
  ],
});

/** The inverse of matrices (PyTorch's `linalg.inv`). Canonical: (A). @throws TensorError where a matrix is singular */
export const inv: (A: Tensor) => Tensor = defineOperator({
  name: 'linalgInv',
  forward: (A: Tensor) => {
    const { inverse, info } = invEx(A);
    checkInfo('linalg.inv', info, singular);
    return inverse;
  },
  composite: true,
});

/** Sign and logarithm of each determinant's absolute value; sign 0 and -infinity where it is zero. */
function determinants(A: Tensor): { sign: Float64Array; log: Float64Array; value: Float64Array } {
  const a = matricesOf(A);
  const n = a.rows;
  const sign = new Float64Array(a.count).fill(1);
  const log = new Float64Array(a.count);
  const value = new Float64Array(a.count);
  const pivots = new Int32Array(n);
  for (let i = 0; i < a.count; i++) {
    const own = matrixAt(a, i);
    factorLu(own, n, n, pivots, 0);
    let product = 1;
    for (let k = 0; k < n; k++) {
      const pivot = own[k * n + k]!;
      const factor = pivots[k] === k + 1 ? pivot : -pivot;
      product *= factor;
      sign[i]! *= Math.sign(factor);
      log[i]! += Math.log(Math.abs(factor));
    }
    value[i] = product;
  }
  return { sign, log, value };
}

/** The determinants of matrices (PyTorch's `linalg.det`). Canonical: (A). */
export const det: (A: Tensor) => Tensor = defineOperator({
  name: 'linalgDet',
  normalize: (A: Tensor): [Tensor] => {
    checkSquare('linalg.det', A);
    return [A];
  },
  forward: (A) => tensorOf(determinants(A).value, A.shape.slice(0, -2), A.dtype),
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [A], d) => {
        const own = grad.unsqueeze(-1).unsqueeze(-1);
        if (!hasZero(d)) {
          return transposeOf(invEx(A).inverse).mul(own.mul(d.unsqueeze(-1).unsqueeze(-1)));
        }
        // The matrix of cofactors by singular values, which exists for singular matrices too.
        const { U, S, Vh } = svd(A, { fullMatrices: false });
        const orientation = det(U).mul(det(Vh)).detach().unsqueeze(-1).unsqueeze(-1);
        const n = S.shape.at(-1)!;
        const others = S.unsqueeze(-2)
          .expand(...S.shape, n)
          .where(eye(n).eq(0), 1)
          .prod(-1);
        return U.mul(others.unsqueeze(-2)).matmul(Vh).mul(own.mul(orientation));
      },
    },
  ],
});

/** Result of {@link slogdet}. */
export interface SlogdetResult {
  readonly sign: Tensor;
  readonly logabsdet: Tensor;
}

/** Sign and logarithm of the absolute determinant (PyTorch's `linalg.slogdet`). Canonical: (A). */
export const slogdet: (A: Tensor) => SlogdetResult = defineOperator({
  name: 'linalgSlogdet',
  normalize: (A: Tensor): [Tensor] => {
    checkSquare('linalg.slogdet', A);
    return [A];
  },
  forward: (A): SlogdetResult => {
    const { sign, log } = determinants(A);
    const batch = A.shape.slice(0, -2);
    return { sign: tensorOf(sign, batch, A.dtype), logabsdet: tensorOf(log, batch, A.dtype) };
  },
  derivatives: [
    {
      reads: [0],
      of: ([, grad], [A]) =>
        grad === undefined ? null : transposeOf(invEx(A).inverse).mul(grad.unsqueeze(-1).unsqueeze(-1)),
    },
  ],
});

/** The n-th power of matrices; negative ones of the inverse (PyTorch's `linalg.matrix_power`). Canonical: (A, n). */
export const matrixPower: (A: Tensor, n: number | { readonly n: number }) => Tensor = defineOperator({
  name: 'linalgMatrixPower',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, number] => {
    const { n } = bindArguments<{ n: number }>('linalg.matrix_power', ['n'], rest);
    if (n === undefined || !Number.isInteger(n)) {
      fail('linalg.matrix_power', "argument 'n' must be an integer", 'an integer', String(n));
    }
    if (A.ndim < 2) fail('linalg.matrix_power', 'The input tensor A must have at least 2 dimensions.');
    if (A.shape.at(-1) !== A.shape.at(-2)) checkSquare('linalg.matrix_power', A);
    return [A, n];
  },
  forward: (A: Tensor, n: number) => {
    if (n === 0) return withoutInfluence(eye(A.shape.at(-1)!, { dtype: A.dtype }).expand(A.shape), A);
    let base = n < 0 ? inv(A) : A;
    let result: Tensor | undefined;
    for (let left = Math.abs(n); ; ) {
      if (left % 2 === 1) result = result === undefined ? base : result.matmul(base);
      left = Math.floor(left / 2);
      if (left === 0) return n === 1 ? A.clone() : result!;
      base = base.matmul(base);
    }
  },
  composite: true,
});

/** The inverse of the map that `tensordot(A, X, ind)` is (PyTorch's `linalg.tensorinv`). Canonical: (A, ind). */
export const tensorinv: (A: Tensor, ind?: number | { readonly ind?: number }) => Tensor = defineOperator({
  name: 'linalgTensorinv',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, number] => {
    const { ind = 2 } = bindArguments<{ ind: number }>('linalg.tensorinv', ['ind'], rest);
    if (!(ind > 0)) fail('linalg.tensorinv', "Expected a strictly positive integer for 'ind'");
    const [before, after] = [numelOf(A.shape.slice(0, ind)), numelOf(A.shape.slice(ind))];
    if (before !== after) {
      fail(
        'linalg.tensorinv',
        `Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got ${after} != ${before}`,
      );
    }
    return [A, ind];
  },
  forward: (A: Tensor, ind: number) => {
    const after = numelOf(A.shape.slice(ind));
    return inv(A.reshape(-1, after)).reshape([...A.shape.slice(ind), ...A.shape.slice(0, ind)]);
  },
  composite: true,
});

/** The logarithm of the determinant; NaN where that is negative (PyTorch's `logdet`). Canonical: (A). */
export const logdet: (A: Tensor) => Tensor = defineOperator({
  name: 'logdet',
  forward: (A: Tensor) => {
    const { sign, logabsdet } = slogdet(A);
    return logabsdet.where(sign.ge(0), full([], Number.NaN, { dtype: A.dtype }));
  },
  composite: true,
});
