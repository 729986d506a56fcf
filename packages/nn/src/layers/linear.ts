/** Fully connected layers: `Linear` and `Identity`. */
import { empty, float32, type Tensor } from '@sconce/tensor';
import { linear } from '../functional/index.ts';
import { kaimingUniform_, uniform_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonText } from '../module/python-text.ts';
import { isUninitialized } from '../module/uninitialized.ts';

/** Arguments of `Linear` by name. */
export interface LinearOptions extends DTypeOption {
  inFeatures: number;
  outFeatures: number;
  /** Whether there is a bias (default true). */
  bias?: boolean;
}

const names = ['inFeatures', 'outFeatures', 'bias'] as const;

/**
 * `x @ weight.T + bias` over the last dimension (`torch.nn.Linear`): [*, inFeatures] to [*, outFeatures].
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export class Linear extends Module {
  static override readonly className: string = 'Linear';

  readonly inFeatures: number;
  readonly outFeatures: number;
  /** [outFeatures, inFeatures] */
  declare weight: Parameter;
  /** [outFeatures] */
  declare bias: Parameter | null;

  constructor(
    ...args: LayerArguments<
      [inFeatures: number, outFeatures: number, bias: boolean | undefined],
      typeof names,
      LinearOptions,
      'dtype'
    >
  ) {
    super();
    const { inFeatures, outFeatures, bias, dtype } = readArguments<LinearOptions>(
      'Linear',
      names,
      { bias: true, dtype: float32 },
      args,
    );
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.registerParameter('weight', new Parameter(empty([outFeatures, inFeatures], { dtype })));
    this.registerParameter('bias', bias ? new Parameter(empty([outFeatures], { dtype })) : null);
    this.resetParameters();
  }

  /** Draws new weights as PyTorch does: uniform, bounded by one over the square root of `inFeatures`. */
  resetParameters(): void {
    // A lazy layer has nothing to fill before its first input.
    if (isUninitialized(this.weight)) return;
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const bound = this.inFeatures > 0 ? 1 / Math.sqrt(this.inFeatures) : 0;
    uniform_(this.bias, -bound, bound);
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${pythonText(this.bias !== null)}`;
  }
}

/** Returns its input (`torch.nn.Identity`); takes any arguments and ignores them. */
export class Identity extends Module {
  static override readonly className: string = 'Identity';

  constructor(..._args: readonly unknown[]) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return x;
  }
}
