/** The activation layer that learns: `PReLU`. */
import { float32, full, type Tensor } from '@sconce/tensor';
import { prelu } from '../functional/index.ts';
import { constant_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';

/** Arguments of `PReLU` by name. */
export interface PReLUOptions extends DTypeOption {
  /** One slope for all channels (default 1) or one for each. */
  numParameters?: number;
  /** First value of the slopes (default 0.25). */
  init?: number;
}

const preluNames = ['numParameters', 'init'] as const;
const preluDefaults = { numParameters: 1, init: 0.25, dtype: float32 };

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
      PReLUOptions,
      'dtype'
    >
  ) {
    super();
    const options = readArguments<PReLUOptions>('PReLU', preluNames, preluDefaults, args);
    this.numParameters = options.numParameters;
    this.init = options.init;
    this.registerParameter(
      'weight',
      new Parameter(full([this.numParameters], this.init, { dtype: options.dtype })),
    );
  }

  /** Sets the slopes to `init`. */
  resetParameters(): void {
    constant_(this.weight, this.init);
  }

  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}
