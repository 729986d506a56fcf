// Rows of matrix products, with and without their gradients.

import { autograd } from '@sconce/tensor';
import { type TensorCase, tensorCase } from './case.ts';

const SIZE = 1024;
const square = [SIZE, SIZE] as const;
const flops = 2 * SIZE ** 3;

/** Square products, forward and backward. */
export const matmulCases: readonly TensorCase[] = [
  tensorCase({
    name: `matmul ${SIZE}`,
    group: 'matmul',
    note: 'one call',
    flops,
    operands: { a: { shape: square }, b: { shape: square } },
    prepare:
      ({ a, b }) =>
      () =>
        a.matmul(b),
    python: { call: 'a @ b' },
    tfjs: {
      backend: 'wasm',
      prepare: (tf, { a, b }) => ({ call: () => tf.matMul(a!, b!) }),
    },
  }),
  tensorCase({
    name: `matmul ${SIZE}, forward and backward`,
    group: 'matmul',
    note: 'the product and both gradients',
    flops: 3 * flops,
    operands: { a: { shape: square, grad: true }, b: { shape: square, grad: true }, g: { shape: square } },
    prepare:
      ({ a, b, g }) =>
      () =>
        autograd.grad(a.matmul(b), [a, b], { gradOutputs: g }),
    python: { call: 'torch.autograd.grad(a @ b, (a, b), g)' },
  }),
];
