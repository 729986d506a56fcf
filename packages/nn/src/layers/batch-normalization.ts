/** Normalization over a batch: `BatchNorm1d`, `BatchNorm2d`, `BatchNorm3d`, `SyncBatchNorm`. */
import type { Tensor } from '@sconce/tensor';
import { batchNorm } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import type { Module } from '../module/module.ts';
import {
  type BatchNormArguments,
  type BatchNormOptions,
  batchNormDefaults,
  batchNormNames,
  checkInputDimensions,
  FeatureNorm,
} from './feature-norm.ts';

export type { BatchNormArguments, BatchNormOptions } from './feature-norm.ts';

/** Batch normalization whatever the number of dimensions. */
abstract class BatchNorm extends FeatureNorm {
  /** Refuses inputs with a wrong number of dimensions. */
  protected abstract checkInput(x: Tensor): void;

  override forward(x: Tensor): Tensor {
    this.checkInput(x);
    let momentum = this.momentum ?? 0;
    if (this.training && this.trackRunningStats && this.num_batches_tracked !== null) {
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

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('BatchNorm1d', batchNormNames, batchNormDefaults, args));
  }

  protected override checkInput(x: Tensor): void {
    checkInputDimensions(x, [2, 3]);
  }
}

/** Batch normalization of [N, C, H, W] (`torch.nn.BatchNorm2d`), as {@link BatchNorm1d}. */
export class BatchNorm2d extends BatchNorm {
  static override readonly className: string = 'BatchNorm2d';

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('BatchNorm2d', batchNormNames, batchNormDefaults, args));
  }

  protected override checkInput(x: Tensor): void {
    checkInputDimensions(x, [4]);
  }
}

/** Batch normalization of [N, C, D, H, W] (`torch.nn.BatchNorm3d`), as {@link BatchNorm1d}. */
export class BatchNorm3d extends BatchNorm {
  static override readonly className: string = 'BatchNorm3d';

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('BatchNorm3d', batchNormNames, batchNormDefaults, args));
  }

  protected override checkInput(x: Tensor): void {
    checkInputDimensions(x, [5]);
  }
}

/** Arguments of `SyncBatchNorm` by name. */
export interface SyncBatchNormOptions extends BatchNormOptions {
  /** Processes that share their statistics. There is one, so nothing but `null` (the default) makes sense. */
  processGroup?: null;
}

const syncNames = ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats', 'processGroup'] as const;

/**
 * Batch normalization of [N, C, ...] whose statistics several processes share (`torch.nn.SyncBatchNorm`). In one
 * process, as here, it is plain batch normalization.
 */
export class SyncBatchNorm extends BatchNorm {
  static override readonly className: string = 'SyncBatchNorm';

  readonly processGroup: null;

  constructor(
    ...args: LayerArguments<
      [
        numFeatures: number,
        eps: number | undefined,
        momentum: number | null | undefined,
        affine: boolean | undefined,
        trackRunningStats: boolean | undefined,
        processGroup: null | undefined,
      ],
      typeof syncNames,
      SyncBatchNormOptions,
      'bias' | 'dtype'
    >
  ) {
    const defaults = { ...batchNormDefaults, processGroup: null };
    super(readArguments<SyncBatchNormOptions>('SyncBatchNorm', syncNames, defaults, args));
    this.processGroup = null;
  }

  /**
   * Replaces every batch normalization in a module, or the module if it is one, by a `SyncBatchNorm` with the same
   * parameters and statistics, and returns the module.
   */
  static convertSyncBatchnorm(module: Module, processGroup: null = null): Module {
    const converted = module instanceof BatchNorm ? synchronized(module, processGroup) : module;
    for (const [name, child] of module.namedChildren()) {
      converted.addModule(name, SyncBatchNorm.convertSyncBatchnorm(child, processGroup));
    }
    return converted;
  }

  protected override checkInput(x: Tensor): void {
    if (x.ndim < 2) throw new TypeError(`expected at least 2D input (got ${x.ndim}D input)`);
    if (x.shape[1] === 0) throw new TypeError('SyncBatchNorm number of input channels should be non-zero');
  }
}

function synchronized(module: BatchNorm, processGroup: null): SyncBatchNorm {
  const { numFeatures, eps, momentum, affine, trackRunningStats } = module;
  const bias = module.bias !== null;
  const layer = new SyncBatchNorm(numFeatures, eps, momentum, affine, trackRunningStats, processGroup, {
    bias,
  });
  layer.weight = module.weight;
  layer.bias = module.bias;
  layer.running_mean = module.running_mean;
  layer.running_var = module.running_var;
  layer.num_batches_tracked = module.num_batches_tracked;
  layer.training = module.training;
  return layer;
}
