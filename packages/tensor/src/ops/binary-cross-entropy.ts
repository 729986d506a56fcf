/** The cross entropy of probabilities of two classes, forward and backward one pass each. */
import type { Expression } from '@sconce/engine';
import { bindArguments, checkTensor, requireFloat } from '../arguments.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { LossOperator } from './difference-losses.ts';
import { apply, fused, runFused } from './fused-core.ts';
import {
  type LossFormulas,
  lossesOf,
  type ReductionOption,
  readReduction,
  shareOf,
  weighted,
} from './loss-core.ts';
import type { Reduction } from './nll-loss.ts';

/** As PyTorch: logarithms are limited, so that a certain mistake has a finite loss. */
const lowest = -100;
const smallest = 1e-12;

type WeightOf = (value: Expression, weight: readonly Expression[]) => Expression;

const timesWeight: WeightOf = (value, [weight]) =>
  weight === undefined ? value : apply('mul', value, weight);

function probabilityFormulas(name: string, weights: 0 | 1): LossFormulas {
  return {
    losses: fused(name, (x, target, ...rest) =>
      timesWeight(
        apply(
          'sub',
          apply('mul', apply('sub', target, 1), apply('maximum', apply('log1p', apply('neg', x)), lowest)),
          apply('mul', target, apply('maximum', apply('log', x), lowest)),
        ),
        rest.slice(0, weights),
      ),
    ),
    inputBack: fused(`${name}Backward`, (grad, x, target, ...rest) =>
      timesWeight(
        apply(
          'div',
          apply('mul', apply('mul', grad, rest[weights]!), apply('sub', x, target)),
          apply('maximum', apply('mul', apply('sub', 1, x), x), smallest),
        ),
        rest.slice(0, weights),
      ),
    ),
  };
}

const probabilityForms = [
  probabilityFormulas('binaryCrossEntropy', 0),
  probabilityFormulas('binaryCrossEntropy', 1),
] as const;

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends ReductionOption {
  /** A factor for each element, broadcast. */
  readonly weight?: Tensor | null;
}

type Canonical = [x: Tensor, target: Tensor, weight: Tensor | null, options: { reduction: Reduction }];

function given(weight: Tensor | null): Tensor[] {
  return weight === null ? [] : [weight];
}

function checkProbabilities(x: Tensor, target: Tensor): void {
  requireFloat('binaryCrossEntropy', x);
  checkTensor('binaryCrossEntropy', 'target', target);
  if (target.dtype !== x.dtype) {
    fail('binaryCrossEntropy', `Found dtype ${target.dtype} but expected ${x.dtype}`);
  }
}

/**
 * -(target * log(x) + (1 - target) * log(1 - x)) of probabilities x (`torch.nn.functional.binary_cross_entropy`).
 * Canonical: (x, target, weight | null, { reduction }).
 */
export const binaryCrossEntropy: LossOperator<BinaryCrossEntropyOptions> = defineOperator({
  name: 'binaryCrossEntropy',
  backwardName: 'BinaryCrossEntropyBackward0',
  normalize: (x: Tensor, target: Tensor, options?: BinaryCrossEntropyOptions): Canonical => {
    checkProbabilities(x, target);
    const names = ['weight', 'reduction'] as const;
    const named = bindArguments<BinaryCrossEntropyOptions>('binaryCrossEntropy', names, [options]);
    const reduction = readReduction('binaryCrossEntropy', named.reduction);
    return [x, target, named.weight ?? null, { reduction }];
  },
  forward: (...[x, target, weight, { reduction }]: Canonical) => {
    if (x.numel() > 0 && (Number(x.min().item()) < 0 || Number(x.max().item()) > 1)) {
      fail('binaryCrossEntropy', 'all elements of input should be between 0 and 1');
    }
    const { losses } = probabilityForms[weight === null ? 0 : 1];
    return lossesOf(losses, [x, target, ...given(weight)], [], reduction);
  },
  derivatives: [
    {
      reads: [0, 1, 2],
      of: (grad, [x, target, weight, { reduction }]) => {
        const share = shareOf('binaryCrossEntropy', reduction, x, target);
        if (!gradMode.enabled) {
          const { inputBack } = probabilityForms[weight === null ? 0 : 1];
          return runFused(inputBack, [grad, x, target, ...given(weight)], [share]);
        }
        const scale = x.neg().add(1).mul(x).clamp({ min: smallest });
        return weighted(grad.mul(share).mul(x.sub(target)).div(scale), weight);
      },
    },
    {
      reads: [0, 2],
      of: (grad, [x, target, weight, { reduction }]) => {
        const share = shareOf('binaryCrossEntropy', reduction, x, target);
        const log = (value: Tensor): Tensor => value.log().clamp({ min: lowest });
        return weighted(grad.mul(share).mul(log(x.neg().add(1)).sub(log(x))), weight);
      },
    },
    {
      reads: [0, 1],
      of: (grad, [x, target, , { reduction }]) => {
        const share = shareOf('binaryCrossEntropy', reduction, x, target);
        return grad.mul(share).mul(binaryCrossEntropy(x, target, { reduction: 'none' }));
      },
    },
    null,
  ],
});
