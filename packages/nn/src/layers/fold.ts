/** Layers between images and the columns of their patches. */
import type { Tensor } from '@sconce/tensor';
import { fold, unfold } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';
import type { Size2 } from './size.ts';

/** Arguments of `Unfold` by name. */
export interface UnfoldOptions {
  kernelSize: Size2;
  /** Default 1. */
  dilation?: Size2;
  /** Zeros on all sides (default 0). */
  padding?: Size2;
  /** Default 1. */
  stride?: Size2;
}

/** Arguments of `Fold` by name. */
export interface FoldOptions extends UnfoldOptions {
  /** Height and width of the image. */
  outputSize: Size2;
}

const unfoldNames = ['kernelSize', 'dilation', 'padding', 'stride'] as const;
const foldNames = ['outputSize', 'kernelSize', 'dilation', 'padding', 'stride'] as const;
const defaults = { dilation: 1, padding: 0, stride: 1 };

/** The patches of [N, C, H, W] or [C, H, W] as columns: [N, C * kernel, patches] (`torch.nn.Unfold`). */
export class Unfold extends Module {
  static override readonly className: string = 'Unfold';

  readonly kernelSize: Size2;
  readonly dilation: Size2;
  readonly padding: Size2;
  readonly stride: Size2;

  constructor(
    ...args: LayerArguments<
      [kernelSize: Size2, dilation: Size2 | undefined, padding: Size2 | undefined, stride: Size2 | undefined],
      typeof unfoldNames,
      UnfoldOptions
    >
  ) {
    super();
    const options = readArguments<UnfoldOptions>('Unfold', unfoldNames, defaults, args);
    this.kernelSize = options.kernelSize;
    this.dilation = options.dilation;
    this.padding = options.padding;
    this.stride = options.stride;
  }

  override forward(x: Tensor): Tensor {
    const { kernelSize, dilation, padding, stride } = this;
    return unfold(x, { kernelSize, dilation, padding, stride });
  }

  override extraRepr(): string {
    return steps(this);
  }
}

/** Adds columns of patches up to an image: the reverse of `Unfold` but for overlaps (`torch.nn.Fold`). */
export class Fold extends Module {
  static override readonly className: string = 'Fold';

  readonly outputSize: Size2;
  readonly kernelSize: Size2;
  readonly dilation: Size2;
  readonly padding: Size2;
  readonly stride: Size2;

  constructor(
    ...args: LayerArguments<
      [
        outputSize: Size2,
        kernelSize: Size2,
        dilation: Size2 | undefined,
        padding: Size2 | undefined,
        stride: Size2 | undefined,
      ],
      typeof foldNames,
      FoldOptions
    >
  ) {
    super();
    const options = readArguments<FoldOptions>('Fold', foldNames, defaults, args);
    this.outputSize = options.outputSize;
    this.kernelSize = options.kernelSize;
    this.dilation = options.dilation;
    this.padding = options.padding;
    this.stride = options.stride;
  }

  override forward(x: Tensor): Tensor {
    const { outputSize, kernelSize, dilation, padding, stride } = this;
    return fold(x, { outputSize, kernelSize, dilation, padding, stride });
  }

  override extraRepr(): string {
    return `output_size=${pythonText(this.outputSize)}, ${steps(this)}`;
  }
}

function steps({ kernelSize, dilation, padding, stride }: Required<UnfoldOptions>): string {
  return `kernel_size=${pythonText(kernelSize)}, dilation=${pythonText(dilation)}, padding=${pythonText(padding)}, stride=${pythonText(stride)}`;
}
