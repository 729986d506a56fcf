/** The layer that is linear in each of two inputs: `Bilinear`. */
import { empty, float32, type Tensor } from '@sconce/tensor';
import { bilinear } from '../functional/index.ts';
import { uniform_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonText } from '../module/python-text.ts';

/** Arguments of `Bilinear` by name. */
export interface BilinearOptions extends DTypeOption {
  in1Features: number;
  in2Features: number;
  outFeatures: number;
  /** Whether there is a bias (default true). */
  bias?: boolean;
}

const names = ['in1Features', 'in2Features', 'outFeatures', 'bias'] as const;

/**
 * `x1ᵀ weight x2 + bias` over the last dimensions (`torch.nn.Bilinear`): [*, in1Features] and [*, in2Features] to
 * [*, outFeatures].
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class Bilinear extends Module {
  static override readonly className: string = 'Bilinear';

  readonly in1Features: number;
  readonly in2Features: number;
  readonly outFeatures: number;
  /** [outFeatures, in1Features, in2Features] */
  declare weight: Parameter;
  /** [outFeatures] */
  declare bias: Parameter | null;

  constructor(
    ...args: LayerArguments<
      [in1Features: number, in2Features: number, outFeatures: number, bias: boolean | undefined],
      typeof names,
      BilinearOptions,
      'dtype'
    >
  ) {
    super();
    const defaults = { bias: true, dtype: float32 } as const;
    const options = readArguments<BilinearOptions>('Bilinear', names, defaults, args);
    const { in1Features, in2Features, outFeatures, bias, dtype } = options;
    if (in1Features <= 0)
      throw new RangeError(`in1_features must be > 0, but got (in1_features=${in1Features})`);
    this.in1Features = in1Features;
    this.in2Features = in2Features;
    this.outFeatures = outFeatures;
    this.registerParameter(
      'weight',
      new Parameter(empty([outFeatures, in1Features, in2Features], { dtype })),
    );
    this.registerParameter('bias', bias ? new Parameter(empty([outFeatures], { dtype })) : null);
    this.resetParameters();
  }

  /** Draws new weights as PyTorch does: uniform, bounded by one over the square root of `in1Features`. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.weight.shape[1] as number);
    uniform_(this.weight, -bound, bound);
    if (this.bias !== null) uniform_(this.bias, -bound, bound);
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in1_features=${this.in1Features}, in2_features=${this.in2Features}, out_features=${this.outFeatures}, bias=${pythonText(this.bias !== null)}`;
  }
}
