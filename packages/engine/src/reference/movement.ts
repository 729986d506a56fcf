// The judges of the kernels that move or scale data: strided copies and the affine map of a channel.

import type { Activation, PadMode, ResizeTaps } from '../types.ts';
import { activationOf } from './elementwise.ts';

/** A typed array read or written with strides; all counts are in its elements. */
export interface StridedArray {
  data: Uint8Array | Uint16Array | Uint32Array | BigUint64Array;
  offset: number;
  strides: readonly number[];
}

/** {@link copyStrided} over plain arrays of the element's size. */
export function referenceCopyStrided(p: {
  from: StridedArray;
  to: StridedArray;
  shape: readonly number[];
}): void {
  const visit = (d: number, from: number, to: number): void => {
    if (d === p.shape.length) {
      p.to.data[to] = p.from.data[from]!;
      return;
    }
    for (let i = 0; i < p.shape[d]!; i++) {
      visit(d + 1, from + i * p.from.strides[d]!, to + i * p.to.strides[d]!);
    }
  };
  visit(0, p.from.offset, p.to.offset);
}

/** {@link channelAffine} over plain arrays. */
export function referenceChannelAffine(p: {
  x: Float32Array;
  scale: Float32Array;
  shift: Float32Array;
  y: Float32Array;
  batch: number;
  channels: number;
  inner: number;
  activation?: Activation | undefined;
}): void {
  const activate = activationOf(p.activation);
  for (let n = 0; n < p.batch * p.channels * p.inner; n++) {
    const channel = Math.floor(n / p.inner) % p.channels;
    p.y[n] = activate(Math.fround(p.x[n]! * p.scale[channel]! + p.shift[channel]!));
  }
}

/** {@link concat} over plain arrays. */
export function referenceConcat(p: {
  inputs: readonly { x: ArrayLike<number>; size: number }[];
  outer: number;
  inner: number;
}): number[] {
  return Array.from({ length: p.outer }, (_, o) =>
    p.inputs.flatMap(({ x, size }) => Array.from(x).slice(o * size * p.inner, (o + 1) * size * p.inner)),
  ).flat();
}

/** {@link pad} over plain arrays, one dimension after the other. */
export function referencePad(p: {
  x: Float32Array;
  shape: readonly number[];
  pads: readonly (readonly [number, number])[];
  mode: PadMode;
  value: number;
}): Float32Array {
  const place = (i: number, size: number, kept: number): number => {
    if (i >= 0 && i < size) return i;
    if (p.mode === 'constant') return -1;
    if (p.mode === 'replicate') return Math.min(Math.max(i, 0), size - 1);
    if (p.mode === 'circular') return i < 0 ? i + kept : i - kept;
    return i < 0 ? -i : 2 * (size - 1) - i;
  };
  let data: ArrayLike<number> = p.x;
  const shape = [...p.shape];
  for (const [d, [before, after]] of p.pads.entries()) {
    const inner = shape.slice(d + 1).reduce((a, b) => a * b, 1);
    const size = shape[d]!;
    const length = size + before + after;
    const outer = shape.slice(0, d).reduce((a, b) => a * b, 1);
    const from = data;
    data = Array.from({ length: outer * length * inner }, (_, n) => {
      const i = Math.floor(n / inner) % length;
      const source = place(i - before, size, size + Math.min(before, 0) + Math.min(after, 0));
      return source < 0
        ? p.value
        : from[(Math.floor(n / (inner * length)) * size + source) * inner + (n % inner)]!;
    });
    shape[d] = length;
  }
  return Float32Array.from(data);
}

/** {@link gatherRows} over plain arrays. */
export function referenceGatherRows<T extends number | bigint>(p: {
  x: ArrayLike<T>;
  indices: readonly number[];
  outer: number;
  rows: number;
  inner: number;
}): T[] {
  const result: T[] = [];
  for (let o = 0; o < p.outer; o++) {
    for (const index of p.indices) {
      const row = index < 0 ? index + p.rows : index;
      for (let i = 0; i < p.inner; i++) result.push(p.x[(o * p.rows + row) * p.inner + i]!);
    }
  }
  return result;
}

/** {@link resize} over plain arrays. */
export function referenceResize(p: {
  mode: 'nearest' | 'linear';
  x: Float32Array;
  planes: number;
  inHeight: number;
  inWidth: number;
  rows: ResizeTaps;
  columns: ResizeTaps;
}): Float32Array {
  const result: number[] = [];
  for (let plane = 0; plane < p.planes; plane++) {
    const at = (row: number, column: number): number => p.x[(plane * p.inHeight + row) * p.inWidth + column]!;
    p.rows.near.forEach((top, r) => {
      p.columns.near.forEach((left, c) => {
        const [bottom, right] = [p.rows.far[r]!, p.columns.far[c]!];
        const [down, across] = [p.rows.weight[r]!, p.columns.weight[c]!];
        const column = (x: number): number => at(top, x) * (1 - down) + at(bottom, x) * down;
        result.push(
          p.mode === 'nearest' ? at(top, left) : column(left) * (1 - across) + column(right) * across,
        );
      });
    });
  }
  return Float32Array.from(result);
}
