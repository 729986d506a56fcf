/** Maximum pooling layers over sequences, images and volumes, and layers that undo it. */
import type { Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';
import { windowText } from './pooling-text.ts';
import { expandSize, type Size1, type Size2, type Size3 } from './size.ts';

/** What a pooling layer gives: values, or values and their int64 positions if asked. */
export type PoolResult<Indices extends boolean> = Indices extends true
  ? [values: Tensor, indices: Tensor]
  : Tensor;

/** Arguments of the maximum pooling layers by name. */
export interface MaxPoolOptions<Size, Indices extends boolean = boolean> {
  kernelSize: Size;
  /** Default: the kernel's size. */
  stride?: Size | null;
  /** Minus infinity on all sides (default 0). */
  padding?: Size;
  /** Default 1. */
  dilation?: Size;
  /** Whether the result is values and their positions, for `MaxUnpool` (default false). */
  returnIndices?: Indices;
  /** Whether windows may begin inside and end outside of the input (default false). */
  ceilMode?: boolean;
}

const maxNames = ['kernelSize', 'stride', 'padding', 'dilation', 'returnIndices', 'ceilMode'] as const;
const maxDefaults = { stride: null, padding: 0, dilation: 1, returnIndices: false, ceilMode: false } as const;

/** Constructor arguments of the maximum pooling layers. */
export type MaxPoolArguments<Size, Indices extends boolean> = LayerArguments<
  [
    kernelSize: Size,
    stride: Size | null | undefined,
    padding: Size | undefined,
    dilation: Size | undefined,
    returnIndices: Indices | undefined,
    ceilMode: boolean | undefined,
  ],
  typeof maxNames,
  MaxPoolOptions<Size, Indices>
>;

/** What the maximum pooling layers share. */
abstract class MaxPool<Size extends number | readonly number[]> extends Module {
  readonly kernelSize: Size;
  readonly stride: Size;
  readonly padding: Size | number;
  readonly dilation: Size | number;
  readonly returnIndices: boolean;
  readonly ceilMode: boolean;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    const options = readArguments<MaxPoolOptions<Size | number>>(layer, maxNames, maxDefaults, args);
    this.kernelSize = options.kernelSize as Size;
    this.stride = (options.stride ?? options.kernelSize) as Size;
    this.padding = options.padding;
    this.dilation = options.dilation;
    this.returnIndices = options.returnIndices;
    this.ceilMode = options.ceilMode;
  }

  override extraRepr(): string {
    const { dilation, ceilMode } = this;
    return `${windowText(this)}, dilation=${pythonText(dilation)}, ceil_mode=${pythonText(ceilMode)}`;
  }

  /** The window, as the operators take it. */
  protected window(): Pick<this, 'kernelSize' | 'stride' | 'padding' | 'dilation' | 'ceilMode'> {
    const { kernelSize, stride, padding, dilation, ceilMode } = this;
    return { kernelSize, stride, padding, dilation, ceilMode };
  }
}

/** The largest element of each window of [N, C, L] or [C, L] (`torch.nn.MaxPool1d`). */
export class MaxPool1d<Indices extends boolean = false> extends MaxPool<Size1> {
  static override readonly className: string = 'MaxPool1d';

  constructor(...args: MaxPoolArguments<Size1, Indices>) {
    super('MaxPool1d', args);
  }

  override forward(x: Tensor): PoolResult<Indices> {
    if (!this.returnIndices) return F.maxPool1d(x, this.window()) as PoolResult<Indices>;
    const { values, indices } = F.maxPool1dWithIndices(x, this.window());
    return [values, indices] as PoolResult<Indices>;
  }
}

/** The largest element of each window of [N, C, H, W] or [C, H, W] (`torch.nn.MaxPool2d`). */
export class MaxPool2d<Indices extends boolean = false> extends MaxPool<Size2> {
  static override readonly className: string = 'MaxPool2d';

  constructor(...args: MaxPoolArguments<Size2, Indices>) {
    super('MaxPool2d', args);
  }

  override forward(x: Tensor): PoolResult<Indices> {
    if (!this.returnIndices) return F.maxPool2d(x, this.window()) as PoolResult<Indices>;
    const { values, indices } = F.maxPool2dWithIndices(x, this.window());
    return [values, indices] as PoolResult<Indices>;
  }
}

