// Turns the slices that callers pass into addresses, after checking that what a kernel will touch lies inside them.

import { EngineError } from './errors.ts';
import { LinearStorage } from './memory/storage.ts';
import type { Slice, StridedSlice } from './types.ts';

/**
 * The address of a slice's first element, where the kernel will touch `elements` elements from there on.
 * @throws EngineError naming the operand when the slice does not hold them.
 */
export function addressOf(
  kernel: string,
  operand: string,
  slice: Slice,
  elements: number,
  elementBytes: number = 4,
): number {
  const { storage, offset } = slice;
  if (!(storage instanceof LinearStorage)) {
    throw new EngineError(kernel, `${operand} is not a storage of this engine`);
  }
  const end = (offset + elements) * elementBytes;
  if (!Number.isSafeInteger(offset) || offset < 0 || end > storage.byteLength) {
    const got = `${storage.byteLength} bytes`;
    throw new EngineError(kernel, `${operand} is too small`, `at least ${end} bytes (offset ${offset})`, got);
  }
  return storage.address + offset * elementBytes;
}

/** As {@link addressOf}, for a slice with strides over `shape`. An empty shape of extent touches nothing. */
export function stridedAddressOf(
  kernel: string,
  operand: string,
  slice: StridedSlice,
  shape: readonly number[],
  elementBytes: number = 4,
): number {
  if (slice.strides.length !== shape.length) {
    throw new EngineError(kernel, `${operand} has another rank`, shape.length, slice.strides.length);
  }
  let last = 0;
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 0) return addressOf(kernel, operand, slice, 0, elementBytes);
    const stride = slice.strides[d]!;
    if (!Number.isSafeInteger(stride) || stride < 0) {
      throw new EngineError(kernel, `${operand} has an invalid stride`, 'a whole number >= 0', stride);
    }
    last += stride * (shape[d]! - 1);
  }
  return addressOf(kernel, operand, slice, last + 1, elementBytes);
}

/** Checks a size that a kernel counts with: a whole number from `minimum` on. */
export function checkSizes(
  kernel: string,
  sizes: Readonly<Record<string, number>>,
  minimum: number = 0,
): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(value) || value < minimum) {
      throw new EngineError(kernel, `invalid ${name}`, `a whole number >= ${minimum}`, value);
    }
  }
}

/** Checks the sizes of a shape. */
export function checkShape(kernel: string, shape: readonly number[]): void {
  for (const [d, size] of shape.entries()) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new EngineError(kernel, `invalid size of dimension ${d}`, 'a whole number >= 0', size);
    }
  }
}
