/** Between tensors and memory: new tensors, typed views of their elements, dense copies and dtype conversion. */
import { allocate, copyStrided, type StridedSlice } from '@sconce/engine';
import { type DType, dtypeInfo, type ElementArray } from './dtype.ts';
import { checkAlive, elementsOf } from './memory.ts';
import { contiguousStrides, numelOf } from './shape.ts';
import { forEachRow } from './strided.ts';
import { Tensor } from './tensor.ts';

/** A new dense tensor whose elements are not set. */
export function newTensor(shape: readonly number[], dtype: DType): Tensor {
  const storage = allocate(numelOf(shape) * dtypeInfo(dtype).bytes);
  return new Tensor(storage, dtype, shape);
}

/** Another view of the same storage. */
export function viewOf(
  base: Tensor,
  shape: readonly number[],
  strides: readonly number[],
  offset: number = base.offset,
): Tensor {
  return new Tensor(base.storage, base.dtype, shape, strides, offset);
}

/** The elements of a dense tensor, in order. Not to be kept across an allocation. */
export function flatElements(tensor: Tensor): ElementArray {
  const all = elementsOf(tensor);
  return all.subarray(tensor.offset, tensor.offset + tensor.numel());
}

/** {@link flatElements} of an int64 tensor. */
export function flatBigints(tensor: Tensor): BigInt64Array {
  const elements = flatElements(tensor);
  if (!(elements instanceof BigInt64Array))
    throw new Error(`internal: ${tensor.dtype} elements read as int64`);
  return elements;
}

/** The tensor as the engine takes it. */
export function sliceOf(tensor: Tensor): StridedSlice {
  checkAlive(tensor);
  return { storage: tensor.storage, offset: tensor.offset, strides: tensor.strides };
}

/** The tensor itself if it is dense, else a dense copy. */
export function materialize(tensor: Tensor): Tensor {
  return tensor.isContiguous() ? tensor : denseCopy(tensor);
}

/** A dense copy in memory of its own. */
export function denseCopy(tensor: Tensor): Tensor {
  const copy = newTensor(tensor.shape, tensor.dtype);
  copyElements(tensor, copy);
  return copy;
}

/** Copies elements between tensors of one shape and dtype. */
export function copyElements(from: Tensor, to: Tensor): void {
  if (numelOf(to.shape) === 0) return;
  copyStrided({
    from: sliceOf(from),
    to: sliceOf(to),
    shape: to.shape,
    elementBytes: dtypeInfo(to.dtype).bytes,
  });
}

/** The tensor in another dtype; itself if it has that dtype already. */
export function cast(tensor: Tensor, dtype: DType): Tensor {
  if (tensor.dtype === dtype) return tensor;
  const result = newTensor(tensor.shape, dtype);
  castInto(tensor, result);
  return result;
}

/** Writes a tensor's elements, converted, into another tensor of the same shape. */
export function castInto(from: Tensor, to: Tensor): void {
  if (from.dtype === to.dtype) {
    copyElements(from, to);
    return;
  }
  const source = elementsOf(from);
  const target = elementsOf(to);
  const convert = converter(from.dtype, to.dtype);
  forEachRow(to.shape, [from, to], (offsets, length, steps) => {
    let i = offsets[0]!;
    let j = offsets[1]!;
    for (let n = 0; n < length; n++, i += steps[0]!, j += steps[1]!) target[j] = convert(source[i]!);
  });
}

/** Conversion of one stored element to another dtype's stored element: C's rules, as PyTorch follows them. */
function converter(from: DType, to: DType): (value: number | bigint) => number | bigint {
  const decode = dtypeInfo(from).codec?.decode;
  const write = elementWriter(to);
  if (decode !== undefined) return (value) => write(decode(value as number));
  return write;
}

/** Brings a value to the form in which elements of a dtype are stored. */
export function elementWriter(dtype: DType): (value: number | bigint | boolean) => number | bigint {
  const { codec, kind } = dtypeInfo(dtype);
  if (dtype === 'int64') return toInt64;
  // NaN counts as true.
  if (kind === 'bool') return (value) => (Number(value) === 0 ? 0 : 1);
  if (codec !== undefined) return (value) => codec.encode(Number(value));
  if (kind === 'int') {
    return (value) => (typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : Number(value));
  }
  return (value) => Number(value);
}

function toInt64(value: number | bigint | boolean): bigint {
  if (typeof value === 'bigint') return value;
  const number = Number(value);
  // What x86-64 makes of values that do not fit.
  if (!(Math.abs(number) < 2 ** 63)) return -(2n ** 63n);
  return BigInt(Math.trunc(number));
}

/** Sets every element of a tensor. */
export function fillElements(tensor: Tensor, value: number | bigint | boolean): void {
  const stored = elementWriter(tensor.dtype)(value);
  const elements = elementsOf(tensor);
  forEachRow(tensor.shape, [tensor], (offsets, length, steps) => {
    const at = offsets[0]!;
    if (steps[0] === 1) {
      if (elements instanceof BigInt64Array) elements.fill(stored as bigint, at, at + length);
      else elements.fill(stored as number, at, at + length);
    } else {
      for (let n = 0, i = at; n < length; n++, i += steps[0]!) elements[i] = stored;
    }
  });
}

/** A new dense tensor with every element set. */
export function filledTensor(
  shape: readonly number[],
  dtype: DType,
  value: number | bigint | boolean,
): Tensor {
  const result = newTensor(shape, dtype);
  fillElements(result, value);
  return result;
}

/** A dense int64 tensor of the given values. */
export function int64Tensor(values: readonly (number | bigint)[], shape: readonly number[]): Tensor {
  const result = newTensor(shape, 'int64');
  flatBigints(result).set(values.map(BigInt));
  return result;
}

/** The tensor read under a larger shape, without a copy. Sizes must already agree. */
export function broadcastView(tensor: Tensor, shape: readonly number[]): Tensor {
  const shift = shape.length - tensor.ndim;
  const strides = shape.map((size, i) =>
    i < shift || (tensor.shape[i - shift] === 1 && size !== 1) ? 0 : tensor.strides[i - shift]!,
  );
  return viewOf(tensor, shape, strides);
}

/** The tensor under another shape of as many elements: a view where the strides allow it, else a copy. */
export function denseReshape(tensor: Tensor, shape: readonly number[]): Tensor {
  const dense = materialize(tensor);
  return viewOf(dense, shape, contiguousStrides(shape));
}
