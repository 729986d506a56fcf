/** Orthogonal factors: QR, Householder's reflections, and products with them. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { isGradEnabled } from '../autograd/mode.ts';
import { eye, ones, zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { cat } from '../ops/joining.ts';
import type { Tensor } from '../tensor.ts';
import { checkFloat, checkMatrices, doublesOf, matricesOf, matrixAt, tensorOf } from './batches.ts';
import { factorQr, formQ, multiplyByQ, upperTriangle } from './kernels/householder.ts';
import { symmetrizedAdjoint, transposeOf, upperOf, withoutInfluence } from './triangles.ts';
import { solveTriangular } from './triangular.ts';

/** What {@link qr} computes: Q of as many columns as R has rows, a square Q, or R alone. */
export type QrMode = 'reduced' | 'complete' | 'r';
/** Options of {@link qr}. */
export interface QrOptions {
  readonly mode?: QrMode;
}
/** Result of {@link qr}. */
export interface QrResult {
  /** Empty in mode 'r'. */
  readonly Q: Tensor;
  readonly R: Tensor;
}

/** A = Q R with LAPACK's signs (PyTorch's `linalg.qr`). Canonical: (A, mode). */
export const qr: (A: Tensor, mode?: QrMode | QrOptions) => QrResult = defineOperator({
  name: 'linalgQr',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, QrMode] => {
    const { mode = 'reduced' } = bindArguments<QrOptions>('linalg.qr', ['mode'], rest);
    checkMatrices('linalg.qr', A);
    if (!['reduced', 'complete', 'r'].includes(mode)) {
      fail(
        'linalg.qr',
        `qr received unrecognized mode '${mode}' but expected one of 'reduced' (default), 'r', or 'complete'`,
      );
    }
    return [A, mode];
  },
  forward: (A, mode): QrResult => {
    const a = matricesOf(A);
    const { rows: m, columns: n } = a;
    const k = mode === 'complete' ? m : Math.min(m, n);
    const wantQ = mode !== 'r';
    const q = new Float64Array(wantQ ? a.count * m * k : 0);
    const r = new Float64Array(a.count * k * n);
    for (let i = 0; i < a.count; i++) {
      const own = matrixAt(a, i);
      const tau = factorQr(own, m, n);
      if (wantQ) q.set(formQ(own, n, tau, m, k), i * m * k);
      r.set(upperTriangle(own, k, n), i * k * n);
    }
    return {
      Q: tensorOf(q, wantQ ? [...a.shape, m, k] : [0], A.dtype),
      R: tensorOf(r, [...a.shape, k, n], A.dtype),
    };
  },
  derivatives: [
    {
      reads: ['result'],
      of: ([gradQ, gradR], [A, mode], result) => qrBack(gradQ, gradR, A, mode, result),
    },
  ],
});

/**
 * For the leading square part R1 of R: A1's gradient is (gradQ + Q S) R1⁻ᵀ, where S is made of the upper triangle of
 * gradR1 R1ᵀ - Qᵀ gradQ. Columns beyond are Q R2, so that they add to gradQ.
 */
function qrBack(
  gradQ: Tensor | undefined,
  gradR: Tensor | undefined,
  A: Tensor,
  mode: QrMode,
  { Q, R }: QrResult,
): Tensor | null {
  const [m, n] = A.shape.slice(-2) as [number, number];
  if (mode === 'r') {
    fail(
      'linalg.qr',
      "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr.",
    );
  }
  if (mode === 'complete' && m > n) {
    fail('linalg.qr', "The QR decomposition is not differentiable when mode='complete' and nrows > ncols");
  }
  if (gradQ === undefined && gradR === undefined) return null;
  const k = Math.min(m, n);
  const R1 = R.narrow(-1, 0, k);
  let toQ = gradQ ?? zeros(Q.shape, { dtype: Q.dtype });
  let beside: Tensor | undefined;
  if (n > k && gradR !== undefined) {
    const gradRest = gradR.narrow(-1, k, n - k);
    beside = Q.matmul(gradRest);
    toQ = toQ.add(Q.matmul(R.narrow(-1, k, n - k)).matmul(transposeOf(gradRest)));
  }
  let inner = transposeOf(Q).matmul(toQ).neg();
  if (gradR !== undefined) inner = inner.add(gradR.narrow(-1, 0, k).matmul(transposeOf(R1)));
  const whole = toQ.add(Q.matmul(symmetrizedAdjoint(upperOf(inner))));
  const own = solveTriangular(transposeOf(R1), whole, { upper: false, left: false });
  if (n === k) return own;
  return cat([own, beside ?? zeros([...A.shape.slice(0, -1), n - k], { dtype: A.dtype })], -1);
}

