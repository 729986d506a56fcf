/** Convolution layers: `Conv1d`, `Conv2d` and `Conv3d`. */
import type { Tensor } from '@sconce/tensor';
import { conv1d, conv2d, conv3d } from '../functional/index.ts';
import { readArguments } from '../module/arguments.ts';
import {
  Convolution,
  type ConvolutionArguments,
  type ConvolutionOptions,
  convolutionDefaults,
  convolutionNames,
} from './convolution-base.ts';
import type { Size1, Size2, Size3 } from './size.ts';

export type {
  ConvolutionArguments,
  ConvolutionOptions,
  ConvolutionTransposeArguments,
  ConvolutionTransposeOptions,
  PaddingMode,
} from './convolution-base.ts';

/**
 * Convolution over [N, C, L] or [C, L] (`torch.nn.Conv1d`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class Conv1d extends Convolution {
  static override readonly className: string = 'Conv1d';

  constructor(...args: ConvolutionArguments<Size1>) {
    type Options = ConvolutionOptions<Size1>;
    const options = readArguments<Options>('Conv1d', convolutionNames, convolutionDefaults, args);
    super('Conv1d', 1, options, false);
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
 * Convolution over [N, C, H, W] or [C, H, W] (`torch.nn.Conv2d`).
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
    type Options = ConvolutionOptions<Size2>;
    const options = readArguments<Options>('Conv2d', convolutionNames, convolutionDefaults, args);
    super('Conv2d', 2, options, false);
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
 * Convolution over [N, C, D, H, W] or [C, D, H, W] (`torch.nn.Conv3d`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class Conv3d extends Convolution {
  static override readonly className: string = 'Conv3d';

  constructor(...args: ConvolutionArguments<Size3>) {
    type Options = ConvolutionOptions<Size3>;
    const options = readArguments<Options>('Conv3d', convolutionNames, convolutionDefaults, args);
    super('Conv3d', 3, options, false);
  }

  override forward(x: Tensor): Tensor {
    const { input, padding } = this.padded(x);
    const { stride, dilation, groups } = this;
    return conv3d(input, this.weight, this.bias, {
      stride: stride as [number, number, number],
      padding: padding as [number, number, number] | 'same' | 'valid',
      dilation: dilation as [number, number, number],
      groups,
    });
  }
}
