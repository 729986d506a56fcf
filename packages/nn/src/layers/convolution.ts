/** Convolution layers: `Conv1d`, `Conv2d` and `ConvTranspose2d`. */
import { empty, type Tensor } from '@sconce/tensor';
import { conv1d, conv2d, convTranspose2d, pad } from '../functional/index.ts';
import { kaimingUniform_, uniform_ } from '../init.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonText } from '../module/python-text.ts';
import { expandSize, type Size1, type Size2 } from './size.ts';

/** What lies beyond the edges of the input. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

const paddingModes: readonly PaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular'];

/** Arguments of convolutions by name, with PyTorch's defaults; `Size` is a number or a list of one per dimension. */
export interface ConvolutionOptions<Size> {
  inChannels: number;
  outChannels: number;
  kernelSize: Size;
  /** Default 1. */
  stride?: Size;
  /** On both sides of each dimension (default 0); `'same'` keeps the size, `'valid'` is 0. */
  padding?: Size | 'same' | 'valid';
  /** Default 1. */
  dilation?: Size;
  /** Default 1; divides both numbers of channels. */
  groups?: number;
  /** Whether there is a bias (default true). */
  bias?: boolean;
  /** Default `'zeros'`. */
  paddingMode?: PaddingMode;
}

/** Arguments of transposed convolutions by name. */
export interface ConvolutionTransposeOptions<Size> extends Omit<ConvolutionOptions<Size>, 'padding'> {
  /** Taken from both sides of the output (default 0). */
  padding?: Size;
  /** Added to one side of the output (default 0). */
  outputPadding?: Size;
}

