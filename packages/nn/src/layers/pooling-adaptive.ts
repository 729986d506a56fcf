/** Pooling layers whose output size is given: as many windows as the output has places. */
import type { AdaptiveSize, Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';
import type { PoolResult } from './pooling-max.ts';

/** The output's length; PyTorch also takes a list of one. */
export type OutputSize1 = number | null | readonly [length: number | null];
/** The output's height and width; `null` keeps the input's. */
export type OutputSize2 = number | null | readonly [height: number | null, width: number | null];
/** The output's depth, height and width; `null` keeps the input's. */
export type OutputSize3 =
  | number
  | null
  | readonly [depth: number | null, height: number | null, width: number | null];

/** Arguments of the adaptive average pooling layers by name. */
export interface AdaptiveAvgPoolOptions<Size> {
  outputSize: Size;
}

/** Arguments of the adaptive maximum pooling layers by name. */
export interface AdaptiveMaxPoolOptions<Size, Indices extends boolean = boolean>
  extends AdaptiveAvgPoolOptions<Size> {
  /** Whether the result is values and their positions (default false). */
  returnIndices?: Indices;
}

const averageNames = ['outputSize'] as const;
const maxNames = ['outputSize', 'returnIndices'] as const;

/** Constructor arguments of the adaptive average pooling layers. */
export type AdaptiveAvgPoolArguments<Size> = LayerArguments<
  [outputSize: Size],
  typeof averageNames,
  AdaptiveAvgPoolOptions<Size>
>;

/** Constructor arguments of the adaptive maximum pooling layers. */
export type AdaptiveMaxPoolArguments<Size, Indices extends boolean> = LayerArguments<
  [outputSize: Size, returnIndices: Indices | undefined],
  typeof maxNames,
  AdaptiveMaxPoolOptions<Size, Indices>
>;

/** What the adaptive average pooling layers share. */
abstract class AdaptiveAvgPool<Size extends AdaptiveSize> extends Module {
  readonly outputSize: Size;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    this.outputSize = readArguments<AdaptiveAvgPoolOptions<Size>>(layer, averageNames, {}, args).outputSize;
  }

  override extraRepr(): string {
    return `output_size=${pythonText(this.outputSize)}`;
  }
}

/** What the adaptive maximum pooling layers share. */
abstract class AdaptiveMaxPool<Size extends AdaptiveSize> extends Module {
  readonly outputSize: Size;
  readonly returnIndices: boolean;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    const options = readArguments<AdaptiveMaxPoolOptions<Size>>(
      layer,
      maxNames,
      { returnIndices: false },
      args,
    );
    this.outputSize = options.outputSize;
    this.returnIndices = options.returnIndices;
  }

  override extraRepr(): string {
    return `output_size=${pythonText(this.outputSize)}`;
  }
}

/** Means of as many windows of [N, C, L] or [C, L] as the output has places (`torch.nn.AdaptiveAvgPool1d`). */
export class AdaptiveAvgPool1d extends AdaptiveAvgPool<OutputSize1> {
  static override readonly className: string = 'AdaptiveAvgPool1d';

  constructor(...args: AdaptiveAvgPoolArguments<OutputSize1>) {
    super('AdaptiveAvgPool1d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.adaptiveAvgPool1d(x, this.outputSize);
  }
}

/** Largest elements of as many windows of [N, C, L] or [C, L] as the output has places (`torch.nn.AdaptiveMaxPool1d`). */
export class AdaptiveMaxPool1d<Indices extends boolean = false> extends AdaptiveMaxPool<OutputSize1> {
  static override readonly className: string = 'AdaptiveMaxPool1d';

  constructor(...args: AdaptiveMaxPoolArguments<OutputSize1, Indices>) {
    super('AdaptiveMaxPool1d', args);
  }

  override forward(x: Tensor): PoolResult<Indices> {
    if (!this.returnIndices) return F.adaptiveMaxPool1d(x, this.outputSize) as PoolResult<Indices>;
    const { values, indices } = F.adaptiveMaxPool1dWithIndices(x, this.outputSize);
    return [values, indices] as PoolResult<Indices>;
  }
}

/** Means of as many windows of [N, C, H, W] or [C, H, W] as the output has places (`torch.nn.AdaptiveAvgPool2d`). */
export class AdaptiveAvgPool2d extends AdaptiveAvgPool<OutputSize2> {
  static override readonly className: string = 'AdaptiveAvgPool2d';

  constructor(...args: AdaptiveAvgPoolArguments<OutputSize2>) {
    super('AdaptiveAvgPool2d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.adaptiveAvgPool2d(x, this.outputSize);
  }
}

/** Largest elements of as many windows of [N, C, H, W] or [C, H, W] as the output has places (`torch.nn.AdaptiveMaxPool2d`). */
export class AdaptiveMaxPool2d<Indices extends boolean = false> extends AdaptiveMaxPool<OutputSize2> {
  static override readonly className: string = 'AdaptiveMaxPool2d';

  constructor(...args: AdaptiveMaxPoolArguments<OutputSize2, Indices>) {
    super('AdaptiveMaxPool2d', args);
  }

  override forward(x: Tensor): PoolResult<Indices> {
    if (!this.returnIndices) return F.adaptiveMaxPool2d(x, this.outputSize) as PoolResult<Indices>;
    const { values, indices } = F.adaptiveMaxPool2dWithIndices(x, this.outputSize);
    return [values, indices] as PoolResult<Indices>;
  }
}

/** Means of as many windows of [N, C, D, H, W] or [C, D, H, W] as the output has places (`torch.nn.AdaptiveAvgPool3d`). */
export class AdaptiveAvgPool3d extends AdaptiveAvgPool<OutputSize3> {
  static override readonly className: string = 'AdaptiveAvgPool3d';

  constructor(...args: AdaptiveAvgPoolArguments<OutputSize3>) {
    super('AdaptiveAvgPool3d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.adaptiveAvgPool3d(x, this.outputSize);
  }
}

/** Largest elements of as many windows of [N, C, D, H, W] or [C, D, H, W] as the output has places (`torch.nn.AdaptiveMaxPool3d`). */
export class AdaptiveMaxPool3d<Indices extends boolean = false> extends AdaptiveMaxPool<OutputSize3> {
  static override readonly className: string = 'AdaptiveMaxPool3d';

  constructor(...args: AdaptiveMaxPoolArguments<OutputSize3, Indices>) {
    super('AdaptiveMaxPool3d', args);
  }

  override forward(x: Tensor): PoolResult<Indices> {
    if (!this.returnIndices) return F.adaptiveMaxPool3d(x, this.outputSize) as PoolResult<Indices>;
    const { values, indices } = F.adaptiveMaxPool3dWithIndices(x, this.outputSize);
    return [values, indices] as PoolResult<Indices>;
  }
}
