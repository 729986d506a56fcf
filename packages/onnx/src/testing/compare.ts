/** Comparisons that say by how much two tensors differ. */
import type { Tensor } from '@sconce/tensor';
import { expect } from 'vitest';

function numbers(tensor: Tensor): number[] {
  return Array.from(tensor.toTypedArray() as ArrayLike<number | bigint>, Number);
}

/** Largest |a - b| over the largest |b|; 0 for tensors without elements, infinite where only one is not a number. */
function relativeDistance(actual: Tensor, expected: Tensor): number {
  const [a, b] = [numbers(actual), numbers(expected)];
  let distance = 0;
  let largest = 0;
  for (const [index, reference] of b.entries()) {
    const value = a[index]!;
    if (Object.is(value, reference) || value === reference) {
      if (Number.isFinite(reference)) largest = Math.max(largest, Math.abs(reference));
      continue;
    }
    if (!Number.isFinite(value) || !Number.isFinite(reference)) return Number.POSITIVE_INFINITY;
    distance = Math.max(distance, Math.abs(value - reference));
    largest = Math.max(largest, Math.abs(reference));
  }
  return distance === 0 ? 0 : distance / largest;
}

/** Expects equal shapes and dtypes, and values within a distance relative to the largest. */
export function expectClose(
  actual: Tensor | undefined,
  expected: Tensor,
  tolerance: number,
  what: string,
): void {
  expect(actual, `${what} is there`).toBeDefined();
  expect({ dtype: actual!.dtype, shape: actual!.shape }, what).toEqual({
    dtype: expected.dtype,
    shape: expected.shape,
  });
  expect(relativeDistance(actual!, expected), what).toBeLessThanOrEqual(tolerance);
}

/**
 * Expects a tensor as `torch.testing.assert_close` does by default, or within twice PyTorch's own distance to its
 * float64 result where that is more.
 */
export function expectLikeTorch(
  actual: Tensor | undefined,
  expected: Tensor,
  exact: Tensor | undefined,
  what: string,
): void {
  expect(actual, `${what} is there`).toBeDefined();
  expect({ dtype: actual!.dtype, shape: actual!.shape }, what).toEqual({
    dtype: expected.dtype,
    shape: expected.shape,
  });
  const [a, b] = [numbers(actual!), numbers(expected)];
  const [relative, absolute] =
    expected.dtype === 'float32' ? [1.3e-6, 1e-5] : expected.dtype === 'float64' ? [1e-7, 1e-7] : [0, 0];
  const own =
    exact === undefined
      ? 0
      : Math.max(
          0,
          ...numbers(exact)
            .map((value, index) => Math.abs(value - b[index]!))
            .filter(Number.isFinite),
        );
  const wrong = b.flatMap((reference, index) => {
    const value = a[index]!;
    if (Object.is(value, reference) || value === reference) return [];
    const within =
      Math.abs(value - reference) <= Math.max(absolute + relative * Math.abs(reference), 2 * own);
    return within ? [] : [`[${index}] expected ${reference}, got ${value}`];
  });
  expect(wrong.slice(0, 5), `${what}: ${wrong.length} of ${b.length} elements differ`).toEqual([]);
}
