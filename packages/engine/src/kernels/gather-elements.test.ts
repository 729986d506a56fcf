import { describe, expect, it } from 'vitest';
import { dtypeBytes, type EngineDType } from '../dtype.ts';
import type { Scalar } from '../reference/dtypes.ts';
import { withExecutor } from '../runtime/executor.ts';
import { targets } from '../testing/targets.ts';
import { expectElements, typedElements, typedOperand } from '../testing/typed-operands.ts';
import type { FoldElementsDType, FoldElementsParameters, IndexDType } from '../types.ts';
import { gatherElements } from './gather-elements.ts';
import { indicesInRange } from './gather-elements-index.ts';
import { foldElements, scatterElements } from './scatter-elements.ts';

interface Case {
  readonly shape: readonly number[];
  readonly dim: number;
  readonly size: number;
  /** Strides of the operand with places, of the other operand and of the index. */
  readonly along: readonly number[];
  readonly other: readonly number[];
  readonly index: readonly number[];
}

const cases: Readonly<Record<string, Case>> = {
  'along neighbours': { shape: [3, 37], dim: 1, size: 11, along: [11, 1], other: [37, 1], index: [37, 1] },
  'across lines': { shape: [9, 21], dim: 0, size: 5, along: [25, 1], other: [21, 1], index: [21, 1] },
  'of a vector': { shape: [83], dim: 0, size: 40, along: [1], other: [1], index: [1] },
  'in lines that are all alike': {
    shape: [6, 37],
    dim: 0,
    size: 4,
    along: [40, 1],
    other: [37, 1],
    index: [1, 0],
  },
  'with gaps everywhere': { shape: [4, 5], dim: 1, size: 7, along: [15, 2], other: [13, 2], index: [2, 9] },
  'of five dimensions': {
    shape: [2, 3, 2, 3, 2],
    dim: 2,
    size: 3,
    along: [300, 90, 27, 8, 3],
    other: [120, 39, 17, 5, 2],
    index: [36, 12, 6, 2, 1],
  },
  'of nothing': { shape: [3, 0], dim: 1, size: 0, along: [1, 1], other: [1, 1], index: [1, 1] },
};

