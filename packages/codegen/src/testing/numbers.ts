/** Numbers for the tests: arrays with every special value in them, and comparisons that tell zeros and NaN apart. */

import fc from 'fast-check';
import { expect } from 'vitest';
import type { LaneType } from '../index.ts';

/** Lane types whose lanes are numbers in JavaScript. */
export type NumberType = Exclude<LaneType, 'i64'>;

export type Lanes = Float32Array | Float64Array | Int32Array;
/** What {@link expectSame} compares. */
export type Comparable = ArrayLike<number | bigint>;

/** The typed array of each lane type. */
export const arrayOf: Readonly<Record<NumberType, LanesConstructor>> = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
};

interface LanesConstructor {
  new (length: number): Lanes;
  new (bytes: ArrayBufferLike): Lanes;
  of(...values: number[]): Lanes;
  from(values: Iterable<number>): Lanes;
}

const special: Readonly<Record<NumberType, readonly number[]>> = {
  f32: [
    0,
    -0,
    1,
    -1,
    0.5,
    1.5,
    2.5,
    -2.5,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** -149,
    -(2 ** -130),
    3.4028234663852886e38,
  ],
  f64: [
    0,
    -0,
    1,
    -1,
    0.5,
    1.5,
    2.5,
    -2.5,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** -1074,
    -(2 ** -1060),
    Number.MAX_VALUE,
  ],
  i32: [0, 1, -1, 2, 31, -31, 2 ** 31 - 1, -(2 ** 31), 65537, -65537],
};

const drawn: Readonly<Record<NumberType, fc.Arbitrary<number>>> = {
  f32: fc.float(),
  f64: fc.double(),
  i32: fc.integer(),
};

/** Two arrays of one length: all pairs of special values, then random ones. */
export function pairs(type: NumberType): fc.Arbitrary<[Lanes, Lanes]> {
  const one = drawn[type];
  return fc.array(fc.tuple(one, one), { minLength: 5, maxLength: 60 }).map((random) => {
    const all = special[type].flatMap((a) => special[type].map((b) => [a, b] as const)).concat(random);
    const make = arrayOf[type];
    return [make.from(all.map(([a]) => a)), make.from(all.map(([, b]) => b))];
  });
}

/** Rounds to a lane type. */
export const round: Readonly<Record<NumberType, (value: number) => number>> = {
  f32: Math.fround,
  f64: (value) => value,
  i32: (value) => value | 0,
};

/** Element by element the same number: zeros by their sign, any NaN as any other. */
export function expectSame(got: Comparable, expected: Comparable): void {
  const wrong = Array.from(expected).findIndex((value, i) => !Object.is(value, got[i]));
  expect({ at: wrong, value: got[wrong], length: got.length }).toEqual({
    at: wrong,
    value: expected[wrong],
    length: expected.length,
  });
}

/** `a * b + c` of float32 numbers, rounded once: the sum is rounded to odd in float64 first, which makes the second rounding harmless. */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  if (!Number.isFinite(sum)) return Math.fround(sum);
  const virtual = sum - product;
  const error = product - (sum - virtual) + (c - virtual);
  if (error === 0) return Math.fround(sum);
  const bits = new BigInt64Array(Float64Array.of(sum).buffer);
  if ((bits[0]! & 1n) === 0n) bits[0]! += sum > 0 === error > 0 ? 1n : -1n;
  return Math.fround(new Float64Array(bits.buffer)[0]!);
}
