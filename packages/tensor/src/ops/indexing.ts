/** Operators that pick and move single elements. */
import { gatherRows } from '@sconce/engine';
import { cast, copyElements, flatElements, materialize, newTensor, sliceOf, viewOf } from '../access.ts';
import { bindArguments, checkTensor, listArgument } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { copyOut, elementsOf } from '../memory.ts';
import { contiguousStrides, numelOf, wrapDim, wrapDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { SizesOperator } from './shape.ts';

/** Reads positions along a dimension of `size` from an index tensor; they must lie in the dimension. */
function positions(operator: string, index: Tensor, size: number, dim: number): number[] {
  if (index.dtype !== 'int64' && index.dtype !== 'int32') {
    fail(operator, `${operator}(): Expected dtype int32/int64 for index`, 'int32 or int64', index.dtype);
  }
  return Array.from(copyOut(index) as Iterable<number | bigint>, (value) => {
    if (value < 0 || value >= size) {
      fail(operator, `index ${value} is out of bounds for dimension ${dim} with size ${size}`);
    }
    return Number(value);
  });
}

/** The parts at the given positions of a dimension, in a new tensor. Canonical: (x, dim, index). */
export const indexSelect: (x: Tensor, dim: number, index: Tensor) => Tensor = defineOperator({
  name: 'indexSelect',
  normalize: (x: Tensor, dim: number, index: Tensor): [Tensor, number, Tensor] => {
    checkTensor('indexSelect', 'input', x);
    checkTensor('indexSelect', 'index', index);
    if (index.ndim > 1) fail('indexSelect', 'index_select(): Index is supposed to be a vector');
    return [x, wrapDim('indexSelect', dim, x.ndim), index];
  },
  forward: (x: Tensor, dim: number, index: Tensor) => {
    const source = x.ndim === 0 ? viewOf(x, [1], [1]) : x;
    const places = positions('indexSelect', index, source.shape[dim]!, dim);
    const output = newTensor(source.shape.with(dim, places.length), x.dtype);
    if (source.isContiguous()) {
      gatherRows({
        x: sliceOf(source),
        y: sliceOf(output),
        indices: sliceOf(materialize(cast(index, 'int64'))),
        outer: numelOf(source.shape.slice(0, dim)),
        rows: source.shape[dim]!,
        count: places.length,
        inner: numelOf(source.shape.slice(dim + 1)),
        elementBytes: dtypeInfo(x.dtype).bytes,
      });
      return x.ndim === 0 ? viewOf(output, [], []) : output;
    }
    const from = elementsOf(source);
    const to = flatElements(output);
    const inner = innerOffsets(source, dim);
    const outer = outerOffsets(source, dim);
    let out = 0;
    for (const base of outer) {
      for (const place of places) {
        const start = base + place * source.strides[dim]!;
        for (const offset of inner) to[out++] = from[start + offset]!;
      }
    }
    return x.ndim === 0 ? viewOf(output, [], []) : output;
  },
});

/** Places in storage of the elements of the dimensions after `dim`, relative to their first. */
function innerOffsets(x: Tensor, dim: number): readonly number[] {
  return offsetsOf(x.shape.slice(dim + 1), x.strides.slice(dim + 1), 0);
}

/** Places in storage where the dimensions before `dim` start. */
function outerOffsets(x: Tensor, dim: number): readonly number[] {
  return offsetsOf(x.shape.slice(0, dim), x.strides.slice(0, dim), x.offset);
}

function offsetsOf(shape: readonly number[], strides: readonly number[], start: number): readonly number[] {
  let offsets = [start];
  shape.forEach((size, d) => {
    const step = strides[d]!;
    offsets = offsets.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * step));
  });
  return offsets;
}

/**
 * Picks an element for each element of `index`: its position along `dim` is the index, along the other dimensions its
 * own. Canonical: (x, dim, index).
 */
