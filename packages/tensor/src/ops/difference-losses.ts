/** Losses that are functions of the difference between prediction and target, forward and backward one pass each. */
import type { Expression } from '@sconce/engine';
import { bindArguments, checkTensor } from '../arguments.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import type { Tensor } from '../tensor.ts';
import { apply, choose, fused, runFused } from './fused-core.ts';
import { lossesOf, type ReductionOption, readReduction, shareOf } from './loss-core.ts';
import type { Reduction } from './nll-loss.ts';

/** A loss of the difference d and one parameter. */
interface DifferenceLoss {
  readonly name: string;
  readonly backwardName: string;
  /** The parameter's option. */
  readonly option: string;
  readonly value: (d: Expression, parameter: Expression) => Expression;
  readonly slope: (d: Expression, parameter: Expression) => Expression;
  /** The same slope of operators that have derivatives. */
  readonly recordedSlope: (d: Tensor, parameter: number) => Tensor;
}

interface Canonical {
  readonly reduction: Reduction;
  readonly parameter: number;
}

/** Signature of losses of a prediction and a target that are broadcast. */
export type LossOperator<Options> = (x: Tensor, target: Tensor, options?: Options) => Tensor;

function differenceLoss<Options extends ReductionOption>(loss: DifferenceLoss): LossOperator<Options> {
  const { name, backwardName, option, value, slope, recordedSlope } = loss;
  const losses = fused(name, (x, target, parameter) => value(apply('sub', x, target), parameter));
  const back = fused(`${name}Backward`, (grad, x, target, share, parameter) =>
    apply('mul', apply('mul', slope(apply('sub', x, target), parameter), share), grad),
  );
  const gradient = (grad: Tensor, x: Tensor, target: Tensor, sign: 1 | -1, options: Canonical): Tensor => {
    const share = sign * shareOf(name, options.reduction, x, target);
    if (!gradMode.enabled) return runFused(back, [grad, x, target], [share, options.parameter]);
    return recordedSlope(x.sub(target), options.parameter).mul(share).mul(grad);
  };
  return defineOperator({
    name,
    backwardName,
    normalize: (x: Tensor, target: Tensor, options?: Options): [Tensor, Tensor, Canonical] => {
      checkTensor(name, 'input', x);
      checkTensor(name, 'target', target);
      type Named = { reduction: Reduction } & Record<string, number>;
      const named = bindArguments<Named>(name, ['reduction', option], [options]);
      return [x, target, { reduction: readReduction(name, named.reduction), parameter: named[option] ?? 1 }];
    },
    forward: (x: Tensor, target: Tensor, { reduction, parameter }: Canonical) =>
      lossesOf(losses, [x, target], [parameter], reduction),
    derivatives: [
      { reads: [0, 1], of: (grad, [x, target, options]) => gradient(grad, x, target, 1, options) },
      { reads: [0, 1], of: (grad, [x, target, options]) => gradient(grad, x, target, -1, options) },
      null,
    ],
  });
}

/** (x - target)² (`torch.nn.functional.mse_loss`). Canonical: (x, target, { reduction, parameter }). */
export const mseLoss: LossOperator<ReductionOption> = differenceLoss({
  name: 'mseLoss',
  backwardName: 'MseLossBackward0',
  option: 'parameter',
  value: (d) => apply('mul', d, d),
  slope: (d) => apply('mul', d, 2),
  recordedSlope: (d) => d.mul(2),
});

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends ReductionOption {
  /** Where the square goes over into a line, above 0: 1 by default. */
  readonly beta?: number;
}

/**
 * Below beta the square of the difference over 2 beta, above it |difference| - beta / 2
 * (`torch.nn.functional.smooth_l1_loss`). Canonical: (x, target, { reduction, parameter: beta }).
 */
export const smoothL1Loss: LossOperator<SmoothL1LossOptions> = differenceLoss({
  name: 'smoothL1Loss',
  backwardName: 'SmoothL1LossBackward0',
  option: 'beta',
  value: (d, beta) =>
    choose(
      '<',
      apply('abs', d),
      beta,
      apply('div', apply('mul', apply('mul', d, 0.5), d), beta),
      apply('sub', apply('abs', d), apply('mul', beta, 0.5)),
    ),
  slope: (d, beta) => choose('<', apply('abs', d), beta, apply('div', d, beta), apply('sign', d)),
  recordedSlope: (d, beta) => d.div(beta).where(d.abs().lt(beta), d.sign()),
});

/** Options of {@link huberLoss}. */
export interface HuberLossOptions extends ReductionOption {
  /** Where the square goes over into a line, above 0: 1 by default. */
  readonly delta?: number;
}

/**
 * Below delta half the square of the difference, above it delta * (|difference| - delta / 2)
 * (`torch.nn.functional.huber_loss`). Canonical: (x, target, { reduction, parameter: delta }).
 */
export const huberLoss: LossOperator<HuberLossOptions> = differenceLoss({
  name: 'huberLoss',
  backwardName: 'HuberLossBackward0',
  option: 'delta',
  value: (d, delta) =>
    choose(
      '<=',
      apply('abs', d),
      delta,
      apply('mul', apply('mul', d, 0.5), d),
      apply('mul', delta, apply('sub', apply('abs', d), apply('mul', delta, 0.5))),
    ),
  slope: (d, delta) => choose('<=', apply('abs', d), delta, d, apply('mul', apply('sign', d), delta)),
  recordedSlope: (d, delta) => d.where(d.abs().le(delta), d.sign().mul(delta)),
});
