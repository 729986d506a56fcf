/** The cross entropy of a linear layer's scores, as one layer: `LinearCrossEntropyLoss`. */
import { float32, type Tensor, TensorError } from '@sconce/tensor';
import { linearCrossEntropy } from '../functional/index.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';
import { Linear } from './linear.ts';
import { WeightedLoss, type WeightedLossOptions } from './losses-base.ts';

/** Arguments of `LinearCrossEntropyLoss` by name. */
export interface LinearCrossEntropyLossOptions extends WeightedLossOptions, DTypeOption {
  inFeatures: number;
  numClasses: number;
  /** Places that are classified each, beside the batch (default none). */
  outFeatures?: readonly number[];
  /** Whether the linear layer has a bias (default false). */
  bias?: boolean;
  /** The target that counts for nothing (default -100); not for targets of probabilities. */
  ignoreIndex?: number | null;
  /** Share of the target that is spread evenly over all classes (default 0). */
  labelSmoothing?: number;
}

const names = ['inFeatures', 'numClasses'] as const;
const defaults = {
  outFeatures: [],
  bias: false,
  reduction: 'mean',
  weight: null,
  ignoreIndex: null,
  labelSmoothing: 0,
  dtype: float32,
} as const;

type NamedOnly = Exclude<keyof LinearCrossEntropyLossOptions, (typeof names)[number]>;

/**
 * `CrossEntropyLoss` of a linear layer of its own: inputs of [N, inFeatures] or [inFeatures]
 * (`torch.nn.LinearCrossEntropyLoss`).
 *
 * @throws {TensorError} when constructed with a weight of another size, or a share outside of 0..1
 */
export class LinearCrossEntropyLoss extends WeightedLoss {
  static override readonly className: string = 'LinearCrossEntropyLoss';

  readonly numClasses: number;
  readonly outFeatures: readonly number[];
  readonly ignoreIndex: number | null;
  readonly labelSmoothing: number;
  readonly linear: Linear;

  constructor(
    ...args: LayerArguments<
      [inFeatures: number, numClasses: number],
      typeof names,
      LinearCrossEntropyLossOptions,
      NamedOnly
    >
  ) {
    type Options = LinearCrossEntropyLossOptions;
    const options = readArguments<Options>('LinearCrossEntropyLoss', names, defaults, args);
    const { inFeatures, numClasses, outFeatures, bias, weight, labelSmoothing, dtype } = options;
    if (weight !== null && (weight.ndim !== 1 || weight.shape[0] !== numClasses)) {
      refuse(`expected weight shape to be (${numClasses},), got ${pythonText(weight.shape)}`);
    }
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      refuse(`expected label_smoothing to be in range [0, 1], got ${pythonFloat(labelSmoothing)}`);
    }
    super(options);
    this.numClasses = numClasses;
    this.outFeatures = outFeatures;
    this.ignoreIndex = options.ignoreIndex;
    this.labelSmoothing = labelSmoothing;
    const outputs = outFeatures.reduce((product, size) => product * size, numClasses);
    this.linear = new Linear(inFeatures, outputs, { bias, dtype });
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { linear, weight, reduction, ignoreIndex, labelSmoothing } = this;
    const outer = [this.numClasses, ...this.outFeatures];
    return linearCrossEntropy(input, linear.weight.reshape([...outer, linear.inFeatures]), target, {
      linearBias: linear.bias === null ? null : linear.bias.reshape(outer),
      weight,
      reduction,
      ignoreIndex,
      labelSmoothing,
    });
  }

  override extraRepr(): string {
    return [
      `in_features=${this.linear.inFeatures}`,
      `num_classes=${this.numClasses}`,
      `out_features=${pythonText(this.outFeatures)}`,
      `bias=${pythonText(this.linear.bias !== null)}`,
      `reduction=${this.reduction}`,
      `ignore_index=${pythonText(this.ignoreIndex)}`,
      `label_smoothing=${pythonFloat(this.labelSmoothing)}`,
      'options=None',
    ].join(', ');
  }
}

function refuse(problem: string): never {
  throw new TensorError({ operator: 'LinearCrossEntropyLoss', problem });
}
