/** Layers that change the resolution of images. */
import type { Tensor } from '@sconce/tensor';
import { interpolate } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';
import type { Size2 } from './size.ts';

/** How values between pixels are found. */
export type UpsampleMode = 'nearest' | 'bilinear';

/** Arguments of `Upsample` by name; either `size` or `scaleFactor` is given. */
export interface UpsampleOptions {
  /** Height and width of the output. */
  size?: Size2 | null;
  /** Factors for height and width. */
  scaleFactor?: number | readonly [height: number, width: number] | null;
  /** Default `'nearest'`. */
  mode?: UpsampleMode;
  /** Whether the corner pixels' centres stay in place; for `'bilinear'` (default false). */
  alignCorners?: boolean | null;
}

const names = ['size', 'scaleFactor', 'mode', 'alignCorners'] as const;
const defaults = { size: null, scaleFactor: null, mode: 'nearest', alignCorners: null } as const;

/** Changes the resolution of [N, C, H, W] (`torch.nn.Upsample`). */
export class Upsample extends Module {
  static override readonly className: string = 'Upsample';

  readonly size: Size2 | null;
  readonly scaleFactor: number | readonly [number, number] | null;
  readonly mode: UpsampleMode;
  readonly alignCorners: boolean | null;

  constructor(
    ...args: LayerArguments<
      [
        size: Size2 | null | undefined,
        scaleFactor: number | readonly [number, number] | null | undefined,
        mode: UpsampleMode | undefined,
        alignCorners: boolean | null | undefined,
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
  }

  override forward(x: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners } = this;
    return interpolate(x, {
      ...(size === null ? {} : { size }),
      ...(scaleFactor === null ? {} : { scaleFactor }),
      mode,
      ...(alignCorners === null ? {} : { alignCorners }),
    });
  }

  override extraRepr(): string {
    return `${this.scaleFactor === null ? `size=${pythonText(this.size)}` : `scale_factor=${floats(this.scaleFactor)}`}, mode='${this.mode}'`;
  }
}

/** Arguments of `UpsamplingNearest2d` and `UpsamplingBilinear2d` by name. */
export type Upsampling2dOptions = Pick<UpsampleOptions, 'size' | 'scaleFactor'>;

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
