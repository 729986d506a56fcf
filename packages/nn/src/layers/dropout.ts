/** Dropout layers: in training mode they zero elements at random, in evaluation mode they do nothing. */
import type { Tensor } from '@sconce/tensor';
import { dropout, dropout2d } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonFloatOption, pythonText } from '../module/python-text.ts';

/** Arguments of the dropout layers by name. */
export interface DropoutOptions {
  /** Probability of an element to become zero (default 0.5). */
  p?: number;
  /** Printed as in PyTorch; the result is always a new tensor (default false). */
  inplace?: boolean;
}

const names = ['p', 'inplace'] as const;
const defaults = { p: 0.5, inplace: false };

/** Constructor arguments of the dropout layers. */
export type DropoutArguments = LayerArguments<
  [p: number | undefined, inplace: boolean | undefined],
  typeof names,
  DropoutOptions
>;

/** What the dropout layers share. */
abstract class DropoutBase extends Module {
  readonly p: number;
  readonly inplace: boolean;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    const options = readArguments<DropoutOptions>(layer, names, defaults, args);
    this.p = options.p;
    this.inplace = options.inplace;
    if (!(this.p >= 0 && this.p <= 1)) {
      throw new RangeError(
        `dropout probability has to be between 0 and 1, but got ${pythonFloatOption(this.p, 0.5)}`,
      );
    }
  }

  override extraRepr(): string {
    return `p=${pythonFloatOption(this.p, 0.5)}, inplace=${pythonText(this.inplace)}`;
  }
}

/** Zeroes single elements and scales the others by 1 / (1 - p) (`torch.nn.Dropout`), with PyTorch's mask for a seed. */
export class Dropout extends DropoutBase {
  static override readonly className: string = 'Dropout';

  constructor(...args: DropoutArguments) {
    super('Dropout', args);
  }

  override forward(x: Tensor): Tensor {
    return dropout(x, this.p, { training: this.training });
  }
}

/** Zeroes whole channels of [N, C, H, W] and scales the others by 1 / (1 - p) (`torch.nn.Dropout2d`), with PyTorch's mask for a seed. */
export class Dropout2d extends DropoutBase {
  static override readonly className: string = 'Dropout2d';

  constructor(...args: DropoutArguments) {
    super('Dropout2d', args);
  }

  override forward(x: Tensor): Tensor {
    return dropout2d(x, this.p, { training: this.training });
  }
}
