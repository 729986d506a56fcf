// Softmax, and the normalisation of channels by known statistics.

import { channelAffine, softmax } from '@sconce/engine';
import { count, type KernelCase, kernelCase } from './case.ts';

/** Shape, the axis along which the results sum to one, and where it occurs. */
const softmaxRows: readonly (readonly [shape: readonly number[], axis: number, where: string])[] = [
  [[12, 197, 197], -1, 'vit_b_16'],
  [[1, 1000], -1, 'classifier'],
  [[64, 1000], -1, 'classifier, batch 64'],
  [[1024, 1024], -1, 'attention of 1024 tokens'],
  [[12, 64, 64], -1, 'attention of 64 tokens'],
  [[3, 64, 49, 49], -1, 'windowed attention'],
  [[21, 56, 56], 0, 'segmentation'],
];

const softmaxes = softmaxRows.flatMap(([shape, axis, where]) =>
  [false, true].map((log) => {
    const along = axis < 0 ? axis + shape.length : axis;
    const parameters = {
      outer: count(shape.slice(0, along)),
      size: shape[along]!,
      inner: count(shape.slice(along + 1)),
      log,
    };
    return kernelCase({
      name: `${log ? 'logSoftmax' : 'softmax'} ${shape.join('x')} axis ${along} (${where})`,
      group: 'softmax',
      note: 'one call',
      operands: { x: { shape, range: [-4, 4] } },
      output: shape,
      nodes: [
        {
          op: log ? 'LogSoftmax' : 'Softmax',
          inputs: ['x'],
          output: 'y',
          attributes: { axis: { int: along } },
        },
      ],
      prepare: ({ x, y }) => {
        const call = { ...parameters, x, y };
        return () => softmax(call);
      },
    });
  }),
);

/** Channels and size of images. */
const batchNormRows: readonly (readonly [channels: number, size: number, where: string])[] = [
  [64, 112, 'resnet18'],
  [256, 56, 'resnet50'],
  [512, 7, 'resnet18'],
];

const batchNorms = batchNormRows.map(([channels, size, where]) => {
  const shape = [1, channels, size, size];
  const constant = { shape: [channels], constant: true };
  return kernelCase({
    name: `batchNorm ${channels}@${size} (${where})`,
    group: 'batch norm',
    note: 'one call; scale and shift made of the statistics ahead',
    operands: {
      x: { shape },
      weight: constant,
      bias: constant,
      mean: { ...constant, range: [0, 0] },
      variance: { ...constant, range: [1, 1] },
    },
    output: shape,
    nodes: [
      {
        op: 'BatchNormalization',
        inputs: ['x', 'weight', 'bias', 'mean', 'variance'],
        output: 'y',
        attributes: { epsilon: { float: 0 } },
      },
    ],
    // With a mean of 0 and a variance of 1, weight and bias are scale and shift.
    prepare: ({ x, weight, bias, y }) => {
      const call = { x, scale: weight, shift: bias, y, batch: 1, channels, inner: size * size };
      return () => channelAffine(call);
    },
  });
});

/** Softmax and normalisation. */
export const normalizations: readonly KernelCase[] = [...softmaxes, ...batchNorms];
