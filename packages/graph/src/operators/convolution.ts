/** Convolution and transposed convolution in one to three spatial dimensions. */

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

/** Checks at load time. */
function checkConvolution(attributes: ConvolutionAttributes, context: LoadContext): void {
  const weight = context.inputShape(1);
  const rank = weight ? weight.length - 2 : attributes.kernel_shape?.length;
  if (rank === undefined) return;
  if (rank < 1 || rank > 3) {
    context.report(`expected a weight with 1 to 3 spatial dimensions, got ${Math.max(rank, 0)}`);
    return;
  }
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

/** Checks ranks and gives the window; the kernel's size is the weight's. */
function windowOf(call: Call<ConvolutionAttributes>, x: Tensor, weight: Tensor): Window {
  const rank = weight.ndim - 2;
  if (rank < 1 || rank > 3) call.fail(`expected a weight with 1 to 3 spatial dimensions, got ${rank}`);
  if (x.ndim !== weight.ndim)
    call.fail(`expected an input of ${weight.ndim} dimensions, got shape [${x.shape.join(', ')}]`);
  return resolveWindow(call, weight.shape.slice(2), x.shape.slice(2));
}

/** Pads (or, where negative, crops) the spatial dimensions with zeros. */
function padSpatial(x: Tensor, pads: readonly (readonly [number, number])[]): Tensor {
  if (pads.every(([begin, end]) => begin === 0 && end === 0)) return x;
  return t.pad(x, [...pads].reverse().flat());
}

/** Convolutions by the number of spatial dimensions, less one. */
const convolutions = [t.conv1d, t.conv2d, t.conv3d] as const;
const transposed = [t.convTranspose1d, t.convTranspose2d, t.convTranspose3d] as const;

function convolve(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  window: Window,
  groups: number,
): Tensor {
  const negative = window.pads.some(([begin, end]) => begin < 0 || end < 0);
  const run = convolutions[window.kernel.length - 1]!;
  return run(negative ? padSpatial(x, window.pads) : x, weight, bias, {
    stride: window.strides,
    padding: negative ? 0 : window.pads,
    dilation: window.dilations,
    groups,
  });
}

function deconvolve(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  window: Window,
  outputPadding: readonly number[],
  groups: number,
): Tensor {
  const common = { stride: window.strides, dilation: window.dilations, groups };
  const run = transposed[window.kernel.length - 1]!;
  const fits = window.pads.every(
    ([begin, end], axis) =>
      begin >= 0 &&
      end >= 0 &&
      outputPadding[axis]! < Math.max(window.strides[axis]!, window.dilations[axis]!),
  );
  if (fits) return run(x, weight, bias, { ...common, padding: window.pads, outputPadding });
  // Pads that crop or are larger than the output: the whole output is cut (or extended by zeros) at its ends, and the bias comes after that.
  const whole = run(x, weight, undefined, common);
  const cut = padSpatial(
    whole,
    window.pads.map(([begin, end], axis) => [-begin, outputPadding[axis]! - end] as const),
  );
  return bias ? t.add(cut, alongChannels(bias, x.ndim)) : cut;
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
    check: checkConvolution,
    run(call, x: Tensor, weight: Tensor, bias?: Tensor) {
      return convolve(x, weight, bias, windowOf(call, x, weight), call.attributes.group);
    },
  }),
  defineOperator('ConvTranspose', {
    inputs: [2, 3],
    attributes: {
      ...convolutionAttributes,
      output_padding: attribute.ints.optional(),
      output_shape: attribute.ints.optional(),
    },
    check: checkConvolution,
    run(call, x: Tensor, weight: Tensor, bias?: Tensor) {
      const { group, auto_pad: autoPad, output_padding, output_shape } = call.attributes;
      const given = windowOf(call, x, weight);
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
      return deconvolve(x, weight, bias, window, outputPadding, group);
    },
  }),
];
