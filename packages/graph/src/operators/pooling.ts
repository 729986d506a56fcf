/** Pooling in one to three spatial dimensions, and pooling over everything. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { type Call, defineOperator, type LoadContext, type OperatorDefinition } from '../operator.ts';
import {
  checkWindow,
  resolveWindow,
  type Window,
  type WindowAttributes,
  windowAttributes,
} from './windows.ts';

const poolAttributes = {
  ...windowAttributes,
  ceil_mode: attribute.flag.default(false),
  kernel_shape: attribute.ints.required(),
} as const;

type PoolAttributes = WindowAttributes & {
  readonly kernel_shape: readonly number[];
  readonly ceil_mode: boolean;
};

function checkPool(attributes: PoolAttributes, context: LoadContext): void {
  const rank = attributes.kernel_shape.length;
  if (rank < 1 || rank > 3) context.report(`attribute 'kernel_shape': expected 1 to 3 integers, got ${rank}`);
  else if (attributes.kernel_shape.some((size) => size < 1))
    context.report(
      `attribute 'kernel_shape': expected integers of at least 1, got [${attributes.kernel_shape.join(', ')}]`,
    );
  else checkWindow(attributes, rank, context.report);
}

/** Adds a height of 1 to a tensor with one spatial dimension. */
const withHeight = (x: Tensor): Tensor => t.unsqueeze(x, 2);
/** Takes that height away again. */
const withoutHeight = (x: Tensor): Tensor => t.squeeze(x, 2);

/** The same window with a height of 1. */
function windowWithHeight(window: Window): Window {
  return {
    kernel: [1, ...window.kernel],
    strides: [1, ...window.strides],
    dilations: [1, ...window.dilations],
    pads: [[0, 0], ...window.pads],
  };
}

/** Brings a pooling call to two dimensions, runs it, and brings the result back. */
function pool2d<A extends PoolAttributes>(
  call: Call<A>,
  x: Tensor,
  run: (x: Tensor, window: Window) => readonly Tensor[],
): Tensor[] {
  const { kernel_shape: kernel } = call.attributes;
  if (x.ndim !== kernel.length + 2)
    call.fail(`expected an input of ${kernel.length + 2} dimensions, got shape [${x.shape.join(', ')}]`);
  const window = resolveWindow(call, kernel, x.shape.slice(2));
  if (kernel.length === 3) return [poolVolume(x, window, run)];
  if (kernel.length === 2) return [...run(x, window)];
  return run(withHeight(x), windowWithHeight(window)).map(withoutHeight);
}

/** Three dimensions: largest and mean values of boxes are those of their images, then of their depth. */
function poolVolume(
  x: Tensor,
  window: Window,
  run: (x: Tensor, window: Window) => readonly Tensor[],
): Tensor {
  const [batch, channels, depth, ...size] = x.shape as [number, number, number, number, number];
  const image: Window = {
    kernel: window.kernel.slice(1),
    strides: window.strides.slice(1),
    dilations: window.dilations.slice(1),
    pads: window.pads.slice(1),
  };
  const column: Window = {
    kernel: [window.kernel[0]!, 1],
    strides: [window.strides[0]!, 1],
    dilations: [window.dilations[0]!, 1],
    pads: [window.pads[0]!, [0, 0]],
  };
  const images = run(x.reshape([batch, channels * depth, ...size]), image)[0]!;
  const [height, width] = images.shape.slice(2) as [number, number];
  const result = run(images.reshape([batch, channels, depth, height * width]), column)[0]!;
  return result.reshape([batch, channels, result.shape[2]!, height, width]);
}

/**
 * Number of windows along an axis. The last one of `ceil_mode` must start inside the input or the padding
 * before it.
 */
function outputSize(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  pads: readonly [number, number],
  ceil: boolean,
): number {
  const span = size + pads[0] + pads[1] - (dilation * (kernel - 1) + 1);
  if (!ceil) return Math.floor(span / stride) + 1;
  const windows = Math.ceil(span / stride) + 1;
  return (windows - 1) * stride >= size + pads[0] ? windows - 1 : windows;
}

/**
 * Pads the input itself, as far as the windows reach. PyTorch's pooling takes at most half a kernel of padding
 * and rounds up in its own way, ONNX has neither limit.
 */
function padForWindows(x: Tensor, window: Window, ceil: boolean, value: number): Tensor {
  const pads = window.pads.map(([begin, end], axis): [number, number] => {
    const size = x.shape[axis + 2]!;
    const [kernel, stride, dilation] = [window.kernel[axis]!, window.strides[axis]!, window.dilations[axis]!];
    const windows = outputSize(size, kernel, stride, dilation, [begin, end], ceil);
    const reach = (windows - 1) * stride + dilation * (kernel - 1) + 1;
    return [begin, Math.max(end, reach - size - begin)];
  });
  return pads.flat().every((pad) => pad === 0) ? x : t.pad(x, [...pads].reverse().flat(), { value });
}

const sides = ({ pads }: Window) => [pads[0]!, pads[1]!] as const;

const pair = (values: readonly number[]): [number, number] => [values[0]!, values[1]!];

/** Whether PyTorch's own pooling takes these pads: at most half a kernel at each end. */
const isPlain = (window: Window): boolean =>
  window.pads.every((ends, axis) => ends.every((pad) => pad >= 0 && pad * 2 <= window.kernel[axis]!));

