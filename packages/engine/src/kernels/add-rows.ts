// Rows added to other rows by index: gradients of embeddings and selections, sums by class.

import { inout, input, integer, overVectors, scalar } from '@sconce/codegen';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { integersOf, part } from '../runtime/region.ts';
import { forkRanges, LINE_ELEMENTS, passTime } from '../threads/split.ts';
import type { AddRowsParameters } from '../types.ts';
import { floatFamily } from './float-family.ts';
import { readRows } from './row-numbers.ts';

interface AddRowsSpec {
  /** Whether rows are scaled. */
  readonly scaled: boolean;
}

/** `width` elements of rows that are `inner` long; outer positions are `step` elements of y apart. */
const addRowsKernel = floatFamily(
  'add-rows',
  (type) => ({
    x: input(type),
    rows: input('i32'),
    y: inout(type),
    outer: integer(),
    count: integer(),
    width: integer(),
    inner: integer(),
    step: integer(),
    alpha: scalar(type),
  }),
  (k, spec: AddRowsSpec, type) => {
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const [width, inner, step] = [k.integer('width'), k.integer('inner'), k.integer('step')];
    const alpha = k.scalar('alpha');
    k.loop(k.integer('outer'), () => {
      const rows = k.pointer('rows');
      k.loop(k.integer('count'), () => {
        const [from, to] = [k.variable(x), k.variable(y)];
        k.advance(to, k.mul(k.loadInteger(rows), inner));
        k.advance(rows, 1);
        overVectors(k, type, width, [from, to], (at) => {
          const value = at.load(from);
          at.store(spec.scaled ? k.fma(value, alpha, at.load(to)) : k.add(at.load(to), value), to);
        });
        k.advance(x, inner);
      });
      k.advance(y, step);
    });
  },
);

/**
 * `y[o, indices[i]] += alpha * x[o, i]` for runs of `inner` elements, in the order of the indices. As PyTorch's index_add_, and
 * the gradient of {@link gatherRows}.
 *
 * @throws EngineError when an index is out of range, a size invalid or a slice too small, before anything is written.
 */
export function addRows(p: AddRowsParameters): void {
  const { outer, rows, count, inner, alpha = 1 } = p;
  checkSizes('addRows', { outer, rows, count, inner });
  const { type, bytes } = floatLanes('addRows', p.dtype);
  const x = regionOf('addRows', 'x', p.x, outer * count * inner, bytes);
  const y = regionOf('addRows', 'y', p.y, outer * rows * inner, bytes);
  const indices = regionOf('addRows', 'indices', p.indices, count, 8);
  withScratch(Math.max(1, count), (table) => {
    readRows('addRows', indices, integersOf(table), rows);
    if (outer * count * inner === 0) return;
    const current = executor();
    const kernel = addRowsKernel[type]({ scaled: alpha !== 1 });
    const step = rows * inner;
    /** Some outer positions, and some of their columns. */
    const launch = (outerFirst: number, outerCount: number, first: number, width: number): void => {
      // From the first column of the first row to the last column of the last.
      const reach = (all: number): number => (outerCount * all - 1) * inner + width;
      current.launch(kernel, {
        x: part(x, outerFirst * count * inner + first, reach(count), bytes),
        y: part(y, outerFirst * step + first, reach(rows), bytes),
        rows: part(table, 0, count),
        ...{ outer: outerCount, count, width, inner, step, alpha },
      });
    };
    const time = passTime((3 * outer * count * inner * bytes) / 4);
    if (outer >= 2 * current.threads) forkRanges(outer, time, (first, some) => launch(first, some, 0, inner));
    else forkRanges(inner, time, (first, some) => launch(0, outer, first, some), LINE_ELEMENTS);
  });
}
