// Pooling over windows, and over whole planes.

import {
  type BlockedImage,
  type BlockedShape,
  blockedElements,
  blockedGlobalAveragePool,
  blockedLanes,
  blockedPool2d,
  fromBlocked,
  pool2d,
  pool3d,
  reduce,
  type Slice,
  toBlocked,
} from '@sconce/engine';
import { outputSize, uniqueLayers } from '../shapes.ts';
import { type KernelCase, kernelCase } from './case.ts';

interface Pool {
  readonly kind: 'max' | 'average';
  readonly kernel: number;
  readonly stride: number;
  readonly channels: number;
  readonly size: number;
  readonly where: string;
  /** Whether the images lie in blocks of channels, as in a compiled network. */
  readonly blocked: boolean;
}

const layouts = [false, true];

/** What rows of blocked images say of the peer, which alone pools planes. */
const BLOCKED_NOTE = 'channel-blocked images, one call (peer: NCHW)';

/** The input of a row as a blocked image, and one for its output. */
function blockedImages(
  { x, channels, size, out }: { x: Slice; channels: number; size: number; out: number },
  scratch: (elements: number) => Slice,
): { from: BlockedImage; to: BlockedImage } {
  const image = (extent: number): BlockedImage => {
    const shape: BlockedShape = {
      ...{ batch: 1, channels, height: extent, width: extent },
      border: [0, 0, 0, 0],
      lanes: blockedLanes(),
    };
    return { ...shape, ...scratch(blockedElements(shape)) };
  };
  const [from, to] = [image(size), image(out)];
  toBlocked({ x, y: from });
  return { from, to };
}

const pool = ({ kind, kernel, stride, channels, size, where, blocked }: Pool): KernelCase => {
  const padding = kernel % 2 === 0 ? 0 : kernel >> 1;
  const out = outputSize(size, kernel, stride, padding);
  return kernelCase({
    name: `${blocked ? 'blocked ' : ''}${kind}Pool${kernel}x${kernel}/${stride} ${channels}@${size} (${where})`,
    group: blocked ? 'blocked pooling' : 'pooling',
    note: blocked ? BLOCKED_NOTE : 'NCHW, one call',
    operands: { x: { shape: [1, channels, size, size] } },
    output: [1, channels, out, out],
    nodes: [
      {
        op: kind === 'max' ? 'MaxPool' : 'AveragePool',
        inputs: ['x'],
        output: 'y',
        attributes: {
          kernel_shape: { ints: [kernel, kernel] },
          strides: { ints: [stride, stride] },
          pads: { ints: [padding, padding, padding, padding] },
          ...(kind === 'average' && { count_include_pad: { int: 1 } }),
        },
      },
    ],
    prepare: ({ x, y }, scratch) => {
      const window = {
        kind,
        kernel: [kernel, kernel],
        stride: [stride, stride],
        padding: [padding, padding, padding, padding],
      } as const;
      if (blocked) {
        const { from, to } = blockedImages({ x, channels, size, out }, scratch);
        const parameters = { ...window, x: from, y: to };
        return { call: () => blockedPool2d(parameters), finish: () => fromBlocked({ x: to, y }) };
      }
      const sizes = { inHeight: size, inWidth: size, outHeight: out, outWidth: out };
      const parameters = { ...window, ...sizes, x, y, planes: channels };
      return () => pool2d(parameters);
    },
  });
};

const globalPool = (
  channels: number,
  size: number,
  networks: readonly string[],
  blocked: boolean,
): KernelCase =>
  kernelCase({
    name: `${blocked ? 'blocked ' : ''}globalAveragePool ${channels}@${size} (${networks.join(', ')})`,
    group: blocked ? 'blocked pooling' : 'pooling',
    note: blocked ? BLOCKED_NOTE : 'NCHW, one call',
    operands: { x: { shape: [1, channels, size, size], range: [0, 1] } },
    output: [1, channels, 1, 1],
    nodes: [{ op: 'GlobalAveragePool', inputs: ['x'], output: 'y' }],
    prepare: ({ x, y }, scratch) => {
      if (blocked) {
        const { from, to } = blockedImages({ x, channels, size, out: 1 }, scratch);
        const parameters = { x: from, y: to };
        return { call: () => blockedGlobalAveragePool(parameters), finish: () => fromBlocked({ x: to, y }) };
      }
      const parameters = { op: 'mean', x, y, outer: channels, size: size * size, inner: 1 } as const;
      return () => reduce(parameters);
    },
  });

/** Volumes, as networks on video and scans pool them. */
const volumePool = (kind: 'max' | 'average', channels: number, size: number): KernelCase =>
  kernelCase({
    name: `${kind}Pool3d2x2x2/2 ${channels}@${size} (3-D U-Net)`,
    group: 'pooling of volumes',
    note: 'NCDHW, one call',
    operands: { x: { shape: [1, channels, size, size, size] } },
    output: [1, channels, size / 2, size / 2, size / 2],
    nodes: [
      {
        op: kind === 'max' ? 'MaxPool' : 'AveragePool',
        inputs: ['x'],
        output: 'y',
        attributes: { kernel_shape: { ints: [2, 2, 2] }, strides: { ints: [2, 2, 2] } },
      },
    ],
    prepare: ({ x, y }) => {
      const parameters = {
        kind,
        x,
        y,
        volumes: channels,
        inSize: [size, size, size],
        outSize: [size / 2, size / 2, size / 2],
        kernel: [2, 2, 2],
        stride: [2, 2, 2],
        padding: [0, 0, 0, 0, 0, 0],
      } as const;
      return () => pool3d(parameters);
    },
  });

/** Poolings, plain layouts first. */
export const poolings: readonly KernelCase[] = [
  volumePool('max', 32, 32),
  volumePool('average', 32, 32),
  ...layouts.flatMap((blocked) => [
    ...uniqueLayers('maxPool').map(({ layer: [kernel, stride, channels, size], networks }) =>
      pool({ kind: 'max', kernel, stride, channels, size, where: networks.join(', '), blocked }),
    ),
    pool({ kind: 'average', kernel: 2, stride: 2, channels: 128, size: 56, where: 'densenet121', blocked }),
    pool({ kind: 'average', kernel: 3, stride: 1, channels: 192, size: 35, where: 'inception_v3', blocked }),
    ...uniqueLayers('globalPool').map(({ layer: [channels, size], networks }) =>
      globalPool(channels, size, networks, blocked),
    ),
  ]),
];
