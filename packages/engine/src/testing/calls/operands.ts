// Operands and sizes at random: the same after the same seed.

import { allocate } from '../../memory/allocate.ts';
import type { Slice, StridedSlice } from '../../types.ts';

let state = 1;

/** Starts the source of random numbers anew, so that the same seed gives the same call. */
export function seedCalls(seed: number): void {
  state = seed;
}

/** A whole number below a bound. */
export function random(bound: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * bound);
}

/** A whole number from 1 to a bound. */
export const fromOne: (bound: number) => number = (bound) => 1 + random(bound);

/** Float32 elements of both signs. */
export function slice(elements: number): Slice {
  const storage = allocate(elements * 4);
  const bytes = storage.bytes();
  new Float32Array(bytes.buffer, bytes.byteOffset, elements).forEach((_, i, all) => {
    all[i] = (((i * 2654435761) >>> 8) % 2001) / 1000 - 1;
  });
  return { storage, offset: 0 };
}

/** The same under strides. */
export function strided(elements: number, strides: number[]): StridedSlice {
  return { ...slice(elements), strides };
}

/** Float32 elements that are not negative, so that sums of many do not cancel. */
export function magnitudes(elements: number): Slice {
  const all = slice(elements);
  const bytes = all.storage.bytes();
  new Float32Array(bytes.buffer, bytes.byteOffset, elements).forEach((value, i, values) => {
    values[i] = Math.abs(value);
  });
  return all;
}

/** int64 numbers below a bound. */
export function positions(count: number, bound: number): Slice {
  const storage = allocate(count * 8);
  const bytes = storage.bytes();
  new BigInt64Array(bytes.buffer, bytes.byteOffset, count).forEach((_, i, all) => {
    all[i] = BigInt(random(bound));
  });
  return { storage, offset: 0 };
}

/** Bytes that mean something in every dtype. */
export function bytesOf(length: number): Slice {
  const storage = allocate(length);
  storage.bytes().forEach((_, i, all) => {
    all[i] = (i * 37) & 0x3f;
  });
  return { storage, offset: 0 };
}
