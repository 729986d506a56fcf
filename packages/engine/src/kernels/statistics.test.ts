import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moments } from '../reference/normalization.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, type Operand, operand } from '../testing/operands.ts';
import { type ReductionCase, reductionCases, reductionData } from '../testing/reduction-cases.ts';
import { targets } from '../testing/targets.ts';
import { argExtremum } from './arg-extremum.ts';
import { logSumExp } from './log-sum-exp.ts';
import { variance } from './variance.ts';

/** What a function makes of the elements along `size` at each position. */
function along(
  { outer, size, inner }: ReductionCase,
  x: Float32Array,
  of: (values: number[]) => number,
): Float32Array {
  return Float32Array.from({ length: outer * inner }, (_, n) => {
    const first = Math.floor(n / inner) * size * inner + (n % inner);
    return of(Array.from({ length: size }, (_, i) => x[first + i * inner]!));
  });
}

function checkVariance(c: ReductionCase, correction: number, root: boolean): void {
  const x = reductionData(c);
  const of = (values: number[]): number => {
    // What is too small a sum for float32 is zero, and zero by zero is NaN.
    const squares = Math.fround(moments(values).variance * values.length);
    const divided = squares / Math.max(0, values.length - correction);
    return root ? Math.sqrt(divided) : divided;
  };
  const [y, mean] = [operand(c.outer * c.inner), operand(c.outer * c.inner)];
  variance({ ...c, x: operand(x), y, mean, correction, root });
  expectClose(y.read(), along(c, x, of), 2e-6, 1e-9);
  expectClose(
    mean.read(),
    along(c, x, (values) => moments(values).mean),
    1e-6,
    1e-6,
  );
  y.checkFences();
  mean.checkFences();
}

function checkLogSumExp(c: ReductionCase): void {
  const x = reductionData(c).map((value) => value * 30);
  const of = (values: number[]): number => {
    const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const shift = Number.isFinite(largest) ? largest : 0;
    return Math.log(values.reduce((sum, value) => sum + Math.exp(value - shift), 0)) + shift;
  };
  const y = operand(c.outer * c.inner);
  logSumExp({ ...c, x: operand(x), y });
  expectClose(y.read(), along(c, x, of), 2e-6, 2e-6);
  y.checkFences();
}

/** Twice as many floats as int64 indices, read back as such. */
function readIndices(indices: Operand): number[] {
  return Array.from(new BigInt64Array(indices.read().buffer), Number);
}

function indexOf(values: readonly number[], op: 'max' | 'min'): number {
  const nan = values.findIndex(Number.isNaN);
  if (nan >= 0) return nan;
  // It takes zeros of both signs for equal, as it should.
  const extremum = op === 'max' ? Math.max(...values) : Math.min(...values);
  return values.indexOf(extremum);
}

function checkArg(c: ReductionCase, op: 'max' | 'min'): void {
  if (c.size === 0) return;
  // Few distinct values, so that many are equal.
  const x = reductionData(c).map((value) => (Math.abs(value) < 1 ? Math.round(value * 3) : value));
  const expected = along(c, x, (values) => indexOf(values, op));
  const indices = operand(new Float32Array(2 * expected.length));
  const values = operand(expected.length);
  // 8-byte elements start at even ones of 4 bytes, as the fence is.
  const slice = { storage: indices.storage, offset: indices.offset / 2 };
  argExtremum({ ...c, op, x: operand(x), indices: slice, values });
  expect(readIndices(indices)).toEqual(Array.from(expected));
  expect(values.read()).toEqual(along(c, x, (all) => all[indexOf(all, op)]!));
  indices.checkFences();
  values.checkFences();
}

describe.each(targets)('statistics on $name', ({ executor, small }) => {
  const shapes = reductionCases(small ? 40 : 600);
  const numRuns = small ? 25 : 120;
  const property = (check: (c: ReductionCase) => void): void =>
    withExecutor(executor, () => fc.assert(fc.property(shapes, check), { numRuns }));

  it.each([
    [0, false],
    [1, true],
    [3, false],
  ])('variance (correction %d, root: %s) equals its definition', (correction, root) => {
    property((c) => checkVariance(c, correction, root));
  });

  it('logSumExp equals its definition, infinities included', () => property(checkLogSumExp));

  it.each(['max', 'min'] as const)('argExtremum finds the first %s, NaN before everything', (op) => {
    property((c) => checkArg(c, op));
  });

  it('finds extrema among infinities of one sign', () => {
    withExecutor(executor, () => {
      for (const [op, x] of [
        ['max', Number.NEGATIVE_INFINITY],
        ['min', Number.POSITIVE_INFINITY],
      ] as const) {
        const [indices, data] = [operand(2), operand([x, x, x])];
        const slice = { storage: indices.storage, offset: indices.offset / 2 };
        argExtremum({ op, x: data, indices: slice, outer: 1, size: 3, inner: 1 });
        expect(readIndices(indices)).toEqual([0]);
      }
    });
  });
});

describe('statistics', () => {
  it('refuses extrema of nothing', () => {
    const x = operand(4);
    expect(() => argExtremum({ op: 'max', x, indices: x, outer: 1, size: 0, inner: 1 })).toThrow(
      /invalid size/,
    );
  });
});
