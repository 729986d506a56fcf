/** Convolutions that take their number of input channels from the first input: `LazyConv1d`, `LazyConvTranspose2d`, ... */
import type { DType } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { becomeLazy, define, type LazyModule, sizedInput } from '../module/lazy.ts';
import { pythonSize } from '../module/python-text.ts';
import { UninitializedParameter } from '../module/uninitialized.ts';
import { Conv1d, Conv2d, Conv3d } from './convolution.ts';
import {
  type Convolution,
  type ConvolutionOptions,
  type ConvolutionTransposeOptions,
  convolutionDefaults,
  type PaddingMode,
  transposeDefaults,
} from './convolution-base.ts';
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from './convolution-transpose.ts';
import type { Size1, Size2, Size3 } from './size.ts';

/** Arguments of lazy convolutions by name. */
export interface LazyConvolutionOptions<Size> extends Omit<ConvolutionOptions<Size>, 'inChannels'> {}

/** Arguments of lazy transposed convolutions by name. */
export interface LazyConvolutionTransposeOptions<Size>
  extends Omit<ConvolutionTransposeOptions<Size>, 'inChannels'> {}

const names = [
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'paddingMode',
] as const;

const transposeNames = [
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'outputPadding',
  'groups',
  'bias',
  'dilation',
  'paddingMode',
] as const;

/** Constructor arguments of the lazy convolutions. */
export type LazyConvolutionArguments<Size> = LayerArguments<
  [
    outChannels: number,
    kernelSize: Size,
    stride: Size | undefined,
    padding: Size | 'same' | 'valid' | undefined,
    dilation: Size | undefined,
    groups: number | undefined,
    bias: boolean | undefined,
    paddingMode: PaddingMode | undefined,
  ],
  typeof names,
  LazyConvolutionOptions<Size>,
  'dtype'
>;

/** Constructor arguments of the lazy transposed convolutions. */
export type LazyConvolutionTransposeArguments<Size> = LayerArguments<
  [
    outChannels: number,
    kernelSize: Size,
    stride: Size | undefined,
    padding: Size | undefined,
    outputPadding: Size | undefined,
    groups: number | undefined,
    bias: boolean | undefined,
    dilation: Size | undefined,
    paddingMode: PaddingMode | undefined,
  ],
  typeof transposeNames,
  LazyConvolutionTransposeOptions<Size>,
  'dtype'
>;

function read<Size>(layer: string, args: readonly unknown[]): Required<LazyConvolutionOptions<Size>> {
  return readArguments<LazyConvolutionOptions<Size>>(layer, names, convolutionDefaults as never, args);
}

function readTranspose<Size>(
  layer: string,
  args: readonly unknown[],
): Required<LazyConvolutionTransposeOptions<Size>> {
  return readArguments<LazyConvolutionTransposeOptions<Size>>(
    layer,
    transposeNames,
    transposeDefaults as never,
    args,
  );
}

/** What the plain class is constructed with: no channels, and no bias, which would be replaced anyway. */
const nothingYet = { inChannels: 0, outChannels: 0, bias: false } as const;

type LazyConvolution = Convolution & LazyModule;

function defer(layer: LazyConvolution, outChannels: number, bias: boolean, dtype: DType): void {
  define<LazyConvolution, 'outChannels'>(layer, { outChannels });
  layer.weight = new UninitializedParameter(true, { dtype });
  if (bias) layer.bias = new UninitializedParameter(true, { dtype });
  becomeLazy(layer);
}

/** @throws {TypeError} for an input of another number of dimensions, or channels that groups do not divide */
function initialize(layer: LazyConvolution, input: unknown, transposed: boolean): void {
  if (!(layer.weight instanceof UninitializedParameter)) return;
  const { shape } = sizedInput(layer, input);
  const unbatched = layer.kernelSize.length + 1;
  if (shape.length !== unbatched && shape.length !== unbatched + 1) {
    throw new TypeError(
      `Expected ${unbatched}D (unbatched) or ${unbatched + 1}D (batched) input to ${layer.getName()}, but got input of size: ${pythonSize(shape)}`,
    );
  }
  const inChannels = shape.at(-unbatched) as number;
  const { outChannels, groups, kernelSize } = layer;
  if (inChannels % groups !== 0) throw new TypeError('in_channels must be divisible by groups');
  define<LazyConvolution, 'inChannels'>(layer, { inChannels });
  const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
  layer.weight.materialize([...channels, ...kernelSize]);
  if (layer.bias instanceof UninitializedParameter) layer.bias.materialize([outChannels]);
  layer.resetParameters();
}

