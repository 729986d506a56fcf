import { describe, expect, it } from 'vitest';
import { assertSameResults } from './compare.ts';

const judge = (got: number[], expected: number[], tolerance = 1e-3) =>
  assertSameResults('row', Float32Array.from(got), Float32Array.from(expected), tolerance);

describe('assertSameResults', () => {
  it('accepts differences that are small beside the largest result', () => {
    expect(() => judge([100.05, 0.05], [100, 0])).not.toThrow();
    expect(() => judge([1, 2], [1, 2], 0)).not.toThrow();
    expect(() => judge([0, 0], [0, 0])).not.toThrow();
  });

  it('names the worst element of results that differ', () => {
    expect(() => judge([1, 2.5, 4.1], [1, 2, 4])).toThrow(
      'row: results differ by 1.3e-1 of the largest at element 1, expected at most 0.001: 2 and 2.5',
    );
  });

  it('refuses what is not finite, and another number of results', () => {
    expect(() => judge([1, Number.NaN], [1, 2])).toThrow('row: element 1 is not finite, expected 2, got NaN');
    expect(() => judge([1], [1, 2])).toThrow('row: another number of results, expected 2, got 1');
  });
});
