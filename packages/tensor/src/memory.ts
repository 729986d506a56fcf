/** Typed views of the elements that a strided view of a storage shows. Works below the Tensor class. */
import type { Storage } from '@sconce/engine';
import { type DType, dtypeInfo, type ElementArray } from './dtype.ts';
import { fail } from './errors.ts';
import { contiguousStrides, isContiguousLayout, numelOf } from './shape.ts';
import { forEachRow } from './strided.ts';

/** What a Tensor is to memory. */
export interface StridedElements {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Throws if the memory was given back. */
export function checkAlive(view: StridedElements): void {
  if (view.storage.disposed) {
    fail('tensor', 'this tensor (or the one it is a view of) was disposed', 'a tensor that is alive');
  }
}

/** All elements of the storage; index them with offset and strides. Not to be kept across an allocation. */
export function elementsOf(view: StridedElements): ElementArray {
  checkAlive(view);
  const bytes = view.storage.bytes();
  const { array } = dtypeInfo(view.dtype);
  return new array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / array.BYTES_PER_ELEMENT));
}

/** The elements in row-major order, copied out into an array of their own. */
export function copyOut(view: StridedElements): ElementArray {
  const source = elementsOf(view);
  if (isContiguousLayout(view.shape, view.strides))
    return source.slice(view.offset, view.offset + numelOf(view.shape));
  const result = new (dtypeInfo(view.dtype).array)(numelOf(view.shape));
  const dense = { offset: 0, strides: contiguousStrides(view.shape) };
  forEachRow(view.shape, [view, dense], (offsets, length, steps) => {
    let i = offsets[0]!;
    let j = offsets[1]!;
    for (let n = 0; n < length; n++, i += steps[0]!, j += steps[1]!) result[j] = source[i]!;
  });
  return result;
}

/** Reads one element by its place in the storage, as the value users see: integers of 64 bits as numbers where these are exact. */
export function elementReader(view: StridedElements): (at: number) => number | boolean | bigint {
  const elements = elementsOf(view);
  const { codec, kind } = dtypeInfo(view.dtype);
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    return (at) => {
      const value = elements[at]!;
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    };
  }
  if (kind === 'bool') return (at) => elements[at] !== 0;
  if (codec !== undefined) return (at) => codec.decode(elements[at]!);
  return (at) => elements[at]!;
}
