/** Normalization by neighbouring channels: `LocalResponseNorm` and `CrossMapLRN2d`. */
import type { Tensor } from '@sconce/tensor';
import { crossMapLrn2d } from '../functional/cross-map-lrn.ts';
import { localResponseNorm } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';

/** Arguments of `LocalResponseNorm` and `CrossMapLRN2d` by name. */
export interface ResponseNormOptions {
  /** Number of neighbouring channels. */
  size: number;
  /** Factor of the mean square (default 1e-4). */
  alpha?: number;
  /** Exponent (default 0.75). */
  beta?: number;
  /** Added to the mean square (default 1). */
  k?: number;
}

const names = ['size', 'alpha', 'beta', 'k'] as const;
const defaults = { alpha: 1e-4, beta: 0.75, k: 1 };

/** Constructor arguments of `LocalResponseNorm` and `CrossMapLRN2d`. */
export type ResponseNormArguments = LayerArguments<
  [size: number, alpha: number | undefined, beta: number | undefined, k: number | undefined],
  typeof names,
  ResponseNormOptions
>;

/** What both layers share. */
abstract class ResponseNorm extends Module {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    const options = readArguments<ResponseNormOptions>(layer, names, defaults, args);
    this.size = options.size;
    this.alpha = options.alpha;
    this.beta = options.beta;
    this.k = options.k;
  }

  /** The printed arguments before `k`. */
  protected leadingText(): string {
    const { size, alpha, beta } = this;
    return `${size}, alpha=${pythonFloat(alpha)}, beta=${pythonFloat(beta)}`;
  }
}

/**
 * Division by the mean square of neighbouring channels (`torch.nn.LocalResponseNorm`), of [N, C, ...]; Krizhevsky et al.,
 * "ImageNet classification with deep convolutional neural networks", 2012.
 */
export class LocalResponseNorm extends ResponseNorm {
  static override readonly className: string = 'LocalResponseNorm';

  constructor(...args: ResponseNormArguments) {
    super('LocalResponseNorm', args);
  }

  override forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.alpha, this.beta, this.k);
  }

  override extraRepr(): string {
    return `${this.leadingText()}, k=${pythonFloat(this.k)}`;
  }
}

/** The same of [N, C, H, W], with the windows of channels that Lua Torch took (`torch.nn.CrossMapLRN2d`). */
export class CrossMapLRN2d extends ResponseNorm {
  static override readonly className: string = 'CrossMapLRN2d';

  constructor(...args: ResponseNormArguments) {
    super('CrossMapLRN2d', args);
  }

  override forward(x: Tensor): Tensor {
    return crossMapLrn2d(x, this.size, this.alpha, this.beta, this.k);
  }

  override extraRepr(): string {
    return `${this.leadingText()}, k=${pythonText(this.k)}`;
  }
}
