/** Weights whose largest singular value is 1. */
import { noGrad, Tensor } from '@sconce/tensor';
import { Module } from '../../module/module.ts';
import { tensorsOf } from '../members.ts';
import type { Parametrization } from '../parametrization-list.ts';
import { registerParametrization } from '../parametrize.ts';
import { randomDirection, unit, weightMatrix } from '../power-iteration.ts';
import { outputDimension, type SpectralNormOptions } from '../spectral-norm.ts';

/** Named as PyTorch's class, which is printed. */
class SpectralNorm extends Module implements Parametrization {
  static override readonly className: string = '_SpectralNorm';

  readonly dim: number;
  readonly eps: number;
  readonly nPowerIterations: number;
  /** The singular vectors; absent for weights of one dimension. */
  declare _u: Tensor;
  declare _v: Tensor;

  constructor(weight: Tensor, iterations: number, dim: number, eps: number) {
    super();
    const { ndim } = weight;
    if (dim >= ndim || dim < -ndim) {
      throw new RangeError(
        `Dimension out of range (expected to be in range of [-${ndim}, ${ndim - 1}] but got ${dim})`,
      );
    }
    if (!(iterations > 0)) {
      throw new RangeError(
        `Expected n_power_iterations to be positive, but got n_power_iterations=${iterations}`,
      );
    }
    this.dim = dim >= 0 ? dim : dim + ndim;
    this.eps = eps;
    this.nPowerIterations = iterations;
    if (ndim < 2) return;
    const matrix = weightMatrix(weight.detach(), this.dim);
    const [height, width] = matrix.shape as readonly [number, number];
    const u = randomDirection(weight, height, eps);
    const v = randomDirection(weight, width, eps);
    this.registerBuffer('_u', u);
    this.registerBuffer('_v', v);
    this.iterate(matrix, 15);
  }

  override forward(weight: Tensor): Tensor {
    if (weight.ndim === 1) return unit(weight, this.eps);
    const matrix = weightMatrix(weight, this.dim);
    if (this.training) this.iterate(matrix, this.nPowerIterations);
    // A later call writes to the buffers, which a backward pass of this one must not see.
    const u = this._u.clone();
    const v = this._v.clone();
    return weight.div(u.dot(matrix.mv(v)));
  }

  rightInverse(value: Tensor): Tensor {
    return value;
  }

  private iterate(matrix: Tensor, times: number): void {
    noGrad(() => {
      for (let i = 0; i < times; i++) {
        this._u.copy_(unit(matrix.mv(this._v), this.eps));
        this._v.copy_(unit(matrix.t().mv(this._u), this.eps));
      }
    });
  }
}

/**
 * Divides a weight by its largest singular value, which is followed in training mode (Miyato et al., "Spectral
 * normalization for generative adversarial networks", 2018; `torch.nn.utils.parametrizations.spectral_norm`).
 *
 * @throws {TypeError} when there is no such tensor
 */
export function spectralNorm<M extends Module>(
  module: M,
  name: string = 'weight',
  options: SpectralNormOptions = {},
): M {
  const weight = tensorsOf(module)[name];
  if (!(weight instanceof Tensor)) {
    throw new TypeError(`Module '${String(module)}' has no parameter or buffer with name '${name}'`);
  }
  const { nPowerIterations = 1, eps = 1e-12, dim } = options;
  const norm = new SpectralNorm(weight, nPowerIterations, dim ?? outputDimension(module), eps);
  return registerParametrization(module, name, norm);
}
