import { expect, test } from 'vitest';
import { forEachRow, type StridedOperand } from './strided.ts';

function walk(shape: number[], operands: StridedOperand[]): [number[][], number[]] {
  const places: number[][] = [];
  const lengths: number[] = [];
  forEachRow(shape, operands, (offsets, length, steps) => {
    lengths.push(length);
    for (let n = 0; n < length; n++) places.push(offsets.map((at, k) => at + n * steps[k]!));
  });
  return [places, lengths];
}

test('dense operands are one row', () => {
  const dense = { offset: 5, strides: [6, 3, 1] };
  const [places, lengths] = walk([2, 2, 3], [dense]);
  expect(lengths).toEqual([12]);
  expect(places.flat()).toEqual(Array.from({ length: 12 }, (_, i) => i + 5));
});

test('operands are walked together in row-major order', () => {
  const [places] = walk(
    [2, 3],
    [
      { offset: 0, strides: [3, 1] },
      { offset: 0, strides: [1, 2] },
      { offset: 7, strides: [0, 0] },
    ],
  );
  expect(places).toEqual([
    [0, 0, 7],
    [1, 2, 7],
    [2, 4, 7],
    [3, 1, 7],
    [4, 3, 7],
    [5, 5, 7],
  ]);
});

test('no dimension is one element, an empty dimension none', () => {
  expect(walk([], [{ offset: 3, strides: [] }])[0]).toEqual([[3]]);
  expect(walk([2, 0], [{ offset: 0, strides: [1, 1] }])[0]).toEqual([]);
});
