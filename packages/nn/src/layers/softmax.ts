/** Softmax layers: exponentials that sum to one along a dimension. */
import type { Tensor } from '@sconce/tensor';
import { logSoftmax, softmax, softmin } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';

/** Arguments of `Softmax`, `Softmin` and `LogSoftmax` by name. */
export interface SoftmaxOptions {
  /** The dimension whose elements sum to 1; by default 1, or 0 for inputs of 0, 1 or 3 dimensions. */
  dim?: number | null;
}

const softmaxNames = ['dim'] as const;

/** Constructor arguments of `Softmax`, `Softmin` and `LogSoftmax`. */
export type SoftmaxArguments = LayerArguments<
  [dim: number | null | undefined],
  typeof softmaxNames,
  SoftmaxOptions
>;

/** What `Softmax`, `Softmin` and `LogSoftmax` share. */
abstract class SoftmaxBase extends Module {
  readonly dim: number | null;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    this.dim = readArguments<SoftmaxOptions>(layer, softmaxNames, { dim: null }, args).dim;
  }

  override extraRepr(): string {
    return `dim=${pythonText(this.dim)}`;
  }

  /** The dimension, or PyTorch's implicit one. */
  protected dimOf(x: Tensor): number {
    return this.dim ?? (x.ndim === 0 || x.ndim === 1 || x.ndim === 3 ? 0 : 1);
  }
}

/** exp(x) / sum(exp(x)) along a dimension (`torch.nn.Softmax`). */
export class Softmax extends SoftmaxBase {
  static override readonly className: string = 'Softmax';

  constructor(...args: SoftmaxArguments) {
    super('Softmax', args);
  }

  override forward(x: Tensor): Tensor {
    return softmax(x, this.dimOf(x));
  }
}

/** exp(-x) / sum(exp(-x)) along a dimension (`torch.nn.Softmin`). */
export class Softmin extends SoftmaxBase {
  static override readonly className: string = 'Softmin';

  constructor(...args: SoftmaxArguments) {
    super('Softmin', args);
  }

  override forward(x: Tensor): Tensor {
    return softmin(x, this.dimOf(x));
  }
}

/** log(softmax(x)) along a dimension (`torch.nn.LogSoftmax`). */
export class LogSoftmax extends SoftmaxBase {
  static override readonly className: string = 'LogSoftmax';

  constructor(...args: SoftmaxArguments) {
    super('LogSoftmax', args);
  }

  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dimOf(x));
  }
}

/** Softmax over the channels of [N, C, H, W] or [C, H, W] (`torch.nn.Softmax2d`). */
export class Softmax2d extends Module {
  static override readonly className: string = 'Softmax2d';

  override forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4)
      throw new TypeError(`Softmax2d: expected input to be 3D or 4D, got ${x.ndim}D instead`);
    return softmax(x, -3);
  }
}
