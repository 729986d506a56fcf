import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceReduce, referenceSoftmax } from '../reference/reduction.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, operand } from '../testing/operands.ts';
import { type ReductionCase, reductionCases, reductionData } from '../testing/reduction-cases.ts';
import { targets } from '../testing/targets.ts';
import type { ReduceOp } from '../types.ts';
import { reduce } from './reduce.ts';
import { softmax } from './softmax.ts';

const reduceOps = ['sum', 'mean', 'max', 'min', 'prod', 'norm1', 'norm2'] as const;

function checkReduce(op: (typeof reduceOps)[number], c: ReductionCase): void {
  const drawn = reductionData(c);
  // A float32 product may underflow on the way, or not, depending on its order: factors stay around one.
  const x = op === 'prod' ? drawn.map((value) => (Number.isFinite(value) ? 1 + value / 4 : value)) : drawn;
  const expected = new Float32Array(c.outer * c.inner);
  referenceReduce({ ...c, op, x, y: expected });
  const y = operand(expected.length);
  reduce({ ...c, op, x: operand(x), y });
  const absolute = op === 'sum' ? 1e-6 * Math.sqrt(c.size) : op === 'mean' ? 1e-6 : 2 ** -149;
  expectClose(y.read(), expected, op === 'prod' ? c.size * 2 ** -23 : 1e-6, absolute);
  y.checkFences();
}

function checkSoftmax(log: boolean, c: ReductionCase): void {
  const x = reductionData(c).map((v) => v * 20);
  const expected = new Float32Array(x.length);
  referenceSoftmax({ ...c, log, x, y: expected });
  const y = operand(x.length);
  softmax({ ...c, log, x: operand(x), y });
  expectClose(y.read(), expected, 4e-6, log ? 4e-6 : 2 ** -149);
  y.checkFences();
  const inPlace = operand(x);
  softmax({ ...c, log, x: inPlace, y: inPlace });
  expectClose(inPlace.read(), y.read(), 0);
}

describe.each(targets)('reduction on $name', ({ executor, small }) => {
  const shapes = reductionCases(small ? 40 : 600);
  const numRuns = small ? 25 : 150;

  it.each(reduceOps)('%s equals its definition, along rows and across them', (op) => {
    withExecutor(executor, () =>
      fc.assert(
        fc.property(shapes, (c) => checkReduce(op, c)),
        { numRuns },
      ),
    );
  });

  it.each([false, true])('softmax (log: %s) equals its definition, also in place', (log) => {
    withExecutor(executor, () =>
      fc.assert(
        fc.property(shapes, (c) => checkSoftmax(log, c)),
        { numRuns },
      ),
    );
  });

  it('propagates NaN through maxima and minima, and gives identities of nothing', () => {
    withExecutor(executor, () => {
      const result = (op: ReduceOp, x: number[]): number => {
        const y = operand(1);
        reduce({ op, x: operand(x), y, outer: 1, size: x.length, inner: 1 });
        return y.read()[0]!;
      };
      expect(reduceOps.map((op) => result(op, []))).toEqual([0, Number.NaN, -Infinity, Infinity, 1, 0, 0]);
      expect(result('max', [1, Number.NaN, 2, 3, 4, 5, 6, 7])).toBeNaN();
      expect(result('min', [1, 2, 3, 4, 5, 6, Number.NaN])).toBeNaN();
    });
  });
});

describe('reduction', () => {
  it('sums a million numbers with an error far below that of adding one after the other', () => {
    const count = 2 ** 20;
    const x = Float32Array.from({ length: count }, () => Math.fround(0.1));
    const y = operand(1);
    reduce({ op: 'sum', x: operand(x), y, outer: 1, size: count, inner: 1 });
    const exact = Math.fround(0.1) * count;
    expect(Math.abs(y.read()[0]! - exact) / exact).toBeLessThan(2e-6);
    expect(Math.abs(x.reduce((a, b) => Math.fround(a + b), 0) - exact) / exact).toBeGreaterThan(1e-4);
  });
});
