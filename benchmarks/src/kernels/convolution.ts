// 2-D convolutions of the networks' shapes, by what decides how they are computed.

import { conv2d } from '@sconce/engine';
import { outputSize, uniqueLayers } from '../shapes.ts';
import { type KernelCase, kernelCase } from './case.ts';

interface Convolution {
  readonly label: string;
  readonly group: string;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly size: number;
  readonly networks: readonly string[];
}

const convolution = (layer: Convolution): KernelCase => {
  const { kernel, stride, padding, inChannels, outChannels, groups, size } = layer;
  const out = outputSize(size, kernel, stride, padding);
  const step = stride === 1 ? '' : `/${stride}`;
  return kernelCase({
    name: `${layer.label}${kernel}x${kernel}${step} ${channels(layer)}@${size} (${layer.networks.join(', ')})`,
    group: layer.group,
    flops: 2 * out * out * outChannels * (inChannels / groups) * kernel * kernel,
    note: 'NCHW, bias included; weights packed in the call (peer: at load, changes of layout left out)',
    operands: {
      x: { shape: [1, inChannels, size, size] },
      w: { shape: [outChannels, inChannels / groups, kernel, kernel], constant: true },
      b: { shape: [outChannels], constant: true },
    },
    output: [1, outChannels, out, out],
    nodes: [
      {
        op: 'Conv',
        inputs: ['x', 'w', 'b'],
        output: 'y',
        attributes: {
          kernel_shape: { ints: [kernel, kernel] },
          strides: { ints: [stride, stride] },
          pads: { ints: [padding, padding, padding, padding] },
          group: { int: groups },
        },
      },
    ],
    prepare: ({ x, w, b, y }) => {
      const parameters = {
        x,
        w,
        bias: b,
        y,
        batch: 1,
        inChannels,
        inHeight: size,
        inWidth: size,
        outChannels,
        outHeight: out,
        outWidth: out,
        kernel: [kernel, kernel],
        stride: [stride, stride],
        padding: [padding, padding, padding, padding],
        dilation: [1, 1],
        groups,
      } as const;
      return () => conv2d(parameters);
    },
  });
};

const channels = ({ groups, inChannels, outChannels }: Convolution): string =>
  groups === 1 ? `${inChannels}->${outChannels}` : `${inChannels}`;

/** The groups, in the order of the report. */
const order = ['conv3x3', 'pointwise', 'squeeze and excite', 'strided and first layer', 'depthwise'];

function groupOf(kernel: number, stride: number, inChannels: number, size: number): string {
  if (inChannels === 3 || stride > 1) return 'strided and first layer';
  if (kernel === 3) return 'conv3x3';
  return size === 1 ? 'squeeze and excite' : 'pointwise';
}

const full = uniqueLayers('convolution').map(({ layer, networks }) => {
  const [kernel, stride, inChannels, outChannels, size] = layer;
  return convolution({
    label: 'conv',
    group: groupOf(kernel, stride, inChannels, size),
    kernel,
    stride,
    padding: stride === kernel ? 0 : kernel >> 1,
    inChannels,
    outChannels,
    groups: 1,
    size,
    networks,
  });
});

const depthwise = uniqueLayers('depthwise').map(({ layer, networks }) => {
  const [kernel, stride, inChannels, size] = layer;
  const padding = kernel >> 1;
  return convolution({
    label: 'depthwise',
    group: 'depthwise',
    kernel,
    stride,
    padding,
    inChannels,
    outChannels: inChannels,
    groups: inChannels,
    size,
    networks,
  });
});

/** Convolutions. */
export const convolutions: readonly KernelCase[] = [...full, ...depthwise].sort(
  (a, b) => order.indexOf(a.group) - order.indexOf(b.group),
);