/** Result of {@link geqrf}. */
export interface GeqrfResult {
  /** R on and above the diagonal, the reflections below. */
  readonly a: Tensor;
  readonly tau: Tensor;
}

/** QR as LAPACK's geqrf leaves it (PyTorch's `geqrf`). Canonical: (input). */
export const geqrf: (input: Tensor) => GeqrfResult = defineOperator({
  name: 'geqrf',
  normalize: (input: Tensor): [Tensor] => {
    checkMatrices('geqrf', input, 'input');
    return [input];
  },
  forward: (input): GeqrfResult => {
    const a = matricesOf(input);
    const k = Math.min(a.rows, a.columns);
    const tau = new Float64Array(a.count * k);
    for (let i = 0; i < a.count; i++) tau.set(factorQr(matrixAt(a, i), a.rows, a.columns), i * k);
    return {
      a: tensorOf(a.data, input.shape, input.dtype),
      tau: tensorOf(tau, [...a.shape, k], input.dtype),
    };
  },
});

function checkReflections(operator: string, A: Tensor, tau: Tensor): void {
  checkTensor(operator, 'input', A);
  checkTensor(operator, 'tau', tau);
  if (A.ndim < 2) fail(operator, 'input must have at least 2 dimensions.');
  if (A.shape.at(-2)! < A.shape.at(-1)! && operator === 'linalg.householder_product') {
    fail(operator, 'input.shape[-2] must be greater than or equal to input.shape[-1]');
  }
  if (A.dtype !== tau.dtype) {
    fail(operator, `tau dtype ${tau.dtype} does not match input dtype ${A.dtype}`);
  }
  if (tau.ndim !== A.ndim - 1 || tau.shape.slice(0, -1).join() !== A.shape.slice(0, -2).join()) {
    fail(
      operator,
      `Expected batch dimensions of tau to be equal to input.shape[:-2], but got ${showSizes(tau.shape.slice(0, -1))}`,
    );
  }
}

/**
 * The first columns of the product of Householder reflections, as many as A has (PyTorch's
 * `linalg.householder_product`). Canonical: (A, tau).
 */
export const householderProduct: (A: Tensor, tau: Tensor) => Tensor = defineOperator({
  name: 'linalgHouseholderProduct',
  normalize: (A: Tensor, tau: Tensor): [Tensor, Tensor] => {
    const operator = 'linalg.householder_product';
    checkReflections(operator, A, tau);
    if (tau.shape.at(-1)! > A.shape.at(-1)!) {
      fail(operator, 'input.shape[-1] must be greater than or equal to tau.shape[-1]');
    }
    checkFloat(operator, A);
    return [A, tau];
  },
  forward: (A: Tensor, tau: Tensor) => {
    const [m, n] = A.shape.slice(-2) as [number, number];
    const identity = eye(m, n, { dtype: A.dtype }).expand(A.shape);
    if (tau.shape.at(-1) === 0) return withoutInfluence(identity, A);
    return productWithQ(A, tau, identity, false);
  },
  composite: true,
});

/** Options of {@link ormqr}. */
export interface OrmqrOptions {
  /** Multiply from the left (the default) or from the right. */
  readonly left?: boolean;
  readonly transpose?: boolean;
}

