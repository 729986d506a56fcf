/** Pooling layers over images. */
import type { Tensor } from '@sconce/tensor';
import { adaptiveAvgPool2d, adaptiveMaxPool2d, avgPool2d, maxPool2d } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';
import type { Size2 } from './size.ts';

/** Arguments of `MaxPool2d` by name. */
export interface MaxPool2dOptions {
  kernelSize: Size2;
  /** Default: the kernel's size. */
  stride?: Size2 | null;
  /** Minus infinity on all sides (default 0). */
  padding?: Size2;
  /** Default 1. */
  dilation?: Size2;
  /** Not supported: `functional.maxPool2dWithIndices` returns the indices. */
  returnIndices?: false;
  /** Whether windows may begin inside and end outside of the image (default false). */
  ceilMode?: boolean;
}

const maxNames = ['kernelSize', 'stride', 'padding', 'dilation', 'returnIndices', 'ceilMode'] as const;
const maxDefaults = { stride: null, padding: 0, dilation: 1, returnIndices: false, ceilMode: false } as const;

/** The largest element of each window of [N, C, H, W] or [C, H, W] (`torch.nn.MaxPool2d`). */
export class MaxPool2d extends Module {
  static override readonly className: string = 'MaxPool2d';

  readonly kernelSize: Size2;
  readonly stride: Size2;
  readonly padding: Size2;
  readonly dilation: Size2;
  readonly ceilMode: boolean;

  constructor(
    ...args: LayerArguments<
      [
        kernelSize: Size2,
        stride: Size2 | null | undefined,
        padding: Size2 | undefined,
        dilation: Size2 | undefined,
        returnIndices: false | undefined,
        ceilMode: boolean | undefined,
      ],
      typeof maxNames,
      MaxPool2dOptions
    >
  ) {
    super();
    const options = readArguments<MaxPool2dOptions>('MaxPool2d', maxNames, maxDefaults, args);
    if (options.returnIndices) {
      throw new TypeError('MaxPool2d: returnIndices is not supported, use functional.maxPool2dWithIndices');
    }
    this.kernelSize = options.kernelSize;
    this.stride = options.stride ?? options.kernelSize;
    this.padding = options.padding;
    this.dilation = options.dilation;
    this.ceilMode = options.ceilMode;
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, stride, padding, dilation, ceilMode } = this;
    return maxPool2d(x, { kernelSize, stride, padding, dilation, ceilMode });
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this;
    return `${window(kernelSize, stride, padding)}, dilation=${pythonText(dilation)}, ceil_mode=${pythonText(ceilMode)}`;
  }
}

/** Arguments of `AvgPool2d` by name. */
export interface AvgPool2dOptions {
  kernelSize: Size2;
  /** Default: the kernel's size. */
  stride?: Size2 | null;
  /** Zeros on all sides (default 0). */
  padding?: Size2;
  /** Whether windows may begin inside and end outside of the image (default false). */
  ceilMode?: boolean;
  /** Whether padding counts as elements (default true). */
  countIncludePad?: boolean;
  /** Divides the sums instead of the number of elements. */
  divisorOverride?: number | null;
}

const averageNames = [
  'kernelSize',
  'stride',
  'padding',
  'ceilMode',
  'countIncludePad',
  'divisorOverride',
] as const;
const averageDefaults = {
  stride: null,
  padding: 0,
  ceilMode: false,
  countIncludePad: true,
  divisorOverride: null,
};

/** The mean of each window of [N, C, H, W] or [C, H, W] (`torch.nn.AvgPool2d`). */
export class AvgPool2d extends Module {
  static override readonly className: string = 'AvgPool2d';

  readonly kernelSize: Size2;
  readonly stride: Size2;
  readonly padding: Size2;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;

  constructor(
    ...args: LayerArguments<
      [
        kernelSize: Size2,
        stride: Size2 | null | undefined,
        padding: Size2 | undefined,
        ceilMode: boolean | undefined,
        countIncludePad: boolean | undefined,
        divisorOverride: number | null | undefined,
      ],
      typeof averageNames,
      AvgPool2dOptions
    >
  ) {
    super();
    const options = readArguments<AvgPool2dOptions>('AvgPool2d', averageNames, averageDefaults, args);
    this.kernelSize = options.kernelSize;
    this.stride = options.stride ?? options.kernelSize;
    this.padding = options.padding;
    this.ceilMode = options.ceilMode;
    this.countIncludePad = options.countIncludePad;
    this.divisorOverride = options.divisorOverride;
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return avgPool2d(x, {
      kernelSize,
      stride,
      padding,
      ceilMode,
      countIncludePad,
      ...(divisorOverride === null ? {} : { divisorOverride }),
    });
  }

  override extraRepr(): string {
    return window(this.kernelSize, this.stride, this.padding);
  }
}

/** The size of the output; `null` keeps the input's. */
export type OutputSize2 = number | readonly [height: number | null, width: number | null];

/** Arguments of the adaptive pooling layers by name. */
export interface AdaptivePool2dOptions {
  outputSize: OutputSize2;
}

const adaptiveNames = ['outputSize'] as const;

/** Constructor arguments of the adaptive pooling layers. */
export type AdaptivePool2dArguments = LayerArguments<
  [outputSize: OutputSize2],
  typeof adaptiveNames,
  AdaptivePool2dOptions
>;

/** What the adaptive pooling layers share. */
abstract class AdaptivePool2d extends Module {
  readonly outputSize: OutputSize2;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    this.outputSize = readArguments<AdaptivePool2dOptions>(layer, adaptiveNames, {}, args).outputSize;
  }

  override extraRepr(): string {
    return `output_size=${pythonText(this.outputSize)}`;
  }
}

/** Means of as many windows as the output has places (`torch.nn.AdaptiveAvgPool2d`). */
export class AdaptiveAvgPool2d extends AdaptivePool2d {
  static override readonly className: string = 'AdaptiveAvgPool2d';

  constructor(...args: AdaptivePool2dArguments) {
    super('AdaptiveAvgPool2d', args);
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}

/** Largest elements of as many windows as the output has places (`torch.nn.AdaptiveMaxPool2d`). */
export class AdaptiveMaxPool2d extends AdaptivePool2d {
  static override readonly className: string = 'AdaptiveMaxPool2d';

  constructor(...args: AdaptivePool2dArguments) {
    super('AdaptiveMaxPool2d', args);
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.outputSize);
  }
}

function window(kernelSize: Size2, stride: Size2, padding: Size2): string {
  return `kernel_size=${pythonText(kernelSize)}, stride=${pythonText(stride)}, padding=${pythonText(padding)}`;
}
