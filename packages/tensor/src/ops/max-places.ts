/**
 * Where the largest elements of small sliding windows lie, without a branch for each element: one fused kernel compares
 * the windows' elements, all first ones, all second ones and so on, with their maxima, and tells which of them it was.
 */
import { type Expression, fusedElementwise } from '@sconce/engine';
import { flatElements, newTensor, sliceOf, viewOf } from '../access.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { PoolWindow } from './pooling-windows.ts';

/** Windows of more elements than this are looked through one by one. */
const largestWindow = 16;

/** In planes of more elements places are no exact float32 numbers. */
const largestPlane = 2 ** 24;

/** Whether {@link placesOfMaxima} finds these windows' places. */
export function hasFusedPlaces(image: Tensor, { kernelSize }: PoolWindow): boolean {
  return (
    (image.dtype === 'float32' || image.dtype === 'float64') &&
    numelOf(kernelSize) <= largestWindow &&
    numelOf(image.shape.slice(2)) < largestPlane
  );
}

/** By the number of elements of a window: the place of the first largest one or the last NaN. */
const expressions = new Map<number, readonly Expression[]>();

/** Inputs: the elements of a window, then where it begins. Parameters: how far from there each element lies. */
function placeOf(taps: number): readonly Expression[] {
  let made = expressions.get(taps);
  if (made === undefined) {
    let largest: Expression = { input: 0 };
    for (let t = 1; t < taps; t++) largest = { op: 'maximum', args: [largest, { input: t }] };
    let choice: Expression = { parameter: taps - 1 };
    for (let t = taps - 2; t >= 0; t--) {
      choice = {
        select: { compare: '==', args: [{ input: t }, largest] },
        args: [{ parameter: t }, choice],
      };
    }
    for (let t = 0; t < taps; t++) {
      choice = { select: { is: 'nan', args: [{ input: t }] }, args: [{ parameter: t }, choice] };
    }
    made = [{ op: 'add', args: [choice, { input: taps }] }];
    expressions.set(taps, made);
  }
  return made;
}

/**
 * Writes the places of the largest elements of windows over a dense input [N, C, ...size]. Where all that a window holds
 * is minus infinity, its place may lie in the padding.
 */
export function placesOfMaxima(
  image: Tensor,
  indices: Tensor,
  { kernelSize, stride, padding }: PoolWindow,
  dilation: readonly number[],
): void {
  const dtype = image.dtype as 'float32' | 'float64';
  const [inSize, outSize] = [image.shape.slice(2), indices.shape.slice(2)];
  const planes = image.shape[0]! * image.shape[1]!;
  // Windows may begin in the padding, and end beyond it.
  const pads = padding.map(([before], d) => {
    const reach = (outSize[d]! - 1) * stride[d]! + (kernelSize[d]! - 1) * dilation[d]! + 1;
    return [before, Math.max(reach - before - inSize[d]!, 0)];
  });
  const padded = pads.flat().some((count) => count > 0)
    ? image.constantPadNd([...pads].reverse().flat(), Number.NEGATIVE_INFINITY)
    : image;
  const [steps, ownSteps] = [padded.strides.slice(2), image.strides.slice(2)];
  const strides = [numelOf(padded.shape.slice(2)), ...steps.map((step, d) => step * stride[d]!)];
  const shape = [planes, ...outSize];
  const taps = tapCoordinates(kernelSize, dilation);
  const along = (at: readonly number[], by: readonly number[]): number =>
    at.reduce((sum, place, d) => sum + place * by[d]!, 0);
  const begins = beginsOf(outSize, stride, padding, ownSteps, dtype);
  fusedElementwise({
    expressions: placeOf(taps.length),
    inputs: [
      ...taps.map((at) => ({
        ...sliceOf(viewOf(padded, shape, strides, padded.offset + along(at, steps))),
        dtype,
      })),
      { ...sliceOf(begins), strides: [0, ...begins.strides], dtype },
    ],
    outputs: [{ ...sliceOf(viewOf(indices, shape, indices.strides.slice(1))), dtype: 'int64' }],
    shape,
    parameters: taps.map((at) => along(at, ownSteps)),
  });
}

/** Where the elements of a window lie from its first one. */
function tapCoordinates(
  kernel: readonly number[],
  dilation: readonly number[],
): readonly (readonly number[])[] {
  let all: readonly (readonly number[])[] = [[]];
  kernel.forEach((length, d) => {
    all = all.flatMap((at) => Array.from({ length }, (_, i) => [...at, i * dilation[d]!]));
  });
  return all;
}

/** Where each window of a plane begins; in the padding in front it is a place that no element has. */
function beginsOf(
  outSize: readonly number[],
  stride: readonly number[],
  padding: PoolWindow['padding'],
  steps: readonly number[],
  dtype: 'float32' | 'float64',
): Tensor {
  const begins = newTensor(outSize, dtype);
  const elements = flatElements(begins) as Float32Array | Float64Array;
  let inner = elements.length;
  let outer = 1;
  elements.fill(0);
  outSize.forEach((count, d) => {
    inner /= count;
    for (let o = 0, at = 0; o < outer; o++) {
      for (let i = 0; i < count; i++) {
        const place = (i * stride[d]! - padding[d]![0]) * steps[d]!;
        for (let n = 0; n < inner; n++) elements[at++]! += place;
      }
    }
    outer *= count;
  });
  return begins;
}
