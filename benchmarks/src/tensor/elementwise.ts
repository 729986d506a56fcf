// Rows on ten million elements: memory decides.

import type { Tensor } from '@sconce/tensor';
import type * as tfjs from '@tensorflow/tfjs';
import { type TensorCase, tensorCase } from './case.ts';

const ELEMENTS = 10_000_000;

interface LargeOperator {
  readonly name: string;
  readonly python: string;
  readonly run: (x: Tensor, y: Tensor) => Tensor;
  readonly tfjs: (tf: typeof tfjs, x: tfjs.Tensor, y: tfjs.Tensor) => tfjs.Tensor;
}

const operators: readonly LargeOperator[] = [
  { name: 'add', python: 'x + y', run: (x, y) => x.add(y), tfjs: (tf, x, y) => tf.add(x, y) },
  { name: 'mul', python: 'x * y', run: (x, y) => x.mul(y), tfjs: (tf, x, y) => tf.mul(x, y) },
  { name: 'exp', python: 'x.exp()', run: (x) => x.exp(), tfjs: (tf, x) => tf.exp(x) },
  { name: 'sum', python: 'x.sum()', run: (x) => x.sum(), tfjs: (tf, x) => tf.sum(x) },
];

/** Results are new tensors. */
export const elementwiseCases: readonly TensorCase[] = operators.map(({ name, python, run, tfjs }) =>
  tensorCase({
    name: `${name}, 10 million elements`,
    group: 'large elementwise',
    note: name === 'sum' ? 'one call' : 'one call, its result in new memory',
    // Sums of numbers that are all positive differ by rounding alone.
    operands: { x: { shape: [ELEMENTS], range: [0, 1] }, y: { shape: [ELEMENTS], range: [0, 1] } },
    prepare:
      ({ x, y }) =>
      () =>
        run(x, y),
    python: { call: python },
    // The tolerance is that of tfjs, which sums one element after the other.
    ...(name === 'sum' && { tolerance: 1e-4 }),
    tfjs: {
      backend: 'wasm',
      prepare: (tf, { x, y }) => ({ call: () => tfjs(tf, x!, y!) }),
    },
  }),
);
