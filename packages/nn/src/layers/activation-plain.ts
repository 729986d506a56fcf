/** Activation layers without other arguments than `inplace`. */
import type { Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import type { InplaceOptions } from './inplace.ts';

const inplaceNames = ['inplace'] as const;
const notInplace = { inplace: false };

/** Constructor arguments of the activations whose only one is `inplace`. */
export type InplaceArguments = LayerArguments<
  [inplace: boolean | undefined],
  typeof inplaceNames,
  InplaceOptions
>;

/** Activations whose only argument is `inplace`. */
abstract class PlainActivation extends Module {
  readonly inplace: boolean;

  constructor(...args: InplaceArguments) {
    super();
    const layer = new.target.className;
    this.inplace = readArguments<InplaceOptions>(layer, inplaceNames, notInplace, args).inplace;
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
  }
}

/** max(x, 0) (`torch.nn.ReLU`). */
export class ReLU extends PlainActivation {
  static override readonly className: string = 'ReLU';

  override forward(x: Tensor): Tensor {
    return F.relu(x, this.inplace);
  }
}

/** min(max(x, 0), 6) (`torch.nn.ReLU6`). */
export class ReLU6 extends PlainActivation {
  static override readonly className: string = 'ReLU6';

  /** Default 0. */
  readonly minVal: number = 0;
  /** Default 6. */
  readonly maxVal: number = 6;

  override forward(x: Tensor): Tensor {
    return F.relu6(x, this.inplace);
  }
}

/** x * sigmoid(x) (`torch.nn.SiLU`). */
export class SiLU extends PlainActivation {
  static override readonly className: string = 'SiLU';

  override forward(x: Tensor): Tensor {
    return F.silu(x, this.inplace);
  }
}

/** x * tanh(softplus(x)) (`torch.nn.Mish`). */
export class Mish extends PlainActivation {
  static override readonly className: string = 'Mish';

  override forward(x: Tensor): Tensor {
    return F.mish(x, this.inplace);
  }
}

/** The exponential linear unit that keeps mean 0 and variance 1 (`torch.nn.SELU`). */
export class SELU extends PlainActivation {
  static override readonly className: string = 'SELU';

  override forward(x: Tensor): Tensor {
    return F.selu(x, this.inplace);
  }
}

/** x * relu6(x + 3) / 6 (`torch.nn.Hardswish`). Prints no arguments, as in PyTorch. */
export class Hardswish extends PlainActivation {
  static override readonly className: string = 'Hardswish';

  override forward(x: Tensor): Tensor {
    return F.hardswish(x, this.inplace);
  }

  override extraRepr(): string {
    return '';
  }
}

/** relu6(x + 3) / 6 (`torch.nn.Hardsigmoid`). Prints no arguments, as in PyTorch. */
export class Hardsigmoid extends PlainActivation {
  static override readonly className: string = 'Hardsigmoid';

  override forward(x: Tensor): Tensor {
    return F.hardsigmoid(x, this.inplace);
  }

  override extraRepr(): string {
    return '';
  }
}

/** 1 / (1 + exp(-x)) (`torch.nn.Sigmoid`). */
export class Sigmoid extends Module {
  static override readonly className: string = 'Sigmoid';

  override forward(x: Tensor): Tensor {
    return F.sigmoid(x);
  }
}

/** log(1 / (1 + exp(-x))) (`torch.nn.LogSigmoid`). */
export class LogSigmoid extends Module {
  static override readonly className: string = 'LogSigmoid';

  override forward(x: Tensor): Tensor {
    return F.logsigmoid(x);
  }
}

/** tanh(x) (`torch.nn.Tanh`). */
export class Tanh extends Module {
  static override readonly className: string = 'Tanh';

  override forward(x: Tensor): Tensor {
    return F.tanh(x);
  }
}

/** x - tanh(x) (`torch.nn.Tanhshrink`). */
export class Tanhshrink extends Module {
  static override readonly className: string = 'Tanhshrink';

  override forward(x: Tensor): Tensor {
    return F.tanhshrink(x);
  }
}

/** x / (1 + |x|) (`torch.nn.Softsign`). */
export class Softsign extends Module {
  static override readonly className: string = 'Softsign';

  override forward(x: Tensor): Tensor {
    return F.softsign(x);
  }
}
