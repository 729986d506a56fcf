/** What the convolution layers share: arguments, weights, their initial values and the printed text. */
import { type DType, empty, float32, type Tensor } from '@sconce/tensor';
import { pad } from '../functional/index.ts';
import { kaimingUniform_, uniform_ } from '../init.ts';
import type { DTypeOption, LayerArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonText } from '../module/python-text.ts';
import { isUninitialized } from '../module/uninitialized.ts';
import { expandSize } from './size.ts';

/** What lies beyond the edges of the input. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

const paddingModes: readonly PaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular'];

/** Arguments of convolutions by name, with PyTorch's defaults; `Size` is a number or a list of one per dimension. */
export interface ConvolutionOptions<Size> extends DTypeOption {
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

/** The arguments of convolutions in PyTorch's order. */
export const convolutionNames = [
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

/** The arguments of transposed convolutions in PyTorch's order. */
export const transposeNames = [
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

/** Constructor arguments of convolutions. */
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
  ConvolutionOptions<Size>,
  'dtype'
>;

/** Constructor arguments of transposed convolutions. */
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
  ConvolutionTransposeOptions<Size>,
  'dtype'
>;

/** The arguments that may be left out. */
export interface ConvolutionDefaults {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
  readonly bias: boolean;
  readonly paddingMode: PaddingMode;
  readonly dtype: DType;
}

/** Their values. */
export const convolutionDefaults: ConvolutionDefaults = {
  stride: 1,
  padding: 0,
  dilation: 1,
  groups: 1,
  bias: true,
  paddingMode: 'zeros',
  dtype: float32,
};

/** Values of a transposed convolution's arguments that may be left out. */
export const transposeDefaults: ConvolutionDefaults & { readonly outputPadding: number } = {
  ...convolutionDefaults,
  outputPadding: 0,
};

/** A layer with the weights of a convolution. */
export abstract class Convolution extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  /** Whether the layer is a transposed convolution. */
  readonly transposed: boolean;
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
    const { inChannels, outChannels, groups, padding, paddingMode, dtype } = options;
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
    this.transposed = transposed;
    this.check();
    const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.registerParameter('weight', new Parameter(empty([...channels, ...this.kernelSize], { dtype })));
    this.registerParameter('bias', options.bias ? new Parameter(empty([outChannels], { dtype })) : null);
    this.resetParameters();
  }

  /** Draws new weights as PyTorch does: uniform, bounded by one over the square root of the weight's fan-in. */
  resetParameters(): void {
    // A lazy layer has nothing to fill before its first input.
    if (isUninitialized(this.weight)) return;
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

  private check(): void {
    const { inChannels, outChannels, groups, padding } = this;
    if (!(groups > 0)) throw new TypeError('groups must be a positive integer');
    if (inChannels % groups !== 0) throw new TypeError('in_channels must be divisible by groups');
    if (outChannels % groups !== 0) throw new TypeError('out_channels must be divisible by groups');
    if (typeof padding === 'string') {
      if (padding !== 'same' && padding !== 'valid') {
        throw new TypeError(`Invalid padding string '${padding}', should be one of {'valid', 'same'}`);
      }
      if (padding === 'same' && this.stride.some((step) => step !== 1)) {
        throw new TypeError("padding='same' is not supported for strided convolutions");
      }
    }
    if (!paddingModes.includes(this.paddingMode)) {
      const known = paddingModes.map((mode) => `'${mode}'`).join(', ');
      throw new TypeError(
        `padding_mode must be one of {${known}}, but got padding_mode='${this.paddingMode}'`,
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
