/** Losses between numbers: distances, and likelihoods of distributions over numbers. */
import * as operators from '@sconce/tensor';
import { bindArguments, type Reduction, Tensor } from '@sconce/tensor';
import { type Loss, type LossOptions, reduceLoss } from './loss-reduction.ts';
import { refuse } from './refuse.ts';

/** Options of {@link mseLoss}, {@link l1Loss} and {@link huberLoss}. */
export interface WeightedLossOptions extends LossOptions {
  /** A factor for each element. */
  readonly weight?: Tensor | null;
}

function weighted(losses: Tensor, weight: Tensor | null | undefined): Tensor {
  return weight == null ? losses : losses.mul(weight);
}

/** Of weighted elements the mean is the weighted one. */
function reduceWeighted(
  operator: string,
  losses: Tensor,
  { reduction = 'mean', weight }: WeightedLossOptions,
): Tensor {
  if (weight == null) return reduceLoss(operator, losses, reduction);
  const own = weighted(losses, weight);
  if (reduction !== 'mean') return reduceLoss(operator, own, reduction);
  return own.sum().div(weight.expand(losses.shape).sum());
}

/** Mean of (input - target)² (`torch.nn.functional.mse_loss`). */
export const mseLoss: Loss<WeightedLossOptions> = (input, target, options = {}) => {
  const { weight, ...own } = options;
  if (weight == null) return operators.mseLoss(input, target, own);
  return reduceWeighted('mseLoss', operators.mseLoss(input, target, { reduction: 'none' }), options);
};

/** Mean of |input - target| (`torch.nn.functional.l1_loss`). */
export const l1Loss: Loss<WeightedLossOptions> = (input, target, options = {}) =>
  reduceWeighted('l1Loss', input.sub(target).abs(), options);

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends LossOptions {
  /** Where the square goes over into a line: 1 by default. */
  readonly beta?: number;
}

/** Below beta the square of the difference over 2 beta, above it |difference| - beta / 2 (`smooth_l1_loss`). */
export const smoothL1Loss: Loss<SmoothL1LossOptions> = (input, target, { beta = 1, reduction } = {}) => {
  if (beta < 0) refuse('smoothL1Loss', 'smooth_l1_loss does not support negative values for beta.');
  if (beta === 0) return l1Loss(input, target, reduction === undefined ? {} : { reduction });
  return operators.smoothL1Loss(input, target, reduction === undefined ? { beta } : { beta, reduction });
};

/** Options of {@link huberLoss}. */
export interface HuberLossOptions extends WeightedLossOptions {
  /** Where the square goes over into a line: 1 by default. */
  readonly delta?: number;
}

/** Below delta half the square of the difference, above it delta * (|difference| - delta / 2) (`huber_loss`). */
export const huberLoss: Loss<HuberLossOptions> = (input, target, { delta = 1, ...options } = {}) => {
  if (delta <= 0) refuse('huberLoss', 'huber_loss does not support non-positive values for delta.');
  const { weight, ...own } = options;
  if (weight == null) return operators.huberLoss(input, target, { delta, ...own });
  const losses = operators.huberLoss(input, target, { delta, reduction: 'none' });
  return reduceWeighted('huberLoss', losses, options);
};

/** Options of {@link poissonNllLoss}. */
export interface PoissonNllLossOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate: true by default. */
  readonly logInput?: boolean;
  /** Whether Stirling's approximation of log(target!) is added: false by default. */
  readonly full?: boolean;
  /** Added to the rate before its logarithm: 1e-8 by default. */
  readonly eps?: number;
}

/** The negative log likelihood of counts under Poisson distributions (`poisson_nll_loss`). */
export const poissonNllLoss: Loss<PoissonNllLossOptions> = (
  input,
  target,
  { logInput = true, full = false, eps = 1e-8, reduction } = {},
) => {
  const rate = logInput ? input.exp() : input;
  const logRate = logInput ? input : input.add(eps).log();
  let losses = rate.sub(target.mul(logRate));
  if (full) {
    const stirling = target
      .mul(target.log())
      .sub(target)
      .add(
        target
          .mul(2 * Math.PI)
          .log()
          .mul(0.5),
      );
    losses = losses.add(stirling.where(target.gt(1), 0));
  }
  return reduceLoss('poissonNllLoss', losses, reduction);
};

/** Options of {@link gaussianNllLoss}. */
export interface GaussianNllLossOptions extends LossOptions {
  /** Whether the constant term is added: false by default. */
  readonly full?: boolean;
  /** Smallest variance: 1e-6 by default. */
  readonly eps?: number;
}

/** The negative log likelihood of targets under normal distributions of means and variances (`gaussian_nll_loss`). */
export function gaussianNllLoss(
  input: Tensor,
  target: Tensor,
  variance: Tensor | number,
  options: GaussianNllLossOptions = {},
): Tensor {
  const { full = false, eps = 1e-6, reduction = 'mean' } = options;
  const operator = 'gaussianNllLoss';
  let own = variance instanceof Tensor ? variance : input.newFull(input.shape, variance);
  if (own.lt(0).any().item() === true) refuse(operator, 'var has negative entry/entries');
  if (own.shape.join() !== input.shape.join()) {
    // One variance for all along a dimension, which may be left out where it is the last.
    const differing = own.shape.filter((size, d) => size !== input.shape[d]);
    const total = differing.reduce((sum, size) => sum + size, 0);
    if (own.shape.join() === input.shape.slice(0, -1).join()) own = own.unsqueeze(-1);
    else if (own.ndim !== input.ndim || total !== 1) refuse(operator, 'var is of incorrect size');
  }
  if (!['none', 'mean', 'sum'].includes(reduction)) refuse(operator, `${reduction} is not valid`);
  // The limit does not hold up the gradient.
  const limited = own.add(own.detach().clamp({ min: eps }).sub(own.detach()));
  const difference = input.sub(target);
  const losses = limited.log().add(difference.mul(difference).div(limited)).mul(0.5);
  return reduceLoss(operator, full ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses, reduction);
}

/** Options of {@link klDiv}. */
export interface KlDivOptions {
  /** As of other losses, or `batchmean`: the sum divided by the size of the first dimension. */
  readonly reduction?: Reduction | 'batchmean';
  /** Whether the target is a logarithm too: false by default. */
  readonly logTarget?: boolean;
}

/** The Kullback-Leibler divergence of log probabilities from target probabilities (`torch.nn.functional.kl_div`). */
export const klDiv: Loss<KlDivOptions> = (input, target, options) => {
  const { reduction = 'mean', logTarget = false } = bindArguments<KlDivOptions>(
    'klDiv',
    ['reduction', 'logTarget'],
    [options],
  );
  const losses = logTarget
    ? target.exp().mul(target.sub(input))
    : target.mul(target.where(target.ne(0), 1).log()).sub(target.mul(input));
  if (reduction !== 'batchmean') return reduceLoss('klDiv', losses, reduction);
  return losses.sum().div(input.ndim === 0 ? 1 : input.shape[0]!);
};