const reach = (shape: readonly number[], strides: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((last, size, d) => last + (size - 1) * strides[d]!, 1);

/** Calls `visit` with the places of each element of the index, in row-major order. */
function overPlaces(
  c: Case,
  indices: readonly number[],
  visit: (place: number, other: number) => void,
): void {
  const walk = (d: number, along: number, other: number, index: number): void => {
    if (d === c.shape.length) {
      visit(along + indices[index]! * c.along[c.dim]!, other);
      return;
    }
    for (let i = 0; i < c.shape[d]!; i++) {
      const step = d === c.dim ? 0 : c.along[d]!;
      walk(d + 1, along + i * step, other + i * c.other[d]!, index + i * c.index[d]!);
    }
  };
  walk(0, 0, 0, 0);
}

function operandsOf(c: Case, dtype: EngineDType, indexDType: IndexDType) {
  const lines = c.shape.includes(0) ? c.shape : c.shape.with(c.dim, c.size);
  const alongValues = typedElements(dtype, 3, reach(lines, c.along));
  const otherValues = typedElements(dtype, 8, reach(c.shape, c.other));
  const count = reach(c.shape, c.index);
  const indices = Array.from({ length: count }, (_, i) => (i * 7 + (i >> 2)) % c.size);
  const along = typedOperand(dtype, alongValues);
  const other = typedOperand(dtype, otherValues);
  const index = typedOperand(indexDType, indices.map(BigInt));
  return {
    ...{ along, other, indices, alongValues, otherValues },
    place: { ...along, strides: c.along },
    beside: { ...other, strides: c.other },
    index: { ...index, strides: c.index, shape: c.shape, dim: c.dim, size: c.size, dtype: indexDType },
  };
}

function checkGather(c: Case, dtype: EngineDType, indexDType: IndexDType): void {
  const o = operandsOf(c, dtype, indexDType);
  const expected: Scalar[] = [...o.otherValues];
  overPlaces(c, o.indices, (place, other) => {
    expected[other] = o.alongValues[place]!;
  });
  gatherElements({ x: o.place, y: o.beside, index: o.index, elementBytes: dtypeBytes[dtype] });
  expect(o.other.read()).toEqual(expected);
  o.other.checkFences();
}

function checkScatter(c: Case, dtype: EngineDType, indexDType: IndexDType): void {
  const o = operandsOf(c, dtype, indexDType);
  const expected: Scalar[] = [...o.alongValues];
  overPlaces(c, o.indices, (place, other) => {
    expected[place] = o.otherValues[other]!;
  });
  scatterElements({ x: o.place, source: o.beside, index: o.index, elementBytes: dtypeBytes[dtype] });
  expect(o.along.read()).toEqual(expected);
  o.along.checkFences();
}

function folded(op: FoldElementsParameters['op'], dtype: FoldElementsDType, a: Scalar, b: Scalar): Scalar {
  if (typeof a === 'number' && typeof b === 'number') {
    if (op === 'max' || op === 'min') return op === 'max' ? Math.max(a, b) : Math.min(a, b);
    const exact = op === 'add' ? a + b : a * b;
    return dtype === 'float32' ? Math.fround(exact) : exact;
  }
  const [x, y] = [BigInt(a), BigInt(b)];
  if (op === 'max' || op === 'min') return x > y === (op === 'max') ? x : y;
  return BigInt.asIntN(dtype === 'int64' ? 64 : 32, op === 'add' ? x + y : x * y);
}

function checkFold(c: Case, op: FoldElementsParameters['op'], dtype: FoldElementsDType): void {
  const o = operandsOf(c, dtype, 'int64');
  const expected: Scalar[] = [...o.alongValues];
  overPlaces(c, o.indices, (place, other) => {
    expected[place] = folded(op, dtype, expected[place]!, o.otherValues[other]!);
  });
  foldElements({ op, dtype, x: o.place, source: o.beside, index: o.index });
  expectElements(o.along.read(), expected);
  o.along.checkFences();
}

const sized = ['uint8', 'float16', 'float32', 'int64'] as const;
const folding = ['float32', 'float64', 'int32', 'int64'] as const;

describe.each(targets)('elements by index on $name', ({ executor }) => {
  const here = (body: () => void) => () => withExecutor(executor, body);

  for (const [name, c] of Object.entries(cases)) {
    it(
      `are picked ${name}`,
      here(() => {
        for (const dtype of sized) checkGather(c, dtype, 'int64');
        checkGather(c, 'float32', 'int32');
      }),
    );
    it(
      `are written ${name}`,
      here(() => {
        for (const dtype of sized) checkScatter(c, dtype, 'int64');
        checkScatter(c, 'float32', 'int32');
      }),
    );
    it(
      `are folded ${name}`,
      here(() => {
        for (const dtype of folding)
          for (const op of ['add', 'mul', 'max', 'min'] as const) checkFold(c, op, dtype);
      }),
    );
  }

  it(
    'are refused where an index is out of range, before anything is written',
    here(() => {
      for (const [dtype, wrong] of [
        ['int64', -1n],
        ['int64', 5n],
        ['int64', 2n ** 32n],
        ['int64', -(2n ** 40n) + 2n],
        ['int32', -1n],
        ['int32', 5n],
      ] as const) {
        for (const at of [0, 64, 99]) {
          const values = Array.from({ length: 100 }, (_, i) => (i === at ? wrong : BigInt(i % 5)));
          const index = {
            ...typedOperand(dtype, values),
            strides: [1],
            shape: [100],
            dim: 0,
            size: 5,
            dtype,
          };
          const [x, y] = [typedOperand('float32', 5), typedOperand('float32', 100)];
          const before = [x.bytes(), y.bytes()];
          const [five, hundred] = [
            { ...x, strides: [1] },
            { ...y, strides: [1] },
          ];
          const message = new RegExp(`index ${at} is out of range, expected 0 to 4, got ${wrong}$`);
          expect(() => gatherElements({ x: five, y: hundred, index, elementBytes: 4 })).toThrow(message);
          expect(() => scatterElements({ x: five, source: hundred, index, elementBytes: 4 })).toThrow(
            message,
          );
          const own = (got: bigint): never => {
            throw new RangeError(`own words: ${got}`);
          };
          const fold = { op: 'add', dtype: 'float32', x: five, source: hundred } as const;
          expect(() => foldElements({ ...fold, index: { ...index, outOfRange: own } })).toThrow(
            `own words: ${wrong}`,
          );
          expect([x.bytes(), y.bytes()]).toEqual(before);
          expect(indicesInRange({ indices: index, count: 100, size: 5, dtype })).toBe(false);
          expect(indicesInRange({ indices: index, count: at, size: 5, dtype })).toBe(true);
        }
      }
    }),
  );

  it(
    'are refused where what is written repeats, and where there is nothing to pick from',
    here(() => {
      const [x, y] = [typedOperand('float32', 6), typedOperand('float32', 6)];
      const zeros = typedOperand('int64', [0n, 0n, 0n, 0n, 0n, 0n]);
      const index = { ...zeros, strides: [3, 1], shape: [2, 3], dim: 1, size: 3, dtype: 'int64' } as const;
      const [dense, repeated] = [
        { ...x, strides: [3, 1] },
        { ...y, strides: [0, 1] },
      ];
      expect(() => gatherElements({ x: dense, y: repeated, index, elementBytes: 4 })).toThrow(/y repeats/);
      expect(() => scatterElements({ x: repeated, source: dense, index, elementBytes: 4 })).toThrow(
        /x repeats/,
      );
      const empty = { ...index, size: 0 };
      expect(() => gatherElements({ x: dense, y: dense, index: empty, elementBytes: 4 })).toThrow(/size 0/);
      expect(() =>
        gatherElements({ x: dense, y: dense, index: { ...index, dim: 2 }, elementBytes: 4 }),
      ).toThrow(/invalid dim, expected 0 to 1, got 2/);
    }),
  );
});