/**
 * A {@link Conv1d} whose `inChannels` are those of its first input, [N, C, L] or without N (`torch.nn.LazyConv1d`). After its
 * first call it is a `Conv1d`.
 */
export class LazyConv1d extends Conv1d implements LazyModule {
  static override readonly className: string = 'LazyConv1d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof Conv1d = Conv1d;

  constructor(...args: LazyConvolutionArguments<Size1>) {
    const options = read<Size1>('LazyConv1d', args);
    super({ ...options, ...nothingYet });
    defer(this, options.outChannels, options.bias, options.dtype);
  }

  /** Takes `inChannels` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input, false);
  }
}

/**
 * A {@link Conv2d} whose `inChannels` are those of its first input, [N, C, H, W] or without N (`torch.nn.LazyConv2d`). After its
 * first call it is a `Conv2d`.
 */
export class LazyConv2d extends Conv2d implements LazyModule {
  static override readonly className: string = 'LazyConv2d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof Conv2d = Conv2d;

  constructor(...args: LazyConvolutionArguments<Size2>) {
    const options = read<Size2>('LazyConv2d', args);
    super({ ...options, ...nothingYet });
    defer(this, options.outChannels, options.bias, options.dtype);
  }

  /** Takes `inChannels` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input, false);
  }
}

/**
 * A {@link Conv3d} whose `inChannels` are those of its first input, [N, C, D, H, W] or without N (`torch.nn.LazyConv3d`). After its
 * first call it is a `Conv3d`.
 */
export class LazyConv3d extends Conv3d implements LazyModule {
  static override readonly className: string = 'LazyConv3d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof Conv3d = Conv3d;

  constructor(...args: LazyConvolutionArguments<Size3>) {
    const options = read<Size3>('LazyConv3d', args);
    super({ ...options, ...nothingYet });
    defer(this, options.outChannels, options.bias, options.dtype);
  }

  /** Takes `inChannels` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input, false);
  }
}

/**
 * A {@link ConvTranspose1d} whose `inChannels` are those of its first input, [N, C, L] or without N (`torch.nn.LazyConvTranspose1d`). After its
 * first call it is a `ConvTranspose1d`.
 */
export class LazyConvTranspose1d extends ConvTranspose1d implements LazyModule {
  static override readonly className: string = 'LazyConvTranspose1d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof ConvTranspose1d = ConvTranspose1d;

  constructor(...args: LazyConvolutionTransposeArguments<Size1>) {
    const options = readTranspose<Size1>('LazyConvTranspose1d', args);
    super({ ...options, ...nothingYet });
    defer(this, options.outChannels, options.bias, options.dtype);
  }

  /** Takes `inChannels` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input, true);
  }
}

/**
 * A {@link ConvTranspose2d} whose `inChannels` are those of its first input, [N, C, H, W] or without N (`torch.nn.LazyConvTranspose2d`). After its
 * first call it is a `ConvTranspose2d`.
 */
export class LazyConvTranspose2d extends ConvTranspose2d implements LazyModule {
  static override readonly className: string = 'LazyConvTranspose2d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof ConvTranspose2d = ConvTranspose2d;

  constructor(...args: LazyConvolutionTransposeArguments<Size2>) {
    const options = readTranspose<Size2>('LazyConvTranspose2d', args);
    super({ ...options, ...nothingYet });
    defer(this, options.outChannels, options.bias, options.dtype);
  }

  /** Takes `inChannels` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input, true);
  }
}

/**
 * A {@link ConvTranspose3d} whose `inChannels` are those of its first input, [N, C, D, H, W] or without N (`torch.nn.LazyConvTranspose3d`). After its
 * first call it is a `ConvTranspose3d`.
 */
export class LazyConvTranspose3d extends ConvTranspose3d implements LazyModule {
  static override readonly className: string = 'LazyConvTranspose3d';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof ConvTranspose3d = ConvTranspose3d;

  constructor(...args: LazyConvolutionTransposeArguments<Size3>) {
    const options = readTranspose<Size3>('LazyConvTranspose3d', args);
    super({ ...options, ...nothingYet });
    defer(this, options.outChannels, options.bias, options.dtype);
  }

  /** Takes `inChannels` from an input. */
  initializeParameters(input: unknown): void {
    initialize(this, input, true);
  }
}
