/** Convolution in one to three spatial dimensions, transposed convolution in one and two. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { type Call, defineOperator, type LoadContext, type OperatorDefinition } from '../operator.ts';
import { alongChannels } from './helpers.ts';
import {
  checkWindow,
  resolveWindow,
  splitPadding,
  type Window,
  type WindowAttributes,
  windowAttributes,
} from './windows.ts';

type ConvolutionAttributes = WindowAttributes & { readonly kernel_shape: readonly number[] | undefined };

/** Checks at load time for at most `most` spatial dimensions. */
const checkConvolution =
  (most: number) =>
  (attributes: ConvolutionAttributes, context: LoadContext): void => {
    const weight = context.inputShape(1);
    const rank = weight ? weight.length - 2 : attributes.kernel_shape?.length;
    if (rank === undefined) return;
    if (rank < 1 || rank > most)
      context.report(`expected a weight with 1 to ${most} spatial dimensions, got ${Math.max(rank, 0)}`);
    else {
      checkWindow(attributes, rank, context.report);
      const stated = attributes.kernel_shape;
      if (
        weight &&
        stated?.some((size, axis) => typeof weight[axis + 2] === 'number' && weight[axis + 2] !== size)
      )
        context.report(
          `attribute 'kernel_shape': expected [${weight.slice(2).join(', ')}], got [${stated.join(', ')}]`,
        );
    }
  };

/** Checks ranks and gives the window; the kernel's size is the weight's. */
function windowOf(call: Call<ConvolutionAttributes>, x: Tensor, weight: Tensor, most: number): Window {
  const rank = weight.ndim - 2;
  if (rank < 1 || rank > most)
    call.fail(`expected a weight with 1 to ${most} spatial dimensions, got ${rank}`);
  if (x.ndim !== weight.ndim)
    call.fail(`expected an input of ${weight.ndim} dimensions, got shape [${x.shape.join(', ')}]`);
  return resolveWindow(call, weight.shape.slice(2), x.shape.slice(2));
}

/** Adds a height of 1 to a tensor with one spatial dimension. */
export const withHeight = (x: Tensor): Tensor => t.unsqueeze(x, 2);
/** Takes that height away again. */
export const withoutHeight = (x: Tensor): Tensor => t.squeeze(x, 2);

/** The same window with a height of 1. */
export function windowWithHeight(window: Window): Window {
  return {
    kernel: [1, ...window.kernel],
    strides: [1, ...window.strides],
    dilations: [1, ...window.dilations],
    pads: [[0, 0], ...window.pads],
  };
}

const pair = (values: readonly number[]): [number, number] => [values[0]!, values[1]!];

/** Pads (or, where negative, crops) the spatial dimensions with zeros. */
function padSpatial(x: Tensor, pads: readonly (readonly [number, number])[]): Tensor {
  if (pads.every(([begin, end]) => begin === 0 && end === 0)) return x;
  return t.pad(x, [...pads].reverse().flat());
}

function convolve(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  window: Window,
  groups: number,
): Tensor {
  const negative = window.pads.some(([begin, end]) => begin < 0 || end < 0);
  return t.conv2d(negative ? padSpatial(x, window.pads) : x, weight, bias, {
    stride: pair(window.strides),
    padding: negative ? 0 : [window.pads[0]!, window.pads[1]!],
    dilation: pair(window.dilations),
    groups,
  });
}

/** Three spatial dimensions: images at every depth of the kernel, summed. */
function convolveVolume(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  window: Window,
  groups: number,
): Tensor {
  const padded = padSpatial(x, [window.pads[0]!, [0, 0], [0, 0]]);
  const [stride, dilation] = [window.strides[0]!, window.dilations[0]!];
  const reach = dilation * (window.kernel[0]! - 1) + 1;
  const layers = Math.floor((padded.shape[2]! - reach) / stride) + 1;
  const plane: Window = {
    kernel: window.kernel.slice(1),
    strides: window.strides.slice(1),
    dilations: window.dilations.slice(1),
    pads: window.pads.slice(1),
  };
  const [batch, channels] = [x.shape[0]!, x.shape[1]!];
  let sum: Tensor | undefined;
  for (let layer = 0; layer < window.kernel[0]!; layer++) {
    const start = layer * dilation;
    const images = t
      .slice(padded, 2, start, start + (layers - 1) * stride + 1, stride)
      .permute([0, 2, 1, 3, 4])
      .reshape([batch * layers, channels, x.shape[3]!, x.shape[4]!]);
    const term = convolve(images, t.select(weight, 2, layer), layer === 0 ? bias : undefined, plane, groups);
    sum = sum ? t.add(sum, term) : term;
  }
  const [, outChannels, height, width] = sum!.shape as [number, number, number, number];
  return sum!.reshape([batch, layers, outChannels, height, width]).permute([0, 2, 1, 3, 4]);
}

