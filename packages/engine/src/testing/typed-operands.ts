// Operands of every dtype for kernel tests: fenced slices, and elements that include the special values of their dtype.

import { expect } from 'vitest';
import { dtypeBytes, type EngineDType, isIntegerDType, isUnsigned } from '../dtype.ts';
import type { TypedSlice } from '../elementwise-types.ts';
import { allocate } from '../memory/allocate.ts';
import { readScalar, roundTo, type Scalar, writeScalar } from '../reference/dtypes.ts';
import { numbers } from './operands.ts';

/** Every dtype. */
export const dtypes: readonly EngineDType[] = Object.keys(dtypeBytes) as EngineDType[];

/** Elements between the data and the ends of its storage. */
const FENCE = 64;

/** A fenced slice of a dtype. */
export interface TypedOperand extends Omit<TypedSlice, 'strides'> {
  readonly dtype: EngineDType;
  /** The bytes now, a copy. */
  bytes(): Uint8Array;
  /** The elements now. */
  read(): Scalar[];
  /** Fails when a fence was touched. */
  checkFences(): void;
}

/** Copies elements into a fenced slice; a number asks for so many that a kernel must overwrite. */
export function typedOperand(
  dtype: EngineDType,
  elements: readonly Scalar[] | Uint8Array | number,
): TypedOperand {
  const width = dtypeBytes[dtype];
  const data =
    elements instanceof Uint8Array
      ? elements
      : typeof elements === 'number'
        ? new Uint8Array(elements * width).fill(0xcd)
        : encode(dtype, elements);
  const storage = allocate(data.length + 2 * FENCE * width);
  const all = (): Uint8Array => storage.bytes();
  all()
    .fill(0xa5)
    .set(data, FENCE * width);
  const bytes = (): Uint8Array => all().slice(FENCE * width, FENCE * width + data.length);
  return {
    storage,
    offset: FENCE,
    dtype,
    bytes,
    read: () => decode(dtype, bytes()),
    checkFences: () => {
      const now = all();
      const fences = [...now.subarray(0, FENCE * width), ...now.subarray(FENCE * width + data.length)];
      expect(fences.every((byte) => byte === 0xa5)).toBe(true);
    },
  };
}

/** Elements as bytes. */
export function encode(dtype: EngineDType, elements: readonly Scalar[]): Uint8Array {
  const bytes = new Uint8Array(elements.length * dtypeBytes[dtype]);
  elements.forEach((value, i) => {
    writeScalar(dtype, bytes, i, value);
  });
  return bytes;
}

/** Bytes as elements. */
function decode(dtype: EngineDType, bytes: Uint8Array): Scalar[] {
  return Array.from({ length: bytes.length / dtypeBytes[dtype] }, (_, i) => readScalar(dtype, bytes, i));
}

const floats = [
  0,
  -0,
  1,
  -1,
  0.5,
  -2.5,
  300,
  -70000,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53 + 2,
  2 ** 63,
  -1e19,
  2 ** 64,
  1e30,
];
const unusual = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** -24, 1e-40, 1e-310];

/** Elements of a dtype: its special values among numbers of many sizes, the same for the same seed. */
export function typedElements(dtype: EngineDType, seed: number, length: number): Scalar[] {
  const [first, second] = [numbers(seed * 2 + 1, length), numbers(seed * 3 + 5, length)];
  if (!isIntegerDType(dtype)) {
    const special = [...floats, ...unusual];
    return Array.from(first, (x, i) => {
      const choice = second[i]!;
      const value =
        choice > 0.5 ? special[(i * 7 + seed) % special.length]! : x * 2 ** Math.floor(choice * 40);
      return roundTo(value, dtype);
    });
  }
  if (dtype === 'bool') return Array.from(first, (x) => (x > 0 ? 1n : 0n));
  const bits = 8 * dtypeBytes[dtype];
  const ends = isUnsigned(dtype)
    ? [0n, 1n, 2n, (1n << BigInt(bits)) - 1n, 1n << BigInt(bits - 1)]
    : [0n, 1n, -1n, 2n, -(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n];
  const fit = isUnsigned(dtype) ? BigInt.asUintN : BigInt.asIntN;
  return Array.from(first, (x, i) => {
    const choice = second[i]!;
    if (choice > 0.6) return ends[(i * 5 + seed) % ends.length]!;
    const whole = BigInt(Math.trunc(x * 2 ** 62)) >> BigInt(Math.floor((choice + 1) * 38));
    return fit(bits, whole);
  });
}

/** Compares elements: integers exactly, floats within `relative` of the expected and `absolute`; NaN with NaN. */
export function expectElements(
  got: readonly Scalar[],
  expected: readonly Scalar[],
  relative: number = 0,
  absolute: number = 0,
  context: (i: number) => string = (i) => `element ${i}`,
): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) {
    const [a, b] = [got[i]!, expected[i]!];
    if (Object.is(a, b) || a === b) continue;
    const close =
      typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= absolute + relative * Math.abs(b);
    if (!close) expect.fail(`${context(i)}: expected ${b}, got ${a}`);
  }
}
