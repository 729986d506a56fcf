/** Index tensors read as numbers, checked; and int64 tensors written from numbers, without a bigint per element. */
import { indicesInRange } from '@sconce/engine';
import { cast, flatBigints, materialize, newTensor, sliceOf } from '../access.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** How positions are read. */
export interface PositionOptions {
  /** Whether negative positions count from the end. */
  readonly negative?: boolean;
  /** Called for a position that is not in the dimension. */
  readonly outOfRange?: (position: bigint) => never;
}

/** Reads positions along a dimension of `size`, in row-major order, from an index tensor of int64 or int32. */
export function positions(
  operator: string,
  index: Tensor,
  size: number,
  dim: number,
  { negative = false, outOfRange }: PositionOptions = {},
): Int32Array {
  const dense = int64Index(operator, index, size);
  const result = new Int32Array(index.numel());
  const bad = readPositions(wordsOf(dense), result, size, negative ? size : 0);
  if (bad >= 0) (outOfRange ?? refusePosition(operator, size, dim))(flatBigints(dense)[bad]!);
  return result;
}

/** An index as a dense int64 tensor whose elements are positions along a dimension of `size`. */
export function checkedIndex(operator: string, index: Tensor, size: number, dim: number): Tensor {
  const dense = int64Index(operator, index, size);
  if (!indexInRange(dense, size)) {
    const bad = flatBigints(dense).find((position) => position < 0n || position >= BigInt(size))!;
    refusePosition(operator, size, dim)(bad);
  }
  return dense;
}

/** An index into a dimension of `size` as a dense int64 tensor; what it holds is not checked. */
export function int64Index(operator: string, index: Tensor, size: number): Tensor {
  requireIndex(operator, index, `${operator}(): Expected dtype int32/int64 for index`);
  if (size > 0x7fffffff) fail(operator, 'dimension is too large for an index', 'at most 2^31 - 1', `${size}`);
  return materialize(cast(index, 'int64'));
}

/** Refuses a position that is not in a dimension, in PyTorch's words. */
export function refusePosition(operator: string, size: number, dim: number): (position: bigint) => never {
  return (position) =>
    fail(operator, `index ${position} is out of bounds for dimension ${dim} with size ${size}`);
}

/** Whether a dense int64 tensor holds positions along a dimension of `size` only. */
export function indexInRange(index: Tensor, size: number): boolean {
  return indicesInRange({ indices: sliceOf(index), count: index.numel(), size });
}

/** Reads int64 numbers below `size`, adding `wrap` to negative ones; gives the place of the first that is none, or -1. */
function readPositions(words: Int32Array, result: Int32Array, size: number, wrap: number): number {
  for (let i = 0; i < result.length; i++) {
    const low = words[2 * i]!;
    const place = low < 0 ? low + wrap : low;
    if (words[2 * i + 1] !== low >> 31 || place < 0 || place >= size) return i;
    result[i] = place;
  }
  return -1;
}

/** Refuses an index that is not int64, or int32 where that is allowed. */
export function requireIndex(operator: string, index: Tensor, message: string, int32: boolean = true): void {
  if (index.dtype === 'int64' || (int32 && index.dtype === 'int32')) return;
  fail(operator, message, int32 ? 'int32 or int64' : 'int64', dtypeInfo(index.dtype).scalarName);
}

/** The 32-bit words of a dense int64 tensor, the low one of each element first. */
export function wordsOf(tensor: Tensor): Int32Array {
  const elements = flatBigints(tensor);
  return new Int32Array(elements.buffer, elements.byteOffset, 2 * elements.length);
}

/** A dense int64 tensor of safe integers. */
export function indexTensor(values: ArrayLike<number>, shape: readonly number[]): Tensor {
  const result = newTensor(shape, 'int64');
  const words = wordsOf(result);
  if (values instanceof Int32Array) writeWords(values, words);
  else {
    for (let i = 0; i < values.length; i++) {
      words[2 * i] = values[i]!;
      words[2 * i + 1] = Math.floor(values[i]! / 2 ** 32);
    }
  }
  return result;
}

function writeWords(values: Int32Array, words: Int32Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    words[2 * i] = value;
    words[2 * i + 1] = value >> 31;
  }
}
