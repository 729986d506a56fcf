// Pooling over windows, and over whole planes.

import { pool2d, reduce } from '@sconce/engine';
import { outputSize, uniqueLayers } from '../shapes.ts';
import { type KernelCase, kernelCase } from './case.ts';

interface Pool {
  readonly kind: 'max' | 'average';
  readonly kernel: number;
  readonly stride: number;
  readonly channels: number;
  readonly size: number;
  readonly where: string;
}

const pool = ({ kind, kernel, stride, channels, size, where }: Pool): KernelCase => {
  const padding = kernel % 2 === 0 ? 0 : kernel >> 1;
  const out = outputSize(size, kernel, stride, padding);
  return kernelCase({
    name: `${kind}Pool${kernel}x${kernel}/${stride} ${channels}@${size} (${where})`,
    group: 'pooling',
    note: 'NCHW, one call',
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
    prepare: ({ x, y }) => {
      const parameters = {
        kind,
        x,
        y,
        planes: channels,
        inHeight: size,
        inWidth: size,
        outHeight: out,
        outWidth: out,
        kernel: [kernel, kernel],
        stride: [stride, stride],
        padding: [padding, padding, padding, padding],
      } as const;
      return () => pool2d(parameters);
    },
  });
};

const globalPool = (channels: number, size: number, networks: readonly string[]): KernelCase =>
  kernelCase({
    name: `globalAveragePool ${channels}@${size} (${networks.join(', ')})`,
    group: 'pooling',
    note: 'NCHW, one call',
    operands: { x: { shape: [1, channels, size, size], range: [0, 1] } },
    output: [1, channels, 1, 1],
    nodes: [{ op: 'GlobalAveragePool', inputs: ['x'], output: 'y' }],
    prepare: ({ x, y }) => {
      const parameters = { op: 'mean', x, y, outer: channels, size: size * size, inner: 1 } as const;
      return () => reduce(parameters);
    },
  });

/** Poolings. */
export const poolings: readonly KernelCase[] = [
  ...uniqueLayers('maxPool').map(({ layer: [kernel, stride, channels, size], networks }) =>
    pool({ kind: 'max', kernel, stride, channels, size, where: networks.join(', ') }),
  ),
  pool({ kind: 'average', kernel: 2, stride: 2, channels: 128, size: 56, where: 'densenet121' }),
  pool({ kind: 'average', kernel: 3, stride: 1, channels: 192, size: 35, where: 'inception_v3' }),
  ...uniqueLayers('globalPool').map(({ layer: [channels, size], networks }) =>
    globalPool(channels, size, networks),
  ),
];
