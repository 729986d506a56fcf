/**
 * Largest elements of windows with their places in their planes (sequences, images or volumes), and how gradients go
 * back to these places.
 */
import { cast, fillElements, flatBigints, flatElements, materialize, newTensor } from '../access.ts';
import { defineOperator } from '../dispatcher.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import { addAtPlaces, maxOfWindows, type PoolElements } from './pooling-loops.ts';
import type { AxisWindows } from './pooling-windows.ts';

/** The elements of a dense int64 tensor as halves: the lower ones at even places. */
export function halvesOf(indices: Tensor): Int32Array {
  const whole = flatBigints(indices);
  return new Int32Array(whole.buffer, whole.byteOffset, 2 * whole.length);
}

/** The elements of a dense float32 or float64 tensor. */
export function flatFloats(tensor: Tensor): Float32Array | Float64Array {
  const elements = flatElements(tensor);
  if (elements instanceof Float32Array || elements instanceof Float64Array) return elements;
  throw new Error(`internal: ${tensor.dtype} elements read as floats`);
}

/**
 * Writes the largest elements of windows, all of which hold some, over a dense input [N, C, ...size], and their places
 * where these are wanted.
 */
export function maxWithPlaces(
  axes: readonly AxisWindows[],
  image: Tensor,
  values: Tensor,
  indices: Tensor | undefined,
): void {
  const planes = image.shape[0]! * image.shape[1]!;
  const [from, to] = [flatElements(image), flatElements(values)];
  const at = indices === undefined ? null : halvesOf(indices);
  // Elements of both have one dtype, and the loop works with numbers and bigints alike.
  maxOfWindows(axes, planes, from as unknown as PoolElements, to as unknown as PoolElements, at);
}

/** Number of planes, whose dimensions are the last `rank` ones. */
function planesOf(x: Tensor, rank: number): number {
  return x.shape.slice(0, x.ndim - rank).reduce((all, size) => all * size, 1);
}

/**
 * Zeros of the given size in each plane, with the elements of `x` added at the places in `indices`, which lie in it.
 * Canonical: (x, indices, size).
 */
export const placeOnPlanes: (x: Tensor, indices: Tensor, size: readonly number[]) => Tensor = defineOperator({
  name: 'placeOnPlanes',
  forward: (x: Tensor, indices: Tensor, size: readonly number[]) => {
    const rank = size.length;
    const from = materialize(cast(x, computeDType(x.dtype)));
    const at = materialize(indices);
    const result = newTensor([...x.shape.slice(0, x.ndim - rank), ...size], from.dtype);
    fillElements(result, 0);
    addAtPlaces(planesOf(x, rank), flatFloats(from), halvesOf(at), flatFloats(result));
    return cast(result, x.dtype);
  },
  derivatives: [
    { reads: [1], of: (h, [, indices, size]) => pickFromPlanes(h, indices, size.length) },
    null,
    null,
  ],
});

/** The elements at the places in `indices` of each plane of `x`. Canonical: (x, indices, rank of a plane). */
export const pickFromPlanes: (x: Tensor, indices: Tensor, rank: number) => Tensor = defineOperator({
  name: 'pickFromPlanes',
  forward: (x: Tensor, indices: Tensor, rank: number) => {
    const planes = materialize(x).reshape([...x.shape.slice(0, x.ndim - rank), -1]);
    const places = materialize(indices).reshape([...indices.shape.slice(0, indices.ndim - rank), -1]);
    return planes.gather(-1, places).reshape(indices.shape);
  },
  derivatives: [
    { reads: [1], of: (h, [x, indices, rank]) => placeOnPlanes(h, indices, x.shape.slice(x.ndim - rank)) },
    null,
    null,
  ],
});
