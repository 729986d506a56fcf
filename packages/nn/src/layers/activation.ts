/** Activation layers: functions of each element. */
import { full, type Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { constant_ } from '../init.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonFloatOption } from '../module/python-text.ts';

/** Option of the activations that PyTorch can compute in the input's memory. */
export interface InplaceOptions {
  /** Printed as in PyTorch; the result is always a new tensor (default false). */
  inplace?: boolean;
}

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
    return F.relu(x);
  }
}

/** min(max(x, 0), 6) (`torch.nn.ReLU6`). */
export class ReLU6 extends PlainActivation {
  static override readonly className: string = 'ReLU6';

  override forward(x: Tensor): Tensor {
    return F.relu6(x);
  }
}

/** x * sigmoid(x) (`torch.nn.SiLU`). */
export class SiLU extends PlainActivation {
  static override readonly className: string = 'SiLU';

  override forward(x: Tensor): Tensor {
    return F.silu(x);
  }
}

/** x * tanh(softplus(x)) (`torch.nn.Mish`). */
export class Mish extends PlainActivation {
  static override readonly className: string = 'Mish';

  override forward(x: Tensor): Tensor {
    return F.mish(x);
  }
}

/** x * relu6(x + 3) / 6 (`torch.nn.Hardswish`). Prints no arguments, as in PyTorch. */
export class Hardswish extends PlainActivation {
  static override readonly className: string = 'Hardswish';

  override forward(x: Tensor): Tensor {
    return F.hardswish(x);
  }

  override extraRepr(): string {
    return '';
  }
}

/** relu6(x + 3) / 6 (`torch.nn.Hardsigmoid`). Prints no arguments, as in PyTorch. */
export class Hardsigmoid extends PlainActivation {
  static override readonly className: string = 'Hardsigmoid';

  override forward(x: Tensor): Tensor {
    return F.hardsigmoid(x);
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

/** tanh(x) (`torch.nn.Tanh`). */
export class Tanh extends Module {
  static override readonly className: string = 'Tanh';

  override forward(x: Tensor): Tensor {
    return F.tanh(x);
  }
}

/** Arguments of `LeakyReLU` by name. */
export interface LeakyReLUOptions extends InplaceOptions {
  /** Factor for negative elements (default 0.01). */
  negativeSlope?: number;
}

const leakyNames = ['negativeSlope', 'inplace'] as const;
const leakyDefaults = { negativeSlope: 0.01, inplace: false };

/** x where x > 0, else negativeSlope * x (`torch.nn.LeakyReLU`). */
export class LeakyReLU extends Module {
  static override readonly className: string = 'LeakyReLU';

  readonly negativeSlope: number;
  readonly inplace: boolean;

  constructor(
    ...args: LayerArguments<
      [negativeSlope: number | undefined, inplace: boolean | undefined],
      typeof leakyNames,
      LeakyReLUOptions
    >
  ) {
    super();
    const options = readArguments<LeakyReLUOptions>('LeakyReLU', leakyNames, leakyDefaults, args);
    this.negativeSlope = options.negativeSlope;
    this.inplace = options.inplace;
  }

  override forward(x: Tensor): Tensor {
    return F.leakyRelu(x, this.negativeSlope);
  }

  override extraRepr(): string {
    return `negative_slope=${pythonFloatOption(this.negativeSlope, 0.01)}${inplaceText(this.inplace)}`;
  }
}

/** Arguments of `ELU` by name. */
export interface ELUOptions extends InplaceOptions {
  /** Limit of the negative side, with the sign changed (default 1). */
  alpha?: number;
}

const eluNames = ['alpha', 'inplace'] as const;
const eluDefaults = { alpha: 1, inplace: false };

/** x where x > 0, else alpha * (exp(x) - 1) (`torch.nn.ELU`). */
export class ELU extends Module {
  static override readonly className: string = 'ELU';

  readonly alpha: number;
  readonly inplace: boolean;

  constructor(
    ...args: LayerArguments<
      [alpha: number | undefined, inplace: boolean | undefined],
      typeof eluNames,
      ELUOptions
    >
  ) {
    super();
    const options = readArguments<ELUOptions>('ELU', eluNames, eluDefaults, args);
    this.alpha = options.alpha;
    this.inplace = options.inplace;
  }

  override forward(x: Tensor): Tensor {
    return F.elu(x, this.alpha);
  }

  override extraRepr(): string {
    return `alpha=${pythonFloatOption(this.alpha, 1)}${inplaceText(this.inplace)}`;
  }
}

/** Arguments of `Hardtanh` by name. */
export interface HardtanhOptions extends InplaceOptions {
  /** Default -1. */
  minVal?: number;
  /** Default 1. */
  maxVal?: number;
}

const hardtanhNames = ['minVal', 'maxVal', 'inplace'] as const;
const hardtanhDefaults = { minVal: -1, maxVal: 1, inplace: false };

/** min(max(x, minVal), maxVal) (`torch.nn.Hardtanh`). */
export class Hardtanh extends Module {
  static override readonly className: string = 'Hardtanh';

  readonly minVal: number;
  readonly maxVal: number;
  readonly inplace: boolean;

  constructor(
    ...args: LayerArguments<
      [minVal: number | undefined, maxVal: number | undefined, inplace: boolean | undefined],
      typeof hardtanhNames,
      HardtanhOptions
    >
  ) {
    super();
    const options = readArguments<HardtanhOptions>('Hardtanh', hardtanhNames, hardtanhDefaults, args);
    this.minVal = options.minVal;
    this.maxVal = options.maxVal;
    this.inplace = options.inplace;
    if (!(this.maxVal > this.minVal))
      throw new TypeError(`max_val (${this.maxVal}) must be greater than min_val (${this.minVal})`);
  }

  override forward(x: Tensor): Tensor {
    return F.hardtanh(x, this.minVal, this.maxVal);
  }

  override extraRepr(): string {
    const range = `min_val=${pythonFloatOption(this.minVal, -1)}, max_val=${pythonFloatOption(this.maxVal, 1)}`;
    return range + inplaceText(this.inplace);
  }
}

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
    return `beta=${pythonFloatOption(this.beta, 1)}, threshold=${pythonFloatOption(this.threshold, 20)}`;
  }
}

/** Arguments of `PReLU` by name. */
export interface PReLUOptions {
  /** One slope for all channels (default 1) or one for each. */
  numParameters?: number;
  /** First value of the slopes (default 0.25). */
  init?: number;
}

const preluNames = ['numParameters', 'init'] as const;
const preluDefaults = { numParameters: 1, init: 0.25 };

/** x where x > 0, else weight * x with a learned weight (`torch.nn.PReLU`). */
export class PReLU extends Module {
  static override readonly className: string = 'PReLU';

  readonly numParameters: number;
  readonly init: number;
  /** [numParameters] */
  declare weight: Parameter;

  constructor(
    ...args: LayerArguments<
      [numParameters: number | undefined, init: number | undefined],
      typeof preluNames,
      PReLUOptions
    >
  ) {
    super();
    const options = readArguments<PReLUOptions>('PReLU', preluNames, preluDefaults, args);
    this.numParameters = options.numParameters;
    this.init = options.init;
    this.registerParameter('weight', new Parameter(full([this.numParameters], this.init)));
  }

  /** Sets the slopes to `init`. */
  resetParameters(): void {
    constant_(this.weight, this.init);
  }

  override forward(x: Tensor): Tensor {
    return F.prelu(x, this.weight);
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}

function inplaceText(inplace: boolean): string {
  return inplace ? ', inplace=True' : '';
}
