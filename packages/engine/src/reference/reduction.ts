// The judges of the reductions and of softmax, accumulated in float64.

import { computeTypeOf, type EngineDType, isIntegerDType } from '../dtype.ts';
import type { ReduceOp } from '../types.ts';
import { castScalar, type Scalar, wrap } from './dtypes.ts';

interface Extent {
  x: Float32Array;
  y: Float32Array;
  outer: number;
  size: number;
  inner: number;
}

/** Fold and starting value of each reduction; the mean divides afterwards, the second norm takes the root. */
const folds: Record<
  Exclude<ReduceOp, 'any' | 'all'>,
  { start: number; fold: (a: number, b: number) => number }
> = {
  sum: { start: 0, fold: (a, b) => a + b },
  mean: { start: 0, fold: (a, b) => a + b },
  max: { start: Number.NEGATIVE_INFINITY, fold: Math.max },
  min: { start: Number.POSITIVE_INFINITY, fold: Math.min },
  prod: { start: 1, fold: (a, b) => a * b },
  norm1: { start: 0, fold: (a, b) => a + Math.abs(b) },
  // Squares are rounded to float32, so that what overflows there does here.
  norm2: { start: 0, fold: (a, b) => a + Math.fround(b * b) },
};

/** Folds of whole numbers, which wrap around. */
const integerFolds: Partial<Record<ReduceOp, (a: bigint, b: bigint) => bigint>> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  // biome-ignore lint/complexity/useMathMinMax: there is none for bigints
  max: (a, b) => (a < b ? b : a),
  // biome-ignore lint/complexity/useMathMinMax: there is none for bigints
  min: (a, b) => (b < a ? b : a),
};

/** What {@link reduce} makes of the elements along one axis; floats are summed in float64 and not rounded. */
export function referenceReduction(op: ReduceOp, elements: readonly Scalar[], to: EngineDType): Scalar {
  if (op === 'any' || op === 'all') {
    const truths = elements.map((value) => Number(value) !== 0);
    return castScalar((op === 'any' ? truths.some(Boolean) : truths.every(Boolean)) ? 1n : 0n, to);
  }
  const type = computeTypeOf(to);
  const values = elements.map((value) => castScalar(value, type));
  if (isIntegerDType(type)) {
    const [first, ...others] = values as bigint[];
    return others.reduce((a, b) => wrap(integerFolds[op]!(a, b), type), first!);
  }
  const { start, fold } = folds[op];
  const square = (x: number): number => x * x;
  const total = (values as number[]).reduce((a, b) => (op === 'norm2' ? a + square(b) : fold(a, b)), start);
  return op === 'mean' ? total / elements.length : op === 'norm2' ? Math.sqrt(total) : total;
}

/** {@link reduce} over plain arrays. */
export function referenceReduce(p: Extent & { op: keyof typeof folds }): void {
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
