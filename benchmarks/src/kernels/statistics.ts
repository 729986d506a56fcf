// Reductions that take more than one pass, or give positions.

import { argExtremum, logSumExp, type Slice, variance } from '@sconce/engine';
import { count, type KernelCase, kernelCase } from './case.ts';

/** What is reduced, and the axis. */
const rows: readonly (readonly [shape: readonly number[], axis: number])[] = [
  [[1024, 1024], 1],
  [[1024, 1024], 0],
  [[197, 768], 1],
  [[1, 1000], 1],
];

/** Sizes around an axis, and the shape without it. */
function around(shape: readonly number[], axis: number) {
  return {
    sizes: {
      outer: count(shape.slice(0, axis)),
      size: shape[axis]!,
      inner: count(shape.slice(axis + 1)),
    },
    output: shape.filter((_, d) => d !== axis),
    suffix: `${shape.join('x')} axis ${axis}`,
  };
}

const variances = rows.map(([shape, axis]) => {
  const { sizes, output, suffix } = around(shape, axis);
  const keep = { keepdims: { int: 1 } };
  return kernelCase({
    name: `variance ${suffix}`,
    group: 'statistics',
    note: 'one call (peer: mean, difference, square, mean)',
    operands: { x: { shape } },
    output,
    nodes: [
      { op: 'ReduceMean', inputs: ['x', 'axes'], output: 'mean', attributes: keep },
      { op: 'Sub', inputs: ['x', 'mean'], output: 'difference' },
      { op: 'Mul', inputs: ['difference', 'difference'], output: 'squares' },
      { op: 'ReduceMean', inputs: ['squares', 'axes'], output: 'y', attributes: { keepdims: { int: 0 } } },
    ],
    indices: { axes: [axis] },
    prepare: ({ x, y }) => {
      const call = { ...sizes, x, y, correction: 0 };
      return () => variance(call);
    },
  });
});

const logSums = rows.map(([shape, axis]) => {
  const { sizes, output, suffix } = around(shape, axis);
  return kernelCase({
    name: `logSumExp ${suffix}`,
    group: 'statistics',
    note: 'one call',
    operands: { x: { shape, range: [-4, 4] } },
    output,
    nodes: [
      { op: 'ReduceLogSumExp', inputs: ['x', 'axes'], output: 'y', attributes: { keepdims: { int: 0 } } },
    ],
    indices: { axes: [axis] },
    prepare: ({ x, y }) => {
      const call = { ...sizes, x, y };
      return () => logSumExp(call);
    },
  });
});

const positions = rows.map(([shape, axis]) => {
  const { sizes, output, suffix } = around(shape, axis);
  return kernelCase({
    name: `argmax ${suffix}`,
    group: 'statistics',
    note: 'one call',
    operands: { x: { shape } },
    output,
    outputType: 'int64',
    nodes: [
      {
        op: 'ArgMax',
        inputs: ['x'],
        output: 'y',
        attributes: { axis: { int: axis }, keepdims: { int: 0 } },
      },
    ],
    tolerance: 0,
    prepare: ({ x, y }, scratch) => {
      const length = count(output);
      const indices = scratch(2 * length);
      const call = { ...sizes, op: 'max', x, indices } as const;
      return {
        call: () => argExtremum(call),
        finish: () =>
          view(y, Float32Array, length).set(Array.from(view(indices, BigInt64Array, length), Number)),
      };
    },
  });
});

function view<T>(
  { storage }: Slice,
  array: new (buffer: ArrayBufferLike, offset: number, length: number) => T,
  length: number,
): T {
  const { buffer, byteOffset } = storage.bytes();
  return new array(buffer, byteOffset, length);
}

/** Variance, logarithms of sums, positions of extrema. */
export const statistics: readonly KernelCase[] = [...variances, ...logSums, ...positions];
