/** Padding layers over images. */
import type { Tensor } from '@sconce/tensor';
import { pad } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';
import { expandSize, type Padding2 } from './size.ts';

/** Arguments of the padding layers by name. */
export interface Pad2dOptions {
  /** One number for all sides, or left, right, top, bottom; negative numbers crop. */
  padding: Padding2;
}

/** Arguments of `ConstantPad2d` by name. */
export interface ConstantPad2dOptions extends Pad2dOptions {
  value: number;
}

const names = ['padding'] as const;
const constantNames = ['padding', 'value'] as const;

/** Constructor arguments of the padding layers. */
export type Pad2dArguments = LayerArguments<[padding: Padding2], typeof names, Pad2dOptions>;

/** What the padding layers share. */
abstract class Pad2d extends Module {
  /** Left, right, top, bottom. */
  readonly padding: readonly number[];

  constructor(layer: string, padding: Padding2) {
    super();
    this.padding = expandSize(layer, 'padding', padding, 4);
  }

  override extraRepr(): string {
    return pythonText(this.padding);
  }
}

/** Pads [N, C, H, W] or [C, H, W] with zeros (`torch.nn.ZeroPad2d`). */
export class ZeroPad2d extends Pad2d {
  static override readonly className: string = 'ZeroPad2d';

  constructor(...args: Pad2dArguments) {
    super('ZeroPad2d', readPadding('ZeroPad2d', args));
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: 'constant', value: 0 });
  }
}

/** Pads [N, C, H, W] or [C, H, W] with a number (`torch.nn.ConstantPad2d`). */
export class ConstantPad2d extends Pad2d {
  static override readonly className: string = 'ConstantPad2d';

  readonly value: number;

  constructor(
    ...args: LayerArguments<[padding: Padding2, value: number], typeof constantNames, ConstantPad2dOptions>
  ) {
    const options = readArguments<ConstantPad2dOptions>('ConstantPad2d', constantNames, {}, args);
    super('ConstantPad2d', options.padding);
    this.value = options.value;
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: 'constant', value: this.value });
  }

  override extraRepr(): string {
    return `padding=${pythonText(this.padding)}, value=${pythonText(this.value)}`;
  }
}

/** Pads [N, C, H, W] or [C, H, W] with its mirror image, without the edge (`torch.nn.ReflectionPad2d`). */
export class ReflectionPad2d extends Pad2d {
  static override readonly className: string = 'ReflectionPad2d';

  constructor(...args: Pad2dArguments) {
    super('ReflectionPad2d', readPadding('ReflectionPad2d', args));
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: 'reflect' });
  }
}

/** Pads [N, C, H, W] or [C, H, W] with its edge (`torch.nn.ReplicationPad2d`). */
export class ReplicationPad2d extends Pad2d {
  static override readonly className: string = 'ReplicationPad2d';

  constructor(...args: Pad2dArguments) {
    super('ReplicationPad2d', readPadding('ReplicationPad2d', args));
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: 'replicate' });
  }
}

function readPadding(layer: string, args: readonly unknown[]): Padding2 {
  return readArguments<Pad2dOptions>(layer, names, {}, args).padding;
}
