/** What batch and instance normalization share: weights, running statistics, arguments and printed text. */
import { type DType, float32, ones, type Tensor, tensor, zeros } from '@sconce/tensor';
import { ones_, zeros_ } from '../init.ts';
import type { DTypeOption, LayerArguments } from '../module/arguments.ts';
import { hasUninitializedParameters } from '../module/lazy.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';
import type { StateDictLoad } from '../module/state-dict.ts';

/** Arguments of batch and instance normalization by name. */
export interface BatchNormOptions extends DTypeOption {
  /** Channels: the size of dimension 1. */
  numFeatures: number;
  /** Added to the variance (default 1e-5). */
  eps?: number;
  /** Share of the new batch in the running statistics (default 0.1); `null` averages over all batches. */
  momentum?: number | null;
  /** Whether there are weight and bias (default true, for instance normalization false). */
  affine?: boolean;
  /** Whether statistics are kept for evaluation (default true, for instance normalization false). */
  trackRunningStats?: boolean;
  /** Whether there is a bias beside the weight (default true). */
  bias?: boolean;
}

/** Constructor arguments of batch and instance normalization. */
export type BatchNormArguments = LayerArguments<
  [
    numFeatures: number,
    eps: number | undefined,
    momentum: number | null | undefined,
    affine: boolean | undefined,
    trackRunningStats: boolean | undefined,
  ],
  typeof batchNormNames,
  BatchNormOptions,
  'bias' | 'dtype'
>;

/** Their names in PyTorch's order. */
export const batchNormNames = ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats'] as const;

/** Values of the arguments that may be left out, for batch normalization. */
export const batchNormDefaults: Required<Omit<BatchNormOptions, 'numFeatures'>> = {
  eps: 1e-5,
  momentum: 0.1,
  affine: true,
  trackRunningStats: true,
  bias: true,
  dtype: float32,
};

/** Base of the layers that normalize channels by a mean and a variance of each. */
export abstract class FeatureNorm extends Module {
  static override readonly version: number = 2;

  numFeatures: number;
  readonly eps: number;
  readonly momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  /** [numFeatures] */
  declare weight: Parameter | null;
  /** [numFeatures] */
  declare bias: Parameter | null;
  /** [numFeatures], under its name in PyTorch's state dicts; also `runningMean`. */
  declare running_mean: Tensor | null;
  /** [numFeatures], under its name in PyTorch's state dicts; also `runningVar`. */
  declare running_var: Tensor | null;
  /** An int64 scalar, under its name in PyTorch's state dicts; also `numBatchesTracked`. */
  declare num_batches_tracked: Tensor | null;

  constructor(options: Required<BatchNormOptions>) {
    super();
    const { numFeatures, affine, trackRunningStats } = options;
    const dtype: { dtype: DType } = { dtype: options.dtype };
    this.numFeatures = numFeatures;
    this.eps = options.eps;
    this.momentum = options.momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    this.registerParameter('weight', affine ? new Parameter(ones([numFeatures], dtype)) : null);
    this.registerParameter(
      'bias',
      affine && options.bias ? new Parameter(zeros([numFeatures], dtype)) : null,
    );
    this.registerBuffer('running_mean', trackRunningStats ? zeros([numFeatures], dtype) : null);
    this.registerBuffer('running_var', trackRunningStats ? ones([numFeatures], dtype) : null);
    this.registerBuffer('num_batches_tracked', trackRunningStats ? tensor(0n) : null);
  }

  /** Mean of each channel over the batches seen, or `null` when it is not tracked. */
  get runningMean(): Tensor | null {
    return this.running_mean;
  }

  /** Unbiased variance of each channel over the batches seen, or `null` when it is not tracked. */
  get runningVar(): Tensor | null {
    return this.running_var;
  }

  /** How many batches the running statistics have seen, or `null` when they are not tracked. */
  get numBatchesTracked(): Tensor | null {
    return this.num_batches_tracked;
  }

  /** Sets the running statistics to mean 0 and variance 1. */
  resetRunningStats(): void {
    if (this.running_mean !== null) zeros_(this.running_mean);
    if (this.running_var !== null) ones_(this.running_var);
    if (this.num_batches_tracked !== null) zeros_(this.num_batches_tracked);
  }

  /** Sets weight 1, bias 0 and fresh running statistics. */
  resetParameters(): void {
    // A lazy layer has nothing to fill before its first input.
    if (hasUninitializedParameters(this)) return;
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  /** State dicts from before version 2 do not count batches; the count then stays as it is. */
  override loadFromStateDict(load: StateDictLoad): void {
    const key = `${load.prefix}num_batches_tracked`;
    if ((load.metadata.version ?? 1) < 2 && this.trackRunningStats && !load.state.has(key)) {
      load.state.set(key, this.num_batches_tracked ?? tensor(0n));
    }
    super.loadFromStateDict(load);
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, affine, trackRunningStats } = this;
    return [
      numFeatures,
      `eps=${pythonFloat(eps)}`,
      `momentum=${momentum === null ? 'None' : pythonFloat(momentum)}`,
      `affine=${pythonText(affine)}`,
      `bias=${pythonText(this.bias !== null)}`,
      `track_running_stats=${pythonText(trackRunningStats)}`,
    ].join(', ');
  }
}

/** Refuses an input whose number of dimensions is none of those that a layer takes. */
export function checkInputDimensions(x: Tensor, allowed: readonly number[]): void {
  if (allowed.includes(x.ndim)) return;
  const expected = allowed.map((count) => `${count}D`).join(' or ');
  throw new TypeError(`expected ${expected} input (got ${x.ndim}D input)`);
}
