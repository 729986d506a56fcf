/** The logistic loss of scores and signs, forward and backward one pass each. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import type { Tensor } from '../tensor.ts';
import type { LossOperator } from './difference-losses.ts';
import { apply, fused, runFused } from './fused-core.ts';
import {
  type LossFormulas,
  logSigmoidOf,
  lossesOf,
  type ReductionOption,
  readReduction,
  shareOf,
} from './loss-core.ts';
import type { Reduction } from './nll-loss.ts';

const softMargins: LossFormulas = {
  losses: fused('softMarginLoss', (x, target) => apply('neg', logSigmoidOf(apply('mul', x, target)))),
  inputBack: fused('softMarginLossBackward', (grad, x, target, share) =>
    apply(
      'mul',
      apply('mul', apply('neg', target), apply('sigmoid', apply('neg', apply('mul', x, target)))),
      apply('mul', grad, share),
    ),
  ),
};

/**
 * log(1 + exp(-target * x)) for targets of 1 and -1 (`torch.nn.functional.soft_margin_loss`), finite where PyTorch's
 * exponential overflows. Canonical: (x, target, { reduction }).
 */
export const softMarginLoss: LossOperator<ReductionOption> = defineOperator({
  name: 'softMarginLoss',
  backwardName: 'SoftMarginLossBackward0',
  normalize: (
    x: Tensor,
    target: Tensor,
    options?: ReductionOption,
  ): [Tensor, Tensor, { reduction: Reduction }] => {
    checkTensor('softMarginLoss', 'input', x);
    checkTensor('softMarginLoss', 'target', target);
    const named = bindArguments<ReductionOption>('softMarginLoss', ['reduction'], [options]);
    return [x, target, { reduction: readReduction('softMarginLoss', named.reduction) }];
  },
  forward: (x, target, { reduction }) => lossesOf(softMargins.losses, [x, target], [], reduction),
  derivatives: [
    {
      reads: [0, 1],
      of: (grad, [x, target, { reduction }]) => {
        const share = shareOf('softMarginLoss', reduction, x, target);
        if (!gradMode.enabled) return runFused(softMargins.inputBack, [grad, x, target], [share]);
        return target.mul(x.mul(target).neg().sigmoid()).mul(-share).mul(grad);
      },
    },
    {
      reads: [0, 1],
      of: (grad, [x, target, { reduction }]) => {
        const share = shareOf('softMarginLoss', reduction, x, target);
        return x.mul(x.mul(target).neg().sigmoid()).mul(-share).mul(grad);
      },
    },
    null,
  ],
});