const convolutionNames = [
  'inChannels',
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
  'inChannels',
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

/** Constructor arguments of `Conv1d` and `Conv2d`. */
export type ConvolutionArguments<Size> = LayerArguments<
  [
    inChannels: number,
    outChannels: number,
    kernelSize: Size,
    stride: Size | undefined,
    padding: Size | 'same' | 'valid' | undefined,
    dilation: Size | undefined,
    groups: number | undefined,
    bias: boolean | undefined,
    paddingMode: PaddingMode | undefined,
  ],
  typeof convolutionNames,
  ConvolutionOptions<Size>
>;

/** Constructor arguments of `ConvTranspose2d`. */
export type ConvolutionTransposeArguments<Size> = LayerArguments<
  [
    inChannels: number,
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
  ConvolutionTransposeOptions<Size>
>;

const defaults = { stride: 1, padding: 0, dilation: 1, groups: 1, bias: true, paddingMode: 'zeros' } as const;

const transposeDefaults = { ...defaults, outputPadding: 0 } as const;

/** What the convolution layers share: arguments, weights, their initial values and the printed text. */
abstract class Convolution extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  /** [outChannels, inChannels / groups, ...kernelSize]; transposed layers have the channels exchanged. */
  declare weight: Parameter;
  /** [outChannels] */
  declare bias: Parameter | null;

  constructor(
    layer: string,
    dimensions: number,
    options: Required<ConvolutionOptions<number | readonly number[]>> & {
      outputPadding?: number | readonly number[];
    },
    transposed: boolean,
  ) {
    super();
    const { inChannels, outChannels, groups, padding, paddingMode } = options;
    const size = (name: 'kernelSize' | 'stride' | 'dilation'): number[] =>
      expandSize(layer, name, options[name], dimensions);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = size('kernelSize');
    this.stride = size('stride');
    this.padding = typeof padding === 'string' ? padding : expandSize(layer, 'padding', padding, dimensions);
    this.dilation = size('dilation');
    this.outputPadding = expandSize(layer, 'outputPadding', options.outputPadding ?? 0, dimensions);
    this.groups = groups;
    this.paddingMode = paddingMode;
    this.#check(layer);
    const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.registerParameter('weight', new Parameter(empty([...channels, ...this.kernelSize])));
    this.registerParameter('bias', options.bias ? new Parameter(empty([outChannels])) : null);
    this.resetParameters();
  }

  /** Draws new weights as PyTorch does: uniform, bounded by one over the square root of the weight's fan-in. */
  resetParameters(): void {
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const fanIn = this.weight.shape.slice(1).reduce((product, size) => product * size, 1);
    if (fanIn === 0) return;
    const bound = 1 / Math.sqrt(fanIn);
    uniform_(this.bias, -bound, bound);
  }

  override extraRepr(): string {
    const parts = [
      `${this.inChannels}, ${this.outChannels}, kernel_size=${pythonText(this.kernelSize)}, stride=${pythonText(this.stride)}`,
    ];
    const add = (name: string, value: string | readonly number[], usual: number): void => {
      if (typeof value === 'string' || value.some((size) => size !== usual))
        parts.push(`${name}=${pythonText(value)}`);
    };
    add('padding', this.padding, 0);
    add('dilation', this.dilation, 1);
    add('output_padding', this.outputPadding, 0);
    if (this.groups !== 1) parts.push(`groups=${this.groups}`);
    if (this.bias === null) parts.push('bias=False');
    if (this.paddingMode !== 'zeros') parts.push(`padding_mode=${this.paddingMode}`);
    return parts.join(', ');
  }

  #check(layer: string): void {
    const { inChannels, outChannels, groups, padding } = this;
    if (!(groups > 0)) throw new TypeError(`${layer}: groups must be a positive integer`);
    if (inChannels % groups !== 0) throw new TypeError(`${layer}: in_channels must be divisible by groups`);
    if (outChannels % groups !== 0) throw new TypeError(`${layer}: out_channels must be divisible by groups`);
    if (typeof padding === 'string') {
      if (padding !== 'same' && padding !== 'valid') {
        throw new TypeError(
          `${layer}: Invalid padding string '${padding}', should be one of 'valid', 'same'`,
        );
      }
      if (padding === 'same' && this.stride.some((step) => step !== 1)) {
        throw new TypeError(`${layer}: padding='same' is not supported for strided convolutions`);
      }
    }
    if (!paddingModes.includes(this.paddingMode)) {
      throw new TypeError(
        `${layer}: padding_mode must be one of ${paddingModes.join(', ')}, but got padding_mode='${this.paddingMode}'`,
      );
    }
  }

  /** The input with its edges filled for the modes other than zeros, and the padding that is left to do. */
  protected padded(input: Tensor): { input: Tensor; padding: readonly number[] | 'same' | 'valid' } {
    if (this.paddingMode === 'zeros') return { input, padding: this.padding };
    const pads = this.kernelSize.map((kernel, i): [number, number] => {
      if (this.padding === 'valid') return [0, 0];
      if (this.padding !== 'same') return [this.padding[i] as number, this.padding[i] as number];
      const total = (this.dilation[i] as number) * (kernel - 1);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
    return {
      input: pad(input, pads.reverse().flat(), { mode: this.paddingMode }),
      padding: pads.map(() => 0),
    };
  }
}

/**
 * Convolution over [N, C, L] or [C, L] (`torch.nn.Conv1d`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class Conv1d extends Convolution {
  static override readonly className: string = 'Conv1d';

  constructor(...args: ConvolutionArguments<Size1>) {
    super(
      'Conv1d',
      1,
      readArguments<ConvolutionOptions<Size1>>('Conv1d', convolutionNames, defaults, args),
      false,
    );
  }

  override forward(x: Tensor): Tensor {
    const { input, padding } = this.padded(x);
    const { stride, dilation, groups } = this;
    return conv1d(input, this.weight, this.bias, {
      stride: stride as [number],
      padding: padding as [number] | 'same' | 'valid',
      dilation: dilation as [number],
      groups,
    });
  }
}

/**
 * Convolution over images [N, C, H, W] or [C, H, W] (`torch.nn.Conv2d`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 * @example
 * ```ts
 * new nn.Conv2d(3, 16, 3, { padding: 1 });
 * new nn.Conv2d(3, 16, { kernelSize: 3, padding: 1 });
 * ```
 */
export class Conv2d extends Convolution {
  static override readonly className: string = 'Conv2d';

  constructor(...args: ConvolutionArguments<Size2>) {
    super(
      'Conv2d',
      2,
      readArguments<ConvolutionOptions<Size2>>('Conv2d', convolutionNames, defaults, args),
      false,
    );
  }

  override forward(x: Tensor): Tensor {
    const { input, padding } = this.padded(x);
    const { stride, dilation, groups } = this;
    return conv2d(input, this.weight, this.bias, {
      stride: stride as [number, number],
      padding: padding as [number, number] | 'same' | 'valid',
      dilation: dilation as [number, number],
      groups,
    });
  }
}

/**
 * Transposed convolution over images [N, C, H, W] or [C, H, W] (`torch.nn.ConvTranspose2d`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class ConvTranspose2d extends Convolution {
  static override readonly className: string = 'ConvTranspose2d';

  constructor(...args: ConvolutionTransposeArguments<Size2>) {
    const options = readArguments<ConvolutionTransposeOptions<Size2>>(
      'ConvTranspose2d',
      transposeNames,
      transposeDefaults,
      args,
    );
    if (options.paddingMode !== 'zeros')
      throw new TypeError('Only "zeros" padding mode is supported for ConvTranspose2d');
    super('ConvTranspose2d', 2, options, true);
  }

  override forward(x: Tensor): Tensor {
    const { stride, padding, outputPadding, dilation, groups } = this;
    return convTranspose2d(x, this.weight, this.bias, {
      stride: stride as [number, number],
      padding: padding as [number, number],
      outputPadding: outputPadding as [number, number],
      groups,
      dilation: dilation as [number, number],
    });
  }
}
