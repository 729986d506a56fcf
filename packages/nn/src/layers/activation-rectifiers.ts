/** Activation layers that bend at a limit, with options: rectifiers and thresholds. */
import type { Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonFloat } from '../module/python-text.ts';
import { type InplaceOptions, inplaceText } from './inplace.ts';

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
    return F.leakyRelu(x, this.negativeSlope, this.inplace);
  }

  override extraRepr(): string {
    return `negative_slope=${pythonFloat(this.negativeSlope)}${inplaceText(this.inplace)}`;
  }
}

/** Arguments of `ELU` by name. */
export interface ELUOptions extends InplaceOptions {
  /** Limit of the negative side, with the sign changed (default 1). */
  alpha?: number;
}

const eluNames = ['alpha', 'inplace'] as const;
const eluDefaults = { alpha: 1, inplace: false };

/** Constructor arguments of `ELU` and `CELU`. */
export type ELUArguments = LayerArguments<
  [alpha: number | undefined, inplace: boolean | undefined],
  typeof eluNames,
  ELUOptions
>;

/** x where x > 0, else alpha * (exp(x) - 1) (`torch.nn.ELU`). */
export class ELU extends Module {
  static override readonly className: string = 'ELU';

  readonly alpha: number;
  readonly inplace: boolean;

  constructor(...args: ELUArguments) {
    super();
    const options = readArguments<ELUOptions>('ELU', eluNames, eluDefaults, args);
    this.alpha = options.alpha;
    this.inplace = options.inplace;
  }

  override forward(x: Tensor): Tensor {
    return F.elu(x, this.alpha, this.inplace);
  }

  override extraRepr(): string {
    return `alpha=${pythonFloat(this.alpha)}${inplaceText(this.inplace)}`;
  }
}

/** The same smooth at 0: x where x > 0, else alpha * (exp(x / alpha) - 1) (`torch.nn.CELU`). */
export class CELU extends Module {
  static override readonly className: string = 'CELU';

  readonly alpha: number;
  readonly inplace: boolean;

  constructor(...args: ELUArguments) {
    super();
    const options = readArguments<ELUOptions>('CELU', eluNames, eluDefaults, args);
    this.alpha = options.alpha;
    this.inplace = options.inplace;
  }

  override forward(x: Tensor): Tensor {
    return F.celu(x, this.alpha, this.inplace);
  }

  override extraRepr(): string {
    return `alpha=${pythonFloat(this.alpha)}${inplaceText(this.inplace)}`;
  }
}

/** Arguments of `Threshold` by name. */
export interface ThresholdOptions extends InplaceOptions {
  threshold: number;
  /** What stands for elements that are not above the threshold. */
  value: number;
}

const thresholdNames = ['threshold', 'value', 'inplace'] as const;

/** x where it is above the threshold, else a value (`torch.nn.Threshold`). */
export class Threshold extends Module {
  static override readonly className: string = 'Threshold';

  readonly threshold: number;
  readonly value: number;
  readonly inplace: boolean;

  constructor(
    ...args: LayerArguments<
      [threshold: number, value: number, inplace: boolean | undefined],
      typeof thresholdNames,
      ThresholdOptions
    >
  ) {
    super();
    const options = readArguments<ThresholdOptions>('Threshold', thresholdNames, { inplace: false }, args);
    this.threshold = options.threshold;
    this.value = options.value;
    this.inplace = options.inplace;
  }

  override forward(x: Tensor): Tensor {
    return F.threshold(x, this.threshold, this.value, this.inplace);
  }

  override extraRepr(): string {
    return `threshold=${pythonFloat(this.threshold)}, value=${pythonFloat(this.value)}${inplaceText(this.inplace)}`;
  }
}

/** Arguments of `RReLU` by name. */
export interface RReLUOptions extends InplaceOptions {
  /** Smallest slope (default 1/8). */
  lower?: number;
  /** Largest slope (default 1/3). */
  upper?: number;
}

const rreluNames = ['lower', 'upper', 'inplace'] as const;
const rreluDefaults = { lower: 1 / 8, upper: 1 / 3, inplace: false };

/** x where x > 0, else x times a slope: in training drawn, else the mean of both limits (`torch.nn.RReLU`). */
export class RReLU extends Module {
  static override readonly className: string = 'RReLU';

  readonly lower: number;
  readonly upper: number;
  readonly inplace: boolean;

  constructor(
    ...args: LayerArguments<
      [lower: number | undefined, upper: number | undefined, inplace: boolean | undefined],
      typeof rreluNames,
      RReLUOptions
    >
  ) {
    super();
    const options = readArguments<RReLUOptions>('RReLU', rreluNames, rreluDefaults, args);
    this.lower = options.lower;
    this.upper = options.upper;
    this.inplace = options.inplace;
  }

  override forward(x: Tensor): Tensor {
    return F.rrelu(x, this.lower, this.upper, this.training, this.inplace);
  }

  override extraRepr(): string {
    return `lower=${pythonFloat(this.lower)}, upper=${pythonFloat(this.upper)}${inplaceText(this.inplace)}`;
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
    return F.hardtanh(x, this.minVal, this.maxVal, this.inplace);
  }

  override extraRepr(): string {
    const range = `min_val=${pythonFloat(this.minVal)}, max_val=${pythonFloat(this.maxVal)}`;
    return range + inplaceText(this.inplace);
  }
}
