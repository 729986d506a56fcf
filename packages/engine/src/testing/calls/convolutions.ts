// Calls of convolutions and their gradients, for tests that compare executors.

import { blockedConv2d } from '../../kernels/blocked/conv2d.ts';
import { blockedLanes } from '../../kernels/blocked/image.ts';
import { type Conv2dMethod, conv2dBorder, inputLanes } from '../../kernels/blocked/method.ts';
import { packConv2dWeights } from '../../kernels/blocked/pack.ts';
import {
  convolutionGradInput,
  convolutionGradWeight,
  convolution as convolve3d,
} from '../../kernels/conv-nd.ts';
import { convTranspose2d } from '../../kernels/conv-transpose2d.ts';
import { conv2d } from '../../kernels/conv2d.ts';
import { conv2dGradInput, conv2dGradWeight } from '../../kernels/conv2d-gradients.ts';
import type { ConvolutionShape, Slice } from '../../types.ts';
import { blockedImage, plainOf } from './blocked-images.ts';
import { fromOne, random, slice } from './operands.ts';

/** Calls of convolutions and their gradients. */
export const convolutionsCalls: Readonly<Record<string, () => Slice>> = {
  conv2d: () => convolutionCase('forward', 'plain'),
  depthwise: () => convolutionCase('forward', 'depthwise'),
  conv2dLayer: () => convolutionCase('forward', 'layer'),
  conv2dGradInput: () => convolutionCase('input', 'plain'),
  conv2dGradWeight: () => convolutionCase('weight', 'plain'),
  depthwiseGradInput: () => convolutionCase('input', 'depthwise'),
  depthwiseGradWeight: () => convolutionCase('weight', 'depthwise'),
  conv2dLayerGradInput: () => convolutionCase('input', 'layer'),
  conv2dLayerGradWeight: () => convolutionCase('weight', 'layer'),
  conv2dLines: () => convolutionCase('forward', 'lines'),
  conv2dLinesGradInput: () => convolutionCase('input', 'lines'),
  conv2dLinesGradWeight: () => convolutionCase('weight', 'lines'),
  conv3d: () => volumeCase('forward'),
  conv3dGradInput: () => volumeCase('input'),
  conv3dGradWeight: () => volumeCase('weight'),
  convTranspose2d: () => {
    const [inChannels, outChannels, inHeight, inWidth] = [fromOne(5), fromOne(5), fromOne(12), fromOne(20)];
    const [kernel, stride] = [fromOne(3), fromOne(3)];
    const out = (extent: number): number => (extent - 1) * stride + kernel;
    const y = slice(outChannels * out(inHeight) * out(inWidth));
    convTranspose2d({
      batch: 1,
      groups: 1,
      inChannels,
      outChannels,
      inHeight,
      inWidth,
      outHeight: out(inHeight),
      outWidth: out(inWidth),
      kernel: [kernel, kernel],
      stride: [stride, stride],
      dilation: [1, 1],
      padding: [0, 0, 0, 0],
      x: slice(inChannels * inHeight * inWidth),
      w: slice(inChannels * outChannels * kernel * kernel),
      bias: slice(outChannels),
      y,
    });
    return y;
  },
  blockedDirect: () => blockedConvolution('direct'),
  blockedPlanar: () => blockedConvolution('planar'),
  blockedDepthwise: () => blockedConvolution('depthwise'),
  blockedWinograd: () => blockedConvolution('winograd4'),
  blockedStrassen: () => blockedConvolution('strassen'),
};

function blockedConvolution(method: Conv2dMethod): Slice {
  const depthwise = method === 'depthwise';
  const strassen = method === 'strassen';
  const few = method === 'planar' ? fromOne(4) : 1 + fromOne(40);
  const inChannels = strassen ? 32 * fromOne(2) : few;
  const many = fromOne(random(2) === 1 ? 40 : 300);
  const outChannels = depthwise ? inChannels : strassen ? 32 * fromOne(3) : many;
  const window = strassen && random(2) === 1 ? 1 : 3;
  const padding = (window - 1) / 2;
  const groups = depthwise ? inChannels : 1;
  const size = fromOne(20);
  const batch = fromOne(2);
  const extent = { inHeight: size, inWidth: size, outHeight: size, outWidth: size };
  const shape = {
    ...{ ...extent, batch, inChannels, outChannels, groups, kernel: [window, window] as const },
    ...{
      stride: [1, 1] as const,
      padding: [padding, padding, padding, padding] as const,
      dilation: [1, 1] as const,
    },
  };
  const w = slice((outChannels * inChannels * window ** 2) / groups);
  const weights = packConv2dWeights({ ...shape, method, w, bias: slice(outChannels) });
  const image = { batch, height: size, width: size };
  const input = {
    ...image,
    channels: inChannels,
    border: conv2dBorder(shape, method),
    lanes: inputLanes(method),
  };
  const output = { ...image, channels: outChannels, border: [1, 1, 1, 1] as const, lanes: blockedLanes() };
  const y = blockedImage(output, false);
  blockedConv2d({ x: blockedImage(input, true), weights, y, activation: { kind: 'relu' } });
  return plainOf(y);
}

