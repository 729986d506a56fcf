/** The cross entropy of probabilities of two classes. */
import { requireFloat } from '../arguments.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { apply, fused, runFused } from './fused-core.ts';

/** As PyTorch: logarithms are limited, so that a certain mistake has a finite loss. */
const lowest = -100;
const smallest = 1e-12;

const losses = fused('binaryCrossEntropy', (x, target) =>
  apply(
    'sub',
    apply('mul', apply('sub', target, 1), apply('maximum', apply('log1p', apply('neg', x)), lowest)),
    apply('mul', target, apply('maximum', apply('log', x), lowest)),
  ),
);

const inputBack = fused('binaryCrossEntropyBackward', (grad, x, target) =>
  apply(
    'div',
    apply('mul', grad, apply('sub', x, target)),
    apply('maximum', apply('mul', apply('sub', 1, x), x), smallest),
  ),
);

/** The losses of all elements: -(target * log(x) + (1 - target) * log(1 - x)). Canonical: (x, target). */
export const _binaryCrossEntropy: (x: Tensor, target: Tensor) => Tensor = defineOperator({
  name: '_binaryCrossEntropy',
  normalize: (own: Tensor, goal: Tensor): [Tensor, Tensor] => {
    requireFloat('binaryCrossEntropy', own);
    if (goal.dtype !== own.dtype) {
      fail('binaryCrossEntropy', `Found dtype ${goal.dtype} but expected ${own.dtype}`);
    }
    return [own, goal];
  },
  forward: (own: Tensor, goal: Tensor) => {
    if (own.lt(0).any().item() === true || own.gt(1).any().item() === true) {
      fail('binaryCrossEntropy', 'all elements of input should be between 0 and 1');
    }
    return runFused(losses, [own, goal]);
  },
  backwardName: 'BinaryCrossEntropyBackward0',
  derivatives: [
    {
      reads: [0, 1],
      of: (grad, [own, goal]) => {
        if (!gradMode.enabled) return runFused(inputBack, [grad, own, goal]);
        const scale = own.neg().add(1).mul(own).clamp({ min: smallest });
        return grad.mul(own.sub(goal)).div(scale);
      },
    },
    {
      reads: [0],
      of: (grad, [own]) => {
        const log = (value: Tensor): Tensor => value.log().clamp({ min: lowest });
        return grad.mul(log(own.neg().add(1)).sub(log(own)));
      },
    },
  ],
});

/** Binary cross entropy as a method. */
export interface BinaryCrossEntropyMethods {
  /** The losses of all elements: -(target * log(x) + (1 - target) * log(1 - x)). */
  _binaryCrossEntropy(target: Tensor): Tensor;
}
