import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EngineDType, isIntegerDType } from '../dtype.ts';
import { castScalar, roundTo, type Scalar } from '../reference/dtypes.ts';
import { referenceReduction } from '../reference/reduction.ts';
import { withExecutor } from '../runtime/executor.ts';
import { type ReductionCase, reductionCases } from '../testing/reduction-cases.ts';
import { targets } from '../testing/targets.ts';
import { dtypes, expectElements, typedElements, typedOperand } from '../testing/typed-operands.ts';
import type { ReduceOp } from '../types.ts';
import { argExtremum } from './arg-extremum.ts';
import { reduce } from './reduce.ts';

/** The dtypes that PyTorch gives results: of sums and products of integers int64. */
function resultsOf(op: ReduceOp, dtype: EngineDType): readonly EngineDType[] {
  if (op === 'any' || op === 'all') return ['bool', 'uint8'];
  if (op === 'max' || op === 'min') return [dtype];
  if (!isIntegerDType(dtype)) return dtype === 'float32' ? [dtype, 'float64'] : [dtype];
  if (op === 'sum' || op === 'prod') return dtype === 'uint64' ? [dtype] : [dtype, 'int64'];
  // squares of 64-bit integers are beyond float32
  return [dtype.endsWith('64') ? 'float64' : 'float32'];
}

/** Elements whose sums, squares and products a dtype can hold, without special values for what depends on the order. */
function elementsFor(op: ReduceOp, dtype: EngineDType, length: number): Scalar[] {
  const elements = typedElements(dtype, length + op.length, length);
  if (op === 'max' || op === 'min' || op === 'any' || op === 'all') {
    // mostly zeros, or mostly ones, for those that look for the other
    return op === 'any' ? elements.map((value, i) => (i % 50 ? castScalar(0n, dtype) : value)) : elements;
  }
  return elements.map((value, i) => {
    if (isIntegerDType(dtype)) return value;
    const small = Number(value) % 4 || 1;
    return roundTo(op === 'prod' ? 1 + ((i % 5) - 2) / 16 : Number.isFinite(small) ? small : 1, dtype);
  });
}

function column(elements: readonly Scalar[], { size, inner }: ReductionCase, o: number, i: number): Scalar[] {
  return Array.from({ length: size }, (_, s) => elements[(o * size + s) * inner + i]!);
}

function checkReduce(op: ReduceOp, from: EngineDType, to: EngineDType, c: ReductionCase): void {
  const elements = elementsFor(op, from, c.outer * c.size * c.inner);
  const y = typedOperand(to, c.outer * c.inner);
  reduce({ ...c, op, x: typedOperand(from, elements), y });
  const expected: Scalar[] = [];
  let largest = 1;
  for (let o = 0; o < c.outer; o++) {
    for (let i = 0; i < c.inner; i++) {
      const values = column(elements, c, o, i);
      for (const value of values)
        if (Number.isFinite(Number(value))) largest = Math.max(largest, Math.abs(Number(value)));
      expected.push(castScalar(referenceReduction(op, values, to), to));
    }
  }
  const unit =
    to === 'float64' ? 2 ** -52 : to === 'float16' ? 2 ** -10 : to === 'bfloat16' ? 2 ** -7 : 2 ** -23;
  const exactly = op === 'max' || op === 'min';
  const relative = exactly ? 0 : unit * (op === 'prod' ? c.size + 2 : 8);
  expectElements(y.read(), expected, relative, exactly ? 0 : unit * largest * (1 + c.size / 8));
  y.checkFences();
}

function checkArg(op: 'max' | 'min', dtype: EngineDType, c: ReductionCase): void {
  const elements = typedElements(dtype, c.size, c.outer * c.size * c.inner);
  const indices = typedOperand('int64', c.outer * c.inner);
  const values = typedOperand(dtype, c.outer * c.inner);
  argExtremum({ ...c, op, x: typedOperand(dtype, elements), indices, values });
  const positions: Scalar[] = [];
  const extrema: Scalar[] = [];
  for (let o = 0; o < c.outer; o++) {
    for (let i = 0; i < c.inner; i++) {
      const all = column(elements, c, o, i);
      let at = 0;
      all.forEach((value, s) => {
        const best = all[at]!;
        const isBetter = op === 'max' ? value > best : value < best;
        if (isBetter || (Number.isNaN(value) && !Number.isNaN(best))) at = s;
      });
      positions.push(BigInt(at));
      extrema.push(all[at]!);
    }
  }
  expectElements(indices.read(), positions);
  expectElements(values.read(), extrema);
  indices.checkFences();
  values.checkFences();
}

describe.each(targets)('reductions of dtypes on $name', ({ executor, small }) => {
  const shapes = reductionCases(small ? 30 : 200).filter(({ size }) => size > 0);
  const numRuns = small ? 1 : 3;
  const ops: readonly ReduceOp[] = ['sum', 'mean', 'max', 'min', 'prod', 'norm1', 'norm2', 'any', 'all'];

  it.each(dtypes)('every reduction of %s equals its definition', (dtype) => {
    withExecutor(executor, () => {
      for (const op of ops) {
        for (const to of resultsOf(op, dtype)) {
          fc.assert(
            fc.property(shapes, (c) => checkReduce(op, dtype, to, c)),
            { numRuns },
          );
        }
      }
    });
  });

  it.each(dtypes)('extrema of %s are found where they are, NaN before everything', (dtype) => {
    withExecutor(executor, () => {
      for (const op of ['max', 'min'] as const) {
        fc.assert(
          fc.property(shapes, (c) => checkArg(op, dtype, c)),
          { numRuns },
        );
      }
    });
  });

  it('gives the identities of nothing', () => {
    withExecutor(executor, () => {
      const of = (op: ReduceOp, to: EngineDType): Scalar => {
        const y = typedOperand(to, 1);
        reduce({ op, x: typedOperand(to, []), y, outer: 1, size: 0, inner: 1 });
        return y.read()[0]!;
      };
      expect(of('sum', 'int64')).toBe(0n);
      expect(of('prod', 'int32')).toBe(1n);
      expect(of('max', 'int8')).toBe(-128n);
      expect(of('min', 'uint32')).toBe(2n ** 32n - 1n);
      expect(of('min', 'int64')).toBe(2n ** 63n - 1n);
      expect(of('any', 'bool')).toBe(0n);
      expect(of('all', 'bool')).toBe(1n);
      expect(of('mean', 'float64')).toBeNaN();
    });
  });

  it.skipIf(small)('folds long axes in chunks', () => {
    withExecutor(executor, () => {
      for (const [outer, size, inner] of [
        [1, 140_001, 1],
        [2, 131_080, 1],
        [1, 44_001, 3],
        [3, 2, 70_000],
      ] as const) {
        for (const [op, dtype, to] of [
          ['sum', 'int32', 'int64'],
          ['max', 'float64', 'float64'],
          ['mean', 'float32', 'float32'],
          ['norm2', 'float16', 'float32'],
          ['all', 'int8', 'bool'],
        ] as const) {
          checkReduce(op, dtype, to, { outer, size, inner, unusual: false });
        }
      }
    });
  });
});

describe('reduce', () => {
  it('refuses means of integers', () => {
    const x = typedOperand('int32', [1n]);
    expect(() => reduce({ op: 'mean', x, y: x, outer: 1, size: 1, inner: 1 })).toThrow(
      'reduce: mean has no such dtype, expected a float dtype, got int32',
    );
  });
});
