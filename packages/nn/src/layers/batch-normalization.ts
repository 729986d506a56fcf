/** Normalization over a batch, and over single instances: `BatchNorm1d`, `BatchNorm2d`, `InstanceNorm2d`. */
import { ones, type Tensor, tensor, zeros } from '@sconce/tensor';
import { batchNorm, instanceNorm } from '../functional/index.ts';
import { ones_, zeros_ } from '../init.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';

/** Arguments of batch and instance normalization by name. */
export interface BatchNormOptions {
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

const names = ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats', 'bias'] as const;

/** Constructor arguments of batch and instance normalization. */
export type BatchNormArguments = LayerArguments<
  [
    numFeatures: number,
    eps: number | undefined,
    momentum: number | null | undefined,
    affine: boolean | undefined,
    trackRunningStats: boolean | undefined,
  ],
  readonly ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats'],
  BatchNormOptions,
  'bias'
>;

const batchDefaults = { eps: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true, bias: true };
const instanceDefaults = { ...batchDefaults, affine: false, trackRunningStats: false };

/** What the layers share: weights, running statistics and the printed text. */
abstract class FeatureNorm extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  /** [numFeatures] */
  declare weight: Parameter | null;
  /** [numFeatures] */
  declare bias: Parameter | null;
  /** [numFeatures], under its name in PyTorch's state dicts; also `runningMean`. */
  declare readonly running_mean: Tensor | null;
  /** [numFeatures], under its name in PyTorch's state dicts; also `runningVar`. */
  declare readonly running_var: Tensor | null;
  /** An int64 scalar, under its name in PyTorch's state dicts; also `numBatchesTracked`. */
  declare readonly num_batches_tracked: Tensor | null;

  constructor(options: Required<BatchNormOptions>) {
    super();
    const { numFeatures, affine, trackRunningStats } = options;
    this.numFeatures = numFeatures;
    this.eps = options.eps;
    this.momentum = options.momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    this.registerParameter('weight', affine ? new Parameter(ones([numFeatures])) : null);
    this.registerParameter('bias', affine && options.bias ? new Parameter(zeros([numFeatures])) : null);
    this.registerBuffer('running_mean', trackRunningStats ? zeros([numFeatures]) : null);
    this.registerBuffer('running_var', trackRunningStats ? ones([numFeatures]) : null);
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
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  /** State dicts from before PyTorch 0.4.1 do not count batches; the count then stays as it is. */
  override mayLack(name: string): boolean {
    return name === 'num_batches_tracked';
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

/** Batch normalization whatever the number of dimensions. */
abstract class BatchNorm extends FeatureNorm {
  /** The numbers of dimensions that the input may have. */
  protected abstract readonly inputDimensions: readonly number[];

  override forward(x: Tensor): Tensor {
    if (!this.inputDimensions.includes(x.ndim)) {
      const expected = this.inputDimensions.map((count) => `${count}D`).join(' or ');
      throw new TypeError(`${this.getName()}: expected ${expected} input (got ${x.ndim}D input)`);
    }
    let momentum = this.momentum ?? 0;
    if (this.training && this.num_batches_tracked !== null) {
      this.num_batches_tracked.add_(1n);
      if (this.momentum === null) momentum = 1 / Number(this.num_batches_tracked.item());
    }
    const tracks = !this.training || this.trackRunningStats;
    return batchNorm(
      x,
      tracks ? this.running_mean : null,
      tracks ? this.running_var : null,
      this.weight,
      this.bias,
      {
        training: this.training || (this.running_mean === null && this.running_var === null),
        momentum,
        eps: this.eps,
      },
    );
  }
}

/**
 * Batch normalization of [N, C] or [N, C, L] (`torch.nn.BatchNorm1d`). In training mode it uses the batch's statistics
 * and updates the running ones, in evaluation mode it uses the running ones.
 */
export class BatchNorm1d extends BatchNorm {
  static override readonly className: string = 'BatchNorm1d';
  protected readonly inputDimensions: readonly number[] = [2, 3];

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('BatchNorm1d', names, batchDefaults, args));
  }
}

/**
 * Batch normalization of [N, C, H, W] (`torch.nn.BatchNorm2d`). In training mode it uses the batch's statistics and
 * updates the running ones, in evaluation mode it uses the running ones.
 */
export class BatchNorm2d extends BatchNorm {
  static override readonly className: string = 'BatchNorm2d';
  protected readonly inputDimensions: readonly number[] = [4];

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('BatchNorm2d', names, batchDefaults, args));
  }
}

/** Normalization of each channel of each image of [N, C, H, W] or [C, H, W] (`torch.nn.InstanceNorm2d`). */
export class InstanceNorm2d extends FeatureNorm {
  static override readonly className: string = 'InstanceNorm2d';

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('InstanceNorm2d', names, instanceDefaults, args));
  }

  override forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4)
      throw new TypeError(`InstanceNorm2d: expected 3D or 4D input (got ${x.ndim}D input)`);
    const input = x.ndim === 3 ? x.unsqueeze(0) : x;
    const output = instanceNorm(input, this.running_mean, this.running_var, this.weight, this.bias, {
      useInputStats: this.training || !this.trackRunningStats,
      momentum: this.momentum ?? 0,
      eps: this.eps,
    });
    return x.ndim === 3 ? output.squeeze(0) : output;
  }
}
