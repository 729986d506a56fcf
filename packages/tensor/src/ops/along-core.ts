/**
 * Moves and folds elements between a tensor and places along one of its dimensions: what `gather`, `scatter`,
 * `indexSelect`, `indexAdd` and their like have in common.
 */
import { type AlongIndex, foldElements, gatherElements, gatherRows, scatterElements } from '@sconce/engine';
import {
  broadcastView,
  cast,
  castInto,
  denseCopy,
  fillElements,
  flatElements,
  materialize,
  newTensor,
  sliceOf,
  viewOf,
} from '../access.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { elementsOf, type StridedElements } from '../memory.ts';
import { contiguousStrides, numelOf } from '../shape.ts';
import { forEachRow } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { wordsOf } from './positions.ts';

/** Positions along a dimension, read under a shape. */
export interface Places {
  readonly dim: number;
  readonly at: Int32Array;
  /** Places along `dim`, where it is not the tensor's own dimension. */
  readonly size?: number;
  /** Instead of `at`: a dense int64 tensor, and what is thrown for a position that is not in the dimension. */
  readonly index?: { readonly tensor: Tensor; readonly outOfRange: (position: bigint) => never };
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A position for every element of `shape` (`gather`, `scatter`). */
export function placesOfEach(dim: number, at: Int32Array, shape: readonly number[]): Places {
  return { dim, at, shape, strides: contiguousStrides(shape) };
}

/** {@link placesOfEach} of a dense int64 index, which is read where it lies and checked where it is used. */
export function placesOfIndex(
  dim: number,
  tensor: Tensor,
  shape: readonly number[],
  outOfRange: (position: bigint) => never,
): Places {
  return {
    dim,
    at: new Int32Array(0),
    index: { tensor, outOfRange },
    shape,
    strides: contiguousStrides(shape),
  };
}

/** The places in a tensor of a shape, as the engine takes them. */
function alongIndex({ dim, at, index, shape, strides, ...places }: Places, x: Tensor): AlongIndex {
  const size = places.size ?? x.shape[dim]!;
  const along = { strides, shape, dim, size };
  if (index) return { ...sliceOf(index.tensor), ...along, dtype: 'int64', outOfRange: index.outOfRange };
  const words = newTensor([at.length], 'int32');
  (flatElements(words) as Int32Array).set(at);
  return { ...sliceOf(words), ...along, dtype: 'int32' };
}

/** The same positions for every line along `dim` of the tensor (`indexSelect`, `indexAdd`). */
export function placesOfLines(dim: number, at: Int32Array, x: Tensor): Places {
  const shape = x.shape.with(dim, at.length);
  return { dim, at, shape, strides: shape.map((_, d) => (d === dim ? 1 : 0)) };
}

/** A 0-dim tensor as one of a single element. */
export function atLeast1d(x: Tensor): Tensor {
  return x.ndim === 0 ? viewOf(x, [1], [1]) : x;
}

type Raw = Uint8Array | Uint16Array | Uint32Array | BigInt64Array;

/** All elements of a storage as bit patterns: what only moves is moved by one of four loops. */
export function rawElements(view: StridedElements): Raw {
  const elements = elementsOf(view);
  const { buffer, byteOffset, length } = elements;
  switch (elements.BYTES_PER_ELEMENT) {
    case 1:
      return new Uint8Array(buffer, byteOffset, length);
    case 2:
      return new Uint16Array(buffer, byteOffset, length);
    case 4:
      return new Uint32Array(buffer, byteOffset, length);
    default:
      return new BigInt64Array(buffer, byteOffset, length);
  }
}

/** The elements of x at the places, in their shape. */
export function gatherAlong(x: Tensor, places: Places): Tensor {
  const output = newTensor(places.shape, x.dtype);
  // A part without elements may begin behind the end of the memory it is a part of.
  if (output.numel() === 0) return output;
  gatherElements({
    x: sliceOf(x),
    y: sliceOf(output),
    index: alongIndex(places, x),
    elementBytes: dtypeInfo(x.dtype).bytes,
  });
  return output;
}

/** Picks rows of a dense tensor; `outOfRange` is called for a position that is not in the dimension. */
export function selectRows(
  x: Tensor,
  dim: number,
  index: Tensor,
  outOfRange?: (position: bigint) => never,
): Tensor {
  const count = index.numel();
  const output = newTensor(x.shape.with(dim, count), x.dtype);
  gatherRows({
    x: sliceOf(x),
    y: sliceOf(output),
    indices: sliceOf(materialize(cast(index, 'int64'))),
    outer: numelOf(x.shape.slice(0, dim)),
    rows: x.shape[dim]!,
    count,
    inner: numelOf(x.shape.slice(dim + 1)),
    elementBytes: dtypeInfo(x.dtype).bytes,
    outOfRange,
  });
  return output;
}

/** Writes the elements of `source`, read under the places' shape, to the places of `target`. */
export function scatterAlong(target: Tensor, places: Places, source: Tensor): void {
  if (numelOf(places.shape) === 0) return;
  scatterElements({
    x: sliceOf(target),
    source: sliceOf(source),
    index: alongIndex(places, target),
    elementBytes: dtypeInfo(target.dtype).bytes,
  });
}

/** How an element is folded into what lies at its place. */
export type Fold = 'sum' | 'prod' | 'amax' | 'amin';

/**
 * The dtype that loops compute in: 16-bit floats in float32, narrow integers and bool in int32, uint32 in int64. There is
 * none for uint64, which PyTorch's own loops lack too.
 */
export function loopDType(operator: string, dtype: DType): 'float32' | 'float64' | 'int32' | 'int64' {
  const { kind, bytes, scalarName } = dtypeInfo(dtype);
  if (kind === 'float') return bytes === 8 ? 'float64' : 'float32';
  if (dtype === 'uint64') fail(operator, `"${operator}" not implemented for '${scalarName}'`);
  return bytes === 8 || dtype === 'uint32' ? 'int64' : 'int32';
}

const foldOps = { sum: 'add', prod: 'mul', amax: 'max', amin: 'min' } as const;

/** Folds the elements of `source`, read under the places' shape, into the places of `target`. */
export function foldAlong(fold: Fold, target: Tensor, places: Places, source: Tensor): void {
  const dtype = loopDType('scatter', target.dtype);
  if (numelOf(places.shape) === 0) return;
  const work = target.dtype === dtype ? target : cast(target, dtype);
  foldElements({
    op: foldOps[fold],
    x: sliceOf(work),
    source: sliceOf(cast(source, dtype)),
    index: alongIndex(places, work),
    dtype,
  });
  if (work !== target) castInto(work, target);
}

/** A reduction by places: a fold, or the mean of what is folded. */
export type PlaceReduction = Fold | 'mean';

/** Folds `source` into the places of `target`, with or without what lies there before. */
export function reduceAlong(
  reduction: PlaceReduction,
  target: Tensor,
  places: Places,
  source: Tensor,
  includeSelf: boolean,
): void {
  const fold = reduction === 'mean' ? 'sum' : reduction;
  if (!includeSelf) {
    const neutral = newTensor([], target.dtype);
    fillElements(neutral, neutralOf(fold, target.dtype));
    scatterAlong(target, places, broadcastView(neutral, places.shape));
  }
  foldAlong(fold, target, places, source);
  if (reduction === 'mean') divideByCounts(target, places, includeSelf);
}

function divideByCounts(target: Tensor, places: Places, includeSelf: boolean): void {
  const { dim, shape } = places;
  // An int64 index has been checked by now: its lower words are the positions.
  const [at, width] = places.index ? [wordsOf(places.index.tensor), 2] : [places.at, 1];
  const strides = places.strides.map((step) => step * width);
  const counted = new Int32Array(target.numel()).fill(includeSelf ? 1 : 0);
  const dense = contiguousStrides(target.shape);
  const step = dense[dim]!;
  const base = { offset: 0, strides: dense.with(dim, 0) };
  forEachRow(shape, [base, { offset: 0, strides }], (offsets, length, steps) => {
    let [o, p] = offsets as [number, number];
    for (let n = 0; n < length; n++, o += steps[0]!, p += steps[1]!) counted[o + at[p]! * step]!++;
  });
  const compute = loopDType('scatter', target.dtype);
  const work = target.dtype === compute ? denseCopy(target) : cast(target, compute);
  const elements = elementsOf(work);
  const { kind } = dtypeInfo(target.dtype);
  for (let i = 0; i < counted.length; i++) {
    const count = counted[i]!;
    if (count < 2) continue;
    const value = elements[work.offset + i]!;
    if (typeof value === 'bigint') elements[work.offset + i] = floorQuotient(value, BigInt(count));
    else elements[work.offset + i] = kind === 'float' ? value / count : Math.floor(value / count);
  }
  castInto(work, target);
}

function floorQuotient(value: bigint, count: bigint): bigint {
  const quotient = value / count;
  return value < 0n && quotient * count !== value ? quotient - 1n : quotient;
}

/** What a fold starts from. */
function neutralOf(fold: Fold, dtype: DType): number | bigint {
  if (fold === 'sum') return 0;
  if (fold === 'prod') return 1;
  return limitOf(dtype, fold === 'amax' ? -1 : 1);
}

/** The smallest (sign -1) or largest (sign 1) number of a dtype, infinities included. */
export function limitOf(dtype: DType, sign: 1 | -1): number | bigint {
  const { kind, bytes } = dtypeInfo(dtype);
  if (kind === 'float') return sign * Number.POSITIVE_INFINITY;
  if (kind === 'bool') return sign < 0 ? 0 : 1;
  const unsigned = dtype.startsWith('uint');
  const top = 2n ** BigInt(8 * bytes - (unsigned ? 0 : 1));
  if (sign > 0) return top - 1n;
  return unsigned ? 0n : -top;
}
