/** Batch and instance normalization that take their number of channels from the first input: `LazyBatchNorm2d`, ... */
import { tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import {
  becomeLazy,
  define,
  hasUninitializedParameters,
  type LazyModule,
  sizedInput,
} from '../module/lazy.ts';
import { UninitializedBuffer, UninitializedParameter } from '../module/uninitialized.ts';
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from './batch-normalization.ts';
import { type BatchNormOptions, batchNormDefaults, type FeatureNorm } from './feature-norm.ts';
import { InstanceNorm1d, InstanceNorm2d, InstanceNorm3d } from './instance-normalization.ts';

/** Arguments of lazy batch and instance normalization by name. */
export interface LazyNormOptions extends Omit<BatchNormOptions, 'numFeatures'> {}

const names = ['eps', 'momentum', 'affine', 'trackRunningStats'] as const;

/** Constructor arguments of lazy batch and instance normalization. */
export type LazyNormArguments = LayerArguments<
  [
    eps: number | undefined,
    momentum: number | null | undefined,
    affine: boolean | undefined,
    trackRunningStats: boolean | undefined,
  ],
  typeof names,
  LazyNormOptions,
  'bias' | 'dtype'
>;

type Norm = FeatureNorm & LazyModule;

function read(layer: string, args: readonly unknown[]): Required<LazyNormOptions> {
  return readArguments<LazyNormOptions>(layer, names, batchNormDefaults, args);
}

/** What the plain class is constructed with: neither channels nor tensors. */
function nothingYet({ eps, momentum }: Required<LazyNormOptions>): BatchNormOptions {
  return { numFeatures: 0, eps, momentum, affine: false, trackRunningStats: false };
}

function defer(layer: Norm, options: Required<LazyNormOptions>): void {
  const { affine, trackRunningStats, bias, dtype } = options;
  define<Norm, 'affine' | 'trackRunningStats'>(layer, { affine, trackRunningStats });
  if (affine) {
    layer.weight = new UninitializedParameter(true, { dtype });
    if (bias) layer.bias = new UninitializedParameter(true, { dtype });
  }
  if (trackRunningStats) {
    define<Norm, 'running_mean' | 'running_var' | 'num_batches_tracked'>(layer, {
      running_mean: new UninitializedBuffer({ dtype }),
      running_var: new UninitializedBuffer({ dtype }),
      num_batches_tracked: tensor(0n),
    });
  }
  becomeLazy(layer);
}

function initialize(layer: Norm, input: unknown): void {
  if (!hasUninitializedParameters(layer)) return;
  const numFeatures = sizedInput(layer, input).shape[1] ?? 0;
  define<Norm, 'numFeatures'>(layer, { numFeatures });
  for (const value of [layer.weight, layer.bias, layer.running_mean, layer.running_var]) {
    if (value instanceof UninitializedParameter || value instanceof UninitializedBuffer) {
      value.materialize([numFeatures]);
    }
  }
  layer.resetParameters();
}

/**
 * A {@link BatchNorm1d} whose `numFeatures` is the size of dimension 1 of its first input (`torch.nn.LazyBatchNorm1d`). After its
 * first call it is `BatchNorm1d`.
 */
export class LazyBatchNorm1d extends BatchNorm1d implements LazyModule {
  static override readonly className: string = 'LazyBatchNorm1d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof BatchNorm1d = BatchNorm1d;

  constructor(...args: LazyNormArguments) {
    const options = read('LazyBatchNorm1d', args);
    super(nothingYet(options));
    defer(this, options);
  }

  /** Takes `numFeatures` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input);
  }
}

/**
 * A {@link BatchNorm2d} whose `numFeatures` is the size of dimension 1 of its first input (`torch.nn.LazyBatchNorm2d`). After its
 * first call it is `BatchNorm2d`.
 */
export class LazyBatchNorm2d extends BatchNorm2d implements LazyModule {
  static override readonly className: string = 'LazyBatchNorm2d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof BatchNorm2d = BatchNorm2d;

  constructor(...args: LazyNormArguments) {
    const options = read('LazyBatchNorm2d', args);
    super(nothingYet(options));
    defer(this, options);
  }

  /** Takes `numFeatures` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input);
  }
}

/**
 * A {@link BatchNorm3d} whose `numFeatures` is the size of dimension 1 of its first input (`torch.nn.LazyBatchNorm3d`). After its
 * first call it is `BatchNorm3d`.
 */
export class LazyBatchNorm3d extends BatchNorm3d implements LazyModule {
  static override readonly className: string = 'LazyBatchNorm3d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof BatchNorm3d = BatchNorm3d;

  constructor(...args: LazyNormArguments) {
    const options = read('LazyBatchNorm3d', args);
    super(nothingYet(options));
    defer(this, options);
  }

  /** Takes `numFeatures` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input);
  }
}

/**
 * A {@link InstanceNorm1d} whose `numFeatures` is the size of dimension 1 of its first input (`torch.nn.LazyInstanceNorm1d`). After its
 * first call it is `InstanceNorm1d`.
 */
export class LazyInstanceNorm1d extends InstanceNorm1d implements LazyModule {
  static override readonly className: string = 'LazyInstanceNorm1d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof InstanceNorm1d = InstanceNorm1d;

  constructor(...args: LazyNormArguments) {
    const options = read('LazyInstanceNorm1d', args);
    super(nothingYet(options));
    defer(this, options);
  }

  /** Takes `numFeatures` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input);
  }
}

/**
 * A {@link InstanceNorm2d} whose `numFeatures` is the size of dimension 1 of its first input (`torch.nn.LazyInstanceNorm2d`). After its
 * first call it is `InstanceNorm2d`.
 */
export class LazyInstanceNorm2d extends InstanceNorm2d implements LazyModule {
  static override readonly className: string = 'LazyInstanceNorm2d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof InstanceNorm2d = InstanceNorm2d;

  constructor(...args: LazyNormArguments) {
    const options = read('LazyInstanceNorm2d', args);
    super(nothingYet(options));
    defer(this, options);
  }

  /** Takes `numFeatures` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input);
  }
}

/**
 * A {@link InstanceNorm3d} whose `numFeatures` is the size of dimension 1 of its first input (`torch.nn.LazyInstanceNorm3d`). After its
 * first call it is `InstanceNorm3d`.
 */
export class LazyInstanceNorm3d extends InstanceNorm3d implements LazyModule {
  static override readonly className: string = 'LazyInstanceNorm3d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof InstanceNorm3d = InstanceNorm3d;

  constructor(...args: LazyNormArguments) {
    const options = read('LazyInstanceNorm3d', args);
    super(nothingYet(options));
    defer(this, options);
  }

  /** Takes `numFeatures` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input);
  }
}
