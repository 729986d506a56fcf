/** Normalization within each sample: `LayerNorm` and `GroupNorm`. */
import { ones, type Tensor, zeros } from '@sconce/tensor';
import { groupNorm, layerNorm } from '../functional/index.ts';
import { ones_, zeros_ } from '../init.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';

/** Arguments of `LayerNorm` by name. */
export interface LayerNormOptions {
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
const layerDefaults = { eps: 1e-5, elementwiseAffine: true, bias: true };

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
      LayerNormOptions
    >
  ) {
    super();
    const options = readArguments<LayerNormOptions>('LayerNorm', layerNames, layerDefaults, args);
    const { normalizedShape, elementwiseAffine } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    this.eps = options.eps;
    this.elementwiseAffine = elementwiseAffine;
    this.registerParameter('weight', elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null);
    this.registerParameter(
      'bias',
      elementwiseAffine && options.bias ? new Parameter(zeros(this.normalizedShape)) : null,
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

/** Arguments of `GroupNorm` by name. */
export interface GroupNormOptions {
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

const groupNames = ['numGroups', 'numChannels', 'eps', 'affine', 'bias'] as const;
const groupDefaults = { eps: 1e-5, affine: true, bias: true };

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
      readonly ['numGroups', 'numChannels', 'eps', 'affine'],
      GroupNormOptions,
      'bias'
    >
  ) {
    super();
    const options = readArguments<GroupNormOptions>('GroupNorm', groupNames, groupDefaults, args);
    const { numGroups, numChannels, affine } = options;
    if (numChannels % numGroups !== 0) {
      throw new TypeError(
        `GroupNorm: num_channels (${numChannels}) must be divisible by num_groups (${numGroups})`,
      );
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = options.eps;
    this.affine = affine;
    this.registerParameter('weight', affine ? new Parameter(ones([numChannels])) : null);
    this.registerParameter('bias', affine && options.bias ? new Parameter(zeros([numChannels])) : null);
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
