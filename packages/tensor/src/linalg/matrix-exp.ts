/** The exponential of matrices (PyTorch's `linalg.matrix_exp`). */
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { cat } from '../ops/joining.ts';
import type { Tensor } from '../tensor.ts';
import { checkSquare, matricesOf, matrixAt, tensorOf } from './batches.ts';
import { matrixExponential } from './kernels/matrix-exp.ts';
import { transposeOf } from './triangles.ts';

/** The exponential of square matrices. Canonical: (x). */
export const matrixExp: (x: Tensor) => Tensor = defineOperator({
  name: 'matrixExp',
  backwardName: 'LinalgMatrixExpBackward0',
  normalize: (x: Tensor): [Tensor] => {
    checkSquare('linalg.matrix_exp', x);
    return [x];
  },
  forward: (x) => {
    const a = matricesOf(x);
    for (let i = 0; i < a.count; i++) {
      const own = matrixAt(a, i);
      own.set(matrixExponential(own, a.rows));
    }
    return tensorOf(a.data, x.shape, x.dtype);
  },
  derivatives: [
    {
      reads: [0],
      // The upper right block of exp([[Aᵀ, grad], [0, Aᵀ]]).
      of: (grad, [x]) => {
        const n = x.shape.at(-1)!;
        const turned = transposeOf(x);
        const zero = zeros(x.shape, { dtype: x.dtype });
        const whole = cat([cat([turned, grad], -1), cat([zero, turned], -1)], -2);
        return matrixExp(whole).narrow(-2, 0, n).narrow(-1, n, n);
      },
    },
  ],
});
