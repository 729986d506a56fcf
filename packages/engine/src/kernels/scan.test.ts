import { describe, expect, it } from 'vitest';
import type { Scalar } from '../reference/dtypes.ts';
import { withExecutor } from '../runtime/executor.ts';
import { targets } from '../testing/targets.ts';
import { expectElements, typedElements, typedOperand } from '../testing/typed-operands.ts';
import type { FoldElementsDType, ScanParameters } from '../types.ts';
import { scan } from './scan.ts';

type Op = ScanParameters['op'];

/** One line, one element after the other. */
function scanned(
  op: Op,
  dtype: FoldElementsDType,
  line: readonly Scalar[],
): { values: Scalar[]; places: bigint[] } {
  const places: bigint[] = [];
  let place = 0;
  let total: Scalar = line[0]!;
  const values = line.map((next, s) => {
    if (op === 'max' || op === 'min') {
      if (Number.isNaN(next) || (op === 'max' ? next >= total : next <= total)) [total, place] = [next, s];
    } else if (s > 0) {
      if (typeof next === 'bigint') {
        const exact = op === 'sum' ? (total as bigint) + next : (total as bigint) * next;
        total = BigInt.asIntN(dtype === 'int64' ? 64 : 32, exact);
      } else total = op === 'sum' ? (total as number) + next : (total as number) * next;
    }
    places.push(BigInt(place));
    return dtype === 'float32' ? Math.fround(total as number) : total;
  });
  return { values, places };
}

/** Elements with special values for extrema, and such as sums and products of floats can hold. */
function elementsFor(op: Op, dtype: FoldElementsDType, count: number): Scalar[] {
  const elements = typedElements(dtype, count + op.length, count);
  if (op === 'max' || op === 'min' || dtype.startsWith('int')) return elements;
  return elements.map((_, i) =>
    Math.fround(op === 'sum' ? ((i * 37) % 101) / 16 - 3 : 1 + ((i % 5) - 2) / 32),
  );
}

function check(op: Op, dtype: FoldElementsDType, outer: number, size: number, inner: number): void {
  const count = outer * size * inner;
  const elements = elementsFor(op, dtype, count);
  const [x, y, places] = [
    typedOperand(dtype, elements),
    typedOperand(dtype, count),
    typedOperand('int64', count),
  ];
  const extremum = op === 'max' || op === 'min';
  scan({ op, dtype, x, y, outer, size, inner, ...(extremum && { indices: places }) });
  const values = [...elements];
  const expectedPlaces = new Array<bigint>(count);
  for (let line = 0; line < outer * inner; line++) {
    const at = (s: number) => (Math.floor(line / inner) * size + s) * inner + (line % inner);
    const expected = scanned(
      op,
      dtype,
      Array.from({ length: size }, (_, s) => elements[at(s)]!),
    );
    expected.values.forEach((value, s) => {
      values[at(s)] = value;
      expectedPlaces[at(s)] = expected.places[s]!;
    });
  }
  const exact = extremum || dtype.startsWith('int');
  const unit = dtype === 'float32' ? 2 ** -23 : 2 ** -50 * size;
  expectElements(y.read(), values, exact ? 0 : unit, exact ? 0 : unit);
  if (extremum) expect(places.read()).toEqual(expectedPlaces);
  y.checkFences();
  places.checkFences();
}

const shapes = [
  [2, 1, 1],
  [3, 7, 1],
  [2, 16, 1],
  [1, 150, 1],
  [2, 9, 3],
  [1, 12, 85],
  [2, 5, 40],
  [2, 0, 3],
] as const;

describe.each(targets)('scan on $name', ({ executor }) => {
  for (const op of ['sum', 'prod', 'max', 'min'] as const) {
    it.each(['float32', 'float64', 'int32', 'int64'] as const)(`gives a running ${op} of %s`, (dtype) => {
      withExecutor(executor, () => {
        for (const [outer, size, inner] of shapes) check(op, dtype, outer, size, inner);
      });
    });
  }

  it('scans in place, and infinities become NaN where they meet', () => {
    withExecutor(executor, () => {
      const ends = [1, Number.POSITIVE_INFINITY, 2, Number.NEGATIVE_INFINITY, 3];
      const x = typedOperand('float32', ends);
      scan({ op: 'sum', x, y: x, outer: 1, size: 5, inner: 1 });
      const infinity = Number.POSITIVE_INFINITY;
      expect(x.read()).toEqual([1, infinity, infinity, Number.NaN, Number.NaN]);
    });
  });

  it('refuses places of sums and slices that are too small', () => {
    withExecutor(executor, () => {
      const x = typedOperand('float32', 4);
      const shape = { outer: 1, size: 4, inner: 1 };
      expect(() => scan({ op: 'sum', x, y: x, indices: x, ...shape })).toThrow(/indices of an operation/);
      expect(() => scan({ op: 'sum', x, y: x, ...shape, outer: 99 })).toThrow(/x is too small/);
      expect(() => scan({ op: 'sum', x, y: x, ...shape, dtype: 'int8' as 'int32' })).toThrow(/invalid dtype/);
    });
  });
});
