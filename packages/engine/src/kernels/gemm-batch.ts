// Batches of matrix products: how the products' matrices follow each other, with as few dimensions as that takes.

import { EngineError } from '../errors.ts';
import { checkShape } from '../operands.ts';
import type { GemmBatch } from '../types.ts';

/** A batch as the kernel runs it: `count` products, `a`, `b` and `c` elements apart, once for each of `starts`. */
export interface BatchPlan {
  readonly count: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Elements from the first matrix of each operand to the last. */
  readonly reach: Starts;
  /** Where the first matrices of each run lie; absent where there is one run, which starts at the beginning. */
  readonly starts: readonly Starts[] | undefined;
}

/** Elements in front of a matrix of each operand. */
interface Starts {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

interface Dimension extends Starts {
  readonly size: number;
}

/** No batch. */
export const oneProduct: BatchPlan = {
  count: 1,
  a: 0,
  b: 0,
  c: 0,
  reach: { a: 0, b: 0, c: 0 },
  starts: undefined,
};

/** @throws EngineError when a size or a stride is invalid, or products would be written over each other. */
export function planBatch(batch: GemmBatch): BatchPlan {
  const { shape } = batch;
  checkShape('gemm', shape);
  for (const name of ['a', 'b', 'c'] as const) {
    const strides = batch[name];
    if (strides.length !== shape.length) {
      throw new EngineError(
        'gemm',
        `batch strides of ${name} have another rank`,
        shape.length,
        strides.length,
      );
    }
    for (const [d, stride] of strides.entries()) {
      const minimum = name === 'c' && shape[d]! > 1 ? 1 : 0;
      if (Number.isSafeInteger(stride) && stride >= minimum) continue;
      throw new EngineError(
        'gemm',
        `invalid batch stride of ${name}`,
        `a whole number >= ${minimum}`,
        stride,
      );
    }
  }
  const dimensions = merged(
    shape.map((size, d) => ({ size, a: batch.a[d]!, b: batch.b[d]!, c: batch.c[d]! })),
  );
  const inner = dimensions.pop();
  if (inner === undefined) return oneProduct;
  const reach = { a: 0, b: 0, c: 0 };
  for (const { size, a, b, c } of [...dimensions, inner]) {
    reach.a += (size - 1) * a;
    reach.b += (size - 1) * b;
    reach.c += (size - 1) * c;
  }
  const { size: count, a, b, c } = inner;
  if (shape.includes(0)) return { ...oneProduct, count: 0 };
  if (dimensions.length === 0) return { count, a, b, c, reach, starts: undefined };
  let starts: Starts[] = [{ a: 0, b: 0, c: 0 }];
  for (const d of dimensions) {
    starts = starts.flatMap((at) =>
      Array.from({ length: d.size }, (_, i) => ({ a: at.a + i * d.a, b: at.b + i * d.b, c: at.c + i * d.c })),
    );
  }
  return { count, a, b, c, reach, starts };
}

/** Neighbouring dimensions that all operands run through evenly become one. */
function merged(dimensions: readonly Dimension[]): Dimension[] {
  const kept: Dimension[] = [];
  for (const next of dimensions) {
    if (next.size === 1) continue;
    const last = kept.at(-1);
    const fits = (name: 'a' | 'b' | 'c'): boolean =>
      last !== undefined && last[name] === next[name] * next.size;
    if (last !== undefined && fits('a') && fits('b') && fits('c')) {
      kept[kept.length - 1] = { ...next, size: last.size * next.size };
    } else kept.push(next);
  }
  return kept;
}
