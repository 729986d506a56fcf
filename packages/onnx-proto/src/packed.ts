/** Packed repeated numbers, which decode to typed arrays. */

export type PackedArray = Int32Array | BigInt64Array | BigUint64Array | Float32Array | Float64Array;

interface Writable {
  readonly length: number;
  [index: number]: unknown;
}

function allocate(type: string, length: number): PackedArray {
  switch (type) {
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'uint64':
      return new BigUint64Array(length);
    case 'float':
      return new Float32Array(length);
    case 'double':
      return new Float64Array(length);
    default:
      throw new Error(`internal: no typed array for packed ${type}`);
  }
}

/** A typed array of `length` elements, each asked from `next`. */
export function packedFrom(type: string, length: number, next: (index: number) => unknown): PackedArray {
  const values = allocate(type, length);
  const slots = values as Writable;
  for (let i = 0; i < length; i++) slots[i] = next(i);
  return values;
}
