// Calls of kernels that move elements, for tests that compare executors.

import { addRows } from '../../kernels/add-rows.ts';
import { copyStrided } from '../../kernels/copy-strided.ts';
import { gatherElements } from '../../kernels/gather-elements.ts';
import { gatherRows } from '../../kernels/gather-rows.ts';
import { pad } from '../../kernels/pad.ts';
import { resize } from '../../kernels/resize.ts';
import { foldElements, scatterElements } from '../../kernels/scatter-elements.ts';
import { allocate } from '../../memory/allocate.ts';
import type { Storage } from '../../memory/storage.ts';
import type { AlongIndex, Slice, StridedSlice } from '../../types.ts';
import { fromOne, positions, random, slice, strided } from './operands.ts';

/** Calls of kernels that move elements. */
export const movementCalls: Readonly<Record<string, () => Slice>> = {
  addRows: () => {
    const [outer, rows, count, inner] = [fromOne(5), fromOne(9), fromOne(20), fromOne(90)];
    const y = slice(outer * rows * inner);
    const operands = { x: slice(outer * count * inner), indices: positions(count, rows), y };
    addRows({ outer, rows, count, inner, ...operands, alpha: fromOne(2) });
    return y;
  },
  gatherRows: () => {
    const elementBytes = ([1, 2, 4, 8] as const)[random(4)]!;
    const [outer, rows, count, inner] = [
      random(2) === 1 ? 1 : fromOne(5),
      fromOne(9),
      fromOne(20),
      fromOne(20),
    ];
    const indices = positions(count, rows);
    const x: Slice = { storage: allocate(outer * rows * inner * elementBytes), offset: 0 };
    x.storage.bytes().forEach((_, i, all) => {
      all[i] = i * 37;
    });
    const y: Slice = { storage: allocate(outer * count * inner * elementBytes), offset: 0 };
    gatherRows({ outer, rows, count, inner, elementBytes, x, indices, y });
    return y;
  },
  gatherElements: () => {
    const { index, along, dense } = alongCase();
    gatherElements({ x: along, y: dense, index, elementBytes: 4 });
    return dense;
  },
  scatterElements: () => {
    const { index, along, dense } = alongCase();
    scatterElements({ x: along, source: dense, index, elementBytes: 4 });
    return along;
  },
  foldElements: () => {
    const { index, along, dense } = alongCase();
    foldElements({ op: 'add', dtype: 'float32', x: along, source: dense, index });
    return along;
  },
  pad: () => {
    const shape = [fromOne(5), fromOne(9), fromOne(30)];
    const pads = shape.map(() => [random(4), random(4)] as const);
    const y = slice(shape.reduce((all, size, d) => all * (size + pads[d]![0] + pads[d]![1]), 1));
    const mode = random(2) === 1 ? 'constant' : 'replicate';
    pad({ mode, shape, pads, x: slice(shape.reduce((all, size) => all * size, 1)), y, value: 3 });
    return y;
  },
  resize: () => {
    const [planes, inHeight, inWidth] = [fromOne(9), fromOne(9), fromOne(30)];
    const taps = (outputs: number, size: number) => ({
      near: Int32Array.from({ length: outputs }, () => random(size)),
      far: Int32Array.from({ length: outputs }, () => random(size)),
      weight: Float32Array.from({ length: outputs }, () => random(5) / 4),
    });
    const [rows, columns] = [taps(fromOne(12), inHeight), taps(fromOne(40), inWidth)];
    const y = slice(planes * rows.near.length * columns.near.length);
    const mode = random(2) === 1 ? 'linear' : 'nearest';
    resize({ mode, planes, inHeight, inWidth, rows, columns, x: slice(planes * inHeight * inWidth), y });
    return y;
  },
  copyStrided: () => {
    const elementBytes = ([1, 2, 4, 8] as const)[random(4)]!;
    const [rows, columns] = [fromOne(40), fromOne(40)];
    const bytes = (): Storage => {
      const storage = allocate(rows * columns * elementBytes);
      storage.bytes().forEach((_, i, all) => {
        all[i] = i * 37;
      });
      return storage;
    };
    const to: StridedSlice = { storage: bytes(), offset: 0, strides: [columns, 1] };
    const from = { storage: bytes(), offset: 0, strides: [1, rows] };
    copyStrided({ shape: [rows, columns], elementBytes, from, to });
    return to;
  },
};

/** An index along one of three dimensions, and what it moves elements between. */
function alongCase(): { index: AlongIndex; along: StridedSlice; dense: StridedSlice } {
  const shape = [fromOne(6), fromOne(12), fromOne(30)] as const;
  const [dim, size] = [random(3), fromOne(9)];
  const stridesOf = (sizes: readonly number[]): number[] => [sizes[1]! * sizes[2]!, sizes[2]!, 1];
  const [count, lines] = [shape[0] * shape[1] * shape[2], shape.with(dim, size)];
  const indices = allocate(count * 8);
  const bytes = indices.bytes();
  new BigInt64Array(bytes.buffer, bytes.byteOffset, count).forEach((_, i, all) => {
    all[i] = BigInt(random(size));
  });
  return {
    index: { storage: indices, offset: 0, strides: stridesOf(shape), shape, dim, size },
    along: strided(lines[0]! * lines[1]! * lines[2]!, stridesOf(lines)),
    dense: strided(count, stridesOf(shape)),
  };
}
