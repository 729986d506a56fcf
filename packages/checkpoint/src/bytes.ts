/** Bytes of a file and tensors: sizes, byte order, shared storages. */
import { type DType, fromBytes, Tensor } from '@sconce/tensor';

/** The number of elements of a shape that comes from a file; undefined when a size is no count or the product is too large. */
export function countElements(shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined;
  let count = 1;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** A copy with the bytes of every element in reverse order: big endian to little endian. */
export function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  const swapped = bytes.slice();
  if (size === 1) return swapped;
  for (let at = 0; at + size <= swapped.length; at += size) swapped.subarray(at, at + size).reverse();
  return swapped;
}

/** A tensor that sees the `storage` tensor's memory as another dtype, shape and strides (in elements). */
export function viewOf(
  storage: Tensor,
  dtype: DType,
  shape: readonly number[],
  strides?: readonly number[],
  offset?: number,
): Tensor {
  return new Tensor(storage.storage, dtype, shape, strides, offset);
}

/** A one-dimensional uint8 tensor that holds a copy of the bytes. */
export function storageFrom(bytes: Uint8Array): Tensor {
  return fromBytes(bytes, 'uint8', [bytes.length]);
}