/** The largest element of each window of [N, C, D, H, W] or [C, D, H, W] (`torch.nn.MaxPool3d`). */
export class MaxPool3d<Indices extends boolean = false> extends MaxPool<Size3> {
  static override readonly className: string = 'MaxPool3d';

  constructor(...args: MaxPoolArguments<Size3, Indices>) {
    super('MaxPool3d', args);
  }

  override forward(x: Tensor): PoolResult<Indices> {
    if (!this.returnIndices) return F.maxPool3d(x, this.window()) as PoolResult<Indices>;
    const { values, indices } = F.maxPool3dWithIndices(x, this.window());
    return [values, indices] as PoolResult<Indices>;
  }
}

/** Arguments of the unpooling layers by name. */
export interface MaxUnpoolOptions<Size> {
  kernelSize: Size;
  /** Default: the kernel's size. */
  stride?: Size | null;
  /** Default 0. */
  padding?: Size;
}

const unpoolNames = ['kernelSize', 'stride', 'padding'] as const;

/** Constructor arguments of the unpooling layers. */
export type MaxUnpoolArguments<Size> = LayerArguments<
  [kernelSize: Size, stride: Size | null | undefined, padding: Size | undefined],
  typeof unpoolNames,
  MaxUnpoolOptions<Size>
>;

/** Option of the unpooling layers' forward. */
export interface UnpoolForwardOptions {
  /** The size of the output, with or without batch and channels; several sizes pool to the same one. */
  readonly outputSize?: readonly number[] | null;
}

/** What the unpooling layers share. */
abstract class MaxUnpool extends Module {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];

  constructor(layer: string, dimensions: number, args: readonly unknown[]) {
    super();
    type Options = MaxUnpoolOptions<number | readonly number[]>;
    const { kernelSize, stride, padding } = readArguments<Options>(
      layer,
      unpoolNames,
      { stride: null, padding: 0 },
      args,
    );
    this.kernelSize = expandSize(layer, 'kernelSize', kernelSize, dimensions);
    this.stride = expandSize(layer, 'stride', stride ?? kernelSize, dimensions);
    this.padding = expandSize(layer, 'padding', padding, dimensions);
  }

  override extraRepr(): string {
    return windowText(this);
  }
}

/** Puts pooled values back to their positions in [N, C, L] or [C, L], among zeros (`torch.nn.MaxUnpool1d`). */
export class MaxUnpool1d extends MaxUnpool {
  static override readonly className: string = 'MaxUnpool1d';

  constructor(...args: MaxUnpoolArguments<Size1>) {
    super('MaxUnpool1d', 1, args);
  }

  override forward(x: Tensor, indices: Tensor, options: UnpoolForwardOptions = {}): Tensor {
    const { kernelSize, stride, padding } = this;
    return F.maxUnpool1d(x, indices, kernelSize, { stride, padding, ...options });
  }
}

/** Puts pooled values back to their positions in [N, C, H, W] or [C, H, W], among zeros (`torch.nn.MaxUnpool2d`). */
export class MaxUnpool2d extends MaxUnpool {
  static override readonly className: string = 'MaxUnpool2d';

  constructor(...args: MaxUnpoolArguments<Size2>) {
    super('MaxUnpool2d', 2, args);
  }

  override forward(x: Tensor, indices: Tensor, options: UnpoolForwardOptions = {}): Tensor {
    const { kernelSize, stride, padding } = this;
    return F.maxUnpool2d(x, indices, kernelSize, { stride, padding, ...options });
  }
}

/** Puts pooled values back to their positions in [N, C, D, H, W] or [C, D, H, W], among zeros (`torch.nn.MaxUnpool3d`). */
export class MaxUnpool3d extends MaxUnpool {
  static override readonly className: string = 'MaxUnpool3d';

  constructor(...args: MaxUnpoolArguments<Size3>) {
    super('MaxUnpool3d', 3, args);
  }

  override forward(x: Tensor, indices: Tensor, options: UnpoolForwardOptions = {}): Tensor {
    const { kernelSize, stride, padding } = this;
    return F.maxUnpool3d(x, indices, kernelSize, { stride, padding, ...options });
  }
}
