/** Layers that change the resolution of images. */
import type { InterpolateMode, Tensor } from '@sconce/tensor';
import { interpolate } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';
import type { Size1, Size2, Size3 } from './size.ts';

/** How values between elements are found. */
export type UpsampleMode = Exclude<InterpolateMode, 'area'>;

/** A factor for all dimensions, or one for each. */
export type ScaleFactor = number | readonly number[];

/** Arguments of `Upsample` by name; either `size` or `scaleFactor` is given. */
export interface UpsampleOptions {
  /** The output's size, without batch and channels. */
  size?: Size1 | Size2 | Size3 | null;
  scaleFactor?: ScaleFactor | null;
  /** Default `'nearest'`. */
  mode?: UpsampleMode;
  /** Whether the corners' centres stay in place; for the linear and cubic modes (default false). */
  alignCorners?: boolean | null;
  /** Whether the scale is computed from the sizes instead of taken from `scaleFactor`. */
  recomputeScaleFactor?: boolean | null;
}

const names = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor'] as const;
const defaults = {
  size: null,
  scaleFactor: null,
  mode: 'nearest',
  alignCorners: null,
  recomputeScaleFactor: null,
} as const;

/** Changes the resolution of [N, C, L], [N, C, H, W] or [N, C, D, H, W] (`torch.nn.Upsample`). */
export class Upsample extends Module {
  static override readonly className: string = 'Upsample';

  readonly size: number | readonly number[] | null;
  readonly scaleFactor: ScaleFactor | null;
  readonly mode: UpsampleMode;
  readonly alignCorners: boolean | null;
  readonly recomputeScaleFactor: boolean | null;

  constructor(
    ...args: LayerArguments<
      [
        size: UpsampleOptions['size'],
        scaleFactor: ScaleFactor | null | undefined,
        mode: UpsampleMode | undefined,
        alignCorners: boolean | null | undefined,
        recomputeScaleFactor: boolean | null | undefined,
      ],
      typeof names,
      UpsampleOptions
    >
  ) {
    super();
    const options = readArguments<UpsampleOptions>('Upsample', names, defaults, args);
    this.size = options.size;
    this.scaleFactor = options.scaleFactor;
    this.mode = options.mode;
    this.alignCorners = options.alignCorners;
    this.recomputeScaleFactor = options.recomputeScaleFactor;
  }

  override forward(x: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this;
    return interpolate(x, { size, scaleFactor, mode, alignCorners, recomputeScaleFactor });
  }

  override extraRepr(): string {
    return `${this.scaleFactor === null ? `size=${pythonText(this.size)}` : `scale_factor=${floats(this.scaleFactor)}`}, mode='${this.mode}'`;
  }
}

/** Arguments of `UpsamplingNearest2d` and `UpsamplingBilinear2d` by name. */
export interface Upsampling2dOptions {
  /** Height and width of the output. */
  size?: Size2 | null;
  /** Factors for height and width. */
  scaleFactor?: number | readonly [height: number, width: number] | null;
}

/** Constructor arguments of `UpsamplingNearest2d` and `UpsamplingBilinear2d`. */
export type Upsampling2dArguments = LayerArguments<
  [size: Size2 | null | undefined, scaleFactor: number | readonly [number, number] | null | undefined],
  readonly ['size', 'scaleFactor'],
  Upsampling2dOptions
>;

const sizeNames = ['size', 'scaleFactor'] as const;
const sizeDefaults = { size: null, scaleFactor: null } as const;

/** `Upsample` with mode `'nearest'` (`torch.nn.UpsamplingNearest2d`). */
export class UpsamplingNearest2d extends Upsample {
  static override readonly className: string = 'UpsamplingNearest2d';

  constructor(...args: Upsampling2dArguments) {
    super({
      ...readArguments<Upsampling2dOptions>('UpsamplingNearest2d', sizeNames, sizeDefaults, args),
      mode: 'nearest',
    });
  }
}

/** `Upsample` with mode `'bilinear'` and aligned corners (`torch.nn.UpsamplingBilinear2d`). */
export class UpsamplingBilinear2d extends Upsample {
  static override readonly className: string = 'UpsamplingBilinear2d';

  constructor(...args: Upsampling2dArguments) {
    super({
      ...readArguments<Upsampling2dOptions>('UpsamplingBilinear2d', sizeNames, sizeDefaults, args),
      mode: 'bilinear',
      alignCorners: true,
    });
  }
}

function floats(factor: number | readonly number[]): string {
  return typeof factor === 'number' ? pythonFloat(factor) : `(${factor.map(pythonFloat).join(', ')})`;
}
