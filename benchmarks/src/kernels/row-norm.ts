// Normalization of rows and of groups of channels by their own statistics.

import { groupNorm, layerNorm, rmsNorm } from '@sconce/engine';
import type { ModelNode } from '../onnx-model.ts';
import { type KernelCase, kernelCase } from './case.ts';

const EPS = 1e-5;

/** Rows, their length, and where they occur. */
const rows: readonly (readonly [outer: number, size: number, where: string])[] = [
  [197, 768, 'vit_b_16'],
  [3136, 96, 'convnext_tiny'],
  [49, 768, 'convnext_tiny'],
  [1024, 1024, 'a thousand tokens'],
];

const layerNorms = rows.map(([outer, size, where]) => {
  const shape = [outer, size];
  const constant = { shape: [size], constant: true };
  return kernelCase({
    name: `layerNorm ${outer}x${size} (${where})`,
    group: 'layer norm',
    note: 'one call',
    operands: { x: { shape }, weight: constant, bias: constant },
    output: shape,
    nodes: [
      {
        op: 'LayerNormalization',
        inputs: ['x', 'weight', 'bias'],
        output: 'y',
        attributes: { axis: { int: -1 }, epsilon: { float: EPS } },
      },
    ],
    prepare: ({ x, weight, bias, y }) => {
      const call = { x, weight, bias, y, outer, size, eps: EPS };
      return () => layerNorm(call);
    },
  });
});

const rmsNorms = rows.map(([outer, size, where]) => {
  const shape = [outer, size];
  const scalar = (value: number) => ({ shape: [], constant: true, range: [value, value] }) as const;
  return kernelCase({
    name: `rmsNorm ${outer}x${size} (${where})`,
    group: 'layer norm',
    note: 'one call (peer: as exporters write it, fused as it does)',
    operands: { x: { shape }, weight: { shape: [size], constant: true }, two: scalar(2), eps: scalar(EPS) },
    output: shape,
    nodes: [
      { op: 'Pow', inputs: ['x', 'two'], output: 'squares' },
      { op: 'ReduceMean', inputs: ['squares', 'axes'], output: 'mean', attributes: { keepdims: { int: 1 } } },
      { op: 'Add', inputs: ['mean', 'eps'], output: 'positive' },
      { op: 'Sqrt', inputs: ['positive'], output: 'root' },
      { op: 'Div', inputs: ['x', 'root'], output: 'normalized' },
      { op: 'Mul', inputs: ['normalized', 'weight'], output: 'y' },
    ],
    indices: { axes: [-1] },
    prepare: ({ x, weight, y }) => {
      const call = { x, weight, y, outer, size, eps: EPS };
      return () => rmsNorm(call);
    },
  });
});

/** Channels, groups, extent of the image, and where it occurs. */
const groupRows: readonly (readonly [channels: number, groups: number, size: number, where: string])[] = [
  [256, 32, 56, 'resnet50 with groups'],
  [64, 64, 112, 'style transfer'],
];

const groupNorms = groupRows.map(([channels, groups, size, where]) => {
  const shape = [1, channels, size, size];
  const isInstance = groups === channels;
  const perGroup = { shape: [groups], constant: true } as const;
  const instance = (input: string, weight: string, bias: string, output: string): ModelNode => ({
    op: 'InstanceNormalization',
    inputs: [input, weight, bias],
    output,
    attributes: { epsilon: { float: EPS } },
  });
  return kernelCase({
    name: `${isInstance ? 'instanceNorm' : `groupNorm of ${groups}`} ${channels}@${size} (${where})`,
    group: 'group norm',
    note: isInstance ? 'one call' : 'one call (peer: as exporters write it, by InstanceNormalization)',
    operands: {
      x: { shape },
      weight: { shape: isInstance ? [channels] : [channels, 1, 1], constant: true },
      bias: { shape: isInstance ? [channels] : [channels, 1, 1], constant: true },
      ones: { ...perGroup, range: [1, 1] },
      zeros: { ...perGroup, range: [0, 0] },
    },
    output: shape,
    nodes: isInstance
      ? [instance('x', 'weight', 'bias', 'y')]
      : [
          { op: 'Reshape', inputs: ['x', 'grouped'], output: 'groups' },
          instance('groups', 'ones', 'zeros', 'normalized'),
          { op: 'Reshape', inputs: ['normalized', 'shape'], output: 'channels' },
          { op: 'Mul', inputs: ['channels', 'weight'], output: 'scaled' },
          { op: 'Add', inputs: ['scaled', 'bias'], output: 'y' },
        ],
    indices: isInstance ? {} : { grouped: [1, groups, -1], shape },
    prepare: ({ x, weight, bias, y }) => {
      const call = { x, weight, bias, y, batch: 1, channels, inner: size * size, groups, eps: EPS };
      return () => groupNorm(call);
    },
  });
});

/** Normalization by an operand's own statistics. */
export const rowNorms: readonly KernelCase[] = [...layerNorms, ...rmsNorms, ...groupNorms];
