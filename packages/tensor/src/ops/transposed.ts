/** The members of Tensor that show it transposed, and its real part: properties, as in PyTorch. */
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { Tensor } from '../tensor.ts';

/** Transposed views as properties. */
export interface TransposedMembers {
  /** The dimensions in reverse order. */
  readonly T: Tensor;
  /** A matrix transposed (and conjugated, which real tensors need not be). */
  readonly H: Tensor;
  /** The last two dimensions exchanged. */
  readonly mT: Tensor;
  /** The last two dimensions exchanged (and conjugated, which real tensors need not be). */
  readonly mH: Tensor;
  /** The real part: of a real tensor, the tensor itself. */
  readonly real: Tensor;
}

/** The real part: of a real tensor, the tensor itself. */
export const real: (x: Tensor) => Tensor = defineOperator({
  name: 'real',
  composite: true,
  forward: (x: Tensor) => {
    checkTensor('real', 'input', x);
    return x;
  },
});

function transposedMatrices(name: 'mT' | 'mH', x: Tensor): Tensor {
  if (x.ndim === 0) return x;
  if (x.ndim === 1) {
    fail(name, `tensor.${name} is only supported on matrices or batches of matrices. Got 1-D tensor.`);
  }
  return x.transpose(-2, -1);
}

const getters: Readonly<Record<keyof TransposedMembers, (x: Tensor) => Tensor>> = {
  T: (x) => x.permute(x.shape.map((_, d) => x.ndim - 1 - d)),
  H: (x) => {
    if (x.ndim === 0) return x;
    if (x.ndim !== 2) {
      const batches = x.ndim > 2 ? ' For batches of matrices, consider using tensor.mH' : '';
      fail('H', `tensor.H is only supported on matrices (2-D tensors). Got ${x.ndim}-D tensor.${batches}`);
    }
    return x.transpose(0, 1);
  },
  mT: (x) => transposedMatrices('mT', x),
  mH: (x) => transposedMatrices('mH', x),
  real,
};

for (const [name, get] of Object.entries(getters)) {
  Object.defineProperty(Tensor.prototype, name, {
    get(this: Tensor): Tensor {
      return get(this);
    },
    configurable: true,
  });
}
