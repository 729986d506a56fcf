/** Losses between numbers, as layers. */
import type { Reduction, Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Loss, type ReductionArguments, ReductionLoss, type ReductionOptions } from './losses-base.ts';

/** Mean of |input - target| (`torch.nn.L1Loss`). */
export class L1Loss extends ReductionLoss {
  static override readonly className: string = 'L1Loss';

  constructor(...args: ReductionArguments) {
    super('L1Loss', args);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.l1Loss(input, target, { reduction: this.reduction });
  }
}

/** Mean of (input - target)² (`torch.nn.MSELoss`). */
export class MSELoss extends ReductionLoss {
  static override readonly className: string = 'MSELoss';

  constructor(...args: ReductionArguments) {
    super('MSELoss', args);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, { reduction: this.reduction });
  }
}

/** Arguments of `SmoothL1Loss` by name. */
export interface SmoothL1LossOptions extends ReductionOptions {
  /** Where the square goes over into a line (default 1). */
  beta?: number;
}

const smoothL1LossNames = ['reduction', 'beta'] as const;
const smoothL1LossDefaults = { reduction: 'mean', beta: 1 } as const;

/** Below beta the square of the difference over 2 beta, above it |difference| - beta / 2 (`torch.nn.SmoothL1Loss`). */
export class SmoothL1Loss extends Loss {
  static override readonly className: string = 'SmoothL1Loss';

  readonly beta: number;

  constructor(
    ...args: LayerArguments<
      [reduction: Reduction | undefined, beta: number | undefined],
      typeof smoothL1LossNames,
      SmoothL1LossOptions
    >
  ) {
    const options = readArguments<SmoothL1LossOptions>(
      'SmoothL1Loss',
      smoothL1LossNames,
      smoothL1LossDefaults,
      args,
    );
    super(options.reduction);
    this.beta = options.beta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { beta, reduction } = this;
    return F.smoothL1Loss(input, target, { beta, reduction });
  }
}

/** Arguments of `HuberLoss` by name. */
export interface HuberLossOptions extends ReductionOptions {
  /** Where the square goes over into a line (default 1). */
  delta?: number;
}

const huberLossNames = ['reduction', 'delta'] as const;
const huberLossDefaults = { reduction: 'mean', delta: 1 } as const;

/** Below delta half the square of the difference, above it delta * (|difference| - delta / 2) (`torch.nn.HuberLoss`). */
export class HuberLoss extends Loss {
  static override readonly className: string = 'HuberLoss';

  readonly delta: number;

  constructor(
    ...args: LayerArguments<
      [reduction: Reduction | undefined, delta: number | undefined],
      typeof huberLossNames,
      HuberLossOptions
    >
  ) {
    const options = readArguments<HuberLossOptions>('HuberLoss', huberLossNames, huberLossDefaults, args);
    super(options.reduction);
    if (typeof options.delta !== 'number') {
      throw new TypeError(`delta must be a float or int, got: ${typeof options.delta}`);
    }
    this.delta = options.delta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { delta, reduction } = this;
    return F.huberLoss(input, target, { delta, reduction });
  }
}

/** Arguments of `PoissonNLLLoss` by name. */
export interface PoissonNLLLossOptions extends ReductionOptions {
  /** Whether the input is the logarithm of the rate (default true). */
  logInput?: boolean;
  /** Whether Stirling's approximation of log(target!) is added (default false). */
  full?: boolean;
  /** Added to the rate before its logarithm (default 1e-8). */
  eps?: number;
}

const poissonNLLLossNames = ['logInput', 'full', 'eps', 'reduction'] as const;
const poissonNLLLossDefaults = { logInput: true, full: false, eps: 1e-8, reduction: 'mean' } as const;

/** The negative log likelihood of counts under Poisson distributions (`torch.nn.PoissonNLLLoss`). */
export class PoissonNLLLoss extends Loss {
  static override readonly className: string = 'PoissonNLLLoss';

  readonly logInput: boolean;
  readonly full: boolean;
  readonly eps: number;

  constructor(
    ...args: LayerArguments<
      [
        logInput: boolean | undefined,
        full: boolean | undefined,
        eps: number | undefined,
        reduction: Reduction | undefined,
      ],
      typeof poissonNLLLossNames,
      PoissonNLLLossOptions
    >
  ) {
    const options = readArguments<PoissonNLLLossOptions>(
      'PoissonNLLLoss',
      poissonNLLLossNames,
      poissonNLLLossDefaults,
      args,
    );
    super(options.reduction);
    this.logInput = options.logInput;
    this.full = options.full;
    this.eps = options.eps;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { logInput, full, eps, reduction } = this;
    return F.poissonNllLoss(input, target, { logInput, full, eps, reduction });
  }
}

/** Arguments of `GaussianNLLLoss`, all by name. */
export interface GaussianNLLLossOptions extends ReductionOptions {
  /** Whether the constant term is added (default false). */
  full?: boolean;
  /** Smallest variance (default 1e-6). */
  eps?: number;
}

const gaussianDefaults = { full: false, eps: 1e-6, reduction: 'mean' } as const;

/** The negative log likelihood of targets under normal distributions of means and variances (`torch.nn.GaussianNLLLoss`). */
export class GaussianNLLLoss extends Loss {
  static override readonly className: string = 'GaussianNLLLoss';

  readonly full: boolean;
  readonly eps: number;

  constructor(...args: LayerArguments<[], [], GaussianNLLLossOptions, 'full' | 'eps' | 'reduction'>) {
    const options = readArguments<GaussianNLLLossOptions>('GaussianNLLLoss', [], gaussianDefaults, args);
    super(options.reduction);
    this.full = options.full;
    this.eps = options.eps;
  }

  override forward(input: Tensor, target: Tensor, variance: Tensor | number): Tensor {
    const { full, eps, reduction } = this;
    return F.gaussianNllLoss(input, target, variance, { full, eps, reduction });
  }
}

/** Arguments of `KLDivLoss` by name. */
export interface KLDivLossOptions {
  /** As of other losses, or `'batchmean'`: the sum divided by the size of the first dimension. */
  reduction?: Reduction | 'batchmean';
  /** Whether the target is a logarithm too (default false). */
  logTarget?: boolean;
}

const divergenceNames = ['reduction', 'logTarget'] as const;
const divergenceDefaults = { reduction: 'mean', logTarget: false } as const;

/** The Kullback-Leibler divergence of log probabilities from target probabilities (`torch.nn.KLDivLoss`). */
export class KLDivLoss extends Module {
  static override readonly className: string = 'KLDivLoss';

  readonly reduction: Reduction | 'batchmean';
  readonly logTarget: boolean;

  constructor(
    ...args: LayerArguments<
      [reduction: Reduction | 'batchmean' | undefined, logTarget: boolean | undefined],
      typeof divergenceNames,
      KLDivLossOptions
    >
  ) {
    super();
    const options = readArguments<KLDivLossOptions>('KLDivLoss', divergenceNames, divergenceDefaults, args);
    this.reduction = options.reduction;
    this.logTarget = options.logTarget;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}
