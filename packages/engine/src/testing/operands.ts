// Operands for kernel tests: storages with a fence around the data, so that a write outside is noticed, and
// data that holds NaN, infinities and zeros of both signs when asked to.

import { expect } from 'vitest';
import { allocate } from '../memory/allocate.ts';
import type { Slice } from '../types.ts';

const FENCE = 24;
const SENTINEL = 0x7fc5a5a5;

/** A slice with a fence on both sides. */
export interface Operand extends Slice {
  /** The data now, a copy. */
  read(): Float32Array<ArrayBuffer>;
  /** Fails when a fence was touched. */
  checkFences(): void;
}

/** Copies `data` into a fenced slice; without data, `length` elements of NaN that a kernel must overwrite. */
export function operand(data: Float32Array | readonly number[] | number): Operand {
  const values = typeof data === 'number' ? new Float32Array(data).fill(Number.NaN) : Float32Array.from(data);
  const storage = allocate((values.length + 2 * FENCE) * 4);
  const at = (from: number, length: number): Uint8Array =>
    storage.bytes().subarray(from * 4, (from + length) * 4);
  const words = (bytes: Uint8Array): Int32Array => new Int32Array(bytes.slice().buffer);
  const fence = new Int32Array(FENCE).fill(SENTINEL);
  at(0, FENCE).set(new Uint8Array(fence.buffer));
  at(FENCE, values.length).set(new Uint8Array(values.buffer));
  at(FENCE + values.length, FENCE).set(new Uint8Array(fence.buffer));
  return {
    storage,
    offset: FENCE,
    read: () => new Float32Array(at(FENCE, values.length).slice().buffer),
    checkFences: () => {
      expect(words(at(0, FENCE))).toEqual(fence);
      expect(words(at(FENCE + values.length, FENCE))).toEqual(fence);
    },
  };
}

/** A deterministic source of numbers in [-1, 1), so that failures repeat. */
export function numbers(seed: number, length: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 1e-40];

/** As {@link numbers}, with every fifth or so replaced by a special value. */
export function unusualNumbers(seed: number, length: number): Float32Array {
  const choice = numbers(seed + 1, length);
  return numbers(seed, length).map((x, i) =>
    choice[i]! > 0.6 ? SPECIAL[Math.floor((choice[i]! - 0.6) * 20) % SPECIAL.length]! : x,
  );
}

/** Compares element by element: NaN with NaN, infinities exactly, else within `relative` and `absolute`. */
export function expectClose(
  got: Float32Array,
  expected: Float32Array,
  relative: number,
  absolute: number = relative,
): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) {
    const [a, b] = [got[i]!, expected[i]!];
    if (Object.is(a, b) || a === b) continue;
    const close = Math.abs(a - b) <= absolute + relative * Math.abs(b);
    if (!close) expect.fail(`element ${i}: expected ${b}, got ${a}`);
  }
}
