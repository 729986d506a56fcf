/** Patches of images as columns, and images as sums of patches (PyTorch's `nn.functional.unfold` and `fold`). */
import { cast, denseCopy, fillElements, materialize, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { contiguousStrides } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import { flatFloats } from './plane-places.ts';
import { sizesOf, type WindowSize } from './window.ts';

/** Options of {@link im2col}. */
export interface ColumnOptions {
  readonly kernelSize: WindowSize;
  readonly dilation?: WindowSize;
  /** Zeros around the image. */
  readonly padding?: WindowSize;
  readonly stride?: WindowSize;
}
/** Options of {@link im2col} as layers of the dispatcher see them. */
export interface CanonicalColumns {
  readonly kernelSize: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
}
/** Signature of {@link im2col}. */
export interface Im2colOperator {
  (x: Tensor, options: ColumnOptions): Tensor;
  (
    x: Tensor,
    kernelSize: WindowSize,
    dilation?: WindowSize | Omit<ColumnOptions, 'kernelSize'>,
    padding?: WindowSize,
    stride?: WindowSize,
  ): Tensor;
}
/** Options of {@link col2im}. */
export interface FoldOptions extends ColumnOptions {
  readonly outputSize: WindowSize;
}
/** Signature of {@link col2im}. */
export interface Col2imOperator {
  (x: Tensor, options: FoldOptions): Tensor;
  (
    x: Tensor,
    outputSize: WindowSize,
    kernelSize: WindowSize | ColumnOptions,
    dilation?: WindowSize | Omit<ColumnOptions, 'kernelSize'>,
    padding?: WindowSize,
    stride?: WindowSize,
  ): Tensor;
}

function readWindow(operator: string, named: Partial<ColumnOptions>): CanonicalColumns {
  if (named.kernelSize === undefined) fail(operator, "missing argument 'kernelSize'");
  const window = {
    kernelSize: sizesOf(operator, 'kernelSize', named.kernelSize, 2),
    dilation: sizesOf(operator, 'dilation', named.dilation ?? 1, 2),
    padding: sizesOf(operator, 'padding', named.padding ?? 0, 2),
    stride: sizesOf(operator, 'stride', named.stride ?? 1, 2),
  };
  for (const [name, values] of Object.entries(window)) {
    const wrong = values.find((value) => value < (name === 'padding' ? 0 : 1));
    if (wrong === undefined) continue;
    fail(
      operator,
      name === 'padding'
        ? `padding should be non-negative, but got ${showSizes(values)}`
        : `${name === 'kernelSize' ? 'kernel size' : name} should be greater than zero, but got ${showSizes(values)}`,
    );
  }
  return window;
}

/** Number of patches along both dimensions of an image. */
function patchCounts(size: readonly number[], window: CanonicalColumns): readonly [number, number] {
  const { kernelSize, dilation, padding, stride } = window;
  const along = (d: number): number =>
    Math.floor((size[d]! + 2 * padding[d]! - dilation[d]! * (kernelSize[d]! - 1) - 1) / stride[d]!) + 1;
  return [along(0), along(1)];
}

/** Runs the other way round than {@link im2col}: adds columns [.., C * kH * kW, L] to images of a size. */
function addColumns(columns: Tensor, size: readonly number[], window: CanonicalColumns): Tensor {
  const { kernelSize, dilation, padding, stride } = window;
  const [kernelHeight, kernelWidth] = kernelSize as [number, number];
  const [height, width] = size as [number, number];
  const [rows, places] = patchCounts(size, window);
  const from = materialize(cast(columns, computeDType(columns.dtype)));
  const outer = columns.shape.slice(0, -2);
  const channels = columns.shape.at(-2)! / (kernelHeight * kernelWidth);
  const result = newTensor([...outer, channels, height, width], from.dtype);
  fillElements(result, 0);
  const [source, target] = [flatFloats(from), flatFloats(result)];
  const planes = outer.reduce((all, extent) => all * extent, 1) * channels;
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < kernelHeight; i++) {
      for (let j = 0; j < kernelWidth; j++) {
        for (let row = 0; row < rows; row++, at += places) {
          const y = row * stride[0]! - padding[0]! + i * dilation[0]!;
          if (y < 0 || y >= height) continue;
          const line = (plane * height + y) * width;
          let x = j * dilation[1]! - padding[1]!;
          for (let place = 0; place < places; place++, x += stride[1]!) {
            if (x >= 0 && x < width) target[line + x]! += source[at + place]!;
          }
        }
      }
    }
  }
  return cast(result, columns.dtype);
}