/** What is computed of a convolution. */
type ConvolutionPart = 'forward' | 'input' | 'weight';

/** One group, a window for each channel, enough channels for blocks and Winograd's methods, or few channels of a batch. */
type ConvolutionKind = 'plain' | 'depthwise' | 'layer' | 'lines';

function convolutionCase(of: ConvolutionPart, kind: ConvolutionKind): Slice {
  if (kind === 'lines') return lineCase(of);
  const groups = kind === 'depthwise' ? 2 + random(3) : 1;
  const layer = kind === 'layer';
  const inChannels = layer ? 14 + random(30) : kind === 'depthwise' ? groups : fromOne(8);
  const outChannels = layer ? 14 + random(50) : kind === 'depthwise' ? groups * fromOne(2) : fromOne(20);
  const kernel = layer ? 1 + 2 * random(2) : fromOne(4);
  const [stride, padding, batch] = [fromOne(layer ? 2 : 3), random(3), fromOne(3)];
  const [inHeight, inWidth] = [4 + random(20), 4 + random(layer ? 24 : 40)];
  const out = (extent: number): number => Math.floor((extent + 2 * padding - kernel) / stride) + 1;
  const shape = {
    ...{ batch, groups, inChannels, outChannels, inHeight, inWidth },
    ...{ outHeight: out(inHeight), outWidth: out(inWidth) },
    kernel: [kernel, kernel],
    stride: [stride, stride],
    dilation: [1, 1],
    padding: [padding, padding, padding, padding],
  } as const;
  return partOf(of, shape);
}

/** Few channels of each group, and a batch that is cut into chunks. */
function lineCase(of: ConvolutionPart): Slice {
  const [batch, groups, kernel, padding] = [fromOne(24), fromOne(3), 2 + random(4), random(3)];
  const [inChannels, outChannels] = [groups * (1 + fromOne(4)), groups * (random(2) === 1 ? fromOne(9) : 16)];
  const [inHeight, inWidth] = [6 + random(12), 6 + random(40)];
  const grown = 2 * padding - kernel + 1;
  return partOf(of, {
    ...{ batch, groups, inChannels, outChannels, inHeight, inWidth },
    ...{ outHeight: inHeight + grown, outWidth: inWidth + grown },
    kernel: [kernel, kernel],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [padding, padding, padding, padding],
  });
}

function partOf(of: ConvolutionPart, shape: ConvolutionShape): Slice {
  const { batch, inChannels, outChannels, groups, kernel } = shape;
  const x = slice(batch * inChannels * shape.inHeight * shape.inWidth);
  const w = slice((inChannels / groups) * outChannels * kernel[0] * kernel[1]);
  const y = slice(batch * outChannels * shape.outHeight * shape.outWidth);
  if (of === 'forward') conv2d({ ...shape, x, w, bias: slice(outChannels), y });
  else if (of === 'input') conv2dGradInput({ ...shape, dy: y, w, dx: x });
  else conv2dGradWeight({ ...shape, x, dy: y, dw: w });
  return of === 'forward' ? y : of === 'input' ? x : w;
}

/** 3-D, which is many calls of the 2-D kernels. */
function volumeCase(of: ConvolutionPart): Slice {
  const [batch, inChannels, outChannels] = [fromOne(2), fromOne(10), fromOne(10)];
  const inSize = [3 + random(4), 3 + random(8), 3 + random(12)];
  const shape = {
    ...{ batch, inChannels, outChannels, inSize, groups: 1, outSize: inSize },
    kernel: [3, 3, 3],
    stride: [1, 1, 1],
    dilation: [1, 1, 1],
    padding: [[1, 1] as const, [1, 1] as const, [1, 1] as const],
  };
  const pixels = inSize[0]! * inSize[1]! * inSize[2]!;
  const x = slice(batch * inChannels * pixels);
  const w = slice(inChannels * outChannels * 27);
  const y = slice(batch * outChannels * pixels);
  if (of === 'forward') convolve3d({ ...shape, x, w, y });
  else if (of === 'input') convolutionGradInput({ ...shape, dy: y, w, dx: x });
  else convolutionGradWeight({ ...shape, x, dy: y, dw: w });
  return of === 'forward' ? y : of === 'input' ? x : w;
}
