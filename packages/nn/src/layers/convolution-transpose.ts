/** Transposed convolution layers: `ConvTranspose1d`, `ConvTranspose2d` and `ConvTranspose3d`. */
import type { Tensor } from '@sconce/tensor';
import { convTranspose1d, convTranspose2d, convTranspose3d } from '../functional/index.ts';
import { readArguments } from '../module/arguments.ts';
import {
  Convolution,
  type ConvolutionTransposeArguments,
  type ConvolutionTransposeOptions,
  transposeDefaults,
  transposeNames,
} from './convolution-base.ts';
import type { Size1, Size2, Size3 } from './size.ts';

/** Option of the transposed layers' forward. */
export interface ConvolutionTransposeForwardOptions {
  /** The size of the output, with or without batch and channels; strides leave a choice of several. */
  readonly outputSize?: readonly number[] | null;
}

/** What the transposed layers share. */
abstract class ConvolutionTranspose extends Convolution {
  constructor(layer: string, dimensions: number, args: readonly unknown[]) {
    type Options = ConvolutionTransposeOptions<number | readonly number[]>;
    const options = readArguments<Options>(layer, transposeNames, transposeDefaults, args);
    if (options.paddingMode !== 'zeros') {
      throw new TypeError(`Only "zeros" padding mode is supported for ${layer}`);
    }
    super(layer, dimensions, options, true);
  }

  /** The output padding that leads to a size. @throws {TypeError} for a size that none leads to */
  protected outputPaddingFor(x: Tensor, { outputSize = null }: ConvolutionTransposeForwardOptions): number[] {
    if (outputSize === null) return [...this.outputPadding];
    const dimensions = this.kernelSize.length;
    const outer = x.ndim === dimensions + 2 ? 2 : 1;
    const size = outputSize.length === outer + dimensions ? outputSize.slice(outer) : outputSize;
    if (size.length !== dimensions) {
      throw new TypeError(
        `ConvTranspose${dimensions}D: for ${x.ndim}D input, output_size must have ${dimensions} or ${outer + dimensions} elements (got ${size.length})`,
      );
    }
    const at = (list: readonly number[] | 'same' | 'valid', d: number): number => list[d] as number;
    const smallest = this.kernelSize.map(
      (kernel, d) =>
        ((x.shape[d + outer] as number) - 1) * at(this.stride, d) -
        2 * at(this.padding, d) +
        at(this.dilation, d) * (kernel - 1) +
        1,
    );
    const largest = smallest.map((least, d) => least + at(this.stride, d) - 1);
    if (size.some((own, d) => own < at(smallest, d) || own > at(largest, d))) {
      const list = (sizes: readonly number[]): string => `[${sizes.join(', ')}]`;
      throw new TypeError(
        `requested an output size of ${list(size)}, but valid sizes range from ${list(smallest)} to ${list(largest)} (for an input of torch.Size(${list(x.shape.slice(2))}))`,
      );
    }
    return size.map((own, d) => own - at(smallest, d));
  }
}

/**
 * Transposed convolution over [N, C, L] or [C, L] (`torch.nn.ConvTranspose1d`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class ConvTranspose1d extends ConvolutionTranspose {
  static override readonly className: string = 'ConvTranspose1d';

  constructor(...args: ConvolutionTransposeArguments<Size1>) {
    super('ConvTranspose1d', 1, args);
  }

  override forward(x: Tensor, options: ConvolutionTransposeForwardOptions = {}): Tensor {
    const { stride, padding, dilation, groups } = this;
    return convTranspose1d(x, this.weight, this.bias, {
      stride: stride as [number],
      padding: padding as [number],
      outputPadding: this.outputPaddingFor(x, options) as [number],
      groups,
      dilation: dilation as [number],
    });
  }
}

/**
 * Transposed convolution over [N, C, H, W] or [C, H, W] (`torch.nn.ConvTranspose2d`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class ConvTranspose2d extends ConvolutionTranspose {
  static override readonly className: string = 'ConvTranspose2d';

  constructor(...args: ConvolutionTransposeArguments<Size2>) {
    super('ConvTranspose2d', 2, args);
  }

  override forward(x: Tensor, options: ConvolutionTransposeForwardOptions = {}): Tensor {
    const { stride, padding, dilation, groups } = this;
    return convTranspose2d(x, this.weight, this.bias, {
      stride: stride as [number, number],
      padding: padding as [number, number],
      outputPadding: this.outputPaddingFor(x, options) as [number, number],
      groups,
      dilation: dilation as [number, number],
    });
  }
}

/**
 * Transposed convolution over [N, C, D, H, W] or [C, D, H, W] (`torch.nn.ConvTranspose3d`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class ConvTranspose3d extends ConvolutionTranspose {
  static override readonly className: string = 'ConvTranspose3d';

  constructor(...args: ConvolutionTransposeArguments<Size3>) {
    super('ConvTranspose3d', 3, args);
  }

  override forward(x: Tensor, options: ConvolutionTransposeForwardOptions = {}): Tensor {
    const { stride, padding, dilation, groups } = this;
    return convTranspose3d(x, this.weight, this.bias, {
      stride: stride as [number, number, number],
      padding: padding as [number, number, number],
      outputPadding: this.outputPaddingFor(x, options) as [number, number, number],
      groups,
      dilation: dilation as [number, number, number],
    });
  }
}
