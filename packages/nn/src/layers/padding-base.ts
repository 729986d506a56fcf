/** What padding layers share: the widths on all sides, which are printed. */
import { type PadMode, type Tensor, TensorError } from '@sconce/tensor';
import { pad } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';
import { expandSize } from './size.ts';

/** Arguments of the padding layers by name. */
interface PadOptions<Widths> {
  /** One number for all sides, or one for each from the last dimension on; negative numbers crop. */
  padding: Widths;
}

/** Arguments of the constant padding layers by name. */
interface ConstantPadOptions<Widths> extends PadOptions<Widths> {
  value: number;
}

const names = ['padding'] as const;
const constantNames = ['padding', 'value'] as const;

/** Constructor arguments of the padding layers. */
export type PadArguments<Widths> = LayerArguments<[padding: Widths], typeof names, PadOptions<Widths>>;

/** Constructor arguments of the constant padding layers. */
export type ConstantPadArguments<Widths> = LayerArguments<
  [padding: Widths, value: number],
  typeof constantNames,
  ConstantPadOptions<Widths>
>;

type AnyWidths = number | readonly number[];

/** What the padding layers share. */
abstract class PadBase extends Module {
  /** Before and after, from the last dimension on. */
  readonly padding: readonly number[];

  constructor(layer: string, dimensions: number, padding: AnyWidths) {
    super();
    this.padding = expandSize(layer, 'padding', padding, 2 * dimensions);
  }

  override extraRepr(): string {
    return pythonText(this.padding);
  }
}

/** Layers whose padding follows from the input. */
export abstract class EdgePad extends PadBase {
  protected readonly mode: PadMode;

  constructor(layer: string, dimensions: number, mode: PadMode, args: readonly unknown[]) {
    super(layer, dimensions, readArguments<PadOptions<AnyWidths>>(layer, names, {}, args).padding);
    this.mode = mode;
  }

  override forward(x: Tensor): Tensor {
    this.check(x);
    return pad(x, this.padding, { mode: this.mode });
  }

  /** Refuses inputs without an edge to look at, and those of another number of dimensions. */
  protected check(x: Tensor): void {
    const sides = this.padding.length;
    const rank = sides / 2 + 1;
    const batched = x.ndim === rank + 1;
    if (x.ndim !== rank && !batched) {
      refuse(`Padding size ${sides} is not supported for ${x.ndim}D input tensor.\n${supported}`);
    }
    if (x.shape.slice(batched ? 1 : 0).includes(0)) {
      refuse(
        `Expected ${rank}D or ${rank + 1}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: [${x.shape.join(', ')}]`,
      );
    }
  }
}

const supported = `Supported combinations for non-constant padding:
  - 2D or 3D input: padding size = 2 (pads last dimension)
  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)
  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)`;

function refuse(problem: string): never {
  throw new TensorError({ operator: 'pad', problem });
}

/** Layers that go around: the padding on one side is the other side's edge. */
export abstract class CircularPad extends EdgePad {
  constructor(layer: string, dimensions: number, args: readonly unknown[]) {
    super(layer, dimensions, 'circular', args);
  }

  protected override check(x: Tensor): void {
    const rank = this.padding.length / 2 + 1;
    if (x.ndim === rank || x.ndim === rank + 1) return;
    throw new TypeError(`expected ${rank}D or ${rank + 1}D input (got ${x.ndim}D input)`);
  }
}

/** Layers that pad with a number. */
export abstract class ConstantPad extends PadBase {
  readonly value: number;

  constructor(layer: string, dimensions: number, args: readonly unknown[]) {
    const options = readArguments<ConstantPadOptions<AnyWidths>>(layer, constantNames, {}, args);
    super(layer, dimensions, options.padding);
    this.value = options.value;
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: 'constant', value: this.value });
  }

  override extraRepr(): string {
    return `padding=${pythonText(this.padding)}, value=${pythonText(this.value)}`;
  }
}

/** Layers that pad with zeros. */
export abstract class ZeroPad extends PadBase {
  readonly value: number = 0;

  constructor(layer: string, dimensions: number, args: readonly unknown[]) {
    super(layer, dimensions, readArguments<PadOptions<AnyWidths>>(layer, names, {}, args).padding);
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: 'constant', value: 0 });
  }
}
