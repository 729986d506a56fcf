// Rows picked by index: embedding look-ups and selections along a dimension.

import { input, integer, output } from '@sconce/codegen';
import { checkSizes, regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { type Family, family, type Region } from '../runtime/family.ts';
import { integersOf, part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { GatherRowsParameters } from '../types.ts';
import { copyRun, elementTypes } from './row-copy.ts';
import { readRows } from './row-numbers.ts';

type ElementBytes = GatherRowsParameters['elementBytes'];

type GatherArguments = Readonly<Record<'x' | 'y' | 'rows', Region>> &
  Readonly<Record<'outer' | 'count' | 'inner' | 'step', number>>;

const families: Record<ElementBytes, Family<object, GatherArguments>> = {
  1: gatherFamily(elementTypes[1]),
  2: gatherFamily(elementTypes[2]),
  4: gatherFamily(elementTypes[4]),
  8: gatherFamily(elementTypes[8]),
};

/** `step` elements of x from one outer position to the next; `rows` holds row numbers. */
function gatherFamily(element: 'u8' | 'u16' | 'f32' | 'f64'): Family<object, GatherArguments> {
  return family(
    `gather-rows-${element}`,
    {
      x: input(element),
      y: output(element),
      rows: input('i32'),
      outer: integer(),
      count: integer(),
      inner: integer(),
      step: integer(),
    },
    (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      const [inner, step, count] = [k.integer('inner'), k.integer('step'), k.integer('count')];
      k.loop(k.integer('outer'), () => {
        const rows = k.pointer('rows');
        k.loop(count, () => {
          const from = k.variable(x);
          k.advance(from, k.mul(k.loadInteger(rows), inner));
          k.advance(rows, 1);
          copyRun(k, from, y, inner);
        });
        k.advance(x, step);
      });
    },
  );
}

/**
 * `y[o, i] = x[o, indices[i]]` for runs of `inner` elements, bit for bit. As PyTorch's index_select and embedding, and (with
 * `negative`) ONNX's Gather.
 *
 * @throws EngineError when an index is out of range, a size invalid or a slice too small, before anything is written.
 */
export function gatherRows(p: GatherRowsParameters): void {
  const { outer, rows, count, inner, elementBytes } = p;
  checkSizes('gatherRows', { outer, rows, count, inner });
  const x = regionOf('gatherRows', 'x', p.x, outer * rows * inner, elementBytes);
  const y = regionOf('gatherRows', 'y', p.y, outer * count * inner, elementBytes);
  const indices = regionOf('gatherRows', 'indices', p.indices, count, 8);
  withScratch(count, (table) => {
    const otherwise = (_: number, index: number): number | undefined => {
      if (p.negative && index < 0 && index >= -rows) return index + rows;
      return p.outOfRange?.(BigInt(index));
    };
    const lowest = p.negative ? -rows : 0;
    readRows('gatherRows', indices, integersOf(table), rows, otherwise, `${lowest} to ${rows - 1}`);
    if (outer * count * inner === 0) return;
    const current = executor();
    const kernel = families[elementBytes]({});
    const step = rows * inner;
    /** Some outer positions, and some of their rows. */
    const launch = (outerFirst: number, outerCount: number, first: number, some: number): void => {
      const place = (outerFirst * count + first) * inner;
      current.launch(kernel, {
        x: part(x, outerFirst * step, outerCount * step, elementBytes),
        y: part(y, place, outerCount * some * inner, elementBytes),
        rows: part(table, first, some),
        outer: outerCount,
        count: some,
        inner,
        step,
      });
    };
    const time = passTime((2 * outer * count * inner * elementBytes) / 4);
    if (outer > 1) forkRanges(outer, time, (first, some) => launch(first, some, 0, count));
    else forkRanges(count, time, (first, some) => launch(0, 1, first, some));
  });
}
