/** Average and norm pooling layers over sequences, images and volumes. */
import type { Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';
import { windowText } from './pooling-text.ts';
import { expandSize, type Size1, type Size2, type Size3 } from './size.ts';

/** Arguments of `AvgPool1d` by name. */
export interface AvgPool1dOptions<Size = Size1> {
  kernelSize: Size;
  /** Default: the kernel's size. */
  stride?: Size | null;
  /** Zeros on all sides (default 0). */
  padding?: Size;
  /** Whether windows may begin inside and end outside of the input (default false). */
  ceilMode?: boolean;
  /** Whether padding counts as elements (default true). */
  countIncludePad?: boolean;
}

/** Arguments of `AvgPool2d` and `AvgPool3d` by name. */
export interface AvgPoolOptions<Size> extends AvgPool1dOptions<Size> {
  /** Divides the sums instead of the number of elements. */
  divisorOverride?: number | null;
}

const lineNames = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'] as const;
const lineDefaults = { stride: null, padding: 0, ceilMode: false, countIncludePad: true };
const names = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride'] as const;
const defaults = { ...lineDefaults, divisorOverride: null };

/** Constructor arguments of `AvgPool1d`. */
export type AvgPool1dArguments = LayerArguments<
  [
    kernelSize: Size1,
    stride: Size1 | null | undefined,
    padding: Size1 | undefined,
    ceilMode: boolean | undefined,
    countIncludePad: boolean | undefined,
  ],
  typeof lineNames,
  AvgPool1dOptions
>;

/** Constructor arguments of `AvgPool2d` and `AvgPool3d`. */
export type AvgPoolArguments<Size> = LayerArguments<
  [
    kernelSize: Size,
    stride: Size | null | undefined,
    padding: Size | undefined,
    ceilMode: boolean | undefined,
    countIncludePad: boolean | undefined,
    divisorOverride: number | null | undefined,
  ],
  typeof names,
  AvgPoolOptions<Size>
>;

/** The mean of each window of [N, C, L] or [C, L] (`torch.nn.AvgPool1d`). */
export class AvgPool1d extends Module {
  static override readonly className: string = 'AvgPool1d';

  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;

  constructor(...args: AvgPool1dArguments) {
    super();
    const options = readArguments<AvgPool1dOptions>('AvgPool1d', lineNames, lineDefaults, args);
    const { kernelSize, stride, padding } = options;
    this.kernelSize = expandSize('AvgPool1d', 'kernelSize', kernelSize, 1);
    this.stride = expandSize('AvgPool1d', 'stride', stride ?? kernelSize, 1);
    this.padding = expandSize('AvgPool1d', 'padding', padding, 1);
    this.ceilMode = options.ceilMode;
    this.countIncludePad = options.countIncludePad;
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad } = this;
    return F.avgPool1d(x, { kernelSize, stride, padding, ceilMode, countIncludePad });
  }

  override extraRepr(): string {
    return windowText(this);
  }
}

/** What `AvgPool2d` and `AvgPool3d` share. */
abstract class AvgPool<Size extends number | readonly number[]> extends Module {
  readonly kernelSize: Size;
  readonly stride: Size;
  readonly padding: Size | number;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    const options = readArguments<AvgPoolOptions<Size | number>>(layer, names, defaults, args);
    this.kernelSize = options.kernelSize as Size;
    this.stride = (options.stride ?? options.kernelSize) as Size;
    this.padding = options.padding;
    this.ceilMode = options.ceilMode;
    this.countIncludePad = options.countIncludePad;
    this.divisorOverride = options.divisorOverride;
  }

  override extraRepr(): string {
    return windowText(this);
  }
}

/** The mean of each window of [N, C, H, W] or [C, H, W] (`torch.nn.AvgPool2d`). */
export class AvgPool2d extends AvgPool<Size2> {
  static override readonly className: string = 'AvgPool2d';

  constructor(...args: AvgPoolArguments<Size2>) {
    super('AvgPool2d', args);
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return F.avgPool2d(x, { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride });
  }
}

/** The mean of each window of [N, C, D, H, W] or [C, D, H, W] (`torch.nn.AvgPool3d`). */
export class AvgPool3d extends AvgPool<Size3> {
  static override readonly className: string = 'AvgPool3d';

  constructor(...args: AvgPoolArguments<Size3>) {
    super('AvgPool3d', args);
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return F.avgPool3d(x, { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride });
  }
}

/** Arguments of the norm pooling layers by name. */
export interface LPPoolOptions<Size> {
  /** The power; infinity is maximum pooling. */
  normType: number;
  kernelSize: Size;
  /** Default: the kernel's size. */
  stride?: Size | null;
  /** Whether windows may begin inside and end outside of the input (default false). */
  ceilMode?: boolean;
}

const normNames = ['normType', 'kernelSize', 'stride', 'ceilMode'] as const;

/** Constructor arguments of the norm pooling layers. */
export type LPPoolArguments<Size> = LayerArguments<
  [normType: number, kernelSize: Size, stride: Size | null | undefined, ceilMode: boolean | undefined],
  typeof normNames,
  LPPoolOptions<Size>
>;

/** What the norm pooling layers share. */
abstract class LPPool<Size extends number | readonly number[]> extends Module {
  readonly normType: number;
  readonly kernelSize: Size;
  readonly stride: Size | null;
  readonly ceilMode: boolean;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    const options = readArguments<LPPoolOptions<Size>>(
      layer,
      normNames,
      { stride: null, ceilMode: false },
      args,
    );
    this.normType = options.normType;
    this.kernelSize = options.kernelSize;
    this.stride = options.stride;
    this.ceilMode = options.ceilMode;
  }

  override extraRepr(): string {
    const { normType, kernelSize, stride, ceilMode } = this;
    return `norm_type=${pythonText(normType)}, kernel_size=${pythonText(kernelSize)}, stride=${pythonText(stride)}, ceil_mode=${pythonText(ceilMode)}`;
  }
}

/** The norm of each window of [N, C, L] or [C, L] (`torch.nn.LPPool1d`). */
export class LPPool1d extends LPPool<Size1> {
  static override readonly className: string = 'LPPool1d';

  constructor(...args: LPPoolArguments<Size1>) {
    super('LPPool1d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.lpPool1d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/** The norm of each window of [N, C, H, W] or [C, H, W] (`torch.nn.LPPool2d`). */
export class LPPool2d extends LPPool<Size2> {
  static override readonly className: string = 'LPPool2d';

  constructor(...args: LPPoolArguments<Size2>) {
    super('LPPool2d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.lpPool2d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/** The norm of each window of [N, C, D, H, W] or [C, D, H, W] (`torch.nn.LPPool3d`). */
export class LPPool3d extends LPPool<Size3> {
  static override readonly className: string = 'LPPool3d';

  constructor(...args: LPPoolArguments<Size3>) {
    super('LPPool3d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.lpPool3d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}
