// The judges of the reductions and of softmax, accumulated in float64.

import type { ReduceOp } from '../types.ts';

interface Extent {
  x: Float32Array;
  y: Float32Array;
  outer: number;
  size: number;
  inner: number;
}

/** Fold and starting value of each reduction; the mean divides afterwards, the second norm takes the root. */
const folds: Record<ReduceOp, { start: number; fold: (a: number, b: number) => number }> = {
  sum: { start: 0, fold: (a, b) => a + b },
  mean: { start: 0, fold: (a, b) => a + b },
  max: { start: Number.NEGATIVE_INFINITY, fold: Math.max },
  min: { start: Number.POSITIVE_INFINITY, fold: Math.min },
  prod: { start: 1, fold: (a, b) => a * b },
  norm1: { start: 0, fold: (a, b) => a + Math.abs(b) },
  // Squares are rounded to float32, so that what overflows there does here.
  norm2: { start: 0, fold: (a, b) => a + Math.fround(b * b) },
};

/** {@link reduce} over plain arrays. */
export function referenceReduce(p: Extent & { op: ReduceOp }): void {
  const { start, fold } = folds[p.op];
  for (let o = 0; o < p.outer; o++) {
    for (let i = 0; i < p.inner; i++) {
      let value = start;
      for (let s = 0; s < p.size; s++) value = fold(value, p.x[(o * p.size + s) * p.inner + i]!);
      p.y[o * p.inner + i] = p.op === 'mean' ? value / p.size : p.op === 'norm2' ? Math.sqrt(value) : value;
    }
  }
}

/** {@link softmax} over plain arrays. */
export function referenceSoftmax(p: Extent & { log?: boolean | undefined }): void {
  for (let o = 0; o < p.outer; o++) {
    for (let i = 0; i < p.inner; i++) {
      const at = (s: number): number => (o * p.size + s) * p.inner + i;
      let largest = Number.NEGATIVE_INFINITY;
      for (let s = 0; s < p.size; s++) largest = Math.max(largest, p.x[at(s)]!);
      let sum = 0;
      for (let s = 0; s < p.size; s++) sum += Math.exp(p.x[at(s)]! - largest);
      for (let s = 0; s < p.size; s++) {
        const shifted = p.x[at(s)]! - largest;
        p.y[at(s)] = p.log ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
      }
    }
  }
}
