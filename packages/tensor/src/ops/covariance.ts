/** Covariance and correlation of variables, one in each row. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { noGrad } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** Options of {@link cov}. */
export interface CovOptions {
  /** What is subtracted from the number of observations in the divisor: 1 by default. */
  readonly correction?: number;
  /** How often each observation counts, integers. */
  readonly fweights?: Tensor | null;
  /** How much each observation counts, floats. */
  readonly aweights?: Tensor | null;
}

type CanonicalCov = [
  x: Tensor,
  fweights: Tensor | null,
  aweights: Tensor | null,
  options: { readonly correction: number },
];

function checkWeights(x: Tensor, name: 'fweights' | 'aweights', weights: Tensor): void {
  if (weights.ndim > 1) {
    fail(
      'cov',
      `cov(): expected ${name} to have one or fewer dimensions but got ${name} with ${weights.ndim} dimensions`,
    );
  }
  const [kind, wanted] =
    name === 'fweights' ? (['int', 'integral'] as const) : (['float', 'floating point'] as const);
  if (dtypeInfo(weights.dtype).kind !== kind) {
    fail(
      'cov',
      `cov(): expected ${name} to have ${wanted} dtype but got ${name} with ${weights.dtype} dtype`,
    );
  }
  const observations = x.ndim < 2 ? x.numel() : x.shape[1]!;
  if (weights.numel() !== observations) {
    fail(
      'cov',
      `cov(): expected ${name} to have the same numel as there are observations in the input but got ${weights.numel()} != ${observations}`,
    );
  }
  const negative = noGrad(() => weights.numel() > 0 && weights.lt(0).any().item() === true);
  if (negative) fail('cov', `cov(): ${name} cannot be negative`);
}

/**
 * Covariances of variables (rows) over observations (columns), weighted if asked for; a vector is one variable.
 * Canonical: (x, fweights | null, aweights | null, { correction }).
 */
export const cov: (x: Tensor, options?: CovOptions) => Tensor = defineOperator({
  name: 'cov',
  composite: true,
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalCov => {
    checkTensor('cov', 'input', x);
    const names: (keyof CovOptions)[] = ['correction', 'fweights', 'aweights'];
    const {
      correction = 1,
      fweights = null,
      aweights = null,
    } = bindArguments<CovOptions>('cov', names, rest);
    if (x.ndim > 2) {
      fail(
        'cov',
        `cov(): expected input to have two or fewer dimensions but got an input with ${x.ndim} dimensions`,
      );
    }
    if (x.dtype === 'bool') fail('cov', 'cov(): bool dtype is not supported for input');
    if (fweights !== null) checkWeights(x, 'fweights', fweights);
    if (aweights !== null) checkWeights(x, 'aweights', aweights);
    return [x, fweights, aweights, { correction }];
  },
  forward: (...[x, fweights, aweights, { correction }]: CanonicalCov) => {
    const rows = x.ndim < 2 ? x.reshape(1, -1) : x;
    const float = dtypeInfo(x.dtype).kind === 'float' ? rows : rows.to('float32');
    const weights = weightsOf(float, fweights, aweights);
    const total = weights === null ? rows.shape[1]! : weights.sum();
    const sums = (weights === null ? float : float.mul(weights)).sum(1, true);
    const centred = float.sub(sums.div(total));
    const product = centred.matmul((weights === null ? centred : centred.mul(weights)).t());
    if (weights === null) return product.div(Math.max(rows.shape[1]! - correction, 0)).squeeze();
    const divisor =
      aweights !== null && correction !== 0
        ? weights.sum().sub(weights.mul(aweights).sum().mul(correction).div(weights.sum()))
        : weights.sum().sub(correction);
    return product.div(divisor.maximum(divisor.newZeros([]))).squeeze();
  },
});

function weightsOf(like: Tensor, fweights: Tensor | null, aweights: Tensor | null): Tensor | null {
  const counts = fweights === null ? null : fweights.reshape(-1).to(like.dtype);
  const factors = aweights === null ? null : aweights.reshape(-1);
  if (counts === null || factors === null) return counts ?? factors;
  return counts.mul(factors);
}

/** Correlation coefficients of variables (rows) over observations (columns). Canonical: (x). */
export const corrcoef: (x: Tensor) => Tensor = defineOperator({
  name: 'corrcoef',
  composite: true,
  normalize: (x: Tensor): [Tensor] => {
    checkTensor('corrcoef', 'input', x);
    if (x.ndim > 2) {
      fail(
        'corrcoef',
        `corrcoef(): expected input to have two or fewer dimensions but got an input with ${x.ndim} dimensions`,
      );
    }
    return [x];
  },
  forward: (x: Tensor) => {
    const covariances = x.cov();
    if (covariances.ndim === 0) return covariances.div(covariances);
    const deviations = covariances.diagonal().sqrt();
    return covariances.div(deviations.unsqueeze(1)).div(deviations.unsqueeze(0)).clamp(-1, 1);
  },
});

/** Covariance as methods. */
export interface CovarianceMethods {
  /** Covariances of variables (rows) over observations (columns). */
  cov(options?: CovOptions): Tensor;
  /** Correlation coefficients of variables (rows) over observations (columns). */
  corrcoef(): Tensor;
}
