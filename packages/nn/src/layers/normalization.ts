/** Normalization within each sample: `LayerNorm`, `RMSNorm` and `GroupNorm`. */
import { float32, ones, type Tensor, zeros } from '@sconce/tensor';
import { groupNorm, layerNorm, rmsNorm } from '../functional/index.ts';
import { ones_, zeros_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';

/** Arguments of `LayerNorm` by name. */
export interface LayerNormOptions extends DTypeOption {
  /** Sizes of the last dimensions, over which is normalized. */
  normalizedShape: number | readonly number[];
  /** Added to the variance (default 1e-5). */
  eps?: number;
  /** Whether there are weight and bias (default true). */
  elementwiseAffine?: boolean;
  /** Whether there is a bias beside the weight (default true). */
  bias?: boolean;
}

const layerNames = ['normalizedShape', 'eps', 'elementwiseAffine', 'bias'] as const;
const layerDefaults = { eps: 1e-5, elementwiseAffine: true, bias: true, dtype: float32 } as const;

/** Normalization over the last dimensions (`torch.nn.LayerNorm`). */
export class LayerNorm extends Module {
  static override readonly className: string = 'LayerNorm';

  readonly normalizedShape: readonly number[];
  readonly eps: number;
  readonly elementwiseAffine: boolean;
  /** Of shape `normalizedShape`. */
  declare weight: Parameter | null;
  /** Of shape `normalizedShape`. */
  declare bias: Parameter | null;

  constructor(
    ...args: LayerArguments<
      [
        normalizedShape: number | readonly number[],
        eps: number | undefined,
        elementwiseAffine: boolean | undefined,
        bias: boolean | undefined,
      ],
      typeof layerNames,
      LayerNormOptions,
      'dtype'
    >
  ) {
    super();
    const options = readArguments<LayerNormOptions>('LayerNorm', layerNames, layerDefaults, args);
    const { normalizedShape, elementwiseAffine, dtype } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    this.eps = options.eps;
    this.elementwiseAffine = elementwiseAffine;
    this.registerParameter(
      'weight',
      elementwiseAffine ? new Parameter(ones(this.normalizedShape, { dtype })) : null,
    );
    this.registerParameter(
      'bias',
      elementwiseAffine && options.bias ? new Parameter(zeros(this.normalizedShape, { dtype })) : null,
    );
  }

  /** Sets weight 1 and bias 0. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, { eps: this.eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, elementwiseAffine, bias } = this;
    return `${pythonText(normalizedShape)}, eps=${pythonFloat(eps)}, elementwise_affine=${pythonText(elementwiseAffine)}, bias=${pythonText(bias !== null)}`;
  }
}

/** Arguments of `RMSNorm` by name. */
export interface RMSNormOptions extends DTypeOption {
  /** Sizes of the last dimensions, over which is normalized. */
  normalizedShape: number | readonly number[];
  /** Added to the mean square; `null` (the default) is the input's own precision. */
  eps?: number | null;
  /** Whether there is a weight (default true). */
  elementwiseAffine?: boolean;
}

const rmsNames = ['normalizedShape', 'eps', 'elementwiseAffine'] as const;
const rmsDefaults = { eps: null, elementwiseAffine: true, dtype: float32 } as const;

/** Division by the root of the mean square over the last dimensions (`torch.nn.RMSNorm`). */
export class RMSNorm extends Module {
  static override readonly className: string = 'RMSNorm';

  readonly normalizedShape: readonly number[];
  readonly eps: number | null;
  readonly elementwiseAffine: boolean;
  /** Of shape `normalizedShape`. */
  declare weight: Parameter | null;

  constructor(
    ...args: LayerArguments<
      [
        normalizedShape: number | readonly number[],
        eps: number | null | undefined,
        elementwiseAffine: boolean | undefined,
      ],
      typeof rmsNames,
      RMSNormOptions,
      'dtype'
    >
  ) {
    super();
    const options = readArguments<RMSNormOptions>('RMSNorm', rmsNames, rmsDefaults, args);
    const { normalizedShape, elementwiseAffine, dtype } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    this.eps = options.eps;
    this.elementwiseAffine = elementwiseAffine;
    const weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, { dtype })) : null;
    this.registerParameter('weight', weight);
  }

  /** Sets the weight to 1. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, { eps: this.eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, elementwiseAffine } = this;
    return `${pythonText(normalizedShape)}, eps=${eps === null ? 'None' : pythonFloat(eps)}, elementwise_affine=${pythonText(elementwiseAffine)}`;
  }
}

/** Arguments of `GroupNorm` by name. */
export interface GroupNormOptions extends DTypeOption {
  /** Groups of channels that are normalized together; divides `numChannels`. */
  numGroups: number;
  numChannels: number;
  /** Added to the variance (default 1e-5). */
  eps?: number;
  /** Whether there are weight and bias (default true). */
  affine?: boolean;
  /** Whether there is a bias beside the weight (default true). */
  bias?: boolean;
}

const groupNames = ['numGroups', 'numChannels', 'eps', 'affine'] as const;
const groupDefaults = { eps: 1e-5, affine: true, bias: true, dtype: float32 } as const;

/** Normalization of groups of channels of [N, C, *] (`torch.nn.GroupNorm`). */
export class GroupNorm extends Module {
  static override readonly className: string = 'GroupNorm';

  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly affine: boolean;
  /** [numChannels] */
  declare weight: Parameter | null;
  /** [numChannels] */
  declare bias: Parameter | null;

  constructor(
    ...args: LayerArguments<
      [numGroups: number, numChannels: number, eps: number | undefined, affine: boolean | undefined],
      typeof groupNames,
      GroupNormOptions,
      'bias' | 'dtype'
    >
  ) {
    super();
    const options = readArguments<GroupNormOptions>('GroupNorm', groupNames, groupDefaults, args);
    const { numGroups, numChannels, affine, dtype } = options;
    if (numChannels % numGroups !== 0) {
      throw new TypeError(`num_channels (${numChannels}) must be divisible by num_groups (${numGroups})`);
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = options.eps;
    this.affine = affine;
    this.registerParameter('weight', affine ? new Parameter(ones([numChannels], { dtype })) : null);
    this.registerParameter(
      'bias',
      affine && options.bias ? new Parameter(zeros([numChannels], { dtype })) : null,
    );
  }

  /** Sets weight 1 and bias 0. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, { eps: this.eps });
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps, affine, bias } = this;
    return `${numGroups}, ${numChannels}, eps=${pythonFloat(eps)}, affine=${pythonText(affine)}, bias=${pythonText(bias !== null)}`;
  }
}
