/** Between tensors and memory: new tensors, typed views of their elements, dense copies and dtype conversion. */
import { copyStrided, cast as engineCast, fill, type TypedSlice } from '@sconce/engine';
import { allocateStorage } from './allocations.ts';
import { type DType, dtypeInfo, type ElementArray } from './dtype.ts';
import { checkAlive, elementsOf } from './memory.ts';
import { broadcastStrides, contiguousStrides, denseStrides, numelOf } from './shape.ts';
import { Tensor } from './tensor.ts';

/** A new dense tensor whose elements are not set. */
export function newTensor(shape: readonly number[], dtype: DType): Tensor {
  const storage = allocateStorage(numelOf(shape) * dtypeInfo(dtype).bytes);
  return new Tensor(storage, dtype, shape);
}

/** A new tensor without gaps whose dimensions lie in memory in the order of those of `like`, which has as many (PyTorch's rule). */
export function newTensorLike(like: Tensor, shape: readonly number[], dtype: DType): Tensor {
  if (like.isContiguous()) return newTensor(shape, dtype);
  const storage = allocateStorage(numelOf(shape) * dtypeInfo(dtype).bytes);
  return new Tensor(storage, dtype, shape, denseStrides(shape, like.strides));
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
export function sliceOf(tensor: Tensor): TypedSlice {
  checkAlive(tensor);
  // A tensor has all that a slice has.
  return tensor;
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
  if (numelOf(to.shape) === 0) return;
  engineCast({ from: sliceOf(from), to: sliceOf(to), shape: to.shape });
}

/** Brings a value to the form in which elements of a dtype are stored. */
export function elementWriter(dtype: DType): (value: number | bigint | boolean) => number | bigint {
  const { codec, kind } = dtypeInfo(dtype);
  if (dtype === 'int64') return toInt64;
  if (dtype === 'uint64') return (value) => BigInt.asUintN(64, toInt64(value));
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
  if (numelOf(tensor.shape) === 0) return;
  const number = typeof value === 'boolean' ? Number(value) : value;
  fill({ to: sliceOf(tensor), value: number, shape: tensor.shape });
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
  return viewOf(tensor, shape, broadcastStrides(tensor.shape, tensor.strides, shape));
}

/** The tensor under another shape of as many elements: a view where the strides allow it, else a copy. */
export function denseReshape(tensor: Tensor, shape: readonly number[]): Tensor {
  const dense = materialize(tensor);
  return viewOf(dense, shape, contiguousStrides(shape));
}
