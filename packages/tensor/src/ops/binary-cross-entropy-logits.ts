/** The cross entropy of scores of two classes, forward and backward one pass each. */
import type { Expression } from '@sconce/engine';
import { bindArguments, checkTensor } from '../arguments.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import type { Tensor } from '../tensor.ts';
import type { BinaryCrossEntropyOptions } from './binary-cross-entropy.ts';
import type { LossOperator } from './difference-losses.ts';
import { apply, fused, runFused } from './fused-core.ts';
import { type LossFormulas, logSigmoidOf, lossesOf, readReduction, shareOf, weighted } from './loss-core.ts';
import type { Reduction } from './nll-loss.ts';

const scoreForms: LossFormulas = {
  losses: fused('binaryCrossEntropyWithLogits', (x, target) =>
    apply('sub', apply('mul', apply('sub', 1, target), x), logSigmoidOf(x)),
  ),
  inputBack: fused('binaryCrossEntropyWithLogitsBackward', (grad, x, target, share) =>
    apply('mul', apply('mul', apply('sub', apply('sigmoid', x), target), share), grad),
  ),
};

const weightedScoreForms: LossFormulas = {
  losses: fused('binaryCrossEntropyWithLogits', (x, target, weight, positive) =>
    apply(
      'mul',
      apply(
        'sub',
        apply('mul', apply('sub', 1, target), x),
        apply('mul', positiveShare(target, positive), logSigmoidOf(x)),
      ),
      weight,
    ),
  ),
  inputBack: fused('binaryCrossEntropyWithLogitsBackward', (grad, x, target, weight, positive, share) =>
    apply(
      'mul',
      apply(
        'mul',
        apply(
          'sub',
          apply('mul', positiveShare(target, positive), apply('sigmoid', x)),
          apply('mul', positive, target),
        ),
        weight,
      ),
      apply('mul', grad, share),
    ),
  ),
};

/** 1 + (positive - 1) * target. */
function positiveShare(target: Expression, positive: Expression): Expression {
  return apply('add', 1, apply('mul', apply('sub', positive, 1), target));
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** A factor for the positive targets of each class, broadcast. */
  readonly posWeight?: Tensor | null;
}

type ScoreCanonical = [
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  posWeight: Tensor | null,
  options: { reduction: Reduction },
];

/** Both weights as tensors, where there is one of them. */
function bothWeights(x: Tensor, weight: Tensor | null, posWeight: Tensor | null): Tensor[] {
  if (weight === null && posWeight === null) return [];
  const one = (): Tensor => x.newOnes([]);
  return [weight ?? one(), posWeight ?? one()];
}

/**
 * `binaryCrossEntropy` of the sigmoid of scores x, without loss of precision
 * (`torch.nn.functional.binary_cross_entropy_with_logits`).
 * Canonical: (x, target, weight | null, posWeight | null, { reduction }).
 */
export const binaryCrossEntropyWithLogits: LossOperator<BinaryCrossEntropyWithLogitsOptions> = defineOperator(
  {
    name: 'binaryCrossEntropyWithLogits',
    backwardName: 'BinaryCrossEntropyWithLogitsBackward0',
    normalize: (x: Tensor, target: Tensor, options?: BinaryCrossEntropyWithLogitsOptions): ScoreCanonical => {
      const name = 'binaryCrossEntropyWithLogits';
      checkTensor(name, 'input', x);
      checkTensor(name, 'target', target);
      const names = ['weight', 'posWeight', 'reduction'] as const;
      const named = bindArguments<BinaryCrossEntropyWithLogitsOptions>(name, names, [options]);
      const reduction = readReduction(name, named.reduction);
      return [x, target, named.weight ?? null, named.posWeight ?? null, { reduction }];
    },
    forward: (...[x, target, weight, posWeight, { reduction }]: ScoreCanonical) => {
      const weights = bothWeights(x, weight, posWeight);
      const { losses } = weights.length === 0 ? scoreForms : weightedScoreForms;
      return lossesOf(losses, [x, target, ...weights], [], reduction);
    },
    derivatives: [
      {
        reads: [0, 1, 2, 3],
        of: (grad, [x, target, weight, posWeight, { reduction }]) => {
          const share = shareOf('binaryCrossEntropyWithLogits', reduction, x, target);
          if (!gradMode.enabled) {
            const weights = bothWeights(x, weight, posWeight);
            const { inputBack } = weights.length === 0 ? scoreForms : weightedScoreForms;
            return runFused(inputBack, [grad, x, target, ...weights], [share]);
          }
          const [factor, goal] = positiveOf(target, posWeight);
          const slope = factor === null ? x.sigmoid().sub(goal) : x.sigmoid().mul(factor).sub(goal);
          return weighted(slope.mul(share).mul(grad), weight);
        },
      },
      {
        reads: [0, 2, 3],
        of: (grad, [x, target, weight, posWeight, { reduction }]) => {
          const share = shareOf('binaryCrossEntropyWithLogits', reduction, x, target);
          const slope = posWeight === null ? x.neg() : x.logsigmoid().mul(posWeight.neg().add(1)).sub(x);
          return weighted(slope.mul(share).mul(grad), weight);
        },
      },
      {
        reads: [0, 1, 3],
        of: (grad, [x, target, , posWeight, { reduction }]) => {
          const share = shareOf('binaryCrossEntropyWithLogits', reduction, x, target);
          const losses = binaryCrossEntropyWithLogits(x, target, { posWeight, reduction: 'none' });
          return losses.mul(share).mul(grad);
        },
      },
      {
        reads: [0, 1, 2],
        of: (grad, [x, target, weight, , { reduction }]) => {
          const share = shareOf('binaryCrossEntropyWithLogits', reduction, x, target);
          return weighted(target.mul(x.logsigmoid()).mul(-share).mul(grad), weight);
        },
      },
      null,
    ],
  },
);

/** The factor of the sigmoid in the gradient, null for 1, and what it is compared with. */
function positiveOf(target: Tensor, posWeight: Tensor | null): [factor: Tensor | null, goal: Tensor] {
  if (posWeight === null) return [null, target];
  return [posWeight.sub(1).mul(target).add(1), posWeight.mul(target)];
}
