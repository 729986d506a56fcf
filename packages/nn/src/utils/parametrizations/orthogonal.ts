/** Weights with orthogonal rows or columns. */
import { cat, eye, geqrf, linalg, matrixExp, noGrad, randn, Tensor, where } from '@sconce/tensor';
import { Module } from '../../module/module.ts';
import { pythonSize } from '../../module/python-text.ts';
import { tensorsOf } from '../members.ts';
import { NotImplementedError, type Parametrization } from '../parametrization-list.ts';
import { registerParametrization } from '../parametrize.ts';

/** How an orthogonal matrix is made of any matrix. */
export type OrthogonalMap = 'matrix_exp' | 'cayley' | 'householder';

/** Options of {@link orthogonal}. */
export interface OrthogonalOptions {
  /** By default `'matrix_exp'` for square matrices and `'householder'` for others. */
  readonly orthogonalMap?: OrthogonalMap;
  /** Whether the map is taken around the first weight (default true), so that its parameters start near zero. */
  readonly useTrivialization?: boolean;
}

/** Named as PyTorch's class, which is printed. */
class Orthogonal extends Module implements Parametrization {
  static override readonly className: string = '_Orthogonal';

  declare base: Tensor | null;
  readonly shape: readonly number[];
  readonly orthogonalMap: OrthogonalMap;
  readonly useTrivialization: boolean;

  constructor(weight: Tensor, orthogonalMap: OrthogonalMap, useTrivialization: boolean) {
    super();
    this.shape = weight.shape;
    this.orthogonalMap = orthogonalMap;
    this.useTrivialization = useTrivialization;
    if (useTrivialization) this.registerBuffer('base', null);
  }

  override forward(weight: Tensor): Tensor {
    const transposed = (weight.shape.at(-2) as number) < (weight.shape.at(-1) as number);
    const x = transposed ? weight.mT : weight;
    let q = this.orthogonalMap === 'householder' ? householder(x) : this.skewed(x);
    if (this.useTrivialization && this.base !== null) q = this.base.matmul(q);
    return transposed ? q.mT : q;
  }

  rightInverse(weight: Tensor): Tensor {
    return noGrad(() => {
      if (weight.shape.join() !== this.shape.join()) {
        throw new TypeError(
          `Expected a matrix or batch of matrices of shape ${pythonSize(this.shape)}. Got a tensor of shape ${pythonSize(weight.shape)}.`,
        );
      }
      const transposed = (weight.shape.at(-2) as number) < (weight.shape.at(-1) as number);
      const q = transposed ? weight.mT : weight;
      if (!this.useTrivialization) {
        if (this.orthogonalMap !== 'householder') {
          throw new NotImplementedError(
            'It is not possible to assign to the matrix exponential or the Cayley parametrizations when use_trivialization=False.',
          );
        }
        const { a, tau } = geqrf(q);
        const diagonal = a.diagonal(0, -2, -1);
        const signs = diagonal.sign();
        diagonal.copy_(where(tau.eq(0), signs.neg(), signs));
        return transposed ? a.mT : a;
      }
      this.base = completed(q);
      const negative = weight.newZeros(weight.shape);
      negative.diagonal(0, -2, -1).fill_(-1);
      return negative;
    });
  }

  /** The map of a skew-symmetric matrix; its first columns if there are fewer than rows. */
  private skewed(weight: Tensor): Tensor {
    const n = weight.shape.at(-2) as number;
    const k = weight.shape.at(-1) as number;
    let x = weight.tril();
    if (n !== k) x = cat([x, x.newZeros([...x.shape.slice(0, -2), n, n - k])], -1);
    const a = x.sub(x.mH);
    let q: Tensor;
    if (this.orthogonalMap === 'matrix_exp') q = matrixExp(a);
    else {
      const identity = eye(n, { dtype: a.dtype });
      q = linalg.solve(identity.sub(a.mul(0.5)), identity.add(a.mul(0.5)));
    }
    return n === k ? q : q.narrow(-1, 0, k);
  }
}

function householder(x: Tensor): Tensor {
  const a = x.tril(-1);
  const tau = a.mul(a).sum(-2).add(1).reciprocal().mul(2);
  const q = linalg.householderProduct(a, tau);
  return q.mul(x.diagonal(0, -2, -1).int().unsqueeze(-2));
}

/** A square orthogonal matrix whose first columns are those given. */
function completed(q: Tensor): Tensor {
  const n = q.shape.at(-2) as number;
  const k = q.shape.at(-1) as number;
  if (n === k) return isOrthogonal(q) ? q.clone() : makeOrthogonal(q);
  const more = randn([...q.shape.slice(0, -2), n, n - k], { dtype: q.dtype });
  return makeOrthogonal(cat([q, more], -1));
}

const epsilons: Readonly<Record<string, number>> = {
  float32: 2 ** -23,
  float64: 2 ** -52,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

function isOrthogonal(q: Tensor): boolean {
  const n = q.shape.at(-2) as number;
  const k = q.shape.at(-1) as number;
  const identity = eye(k, { dtype: q.dtype });
  return q.mH.matmul(q).allclose(identity, { atol: 10 * n * (epsilons[q.dtype] ?? 0) });
}

/** The Q of a QR decomposition whose R has a positive diagonal. */
function makeOrthogonal(matrix: Tensor): Tensor {
  const { a, tau } = geqrf(matrix);
  return linalg.householderProduct(a, tau).mul(a.diagonal(0, -2, -1).sign().unsqueeze(-2));
}

/**
 * Keeps a weight's columns orthogonal and of length 1, or its rows if there are fewer of them
 * (`torch.nn.utils.parametrizations.orthogonal`).
 *
 * @throws {TypeError} for what is no matrix or batch of matrices, or a map that is not known
 */
export function orthogonal<M extends Module>(
  module: M,
  name: string = 'weight',
  options: OrthogonalOptions = {},
): M {
  const weight = tensorsOf(module)[name];
  if (!(weight instanceof Tensor)) {
    throw new TypeError(`Module '${String(module)}' has no parameter or buffer with name '${name}'`);
  }
  if (weight.ndim < 2) {
    throw new TypeError(`Expected a matrix or batch of matrices. Got a tensor of ${weight.ndim} dimensions.`);
  }
  const square = weight.shape.at(-2) === weight.shape.at(-1);
  const { orthogonalMap = square ? 'matrix_exp' : 'householder', useTrivialization = true } = options;
  if (!['matrix_exp', 'cayley', 'householder'].includes(orthogonalMap)) {
    throw new TypeError(
      `orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: ${orthogonalMap}`,
    );
  }
  const map = new Orthogonal(weight, orthogonalMap, useTrivialization);
  return registerParametrization(module, name, map, { unsafe: true });
}
