// Convolutions along one and three dimensions, transposed ones, and gradients of those of ResNets, on plain images.

import {
  type ConvolutionNdShape,
  conv2dGradInput,
  conv2dGradWeight,
  convolution,
  convolutionTranspose,
} from '@sconce/engine';
import { outputSize } from '../shapes.ts';
import { count, type KernelCase, kernelCase } from './case.ts';

/** All dimensions alike, padded by half the window. */
interface Layer {
  readonly kernel: number;
  readonly stride: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly inSize: readonly number[];
  readonly of: string;
}

function shapeOf({ kernel, stride, inChannels, outChannels, inSize }: Layer): ConvolutionNdShape {
  const padding = kernel >> 1;
  return {
    ...{ batch: 1, inChannels, inSize, outChannels, groups: 1 },
    outSize: inSize.map((size) => outputSize(size, kernel, stride, padding)),
    kernel: inSize.map(() => kernel),
    stride: inSize.map(() => stride),
    padding: inSize.map(() => [padding, padding] as const),
    dilation: inSize.map(() => 1),
  };
}

/** Attributes of `Conv` and `ConvTranspose`. */
const attributesOf = ({ kernel, stride, padding }: ConvolutionNdShape) => ({
  kernel_shape: { ints: kernel },
  strides: { ints: stride },
  pads: { ints: [...padding.map(([before]) => before), ...padding.map(([, after]) => after)] },
});

const flopsOf = ({ inChannels, outChannels, outSize, kernel }: ConvolutionNdShape): number =>
  2 * inChannels * outChannels * count(outSize) * count(kernel);

const nameOf = ({ kernel, stride, inChannels, outChannels, inSize, of }: Layer): string => {
  const window = inSize.map(() => kernel).join('x') + (stride === 1 ? '' : `/${stride}`);
  return `${window} ${inChannels}->${outChannels}@${inSize.join('x')} (${of})`;
};

const inCall = 'NCHW, weights packed in the call (peer: at load, changes of layout left out)';

const forward = (layer: Layer): KernelCase => {
  const shape = shapeOf(layer);
  const { inChannels, inSize, outChannels, outSize, kernel } = shape;
  return kernelCase({
    name: `conv${inSize.length}d ${nameOf(layer)}`,
    group: `conv${inSize.length}d`,
    flops: flopsOf(shape),
    note: inCall,
    operands: {
      x: { shape: [1, inChannels, ...inSize] },
      w: { shape: [outChannels, inChannels, ...kernel], constant: true },
      b: { shape: [outChannels], constant: true },
    },
    output: [1, outChannels, ...outSize],
    nodes: [{ op: 'Conv', inputs: ['x', 'w', 'b'], output: 'y', attributes: attributesOf(shape) }],
    prepare:
      ({ x, w, b, y }) =>
      () =>
        convolution({ ...shape, x, w, bias: b, y }),
  });
};

/** A layer's window without padding; the output is as large as its windows reach. */
const transposed = (layer: Layer): KernelCase => {
  const { kernel, stride, inChannels, outChannels, inSize } = layer;
  const shape = {
    ...shapeOf(layer),
    padding: inSize.map(() => [0, 0] as const),
    outSize: inSize.map((size) => (size - 1) * stride + kernel),
  };
  return kernelCase({
    name: `transposed ${nameOf(layer)}`,
    group: 'transposed convolution',
    flops: 2 * inChannels * outChannels * count(inSize) * count(shape.kernel),
    note: inCall,
    operands: {
      x: { shape: [1, inChannels, ...inSize] },
      w: { shape: [inChannels, outChannels, ...shape.kernel], constant: true },
      b: { shape: [outChannels], constant: true },
    },
    output: [1, outChannels, ...shape.outSize],
    nodes: [{ op: 'ConvTranspose', inputs: ['x', 'w', 'b'], output: 'y', attributes: attributesOf(shape) }],
    prepare:
      ({ x, w, b, y }) =>
      () =>
        convolutionTranspose({ ...shape, x, w, bias: b, y }),
  });
};

