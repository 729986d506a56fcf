/** Activation layers with options that are not rectifiers: `GELU`, `GLU`, `Softplus` and shrinking. */
import type { Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonFloat } from '../module/python-text.ts';

/** Arguments of `GELU` by name. */
export interface GELUOptions {
  /** `'none'` computes with erf (default), `'tanh'` with the tanh approximation. */
  approximate?: 'none' | 'tanh';
}

const geluNames = ['approximate'] as const;

/** x times the normal distribution's cumulative probability of x (`torch.nn.GELU`). */
export class GELU extends Module {
  static override readonly className: string = 'GELU';

  readonly approximate: 'none' | 'tanh';

  constructor(
    ...args: LayerArguments<[approximate: 'none' | 'tanh' | undefined], typeof geluNames, GELUOptions>
  ) {
    super();
    const options = readArguments<GELUOptions>('GELU', geluNames, { approximate: 'none' }, args);
    this.approximate = options.approximate;
  }

  override forward(x: Tensor): Tensor {
    return F.gelu(x, { approximate: this.approximate });
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** Arguments of `Softplus` by name. */
export interface SoftplusOptions {
  /** Default 1. */
  beta?: number;
  /** Where beta * x is larger, the result is x (default 20). */
  threshold?: number;
}

const softplusNames = ['beta', 'threshold'] as const;
const softplusDefaults = { beta: 1, threshold: 20 };

/** log(1 + exp(beta * x)) / beta (`torch.nn.Softplus`). */
export class Softplus extends Module {
  static override readonly className: string = 'Softplus';

  readonly beta: number;
  readonly threshold: number;

  constructor(
    ...args: LayerArguments<
      [beta: number | undefined, threshold: number | undefined],
      typeof softplusNames,
      SoftplusOptions
    >
  ) {
    super();
    const options = readArguments<SoftplusOptions>('Softplus', softplusNames, softplusDefaults, args);
    this.beta = options.beta;
    this.threshold = options.threshold;
  }

  override forward(x: Tensor): Tensor {
    return F.softplus(x, { beta: this.beta, threshold: this.threshold });
  }

  override extraRepr(): string {
    return `beta=${pythonFloat(this.beta)}, threshold=${pythonFloat(this.threshold)}`;
  }
}

/** Arguments of `GLU` by name. */
export interface GLUOptions {
  /** The dimension that is halved (default -1: the last one). */
  dim?: number;
}

const gluNames = ['dim'] as const;

/** The first half along a dimension times the sigmoid of the second (`torch.nn.GLU`). */
export class GLU extends Module {
  static override readonly className: string = 'GLU';

  readonly dim: number;

  constructor(...args: LayerArguments<[dim: number | undefined], typeof gluNames, GLUOptions>) {
    super();
    this.dim = readArguments<GLUOptions>('GLU', gluNames, { dim: -1 }, args).dim;
  }

  override forward(x: Tensor): Tensor {
    return F.glu(x, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** Arguments of `Hardshrink` and `Softshrink` by name. */
export interface ShrinkOptions {
  /** Within -lambd..lambd the result is 0 (default 0.5). */
  lambd?: number;
}

const shrinkNames = ['lambd'] as const;

/** Constructor arguments of `Hardshrink` and `Softshrink`. */
export type ShrinkArguments = LayerArguments<[lambd: number | undefined], typeof shrinkNames, ShrinkOptions>;

/** What the shrinking layers share. */
abstract class Shrink extends Module {
  readonly lambd: number;

  constructor(layer: string, args: readonly unknown[]) {
    super();
    this.lambd = readArguments<ShrinkOptions>(layer, shrinkNames, { lambd: 0.5 }, args).lambd;
  }

  override extraRepr(): string {
    return pythonFloat(this.lambd);
  }
}

/** x outside of -lambd..lambd, else 0 (`torch.nn.Hardshrink`). */
export class Hardshrink extends Shrink {
  static override readonly className: string = 'Hardshrink';

  constructor(...args: ShrinkArguments) {
    super('Hardshrink', args);
  }

  override forward(x: Tensor): Tensor {
    return F.hardshrink(x, this.lambd);
  }
}

/** x moved towards 0 by lambd, 0 within -lambd..lambd (`torch.nn.Softshrink`). */
export class Softshrink extends Shrink {
  static override readonly className: string = 'Softshrink';

  constructor(...args: ShrinkArguments) {
    super('Softshrink', args);
  }

  override forward(x: Tensor): Tensor {
    return F.softshrink(x, this.lambd);
  }
}
