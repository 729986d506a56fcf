// The average over all pixels of blocked images.

import { input, integer, output, scalar } from '@sconce/codegen';
import { EngineError } from '../../errors.ts';
import { executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import { forkRanges, passTime } from '../../threads/split.ts';
import { zeroBorder } from './border.ts';
import { type BlockedImage, blockedLanes, blockRuns, checkSameExtent, from, viewOf } from './image.ts';

/** Pixels whose sums run side by side. */
const UNROLLED = 4;

/** Sums of rows are added up, so that rounding grows with height plus width and not with their product. */
const averageKernel = family(
  'blocked-global-average',
  {
    x: input('f32'),
    y: output('f32'),
    blocks: integer(),
    xBlock: integer(),
    yBlock: integer(),
    rows: integer(),
    xRow: integer(),
    columns: integer(),
    pixels: scalar('f32'),
  },
  (k) => {
    const lanes = k.lanes('f32');
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const columns = k.integer('columns');
    k.loop(k.integer('blocks'), () => {
      const total = k.zero('f32');
      const row = k.variable(x);
      k.loop(k.integer('rows'), () => {
        const at = k.variable(row);
        const sums = Array.from({ length: UNROLLED }, () => k.zero('f32'));
        k.loop(k.shr(columns, Math.log2(UNROLLED)), () => {
          for (const [i, sum] of sums.entries()) k.assign(sum, k.add(sum, k.load(at, i * lanes)));
          k.advance(at, UNROLLED * lanes);
        });
        k.loop(k.and(columns, UNROLLED - 1), () => {
          k.assign(sums[0]!, k.add(sums[0]!, k.load(at)));
          k.advance(at, lanes);
        });
        k.assign(total, k.add(total, k.add(k.add(sums[0]!, sums[1]!), k.add(sums[2]!, sums[3]!))));
        k.advance(row, k.integer('xRow'));
      });
      k.store(k.div(total, k.scalar('pixels')), y);
      k.advance(x, k.integer('xBlock'));
      k.advance(y, k.integer('yBlock'));
    });
  },
);

/** Parameters of {@link blockedGlobalAveragePool}. */
export interface BlockedGlobalAveragePoolParameters {
  readonly x: BlockedImage;
  /** Of height and width 1. */
  readonly y: BlockedImage;
}

const NAME = 'blockedGlobalAveragePool';

/**
 * The average of each channel over all pixels: PyTorch's `adaptive_avg_pool2d` to 1x1. Without pixels it is NaN.
 * @throws EngineError when the images do not belong together or a slice is too small.
 */
export function blockedGlobalAveragePool(p: BlockedGlobalAveragePoolParameters): void {
  const [x, y] = [viewOf(NAME, 'x', p.x), viewOf(NAME, 'y', p.y)];
  if (x.lanes === 1) throw new EngineError(NAME, 'x is not blocked', blockedLanes(), 1);
  checkSameExtent(NAME, 'y', y, { ...x, height: 1, width: 1 });
  zeroBorder(y);
  const kernel = averageKernel({});
  forkRanges(
    y.batch * y.blocks,
    passTime(x.batch * x.blocks * x.lanes * x.height * x.width),
    (first, count) => {
      for (const { image, block, blocks } of blockRuns(y, first, count)) {
        executor().launch(kernel, {
          x: from(x, image, block),
          y: from(y, image, block),
          blocks,
          xBlock: x.block,
          yBlock: y.block,
          rows: x.height,
          xRow: x.row,
          columns: x.width,
          pixels: x.height * x.width,
        });
      }
    },
  );
}
