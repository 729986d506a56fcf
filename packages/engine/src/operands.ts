// Turns the slices that callers pass into regions, after checking that what a kernel will touch lies inside them.

import { EngineError } from './errors.ts';
import { EngineStorage } from './memory/storage.ts';
import { executor } from './runtime/executor.ts';
import type { Region } from './runtime/region.ts';
import type { Slice, StridedSlice } from './types.ts';

let latest = '';

/** The kernel whose operands were checked last, which is the one at work. */
export function kernelAtWork(): string {
  return latest;
}

/**
 * The region of a slice's first `elements` elements, which is all that the kernel will touch.
 * @throws EngineError naming the operand when the slice does not hold them.
 */
export function regionOf(
  kernel: string,
  operand: string,
  { storage, offset }: Slice,
  elements: number,
  elementBytes: number = 4,
): Region {
  latest = kernel;
  if (!(storage instanceof EngineStorage) || storage.memory !== executor().memory) {
    throw new EngineError(kernel, `${operand} is not a storage of this engine`);
  }
  const end = (offset + elements) * elementBytes;
  if (!Number.isSafeInteger(offset) || offset < 0 || end > storage.byteLength) {
    const got = `${storage.byteLength} bytes`;
    throw new EngineError(kernel, `${operand} is too small`, `at least ${end} bytes (offset ${offset})`, got);
  }
  return { storage, address: storage.address + offset * elementBytes, bytes: elements * elementBytes };
}

/** As {@link regionOf}, for a slice with strides over `shape`: from the first element that it touches to the last. */
export function stridedRegionOf(
  kernel: string,
  operand: string,
  slice: StridedSlice,
  shape: readonly number[],
  elementBytes: number = 4,
): Region {
  if (slice.strides.length !== shape.length) {
    throw new EngineError(kernel, `${operand} has another rank`, shape.length, slice.strides.length);
  }
  let last = 0;
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 0) return regionOf(kernel, operand, slice, 0, elementBytes);
    const stride = slice.strides[d]!;
    if (!Number.isSafeInteger(stride) || stride < 0) {
      throw new EngineError(kernel, `${operand} has an invalid stride`, 'a whole number >= 0', stride);
    }
    last += stride * (shape[d]! - 1);
  }
  return regionOf(kernel, operand, slice, last + 1, elementBytes);
}

/** Checks a size that a kernel counts with: a whole number from `minimum` on. */
export function checkSizes(
  kernel: string,
  sizes: Readonly<Record<string, number>>,
  minimum: number = 0,
): void {
  for (const name in sizes) {
    const value = sizes[name]!;
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
