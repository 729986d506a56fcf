// Moving elements: transposes of matrices, images and attention heads.

import { copyStrided } from '@sconce/engine';
import { dense, type KernelCase, kernelCase } from './case.ts';

/** Shape before, the order of its axes after, and where it occurs. */
const rows: readonly (readonly [shape: readonly number[], order: readonly number[], where: string])[] = [
  [[1024, 1024], [1, 0], 'matrix'],
  [[4096, 1024], [1, 0], 'matrix'],
  [[197, 768], [1, 0], 'vit_b_16 tokens'],
  [[96, 56, 56], [1, 2, 0], 'convnext_tiny NCHW to NHWC'],
  [[56, 56, 96], [2, 0, 1], 'convnext_tiny NHWC to NCHW'],
  [[768, 7, 7], [1, 2, 0], 'convnext_tiny NCHW to NHWC'],
  [[3, 224, 224], [1, 2, 0], 'image NCHW to NHWC'],
  [[224, 224, 3], [2, 0, 1], 'image NHWC to NCHW'],
  [[197, 12, 64], [1, 0, 2], 'vit_b_16 heads'],
  [[197, 12, 64], [1, 2, 0], 'vit_b_16 transposed keys'],
  [[2, 58, 28, 28], [1, 0, 2, 3], 'shufflenet_v2 channel shuffle'],
];

/** Transposes. */
export const movements: readonly KernelCase[] = rows.map(([shape, order, where]) => {
  const output = order.map((axis) => shape[axis]!);
  return kernelCase({
    name: `transpose ${shape.join('x')} to ${order.join()} (${where})`,
    group: 'transpose',
    note: 'one call',
    operands: { x: { shape } },
    output,
    nodes: [{ op: 'Transpose', inputs: ['x'], output: 'y', attributes: { perm: { ints: order } } }],
    tolerance: 0,
    prepare: ({ x, y }) => {
      const steps = dense(shape);
      const parameters = {
        from: { ...x, strides: order.map((axis) => steps[axis]!) },
        to: { ...y, strides: dense(output) },
        shape: output,
        elementBytes: 4,
      } as const;
      return () => copyStrided(parameters);
    },
  });
});