export const gather: (x: Tensor, dim: number, index: Tensor) => Tensor = defineOperator({
  name: 'gather',
  normalize: (x: Tensor, dim: number, index: Tensor): [Tensor, number, Tensor] => {
    checkTensor('gather', 'input', x);
    checkTensor('gather', 'index', index);
    const axis = wrapDim('gather', dim, x.ndim);
    if (index.dtype !== 'int64')
      fail('gather', 'gather(): Expected dtype int64 for index', 'int64', index.dtype);
    if (index.ndim !== x.ndim && index.numel() > 0) {
      fail('gather', 'Index tensor must have the same number of dimensions as input tensor');
    }
    index.shape.forEach((size, d) => {
      if (d !== axis && x.ndim === index.ndim && size > x.shape[d]!) {
        fail(
          'gather',
          `Size does not match at dimension ${d} expected index ${showSizes(index.shape)} to be no larger than self ${showSizes(x.shape)} apart from dimension ${axis}`,
        );
      }
    });
    return [x, axis, index];
  },
  forward: (x: Tensor, dim: number, index: Tensor) => {
    const places = positions('gather', index, x.shape[dim] ?? 1, dim);
    const output = newTensor(index.shape, x.dtype);
    const from = elementsOf(x);
    const to = flatElements(output);
    const steps = contiguousStrides(index.shape);
    places.forEach((place, i) => {
      let at = x.offset + place * (x.strides[dim] ?? 0);
      steps.forEach((step, d) => {
        if (d !== dim) at += (Math.floor(i / step) % index.shape[d]!) * x.strides[d]!;
      });
      to[i] = from[at]!;
    });
    return output;
  },
});

/** The elements in reverse order along the given dimensions, copied. Canonical: (x, dims). */
export const flip: SizesOperator = defineOperator({
  name: 'flip',
  normalize: (x: Tensor, ...dims: (number | readonly number[])[]): [Tensor, readonly number[]] => {
    checkTensor('flip', 'input', x);
    return [x, wrapDims('flip', listArgument(dims), x.ndim)];
  },
  forward: (x: Tensor, dims: readonly number[]) => {
    const output = newTensor(x.shape, x.dtype);
    const from = elementsOf(x);
    const to = flatElements(output);
    const steps = contiguousStrides(x.shape);
    for (let i = 0; i < to.length; i++) {
      let at = x.offset;
      x.shape.forEach((size, d) => {
        const place = Math.floor(i / steps[d]!) % size;
        at += (dims.includes(d) ? size - 1 - place : place) * x.strides[d]!;
      });
      to[i] = from[at]!;
    }
    return output;
  },
});

/** [..., C r², H, W] to [..., C, H r, W r]. Canonical: (x, upscaleFactor). */
export const pixelShuffle: (x: Tensor, upscaleFactor: number) => Tensor = defineOperator({
  name: 'pixelShuffle',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('pixelShuffle', 'input', x);
    const { upscaleFactor: r } = bindArguments<{ upscaleFactor: number }>(
      'pixelShuffle',
      ['upscaleFactor'],
      rest,
    );
    if (r === undefined || !Number.isInteger(r) || r < 1) {
      fail('pixelShuffle', 'pixel_shuffle expects a positive upscale_factor', 'an integer >= 1', String(r));
    }
    if (x.ndim < 3) {
      fail(
        'pixelShuffle',
        `pixel_shuffle expects input to have at least 3 dimensions, but got input with ${x.ndim} dimension(s)`,
      );
    }
    if (x.shape.at(-3)! % (r * r) !== 0) {
      fail(
        'pixelShuffle',
        `pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)=${x.shape.at(-3)} is not divisible by ${r * r}`,
      );
    }
    return [x, r];
  },
  forward: (x: Tensor, r: number) => {
    const [channels, height, width] = x.shape.slice(-3) as [number, number, number];
    const batch = x.shape.slice(0, -3);
    const count = numelOf(batch);
    const dense = materialize(x);
    const area = height * width;
    // [n, c, r, r, h, w] read in the order [n, c, h, r, w, r].
    const shape = [count, channels / (r * r), height, r, width, r];
    const strides = [channels * area, r * r * area, width, r * area, 1, area];
    const output = newTensor([...batch, channels / (r * r), height * r, width * r], x.dtype);
    copyElements(viewOf(dense, shape, strides), viewOf(output, shape, contiguousStrides(shape)));
    return output;
  },
});

/** Picking and moving elements as methods. */
export interface IndexingMethods {
  /** The parts at the given positions of a dimension, in a new tensor. */
  indexSelect(dim: number, index: Tensor): Tensor;
  /**
   * Picks an element for each element of `index`: its position along `dim` is the index, along the other
   * dimensions its own.
   */
  gather(dim: number, index: Tensor): Tensor;
  /** The elements in reverse order along the given dimensions, copied. */
  flip(dims: readonly number[]): Tensor;
  flip(...dims: number[]): Tensor;
  /** [..., C r², H, W] to [..., C, H r, W r]. */
  pixelShuffle(upscaleFactor: number): Tensor;
}