function maxPool(x: Tensor, window: Window, ceil: boolean): Tensor {
  const plain = isPlain(window);
  return t.maxPool2d(plain ? x : padForWindows(x, window, ceil, -Infinity), {
    kernelSize: pair(window.kernel),
    stride: pair(window.strides),
    padding: plain ? sides(window) : 0,
    dilation: pair(window.dilations),
    ceilMode: plain && ceil,
  });
}

/**
 * Indices of the largest elements, counted through the whole input. PyTorch counts within a plane, and in the
 * padded input where the input was padded here.
 */
function maxPoolIndices(x: Tensor, window: Window, ceil: boolean, columnMajor: boolean): Tensor {
  const padded = padForWindows(x, window, ceil, -Infinity);
  const { indices } = t.maxPool2dWithIndices(padded, {
    kernelSize: pair(window.kernel),
    stride: pair(window.strides),
    padding: 0,
    dilation: pair(window.dilations),
  });
  const [height, width] = [x.shape[2]!, x.shape[3]!];
  const [top, left] = [window.pads[0]![0], window.pads[1]![0]];
  const paddedWidth = padded.shape[3]!;
  const found = indices.toTypedArray() as BigInt64Array;
  const perPlane = indices.shape[2]! * indices.shape[3]!;
  const global = found.map((index, position) => {
    const row = Math.floor(Number(index) / paddedWidth) - top;
    const column = (Number(index) % paddedWidth) - left;
    const plane = Math.floor(position / perPlane);
    return BigInt(plane * height * width + (columnMajor ? column * height + row : row * width + column));
  });
  return t.fromTypedArray(global, indices.shape);
}

function averagePool(x: Tensor, window: Window, ceil: boolean, includePad: boolean): Tensor {
  if (isPlain(window) && window.dilations.every((dilation) => dilation === 1))
    return t.avgPool2d(x, {
      kernelSize: pair(window.kernel),
      stride: pair(window.strides),
      padding: sides(window),
      ceilMode: ceil,
      countIncludePad: includePad,
    });
  // Sums of the elements divided by sums of ones where an element counts, both as convolutions.
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const ones = t.ones([1, 1, ...window.kernel], { dtype: x.dtype });
  const sum = (input: Tensor): Tensor =>
    t.conv2d(padForWindows(input, window, ceil, 0), ones, undefined, {
      stride: pair(window.strides),
      dilation: pair(window.dilations),
    });
  const sums = sum(x.reshape([batch * channels, 1, height, width]));
  const cells = t.ones([1, 1, height, width], { dtype: x.dtype });
  const counted = includePad ? t.pad(cells, [...window.pads].reverse().flat(), { value: 1 }) : cells;
  const counts = includePad ? sumWithin(counted, window, ceil, ones) : sum(cells);
  const means = t.div(sums, counts);
  return means.reshape([batch, channels, means.shape[2]!, means.shape[3]!]);
}

/** As `sum` above for an input that has its padding already. */
function sumWithin(padded: Tensor, window: Window, ceil: boolean, ones: Tensor): Tensor {
  const bare: Window = {
    ...window,
    pads: [
      [0, 0],
      [0, 0],
    ],
  };
  return t.conv2d(padForWindows(padded, bare, ceil, 0), ones, undefined, {
    stride: pair(window.strides),
    dilation: pair(window.dilations),
  });
}

function globalPool(
  opType: string,
  reduce: (x: Tensor, options: { dim: number[]; keepdim: true }) => Tensor,
): OperatorDefinition {
  return defineOperator(opType, {
    inputs: 1,
    run(call, x: Tensor) {
      if (x.ndim < 3)
        call.fail(`expected an input of at least 3 dimensions, got shape [${x.shape.join(', ')}]`);
      return reduce(x, { dim: x.shape.map((_size, axis) => axis).slice(2), keepdim: true });
    },
  });
}

export const pooling: readonly OperatorDefinition[] = [
  defineOperator('MaxPool', {
    inputs: 1,
    outputs: [1, 2],
    attributes: { ...poolAttributes, storage_order: attribute.flag.default(false) },
    check: checkPool,
    run(call, x: Tensor) {
      const { ceil_mode: ceil, storage_order: columnMajor } = call.attributes;
      if (call.wants(1) && x.ndim > 4) call.fail('indices of 3 spatial dimensions are not supported');
      return pool2d(call, x, (input, window) =>
        call.wants(1)
          ? [maxPool(input, window, ceil), maxPoolIndices(input, window, ceil, columnMajor)]
          : [maxPool(input, window, ceil)],
      );
    },
  }),
  defineOperator('AveragePool', {
    inputs: 1,
    attributes: { ...poolAttributes, count_include_pad: attribute.flag.default(false) },
    check: checkPool,
    run(call, x: Tensor) {
      const { ceil_mode: ceil, count_include_pad: includePad } = call.attributes;
      return pool2d(call, x, (input, window) => [averagePool(input, window, ceil, includePad)]);
    },
  }),
  globalPool('GlobalAveragePool', (x, options) => t.mean(x, options)),
  globalPool('GlobalMaxPool', (x, options) => t.amax(x, options)),
];
