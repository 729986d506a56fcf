/** Dropout layers: in training mode they zero elements at random, in evaluation mode they do nothing. */
import type { Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';

/** Arguments of the dropout layers by name. */
export interface DropoutOptions {
  /** Probability of an element to become zero (default 0.5). */
  p?: number;
  /** Whether the result is written into the input (default false); the alpha kinds never do so. */
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

/** What the dropout layers share. In training, masks are PyTorch's own for the same seed. */
abstract class DropoutBase extends Module {
  readonly p: number;
  readonly inplace: boolean;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    const options = readArguments<DropoutOptions>(layer, names, defaults, args);
    this.p = options.p;
    this.inplace = options.inplace;
    if (!(this.p >= 0 && this.p <= 1)) {
      throw new RangeError(`dropout probability has to be between 0 and 1, but got ${pythonFloat(this.p)}`);
    }
  }

  override extraRepr(): string {
    return `p=${pythonFloat(this.p)}, inplace=${pythonText(this.inplace)}`;
  }
}

/** Zeroes single elements and scales the others by 1 / (1 - p) (`torch.nn.Dropout`). */
export class Dropout extends DropoutBase {
  static override readonly className: string = 'Dropout';

  constructor(...args: DropoutArguments) {
    super('Dropout', args);
  }

  override forward(x: Tensor): Tensor {
    return F.dropout(x, this.p, { training: this.training, inplace: this.inplace });
  }
}

/** Zeroes whole channels of [N, C, L] or [C, L] and scales the others by 1 / (1 - p) (`torch.nn.Dropout1d`). */
export class Dropout1d extends DropoutBase {
  static override readonly className: string = 'Dropout1d';

  constructor(...args: DropoutArguments) {
    super('Dropout1d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.dropout1d(x, this.p, { training: this.training, inplace: this.inplace });
  }
}

/** Zeroes whole channels of [N, C, H, W] and scales the others by 1 / (1 - p) (`torch.nn.Dropout2d`). */
export class Dropout2d extends DropoutBase {
  static override readonly className: string = 'Dropout2d';

  constructor(...args: DropoutArguments) {
    super('Dropout2d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.dropout2d(x, this.p, { training: this.training, inplace: this.inplace });
  }
}

/** Zeroes whole channels of [N, C, D, H, W] or [C, D, H, W] and scales the others by 1 / (1 - p) (`torch.nn.Dropout3d`). */
export class Dropout3d extends DropoutBase {
  static override readonly className: string = 'Dropout3d';

  constructor(...args: DropoutArguments) {
    super('Dropout3d', args);
  }

  override forward(x: Tensor): Tensor {
    return F.dropout3d(x, this.p, { training: this.training, inplace: this.inplace });
  }
}

/** Dropout for networks of selu: dropped elements become its negative limit, mean and variance are kept (`torch.nn.AlphaDropout`). */
export class AlphaDropout extends DropoutBase {
  static override readonly className: string = 'AlphaDropout';

  constructor(...args: DropoutArguments) {
    super('AlphaDropout', args);
  }

  override forward(x: Tensor): Tensor {
    return F.alphaDropout(x, this.p, { training: this.training });
  }
}

/** As `AlphaDropout` for whole channels of [N, C, ...] (`torch.nn.FeatureAlphaDropout`). */
export class FeatureAlphaDropout extends DropoutBase {
  static override readonly className: string = 'FeatureAlphaDropout';

  constructor(...args: DropoutArguments) {
    super('FeatureAlphaDropout', args);
  }

  override forward(x: Tensor): Tensor {
    return F.featureAlphaDropout(x, this.p, { training: this.training });
  }
}
