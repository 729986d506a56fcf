// The border of blocked images: zeroing it, and copying an image into one with a larger border.

import { type Integer, input, integer, type KernelBuilder, output, type Pointer } from '@sconce/codegen';
import { executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import { part } from '../../runtime/region.ts';
import { forkRanges, passTime } from '../../threads/split.ts';
import { type BlockedView, from } from './image.ts';

/** Stores zeros over `count` elements and moves the pointer behind them. */
function zeroRun(k: KernelBuilder, at: Pointer<'f32'>, count: Integer): void {
  const lanes = k.lanes('f32');
  k.loop(k.shr(count, Math.log2(lanes)), () => {
    k.store(0, at);
    k.advance(at, lanes);
  });
  const tail = k.and(count, lanes - 1);
  k.when(tail, '>', 0, () => k.storePartial(0, at, 0, tail));
  k.advance(at, tail);
}

/** Right border of a row and left border of the next are one run; so are the rows on top, and those at the bottom. */
const borderKernel = family(
  'blocked-border',
  {
    y: output('f32'),
    blocks: integer(),
    block: integer(),
    first: integer(),
    gaps: integer(),
    gap: integer(),
    inside: integer(),
    last: integer(),
  },
  (k) => {
    const y = k.pointer('y');
    const [gap, inside, block] = [k.integer('gap'), k.integer('inside'), k.integer('block')];
    k.loop(k.integer('blocks'), () => {
      const at = k.variable(y);
      zeroRun(k, at, k.integer('first'));
      k.advance(at, inside);
      k.loop(k.integer('gaps'), () => {
        zeroRun(k, at, gap);
        k.advance(at, inside);
      });
      zeroRun(k, at, k.integer('last'));
      k.advance(y, block);
    });
  },
);

/** Writes zeros over the border of all blocks. What is launched next, which fills the image if there is something to fill, leaves that border alone. */
export function zeroBorder(y: BlockedView): void {
  if (y.border.every((size) => size === 0) || y.batch === 0) return;
  const [, bottom, left, right] = y.border;
  const empty = y.height === 0 || y.width === 0;
  const current = executor();
  const zero = (): void =>
    current.launch(borderKernel({}), {
      y: y.region,
      blocks: y.batch * y.blocks,
      block: y.block,
      first: empty ? 0 : y.origin,
      gaps: empty ? 0 : y.height - 1,
      gap: (left + right) * y.lanes,
      inside: empty ? 0 : y.width * y.lanes,
      last: empty ? y.block : right * y.lanes + bottom * y.row,
    });
  // Nothing is launched to fill an image without pixels, and what comes next may read it.
  if (empty) zero();
  else current.alongNext(zero);
}

/** Writes zeros over the last block of each image, border included, if not all of its lanes are channels. */
export function zeroLastBlock(y: BlockedView): void {
  if (y.channels % y.lanes === 0) return;
  for (let image = 0; image < y.batch; image++) {
    const start = image * y.image + (y.blocks - 1) * y.block;
    executor().launch(borderKernel({}), {
      ...{ y: part(y.region, start, y.block), blocks: 1, block: y.block },
      ...{ first: y.block, gaps: 0, gap: 0, inside: 0, last: 0 },
    });
  }
}

const copyKernel = family(
  'blocked-copy',
  {
    x: input('f32'),
    y: output('f32'),
    blocks: integer(),
    xBlock: integer(),
    yBlock: integer(),
    rows: integer(),
    xRow: integer(),
    yRow: integer(),
    elements: integer(),
  },
  (k) => {
    const lanes = k.lanes('f32');
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const elements = k.integer('elements');
    const tail = k.and(elements, lanes - 1);
    k.loop(k.integer('blocks'), () => {
      const [xRow, yRow] = [k.variable(x), k.variable(y)];
      k.loop(k.integer('rows'), () => {
        const [from, to] = [k.variable(xRow), k.variable(yRow)];
        k.loop(k.shr(elements, Math.log2(lanes)), () => {
          k.store(k.load(from), to);
          k.advance(from, lanes);
          k.advance(to, lanes);
        });
        k.when(tail, '>', 0, () => k.storePartial(k.loadPartial(from, 0, tail), to, 0, tail));
        k.advance(xRow, k.integer('xRow'));
        k.advance(yRow, k.integer('yRow'));
      });
      k.advance(x, k.integer('xBlock'));
      k.advance(y, k.integer('yBlock'));
    });
  },
);

/** Copies what is inside the borders, of images of the same extent and lanes. */
export function copyInside(x: BlockedView, y: BlockedView): void {
  const elements = x.width * x.lanes;
  const blocks = x.batch * x.blocks;
  forkRanges(x.height, passTime(2 * blocks * x.height * elements), (first, rows) =>
    executor().launch(copyKernel({}), {
      x: from(x, 0, 0, -first * x.row),
      y: from(y, 0, 0, -first * y.row),
      blocks,
      xBlock: x.block,
      yBlock: y.block,
      rows,
      xRow: x.row,
      yRow: y.row,
      elements,
    }),
  );
}
