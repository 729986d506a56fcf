// Reductions along the last axis, the first, one between, and over everything.

import { type ReduceOp, reduce } from '@sconce/engine';
import { count, type KernelCase, kernelCase } from './case.ts';

const operators: Readonly<Record<'sum' | 'mean' | 'max' | 'min', string>> = {
  sum: 'ReduceSum',
  mean: 'ReduceMean',
  max: 'ReduceMax',
  min: 'ReduceMin',
};

/** What is reduced, and the axes (neighbours of each other). */
const rows: readonly (readonly [
  op: keyof typeof operators & ReduceOp,
  shape: readonly number[],
  axes: readonly number[],
])[] = [
  ['sum', [1 << 20], [0]],
  ['mean', [197, 768], [1]],
  ['sum', [1024, 1024], [1]],
  ['sum', [1024, 1024], [0]],
  ['max', [1024, 1024], [1]],
  ['max', [1024, 1024], [0]],
  ['min', [1024, 1024], [1]],
  ['mean', [64, 112, 112], [1, 2]],
  ['mean', [12, 197, 64], [1]],
  ['sum', [8192, 10], [1]],
];

/** Reductions. */
export const reductions: readonly KernelCase[] = rows.map(([op, shape, axes]) => {
  const last = axes.at(-1)!;
  const sizes = {
    outer: count(shape.slice(0, axes[0])),
    size: count(shape.slice(axes[0], last + 1)),
    inner: count(shape.slice(last + 1)),
  };
  return kernelCase({
    name: `${op} ${shape.join('x')} axes ${axes.join()}`,
    group: 'reduction',
    note: 'one call',
    // Positive numbers: sums near zero would say nothing about errors.
    operands: { x: { shape, range: [0, 1] } },
    output: shape.filter((_, d) => !axes.includes(d)),
    nodes: [{ op: operators[op], inputs: ['x', 'axes'], output: 'y', attributes: { keepdims: { int: 0 } } }],
    indices: { axes },
    prepare: ({ x, y }) => {
      const parameters = { op, x, y, ...sizes };
      return () => reduce(parameters);
    },
  });
});
