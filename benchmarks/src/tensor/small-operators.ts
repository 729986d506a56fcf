// Rows on 16 elements: what a call costs beside its arithmetic, with gradients recorded and without.

import type { Tensor } from '@sconce/tensor';
import { type TensorCase, tensorCase } from './case.ts';

interface SmallOperator {
  readonly name: string;
  readonly python: string;
  readonly run: (x: Tensor, y: Tensor) => Tensor;
}

const operators: readonly SmallOperator[] = [
  { name: 'add', python: 'x + y', run: (x, y) => x.add(y) },
  { name: 'mul', python: 'x * y', run: (x, y) => x.mul(y) },
  { name: 'add of a number', python: 'x + 1.5', run: (x) => x.add(1.5) },
  { name: 'relu', python: 'x.relu()', run: (x) => x.relu() },
  { name: 'sum', python: 'x.sum()', run: (x) => x.sum() },
  { name: 'matmul 4x4', python: 'x @ y', run: (x, y) => x.matmul(y) },
  { name: 'view', python: 'x.view(2, 8)', run: (x) => x.view(2, 8) },
  { name: 'reshape', python: 'x.reshape(16)', run: (x) => x.reshape(16) },
  { name: 'index', python: 'x[1]', run: (x) => x.index(1) },
  { name: 'slice', python: 'x[1:3]', run: (x) => x.index('1:3') },
];

/** What a call may take, in milliseconds. */
const [PLAIN_MS, RECORDED_MS] = [0.002, 0.004];

/** Each operator twice. */
export const smallOperatorCases: readonly TensorCase[] = [false, true].flatMap((grad) =>
  operators.map(({ name, python, run }) =>
    tensorCase({
      name: `${name}, 16 elements${grad ? ', recorded' : ''}`,
      group: `small operators${grad ? ', recorded' : ''}`,
      note: grad ? 'the call and the recording of its gradient' : 'one call',
      wantedMs: grad ? RECORDED_MS : PLAIN_MS,
      operands: { x: { shape: [4, 4], grad }, y: { shape: [4, 4], grad } },
      prepare:
        ({ x, y }) =>
        () =>
          run(x, y),
      python: { call: python },
    }),
  ),
);
