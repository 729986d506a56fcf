// What reductions are tried on: `[outer, size, inner]`, with extents of zero and, for some, special values.

import fc from 'fast-check';
import { numbers, unusualNumbers } from './operands.ts';

/** The extents of a reduction. */
export interface ReductionCase {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** Whether NaN, infinities and the like are among the elements. */
  readonly unusual: boolean;
}

/** Cases with `size` up to `largest`. */
export function reductionCases(largest: number): fc.Arbitrary<ReductionCase> {
  return fc.record({
    outer: fc.integer({ min: 0, max: 4 }),
    size: fc.integer({ min: 0, max: largest }),
    inner: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 40 })),
    unusual: fc.boolean(),
  });
}

/** The elements of a case. */
export function reductionData(c: ReductionCase): Float32Array {
  return (c.unusual ? unusualNumbers : numbers)(c.size + 1, c.outer * c.size * c.inner);
}
