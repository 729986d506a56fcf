/** Runs reductions: brings the reduced dimensions together and folds along them, float32 on the engine. */
import { type ReduceOp, reduce } from '@sconce/engine';
import {
  cast,
  fillElements,
  flatBigints,
  flatElements,
  materialize,
  newTensor,
  sliceOf,
  viewOf,
} from '../access.ts';
import { fail } from '../errors.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

/** A dense tensor read as [outer, size, inner], and the shape of what the reduction along `size` gives. */
export interface Layout {
  readonly input: Tensor;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly shape: readonly number[];
}

/** Brings the reduced dimensions together and describes the tensor as [outer, size, inner]. */
export function layoutOf(x: Tensor, dims: readonly number[] | null, keepdim: boolean): Layout {
  const reduced = new Set(dims ?? x.shape.keys());
  const shape = x.shape.flatMap((size, i) => (reduced.has(i) ? (keepdim ? [1] : []) : [size]));
  const order = [...reduced].filter((d) => d < x.ndim).sort((a, b) => a - b);
  const first = order[0] ?? 0;
  const adjacent = order.every((d, i) => d === first + i);
  const size = numelOf(order.map((d) => x.shape[d]!));
  if (adjacent) {
    const outer = numelOf(x.shape.slice(0, first));
    const inner = numelOf(x.shape.slice(first + order.length));
    return { input: materialize(x), outer, size, inner, shape };
  }
  const kept = x.shape.map((_, i) => i).filter((i) => !reduced.has(i));
  const moved = [...kept, ...order];
  const input = materialize(
    viewOf(
      x,
      moved.map((d) => x.shape[d]!),
      moved.map((d) => x.strides[d]!),
    ),
  );
  return { input, outer: numelOf(kept.map((d) => x.shape[d]!)), size, inner: 1, shape };
}

/** How one reduction works on each kind of element. */
export interface ReduceEntry {
  readonly engine: ReduceOp;
  /** What it gives for no elements; undefined where that is an error. */
  readonly identity: number | undefined;
  readonly float: (a: number, b: number) => number;
  readonly long: (a: bigint, b: bigint) => bigint;
}

/** Reduces a tensor in its own dtype, all of it or along dimensions. */
export function runReduce(
  operator: string,
  entry: ReduceEntry,
  x: Tensor,
  dims: readonly number[] | null,
  keepdim: boolean,
): Tensor {
  const compute = computeDType(x.dtype);
  const { input, outer, size, inner, shape } = layoutOf(cast(x, compute), dims, keepdim);
  const output = newTensor(shape, compute);
  if (outer * inner === 0) return cast(output, x.dtype);
  if (size === 0) {
    if (entry.identity === undefined) {
      fail(operator, `${operator}(): Expected reduction dim to have non-zero size.`);
    }
    fillElements(output, entry.identity);
  } else if (compute === 'float32') {
    reduce({ op: entry.engine, x: sliceOf(input), y: sliceOf(output), outer, size, inner });
  } else if (compute === 'int64') {
    foldLines(flatBigints(input), flatBigints(output), outer, size, inner, (a, b) =>
      BigInt.asIntN(64, entry.long(a, b)),
    );
  } else {
    foldLines(
      flatElements(input) as Float64Array,
      flatElements(output) as Float64Array,
      outer,
      size,
      inner,
      entry.float,
    );
  }
  return cast(output, x.dtype);
}

interface Elements<T> {
  [index: number]: T;
}

/** Folds along `size` of dense elements read as [outer, size, inner]. `size` is at least 1. */
export function foldLines<T extends number | bigint>(
  from: Elements<T>,
  to: Elements<T>,
  outer: number,
  size: number,
  inner: number,
  f: (a: T, b: T) => T,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const base = o * size * inner + i;
      let value: T = from[base]!;
      for (let k = 1; k < size; k++) value = f(value, from[base + k * inner]!);
      to[o * inner + i] = value;
    }
  }
}

/** Mean and sum of squared deviations of a line of elements, in double precision (two passes). */
export function moments(
  from: Float32Array | Float64Array,
  base: number,
  count: number,
  step: number,
): { mean: number; squares: number } {
  let total = 0;
  for (let k = 0; k < count; k++) total += from[base + k * step]!;
  const mean = total / count;
  let squares = 0;
  for (let k = 0; k < count; k++) squares += (from[base + k * step]! - mean) ** 2;
  return { mean, squares };
}