/** Patches as columns, without checks. */
function takeColumns(x: Tensor, window: CanonicalColumns): Tensor {
  const { kernelSize, dilation, padding, stride } = window;
  const [rows, places] = patchCounts(x.shape.slice(-2), window);
  const padded = padding.some((count) => count > 0)
    ? x.constantPadNd([padding[1]!, padding[1]!, padding[0]!, padding[0]!])
    : x;
  const outer = x.ndim - 2;
  const [down, right] = padded.strides.slice(-2) as [number, number];
  const patches = viewOf(
    padded,
    [...x.shape.slice(0, outer), ...kernelSize, rows, places],
    [
      ...padded.strides.slice(0, outer),
      dilation[0]! * down,
      dilation[1]! * right,
      stride[0]! * down,
      stride[1]! * right,
    ],
  );
  const copy = denseCopy(patches);
  const shape = [
    ...x.shape.slice(0, outer - 1),
    x.shape[outer - 1]! * kernelSize[0]! * kernelSize[1]!,
    rows * places,
  ];
  return viewOf(copy, shape, contiguousStrides(shape));
}

/**
 * Patches of images [N, C, H, W] or [C, H, W] as columns [N, C * kH * kW, L] (`torch.nn.functional.unfold`).
 * Canonical: (x, { kernelSize, dilation, padding, stride }), pairs.
 */
export const im2col: Im2colOperator = defineOperator({
  name: 'im2col',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalColumns] => {
    checkTensor('im2col', 'input', x);
    const names = ['kernelSize', 'dilation', 'padding', 'stride'] as const;
    const window = readWindow('im2col', bindArguments<ColumnOptions>('im2col', names, rest));
    if ((x.ndim !== 3 && x.ndim !== 4) || x.shape.slice(-3).includes(0)) {
      fail(
        'im2col',
        `Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ${showSizes(x.shape)}`,
      );
    }
    const counts = patchCounts(x.shape.slice(-2), window);
    if (counts.some((count) => count < 1)) {
      fail(
        'im2col',
        `Given input with spatial size ${showSizes(x.shape.slice(-2))}, kernel_size=${showSizes(window.kernelSize)}, dilation=${showSizes(window.dilation)}, padding=${showSizes(window.padding)}, calculated shape of the array of sliding blocks as ${showSizes(counts)}, but its components must be at least one.`,
      );
    }
    return [x, window];
  },
  forward: takeColumns,
  derivatives: [(grad, [x, window]): Tensor => addedColumns(grad, x.shape.slice(-2), window)],
});

/** {@link col2im} of canonical arguments. */
const addedColumns: (columns: Tensor, size: readonly number[], window: CanonicalColumns) => Tensor =
  defineOperator({
    name: 'col2im',
    forward: addColumns,
    derivatives: [(grad, [, , window]) => takenColumns(grad, window)],
  });

/** {@link im2col} of canonical arguments. */
const takenColumns: (x: Tensor, window: CanonicalColumns) => Tensor = defineOperator({
  name: 'im2col',
  forward: takeColumns,
  derivatives: [(grad, [x, window]) => addedColumns(grad, x.shape.slice(-2), window)],
});

/**
 * Images [N, C, H, W] that are the sums of patches, given as columns [N, C * kH * kW, L] or without the batch
 * (`torch.nn.functional.fold`). Canonical: (x, [height, width], { kernelSize, dilation, padding, stride }), pairs.
 */
export const col2im: Col2imOperator = defineOperator({
  name: 'col2im',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, readonly number[], CanonicalColumns] => {
    checkTensor('col2im', 'input', x);
    const names = ['outputSize', 'kernelSize', 'dilation', 'padding', 'stride'] as const;
    const named = bindArguments<FoldOptions>('col2im', names, rest);
    const window = readWindow('col2im', named);
    if (named.outputSize === undefined) fail('col2im', "missing argument 'outputSize'");
    const size = sizesOf('col2im', 'outputSize', named.outputSize, 2);
    const { scalarName, kind } = dtypeInfo(x.dtype);
    if (kind !== 'float') {
      fail(
        'col2im',
        `"col2im_out_cpu" not implemented for '${scalarName}'`,
        'a floating-point dtype',
        x.dtype,
      );
    }
    if ((x.ndim !== 2 && x.ndim !== 3) || x.shape.slice(-2).includes(0)) {
      fail(
        'col2im',
        `Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but got: ${showSizes(x.shape)}`,
      );
    }
    const [rows, length] = x.shape.slice(-2) as [number, number];
    const area = window.kernelSize[0]! * window.kernelSize[1]!;
    if (rows % area !== 0) {
      fail(
        'col2im',
        `Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=${rows} and kernel_size=(${window.kernelSize.join(', ')}).`,
      );
    }
    const counts = patchCounts(size, window);
    if (counts[0] < 1 || counts[1] < 1 || counts[0] * counts[1] !== length) {
      fail(
        'col2im',
        `Given output_size=(${size.join(', ')}), kernel_size=(${window.kernelSize.join(', ')}), dilation=(${window.dilation.join(', ')}), padding=(${window.padding.join(', ')}), stride=(${window.stride.join(', ')}), expected size of input's dimension 2 to match the calculated number of sliding blocks ${counts[0]} * ${counts[1]} = ${counts[0] * counts[1]}, but got input.size(2)=${length}.`,
      );
    }
    return [x, size, window];
  },
  forward: addColumns,
  derivatives: [(grad, [, , window]) => takenColumns(grad, window)],
});
