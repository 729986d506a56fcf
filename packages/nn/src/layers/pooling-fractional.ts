/** Maximum pooling layers over windows whose distances are drawn at random, so that the output may have any size. */
import type { Tensor } from '@sconce/tensor';
import * as F from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';
import type { PoolResult } from './pooling-max.ts';
import { expandSize, type Size2, type Size3 } from './size.ts';

/** Arguments of the fractional pooling layers by name; either `outputSize` or `outputRatio` is given. */
export interface FractionalMaxPoolOptions<Size, Indices extends boolean = boolean> {
  kernelSize: Size;
  outputSize?: Size | null;
  /** The output's size as a fraction of the input's, between 0 and 1. */
  outputRatio?: Size | null;
  /** Whether the result is values and their positions (default false). */
  returnIndices?: Indices;
  /** What the windows' places follow from, [N, C, dimensions] in [0, 1): drawn at each call if left out. */
  _randomSamples?: Tensor | null;
}

const names = ['kernelSize', 'outputSize', 'outputRatio', 'returnIndices', '_randomSamples'] as const;
const defaults = { outputSize: null, outputRatio: null, returnIndices: false, _randomSamples: null } as const;

/** Constructor arguments of the fractional pooling layers. */
export type FractionalMaxPoolArguments<Size, Indices extends boolean> = LayerArguments<
  [
    kernelSize: Size,
    outputSize: Size | null | undefined,
    outputRatio: Size | null | undefined,
    returnIndices: Indices | undefined,
    _randomSamples: Tensor | null | undefined,
  ],
  typeof names,
  FractionalMaxPoolOptions<Size, Indices>
>;

type AnySize = number | readonly number[];

/** What the fractional pooling layers share. */
abstract class FractionalMaxPool extends Module {
  readonly kernelSize: readonly number[];
  readonly outputSize: readonly number[] | null;
  readonly outputRatio: readonly number[] | null;
  readonly returnIndices: boolean;
  /** A buffer, under its name in PyTorch's state dicts. */
  declare readonly _random_samples: Tensor | null;

  constructor(layer: string, dimensions: number, args: readonly unknown[]) {
    super();
    const options = readArguments<FractionalMaxPoolOptions<AnySize>>(layer, names, defaults, args);
    const { kernelSize, outputSize, outputRatio } = options;
    if (dimensions === 3 && !expandSize(layer, 'kernelSize', kernelSize, 3).every((size) => size > 0)) {
      throw new RangeError(`kernel_size must be greater than 0, but got ${pythonText(kernelSize)}`);
    }
    this.kernelSize = expandSize(layer, 'kernelSize', kernelSize, dimensions);
    this.returnIndices = options.returnIndices;
    this.registerBuffer('_random_samples', options._randomSamples);
    this.outputSize = outputSize === null ? null : expandSize(layer, 'outputSize', outputSize, dimensions);
    this.outputRatio =
      typeof outputRatio === 'number' ? new Array<number>(dimensions).fill(outputRatio) : outputRatio;
    if (outputSize === null && outputRatio === null) {
      throw new TypeError(`${layer} requires specifying either an output size, or a pooling ratio`);
    }
    if (outputSize !== null && outputRatio !== null) {
      throw new TypeError('only one of output_size and output_ratio may be specified');
    }
    if (outputRatio !== null && !this.outputRatio?.every((ratio) => 0 < ratio && ratio < 1)) {
      const given =
        typeof outputRatio === 'number'
          ? pythonFloat(outputRatio)
          : `(${outputRatio.map(pythonFloat).join(', ')})`;
      throw new RangeError(`output_ratio must be between 0 and 1 (got ${given})`);
    }
  }

  /** Where the windows may lie, as the operators take it. */
  protected places(): {
    outputSize: readonly number[] | null;
    outputRatio: readonly number[] | null;
    randomSamples: Tensor | null;
  } {
    const { outputSize, outputRatio, _random_samples: randomSamples } = this;
    return { outputSize, outputRatio, randomSamples };
  }
}

/** The largest elements of windows at random distances in [N, C, H, W] or [C, H, W] (`torch.nn.FractionalMaxPool2d`). */
export class FractionalMaxPool2d<Indices extends boolean = false> extends FractionalMaxPool {
  static override readonly className: string = 'FractionalMaxPool2d';

  constructor(...args: FractionalMaxPoolArguments<Size2, Indices>) {
    super('FractionalMaxPool2d', 2, args);
  }

  override forward(x: Tensor): PoolResult<Indices> {
    const { kernelSize } = this;
    if (!this.returnIndices) {
      return F.fractionalMaxPool2d(x, kernelSize, this.places()) as PoolResult<Indices>;
    }
    const { values, indices } = F.fractionalMaxPool2dWithIndices(x, kernelSize, this.places());
    return [values, indices] as PoolResult<Indices>;
  }
}

/** The largest elements of windows at random distances in [N, C, D, H, W] or [C, D, H, W] (`torch.nn.FractionalMaxPool3d`). */
export class FractionalMaxPool3d<Indices extends boolean = false> extends FractionalMaxPool {
  static override readonly className: string = 'FractionalMaxPool3d';

  constructor(...args: FractionalMaxPoolArguments<Size3, Indices>) {
    super('FractionalMaxPool3d', 3, args);
  }

  override forward(x: Tensor): PoolResult<Indices> {
    const { kernelSize } = this;
    if (!this.returnIndices) {
      return F.fractionalMaxPool3d(x, kernelSize, this.places()) as PoolResult<Indices>;
    }
    const { values, indices } = F.fractionalMaxPool3dWithIndices(x, kernelSize, this.places());
    return [values, indices] as PoolResult<Indices>;
  }
}
