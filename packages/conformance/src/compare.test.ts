import { tensor, zeros } from '@sconce/tensor';
import { describe, expect, test } from 'vitest';
import { combineComparisons, compareTensors } from './compare.ts';

const elementwise = { kind: 'elementwise' } as const;

describe('elementwise tolerance', () => {
  test("is torch.testing.assert_close's: 1e-5 absolute plus 1.3e-6 of the expected value", () => {
    expect(compareTensors(tensor([100.00013]), tensor([100]), elementwise).ok).toBe(true);
    expect(compareTensors(tensor([100.0002]), tensor([100]), elementwise).ok).toBe(false);
  });

  test("grows to twice PyTorch's own distance between float32 and float64", () => {
    const reference64 = tensor([1.001], { dtype: 'float64' });
    expect(compareTensors(tensor([1.0019]), tensor([1]), { ...elementwise, reference64 }).ok).toBe(true);
    expect(compareTensors(tensor([1.0021]), tensor([1]), { ...elementwise, reference64 }).ok).toBe(false);
  });

  test('takes NaN for NaN and infinities for themselves only', () => {
    const special = tensor([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(compareTensors(special, special, elementwise)).toMatchObject({ ok: true, maxAbs: 0 });
    expect(compareTensors(tensor([0]), tensor([Number.NaN]), elementwise).ok).toBe(false);
    expect(compareTensors(tensor([Number.NaN]), tensor([0]), elementwise).ok).toBe(false);
    expect(compareTensors(tensor([3e38]), tensor([Number.POSITIVE_INFINITY]), elementwise).ok).toBe(false);
  });

  test('is exact for integers and booleans', () => {
    expect(compareTensors(tensor([3n]), tensor([3n]), elementwise).ok).toBe(true);
    expect(compareTensors(tensor([3n]), tensor([4n]), elementwise).ok).toBe(false);
    expect(compareTensors(tensor([true]), tensor([false]), elementwise).ok).toBe(false);
  });

  test('names the element that is furthest out', () => {
    expect(compareTensors(tensor([1, 2.5, 3]), tensor([1, 2, 3.1]), elementwise).reason).toBe(
      'element 1: expected 2, got 2.5',
    );
  });
});

test('dtypes and shapes must agree', () => {
  expect(compareTensors(tensor([1]), tensor([1n]), elementwise).reason).toBe(
    'dtype: expected int64, got float32',
  );
  expect(compareTensors(zeros([2, 3]), zeros([3, 2]), elementwise).reason).toBe(
    'shape: expected [3, 2], got [2, 3]',
  );
});

test('a tolerance relative to the largest value looks at the largest value only', () => {
  const limit = { kind: 'relative-to-largest', limit: 1e-4 } as const;
  expect(compareTensors(tensor([1000, 0.05]), tensor([1000, 0]), limit).ok).toBe(true);
  expect(compareTensors(tensor([1000, 0.2]), tensor([1000, 0]), limit).ok).toBe(false);
  expect(compareTensors(tensor([Number.NaN]), tensor([1]), limit).ok).toBe(false);
  expect(compareTensors(tensor([1e-9]), tensor([0]), limit).ok).toBe(false);
});

test('several comparisons give the worst errors and the first failure', () => {
  const good = compareTensors(tensor([1]), tensor([1.000001]), elementwise);
  const bad = compareTensors(tensor([1]), tensor([2]), elementwise);
  expect(combineComparisons([good, bad])).toEqual({ ok: false, maxAbs: 1, maxRel: 0.5, reason: bad.reason });
  expect(combineComparisons([good]).ok).toBe(true);
});