function deconvolve(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  window: Window,
  outputPadding: readonly number[],
  groups: number,
): Tensor {
  const common = { stride: pair(window.strides), dilation: pair(window.dilations), groups };
  const fits = window.pads.every(
    ([begin, end], axis) =>
      begin >= 0 &&
      end >= 0 &&
      outputPadding[axis]! < Math.max(window.strides[axis]!, window.dilations[axis]!),
  );
  if (fits)
    return t.convTranspose2d(x, weight, bias, {
      ...common,
      padding: [window.pads[0]!, window.pads[1]!],
      outputPadding: pair(outputPadding),
    });
  // Pads that crop or are larger than the output: the whole output is cut (or extended by zeros) at its ends, and the bias comes after that.
  const whole = t.convTranspose2d(x, weight, undefined, common);
  const cut = padSpatial(
    whole,
    window.pads.map(([begin, end], axis) => [-begin, outputPadding[axis]! - end] as const),
  );
  return bias ? t.add(cut, alongChannels(bias, 4)) : cut;
}

/** The padding of a transposed convolution that is asked for a certain output size. */
function padsForShape(
  window: Window,
  spatial: readonly number[],
  outputShape: readonly number[],
  outputPadding: readonly number[],
  autoPad: string,
): [number, number][] {
  return window.kernel.map((size, axis) => {
    const whole =
      (spatial[axis]! - 1) * window.strides[axis]! +
      outputPadding[axis]! +
      (size - 1) * window.dilations[axis]! +
      1;
    return splitPadding(whole - outputShape[axis]!, autoPad === 'SAME_UPPER' ? 'SAME_UPPER' : 'SAME_LOWER');
  });
}

const convolutionAttributes = {
  ...windowAttributes,
  group: attribute.int.default(1),
  kernel_shape: attribute.ints.optional(),
} as const;

export const convolution: readonly OperatorDefinition[] = [
  defineOperator('Conv', {
    inputs: [2, 3],
    attributes: convolutionAttributes,
    check: checkConvolution(3),
    run(call, x: Tensor, weight: Tensor, bias?: Tensor) {
      const window = windowOf(call, x, weight, 3);
      const { group } = call.attributes;
      if (weight.ndim === 5) return convolveVolume(x, weight, bias, window, group);
      if (weight.ndim === 4) return convolve(x, weight, bias, window, group);
      return withoutHeight(
        convolve(withHeight(x), withHeight(weight), bias, windowWithHeight(window), group),
      );
    },
  }),
  defineOperator('ConvTranspose', {
    inputs: [2, 3],
    attributes: {
      ...convolutionAttributes,
      output_padding: attribute.ints.optional(),
      output_shape: attribute.ints.optional(),
    },
    check: checkConvolution(2),
    run(call, x: Tensor, weight: Tensor, bias?: Tensor) {
      const { group, auto_pad: autoPad, output_padding, output_shape } = call.attributes;
      const given = windowOf(call, x, weight, 2);
      const rank = given.kernel.length;
      const spatial = x.shape.slice(2);
      const outputPadding = output_padding ?? new Array<number>(rank).fill(0);
      call.expectCount('output_padding', outputPadding, rank);
      let shape = output_shape;
      // Some exporters write the whole shape, batch and channels included.
      if (shape?.length === rank + 2) shape = shape.slice(2);
      if (shape) call.expectCount('output_shape', shape, rank);
      if (!shape && (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER'))
        shape = spatial.map((size, axis) => size * given.strides[axis]!);
      const pads = shape ? padsForShape(given, spatial, shape, outputPadding, autoPad) : given.pads;
      const window = { ...given, pads };
      if (rank === 2) return deconvolve(x, weight, bias, window, outputPadding, group);
      const flat = windowWithHeight(window);
      return withoutHeight(
        deconvolve(withHeight(x), withHeight(weight), bias, flat, [0, ...outputPadding], group),
      );
    },
  }),
];
