// A small product through a real kernel, compared with scalar JavaScript: no target is chosen that fails it.

import { productKernels, tileOf } from '../kernels/gemm-micro.ts';
import type { Executor } from './executor.ts';
import { floatsOf, nothing, wholeOf } from './region.ts';

const DEPTH = 5;

/** Columns beyond a whole panel, so that partial loads and stores are checked too. */
const TAIL = 3;

/**
 * Multiplies small whole numbers, whose sums are exact in whatever order they are taken.
 * @throws Error when the result differs anywhere, or a byte behind it is written.
 */
export function selfCheck(executor: Executor): void {
  const tile = tileOf(executor.target);
  const rows = 2 * tile.rows;
  const columns = tile.columns + TAIL;
  const borrow = (elements: number) => wholeOf(executor.memory.borrow(elements * 4));
  const [a, b, c] = [borrow(rows * DEPTH), borrow(DEPTH * columns), borrow(rows * columns + 1)];
  try {
    const [left, right] = [floatsOf(a), floatsOf(b)];
    for (let i = 0; i < left.length; i++) left[i] = ((i * 7) % 11) - 5;
    for (let i = 0; i < right.length; i++) right[i] = ((i * 5) % 13) - 6;
    floatsOf(c).fill(GUARD);
    const kernel = productKernels.f32({
      full: true,
      rest: 0,
      whole: true,
      tail: 1,
      a: 'columns',
      b: 'inPlace',
      ahead: false,
      onto: 'nothing',
      alpha: false,
      bias: false,
      rowBias: false,
      activation: 'none',
    });
    executor.launch(kernel, {
      a,
      b,
      c: { ...c, bytes: c.bytes - 4 },
      bias: nothing,
      rowBias: nothing,
      packedA: nothing,
      packedB: nothing,
      batch: 1,
      k: DEPTH,
      rowPanels: 2,
      panels: 1,
      tail: TAIL,
      aStep: tile.rows,
      aPanel: tile.rows * DEPTH,
      bStep: columns,
      bPanel: tile.columns,
      ldc: columns,
      aBatch: 0,
      bBatch: 0,
      cBatch: 0,
      alpha: 1,
      beta: 0,
      min: 0,
      max: 0,
    });
    compare(tile.rows, columns, floatsOf(a), floatsOf(b), floatsOf(c));
  } finally {
    for (const { storage } of [a, b, c]) storage?.dispose();
  }
}

const GUARD = 123456;

function compare(
  panelRows: number,
  columns: number,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
): void {
  for (let i = 0; i < 2 * panelRows; i++) {
    const panel = Math.floor(i / panelRows) * panelRows * DEPTH + (i % panelRows);
    for (let j = 0; j < columns; j++) {
      let expected = 0;
      for (let k = 0; k < DEPTH; k++) expected += a[panel + k * panelRows]! * b[k * columns + j]!;
      const got = c[i * columns + j];
      if (got !== expected)
        throw new Error(`element (${i}, ${j}) of a product: expected ${expected}, got ${got}`);
    }
  }
  if (c.at(-1) !== GUARD) throw new Error('a product wrote behind its result');
}
