/** `LazyLinear`: a fully connected layer that takes its number of inputs from the first one. */
import { float32, noGrad } from '@sconce/tensor';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { becomeLazy, define, type LazyModule, sizedInput } from '../module/lazy.ts';
import { UninitializedParameter } from '../module/uninitialized.ts';
import { Linear } from './linear.ts';

/** Arguments of `LazyLinear` by name. */
export interface LazyLinearOptions extends DTypeOption {
  outFeatures: number;
  /** Whether there is a bias (default true). */
  bias?: boolean;
}

const names = ['outFeatures', 'bias'] as const;

/**
 * A {@link Linear} whose `inFeatures` is the size of the first input's last dimension (`torch.nn.LazyLinear`). After its
 * first call it is a `Linear`.
 */
export class LazyLinear extends Linear implements LazyModule {
  static override readonly className: string = 'LazyLinear';
  /** What it is after its first call. */
  static readonly clsToBecome: typeof Linear = Linear;

  constructor(
    ...args: LayerArguments<
      [outFeatures: number, bias: boolean | undefined],
      typeof names,
      LazyLinearOptions,
      'dtype'
    >
  ) {
    const defaults = { bias: true, dtype: float32 } as const;
    const { outFeatures, bias, dtype } = readArguments<LazyLinearOptions>(
      'LazyLinear',
      names,
      defaults,
      args,
    );
    super(0, 0, { bias: false });
    define<LazyLinear, 'outFeatures'>(this, { outFeatures });
    this.weight = new UninitializedParameter(true, { dtype });
    if (bias) this.bias = new UninitializedParameter(true, { dtype });
    becomeLazy(this);
  }

  /** Takes `inFeatures` from an input. */
  initializeParameters(input: unknown): void {
    const inFeatures = sizedInput(this, input).shape.at(-1) ?? 0;
    if (this.weight instanceof UninitializedParameter) {
      define<LazyLinear, 'inFeatures'>(this, { inFeatures });
      this.weight.materialize([this.outFeatures, inFeatures]);
      if (this.bias instanceof UninitializedParameter) this.bias.materialize([this.outFeatures]);
      noGrad(() => this.resetParameters());
    } else if (this.inFeatures === 0) {
      const known = this.weight.shape[1];
      if (inFeatures !== known) {
        throw new TypeError(
          `The in_features inferred from input: ${inFeatures} is not equal to in_features from self.weight: ${known}`,
        );
      }
      define<LazyLinear, 'inFeatures'>(this, { inFeatures });
    }
  }
}
