/** Orders of equal elements, NaN, zeros and large integers, as PyTorch's CPU operators have them. */
import { describe, expect, test } from 'vitest';
import { isin, searchsorted, tensor } from '../index.ts';

const drawn = [
  4, 2, 1, 3, 4, 0, 0, 5, 1, 1, 4, 3, 5, 5, 0, 1, 3, 0, 2, 2, 0, 5, 3, 4, 0, 2, 5, 0, 4, 2, 0, 1, 4, 1, 3, 2,
  5, 4, 2, 3,
];

describe('among equal elements', () => {
  for (const dtype of ['int64', 'float32', 'float64', 'int8', 'bfloat16'] as const) {
    const x = tensor(drawn, { dtype });

    test(`topk of ${dtype} takes those that introselect leaves in front`, () => {
      expect(x.topk(5).indices.tolist()).toEqual([7, 13, 12, 21, 36]);
      expect(x.topk(5, { largest: false }).indices.tolist()).toEqual([27, 6, 14, 5, 30]);
    });

    test(`kthvalue, median and mode of ${dtype} name PyTorch's positions`, () => {
      expect(x.kthvalue(20).indices.item()).toBe(38);
      expect(x.median(0).indices.item()).toBe(35);
      expect(x.mode(0).indices.item()).toBe(30);
    });

    test(`sorting of ${dtype} is stable in both directions`, () => {
      const down = [
        7, 12, 13, 21, 26, 36, 0, 4, 10, 23, 28, 32, 37, 3, 11, 16, 22, 34, 39, 1, 18, 19, 25, 29, 35, 38, 2,
        8, 9, 15, 31, 33, 5, 6, 14, 17, 20, 24, 27, 30,
      ];
      expect(x.sort({ descending: true }).indices.tolist()).toEqual(down);
      const up = down.map((_, place) => place).sort((a, b) => drawn[a]! - drawn[b]! || a - b);
      expect(x.argsort().tolist()).toEqual(up);
    });
  }
});

test('NaN counts as the largest, and both zeros as equal', () => {
  const x = tensor([
    Number.NaN,
    1,
    -0,
    0,
    Number.POSITIVE_INFINITY,
    -1,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
  ]);
  for (const dtype of ['float32', 'float64', 'float16'] as const) {
    expect(x.to(dtype).argsort().tolist()).toEqual([7, 5, 2, 3, 1, 4, 0, 6]);
    expect(x.to(dtype).argsort({ descending: true }).tolist()).toEqual([0, 6, 4, 1, 2, 3, 5, 7]);
  }
  expect(Object.is((x.sort().values.tolist() as number[])[2], -0)).toBe(true);
});

describe('of int64 beyond 2^53', () => {
  const x = tensor([2n ** 62n + 1n, 2n ** 62n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 62n]);

  test('neighbours are told apart', () => {
    expect(x.argsort().tolist()).toEqual([2, 1, 4, 0, 3]);
    expect(x.topk(2).indices.tolist()).toEqual([3, 0]);
    expect(x.unique().tolist()).toEqual([-(2n ** 63n), 2n ** 62n, 2n ** 62n + 1n, 2n ** 63n - 1n]);
    expect(searchsorted(x.sort().values, tensor([2n ** 62n + 1n])).tolist()).toEqual([3]);
    expect(isin(x, tensor([2n ** 62n])).tolist()).toEqual([false, true, false, false, true]);
  });

  test('running sums wrap around', () => {
    expect(x.cumsum(0).tolist()).toEqual([2n ** 62n + 1n, -(2n ** 63n) + 1n, 1, -(2n ** 63n), -(2n ** 62n)]);
  });
});

test('a long line and its shuffles sort alike along any dimension', () => {
  const x = tensor(Array.from({ length: 9000 }, (_, i) => ((i * 7919) % 9001) - 4500)).reshape(2, 4500);
  const [rows, columns] = [x.sort(1).values, x.t().sort(0).values];
  expect(columns.t().equal(rows)).toBe(true);
  expect(rows.diff().ge(0).all().item()).toBe(true);
  expect(x.gather(1, x.argsort(1)).equal(rows)).toBe(true);
});