/**
 * The product of `other` with the square Q that reflections stand for (PyTorch's `ormqr`).
 * Canonical: (input, tau, other, left, transpose).
 */
export const ormqr: (
  input: Tensor,
  tau: Tensor,
  other: Tensor,
  ...rest: [options?: OrmqrOptions] | [left: boolean, transpose?: boolean]
) => Tensor = defineOperator({
  name: 'ormqr',
  normalize: (
    input: Tensor,
    tau: Tensor,
    other: Tensor,
    ...rest: unknown[]
  ): [Tensor, Tensor, Tensor, boolean, boolean] => {
    const names = ['left', 'transpose'] as const;
    const { left = true, transpose = false } = bindArguments<OrmqrOptions>('ormqr', names, rest);
    if (input.ndim < 2) fail('ormqr', 'input must have at least 2 dimensions.');
    if (other.ndim < 2) fail('ormqr', 'other must have at least 2 dimensions.');
    const side = left ? -2 : -1;
    if (other.shape.at(side)! < tau.shape.at(-1)!) {
      fail('ormqr', `other.shape[${side}] must be greater than or equal to tau.shape[-1]`);
    }
    if (other.shape.at(side) !== input.shape.at(-2)) {
      fail('ormqr', `other.shape[${side}] must be equal to input.shape[-2]`);
    }
    if (tau.shape.at(-1) !== Math.min(other.shape.at(side)!, input.shape.at(-1)!)) {
      fail('ormqr', `tau.shape[-1] must be equal to min(other.shape[${side}], input.shape[-1])`);
    }
    checkReflections('ormqr', input, tau);
    checkFloat('ormqr', input);
    return [input, tau, other, left, transpose];
  },
  forward: (input, tau, other, left, transpose) =>
    left
      ? productWithQ(input, tau, other, transpose)
      : transposeOf(productWithQ(input, tau, transposeOf(other), !transpose)),
  composite: true,
});

/** Q C, or Qᵀ C. Where a gradient is wanted each reflection is applied by operators that have one. */
function productWithQ(A: Tensor, tau: Tensor, C: Tensor, transpose: boolean): Tensor {
  if (isGradEnabled() && (A.requiresGrad || tau.requiresGrad || C.requiresGrad)) {
    return recordedProduct(A, tau, C, transpose);
  }
  return kernelProduct(A, tau, C, transpose);
}

const kernelProduct = defineOperator({
  name: 'ormqrKernel',
  forward: (A: Tensor, tau: Tensor, C: Tensor, transpose: boolean) => {
    const a = matricesOf(A);
    const c = matricesOf(C);
    const k = tau.shape.at(-1)!;
    const factors = doublesOf(tau);
    for (let i = 0; i < c.count; i++) {
      const own = factors.subarray(i * k, (i + 1) * k);
      multiplyByQ(matrixAt(a, i), a.columns, own, matrixAt(c, i), c.rows, c.columns, transpose);
    }
    return tensorOf(c.data, C.shape, C.dtype);
  },
  constant: true,
});

function recordedProduct(A: Tensor, tau: Tensor, C: Tensor, transpose: boolean): Tensor {
  const m = A.shape.at(-2)!;
  const k = tau.shape.at(-1)!;
  let result = C;
  for (let step = 0; step < k; step++) {
    const i = transpose ? step : k - 1 - step;
    const tail = A.narrow(-1, i, 1).narrow(-2, i + 1, m - i - 1);
    const head = ones([...A.shape.slice(0, -2), 1, 1], { dtype: A.dtype });
    const above = zeros([...A.shape.slice(0, -2), i, 1], { dtype: A.dtype });
    const v = cat([above, head, tail], -2);
    const factor = tau.narrow(-1, i, 1).unsqueeze(-1);
    result = result.sub(v.mul(factor).matmul(transposeOf(v).matmul(result)));
  }
  return result;
}
