// 2-D convolutions of the networks' shapes, by what decides how they are computed.

import {
  type BlockedImage,
  type BlockedShape,
  blockedConv2d,
  blockedElements,
  blockedLanes,
  chooseConv2d,
  conv2d,
  conv2dBorder,
  fromBlocked,
  packConv2dWeights,
  packConvolutionWeights,
  toBlocked,
} from '@sconce/engine';
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
  /** Whether the images lie in blocks of channels, and weights are packed ahead, as in a compiled network. */
  readonly blocked: boolean;
}

const convolution = (layer: Convolution): KernelCase => {
  const { kernel, stride, padding, inChannels, outChannels, groups, size } = layer;
  const out = outputSize(size, kernel, stride, padding);
  const step = stride === 1 ? '' : `/${stride}`;
  return kernelCase({
    name: `${layer.blocked ? 'blocked ' : ''}${layer.label}${kernel}x${kernel}${step} ${channels(layer)}@${size} (${layer.networks.join(', ')})`,
    group: `${layer.blocked ? 'blocked ' : ''}${layer.group}`,
    flops: 2 * out * out * outChannels * (inChannels / groups) * kernel * kernel,
    note: layer.blocked
      ? 'channel-blocked images, bias included, weights packed ahead (peer: the same)'
      : 'NCHW, bias included, weights packed ahead (peer: the same, changes of layout left out)',
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
    prepare: ({ x, w, b, y }, scratch) => {
      const shape = {
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
      if (!layer.blocked) {
        const packed = packConvolutionWeights({ ...shape, w, bias: b });
        return () => conv2d({ ...shape, x, w: packed, y });
      }
      const weights = packConv2dWeights({ ...shape, w, bias: b });
      const image = (of: BlockedShape): BlockedImage => ({ ...of, ...scratch(blockedElements(of)) });
      const method = chooseConv2d(shape);
      const from = image({
        ...{ batch: 1, channels: inChannels, height: size, width: size },
        border: conv2dBorder(shape, method),
        lanes: method === 'planar' ? 1 : blockedLanes(),
      });
      const to = image({
        ...{ batch: 1, channels: outChannels, height: out, width: out },
        border: [0, 0, 0, 0],
        lanes: blockedLanes(),
      });
      toBlocked({ x, y: from });
      return {
        call: () => blockedConv2d({ x: from, weights, y: to }),
        finish: () => fromBlocked({ x: to, y }),
      };
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

const layouts = [false, true];

const full = uniqueLayers('convolution').flatMap(({ layer, networks }) => {
  const [kernel, stride, inChannels, outChannels, size] = layer;
  const shape = {
    kernel,
    stride,
    padding: stride === kernel ? 0 : kernel >> 1,
    inChannels,
    outChannels,
    groups: 1,
    size,
  };
  const group = groupOf(kernel, stride, inChannels, size);
  return layouts.map((blocked) => convolution({ ...shape, label: 'conv', group, networks, blocked }));
});

const depthwise = uniqueLayers('depthwise').flatMap(({ layer, networks }) => {
  const [kernel, stride, inChannels, size] = layer;
  const shape = {
    kernel,
    stride,
    padding: kernel >> 1,
    inChannels,
    outChannels: inChannels,
    groups: inChannels,
    size,
  };
  return layouts.map((blocked) =>
    convolution({ ...shape, label: 'depthwise', group: 'depthwise', networks, blocked }),
  );
});

/** Convolutions, plain layouts first. */
export const convolutions: readonly KernelCase[] = [...full, ...depthwise].sort(
  (a, b) => place(a) - place(b),
);

function place({ group }: KernelCase): number {
  const plain = group.replace(/^blocked /, '');
  return order.indexOf(plain) + (plain === group ? 0 : order.length);
}