/** A layer of a ResNet in the words of `conv2d`. */
function conv2dShape(layer: Layer) {
  const { kernel, stride, inChannels, outChannels, inSize } = layer;
  const padding = kernel >> 1;
  const [size, out] = [inSize[0]!, outputSize(inSize[0]!, kernel, stride, padding)];
  return {
    ...{ batch: 1, inChannels, inHeight: size, inWidth: size },
    ...{ outChannels, outHeight: out, outWidth: out, groups: 1 },
    kernel: [kernel, kernel],
    stride: [stride, stride],
    padding: [padding, padding, padding, padding],
    dilation: [1, 1],
  } as const;
}

const gradInput = (layer: Layer): KernelCase => {
  const [shape, nd] = [conv2dShape(layer), shapeOf(layer)];
  const { inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernel } = shape;
  return kernelCase({
    name: `gradient of input ${nameOf(layer)}`,
    group: 'gradient of input',
    flops: flopsOf(nd),
    note: `${inCall}; peer: ConvTranspose`,
    operands: {
      dy: { shape: [1, outChannels, outHeight, outWidth] },
      w: { shape: [outChannels, inChannels, ...kernel], constant: true },
    },
    output: [1, inChannels, inHeight, inWidth],
    nodes: [
      {
        op: 'ConvTranspose',
        inputs: ['dy', 'w'],
        output: 'y',
        attributes: { ...attributesOf(nd), output_shape: { ints: [inHeight, inWidth] } },
      },
    ],
    prepare:
      ({ dy, w, y }) =>
      () =>
        conv2dGradInput({ ...shape, dy, w, dx: y }),
  });
};

const gradWeight = (layer: Layer): KernelCase => {
  const shape = conv2dShape(layer);
  const { inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernel, stride } = shape;
  const pads = shape.padding[0];
  // What windows do not reach is left out at the end.
  const rest = inHeight + 2 * pads - ((outHeight - 1) * stride[0] + kernel[0]);
  return kernelCase({
    name: `gradient of weights ${nameOf(layer)}`,
    group: 'gradient of weights',
    flops: flopsOf(shapeOf(layer)),
    note: 'NCHW (peer: Conv of the channels by the gradient, then Transpose, its changes of layout left out)',
    operands: {
      x: { shape: [inChannels, 1, inHeight, inWidth] },
      dy: { shape: [outChannels, 1, outHeight, outWidth] },
    },
    output: [outChannels, inChannels, ...kernel],
    tolerance: 1e-4,
    nodes: [
      {
        op: 'Conv',
        inputs: ['x', 'dy'],
        output: 'sums',
        attributes: {
          kernel_shape: { ints: [outHeight, outWidth] },
          dilations: { ints: stride },
          pads: { ints: [pads, pads, pads - rest, pads - rest] },
        },
      },
      { op: 'Transpose', inputs: ['sums'], output: 'y', attributes: { perm: { ints: [1, 0, 2, 3] } } },
    ],
    prepare:
      ({ x, dy, y }) =>
      () =>
        conv2dGradWeight({ ...shape, x, dy, dw: y }),
  });
};

const line = (
  of: string,
  kernel: number,
  stride: number,
  inChannels: number,
  outChannels: number,
  size: number,
): Layer => ({ of, kernel, stride, inChannels, outChannels, inSize: [size] });

const square = (
  of: string,
  kernel: number,
  stride: number,
  inChannels: number,
  outChannels: number,
  size: number,
): Layer => ({ of, kernel, stride, inChannels, outChannels, inSize: [size, size] });

const resnets: readonly Layer[] = [
  square('resnet', 3, 1, 64, 64, 56),
  square('resnet', 1, 1, 64, 256, 56),
  square('resnet', 3, 2, 64, 128, 56),
  square('resnet', 3, 1, 128, 128, 28),
  square('resnet', 3, 1, 256, 256, 14),
  square('resnet', 3, 1, 512, 512, 7),
];

/** All of them. */
export const otherConvolutions: readonly KernelCase[] = [
  ...[line('whisper', 3, 1, 80, 384, 3000), line('whisper', 3, 2, 384, 384, 3000)].map(forward),
  forward({ of: 'r3d_18', kernel: 3, stride: 1, inChannels: 64, outChannels: 64, inSize: [8, 56, 56] }),
  forward({ of: 'r3d_18', kernel: 3, stride: 2, inChannels: 64, outChannels: 128, inSize: [8, 56, 56] }),
  ...[square('unet', 2, 2, 128, 64, 56), square('dcgan', 4, 2, 256, 128, 16)].map(transposed),
  ...resnets.map(gradInput),
  ...resnets.map(gradWeight),
];
