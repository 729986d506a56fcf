// Pooling over windows of blocked images: all lanes at once, in tiles of outputs whose windows lie inside the image, and one
// by one where they hang over its sides.

import { input, integer, type KernelBuilder, output, type Pointer, type Vector } from '@sconce/codegen';
import { checkWindows } from '../../convolution-operands.ts';
import { EngineError } from '../../errors.ts';
import { checkSizes } from '../../operands.ts';
import { executor, withScratch } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import { after, floatsOf, integersOf, part, type Region } from '../../runtime/region.ts';
import { forkRanges, passTime } from '../../threads/split.ts';
import type { Pool2dParameters } from '../../types.ts';
import { writeDivisors } from '../pool2d.ts';
import { zeroBorder } from './border.ts';
import { type BlockedImage, type BlockedView, blockRuns, checkSameExtent, from, viewOf } from './image.ts';
import { balanced, type Cut, TILE_VECTORS, tilePixels } from './tile.ts';

/** What a pooling kernel is recorded for. */
interface PoolSpec {
  readonly kind: 'max' | 'average';
  /** Outputs of a tile: the usual ones, then a smaller one. */
  readonly columns: readonly number[];
  readonly kernelColumns: number;
  readonly strideX: number;
  readonly masked: boolean;
}

const contract = {
  x: input('f32'),
  /** For each row of outputs: where its windows start, and how many rows of them are inside. */
  rowTable: input('i32'),
  /** The same along columns, for outputs whose windows hang over a side. */
  edgeTable: input('i32'),
  divisors: input('f32'),
  mask: input('f32'),
  y: output('f32'),
  blocks: integer(),
  xBlock: integer(),
  yBlock: integer(),
  yRow: integer(),
  tapRow: integer(),
  tapColumn: integer(),
  rows: integer(),
  leftEdge: integer(),
  rightEdge: integer(),
  firstTile: integer(),
  tiles: integer(),
  lastTiles: integer(),
} as const;

type Builder = KernelBuilder<typeof contract>;

const poolKernel = family('blocked-pool', contract, (k, spec: PoolSpec) => {
  const lanes = k.lanes('f32');
  const isMax = spec.kind === 'max';
  const start = k.constant('f32', isMax ? Number.NEGATIVE_INFINITY : 0);
  const fold = (sum: Vector<'f32'>, value: Vector<'f32'>): void =>
    k.assign(sum, isMax ? k.max(sum, value) : k.add(sum, value));
  const [x, y] = [k.pointer('x'), k.pointer('y')];
  const tapRow = k.integer('tapRow');
  k.loop(k.integer('blocks'), () => {
    const [rowTable, divisors] = [k.pointer('rowTable'), k.pointer('divisors')];
    const row = k.variable(y);
    k.loop(k.integer('rows'), () => {
      const base = offsetBy(k, x, rowTable);
      const windowRows = k.loadInteger(rowTable, 1);
      k.advance(rowTable, 2);
      const edgeTable = k.pointer('edgeTable');
      const to = k.variable(row);
      const finish = (sums: readonly Vector<'f32'>[]): void => {
        for (const [c, sum] of sums.entries()) {
          let value = isMax ? sum : k.div(sum, k.broadcast(divisors, c));
          if (spec.masked) value = k.and(value, k.load(k.pointer('mask')));
          k.store(value, to, c * lanes);
        }
        k.advance(to, sums.length * lanes);
        if (!isMax) k.advance(divisors, sums.length);
      };
      const edge = (): void => {
        const line = offsetBy(k, base, edgeTable);
        const windowColumns = k.loadInteger(edgeTable, 1);
        k.advance(edgeTable, 2);
        const sum = k.variable(start);
        k.loop(windowRows, () => {
          const at = k.variable(line);
          k.loop(windowColumns, () => {
            fold(sum, k.load(at));
            k.advance(at, k.integer('tapColumn'));
          });
          k.advance(line, tapRow);
        });
        finish([sum]);
      };
      k.loop(k.integer('leftEdge'), edge);
      k.advance(base, k.integer('firstTile'));
      const tile = k.variable(base);
      for (const [i, columns] of spec.columns.entries()) {
        k.loop(k.integer(i === 0 ? 'tiles' : 'lastTiles'), () => {
          const sums = Array.from({ length: columns }, () => k.variable(start));
          const line = k.variable(tile);
          k.loop(windowRows, () => {
            for (let column = 0; column < (columns - 1) * spec.strideX + spec.kernelColumns; column++) {
              const using = sums.filter((_, c) => {
                const tap = column - c * spec.strideX;
                return tap >= 0 && tap < spec.kernelColumns;
              });
              if (using.length === 0) continue;
              const pixel = k.load(line, column * lanes);
              for (const sum of using) fold(sum, pixel);
            }
            k.advance(line, tapRow);
          });
          finish(sums);
          k.advance(tile, columns * spec.strideX * lanes);
        });
      }
      k.advance(base, k.sub(k.variable(0), k.integer('firstTile')));
      k.loop(k.integer('rightEdge'), edge);
      k.advance(row, k.integer('yRow'));
    });
    k.advance(x, k.integer('xBlock'));
    k.advance(y, k.integer('yBlock'));
  });
});

/** A copy of a pointer, moved by the offset that stands first in a table. */
function offsetBy(k: Builder, pointer: Pointer<'f32'>, table: Pointer<'i32'>): Pointer<'f32'> {
  const moved = k.variable(pointer);
  k.advance(moved, k.loadInteger(table));
  return moved;
}

/** Parameters of {@link blockedPool2d}. */
export interface BlockedPool2dParameters
  extends Pick<
    Pool2dParameters,
    'kind' | 'kernel' | 'stride' | 'padding' | 'dilation' | 'countIncludePad' | 'divisor'
  > {
  readonly x: BlockedImage;
  /** Its height and width decide how many outputs are computed. */
  readonly y: BlockedImage;
}

const NAME = 'blockedPool2d';

/** Windows of up to this many columns are unrolled. */
const UNROLLED = 7;

/**
 * Maximum or average over windows of blocked images, as {@link pool2d}: a maximum ignores padding and is NaN where a window
 * holds one, an average divides by what PyTorch divides by. What the border of `x` holds does not matter; that of `y`
 * becomes zero.
 * @throws EngineError when sizes are invalid, windows leave the padded image by more than ceil mode lets them, the images
 * do not belong together, or a slice is too small.
 */
export function blockedPool2d(p: BlockedPool2dParameters): void {
  const [x, y] = [viewOf(NAME, 'x', p.x), viewOf(NAME, 'y', p.y)];
  const dilation = p.dilation ?? ([1, 1] as const);
  checkSameExtent(NAME, 'y', { ...y, height: x.height, width: x.width }, x);
  checkParameters(p, dilation, x, y);
  zeroBorder(y);
  if (y.batch * y.height * y.width === 0) return;
  const windows = [0, 1].map((axis) => windowsAlong(p, dilation, x, y, axis as 0 | 1));
  const [rowWindows, columnWindows] = windows as [Window[], Window[]];
  const inside = (window: Window): boolean => window.count === p.kernel[1];
  const tiled = dilation[1] === 1 && p.kernel[1] <= UNROLLED;
  const left = tiled ? columnWindows.findIndex(inside) : -1;
  const right = tiled ? columnWindows.findLastIndex(inside) + 1 : y.width;
  const leftEdge = left < 0 ? y.width : left;
  const rightEdge = left < 0 ? 0 : y.width - right;
  const tiles = balanced(y.width - leftEdge - rightEdge, tilePixels(executor().target, TILE_VECTORS));
  const edges = [...columnWindows.slice(0, leftEdge), ...columnWindows.slice(y.width - rightEdge)];
  const tables = [...rowWindows, ...edges].flatMap(({ offset, count }) => [offset, count]);
  const average = p.kind === 'average';
  const divisorElements = average ? y.height * y.width : 0;
  withScratch(y.lanes + tables.length + divisorElements, (scratch) => {
    const mask = part(scratch, 0, y.lanes);
    const table = after(mask, tables.length);
    const divisors = after(table, divisorElements);
    integersOf(mask)
      .fill(0)
      .fill(-1, 0, y.channels % y.lanes || y.lanes);
    integersOf(table).set(tables);
    if (average) writeDivisors({ ...p, ...sizesOf(x, y) }, floatsOf(divisors));
    const edgeTable = part(table, 2 * y.height);
    launch(p, x, y, {
      ...{ tiles, leftEdge, rightEdge, mask, rowTable: table, edgeTable, divisors },
      firstTile: columnWindows[leftEdge]?.offset ?? 0,
      tapRow: dilation[0] * x.row,
      tapColumn: dilation[1] * x.lanes,
    });
  });
}

/** What a launch needs besides images and parameters. */
interface Plan {
  readonly tiles: readonly Cut[];
  readonly leftEdge: number;
  readonly rightEdge: number;
  readonly firstTile: number;
  readonly tapRow: number;
  readonly tapColumn: number;
  readonly mask: Region;
  readonly rowTable: Region;
  readonly edgeTable: Region;
  readonly divisors: Region;
}

function launch(p: BlockedPool2dParameters, x: BlockedView, y: BlockedView, plan: Plan): void {
  const { tiles, ...values } = plan;
  const time = passTime(y.batch * y.blocks * y.lanes * y.height * y.width * p.kernel[0] * p.kernel[1]);
  forkRanges(y.batch * y.blocks, time, (first, count) => {
    for (const { image, block, blocks, masked } of blockRuns(y, first, count)) {
      const kernel = poolKernel({
        kind: p.kind,
        columns: tiles.map(({ size }) => size),
        kernelColumns: p.kernel[1],
        strideX: p.stride[1],
        masked,
      });
      executor().launch(kernel, {
        ...values,
        x: from(x, image, block),
        y: from(y, image, block),
        blocks,
        xBlock: x.block,
        yBlock: y.block,
        yRow: y.row,
        rows: y.height,
        tiles: tiles[0]?.count ?? 0,
        lastTiles: tiles[1]?.count ?? 0,
      });
    }
  });
}

/** The part of a window that is inside the image, along an axis: elements before it, and its taps. */
interface Window {
  readonly offset: number;
  readonly count: number;
}

function windowsAlong(
  p: BlockedPool2dParameters,
  dilation: readonly [number, number],
  x: BlockedView,
  y: BlockedView,
  axis: 0 | 1,
): Window[] {
  const [size, outputs, step] = axis === 0 ? [x.height, y.height, x.row] : [x.width, y.width, x.lanes];
  return Array.from({ length: outputs }, (_, i) => {
    const start = i * p.stride[axis] - p.padding[2 * axis]!;
    const first = Math.max(0, Math.ceil(-start / dilation[axis]));
    const end = Math.min(p.kernel[axis], Math.ceil((size - start) / dilation[axis]));
    const count = Math.max(0, end - first);
    return { offset: count === 0 ? 0 : (start + first * dilation[axis]) * step, count };
  });
}

function sizesOf(x: BlockedView, y: BlockedView) {
  return { inHeight: x.height, inWidth: x.width, outHeight: y.height, outWidth: y.width };
}

function checkParameters(
  p: BlockedPool2dParameters,
  dilation: readonly [number, number],
  x: BlockedView,
  y: BlockedView,
): void {
  for (const axis of [0, 1] as const) {
    const [kernel, stride] = [p.kernel[axis], p.stride[axis]];
    const sizes = {
      [`kernel ${axis}`]: kernel,
      [`stride ${axis}`]: stride,
      [`dilation ${axis}`]: dilation[axis],
    };
    checkSizes(NAME, sizes, 1);
  }
  p.padding.forEach((padding, side) => void checkSizes(NAME, { [`padding ${side}`]: padding }));
  checkWindows(NAME, { ...p, dilation }, [x.height, x.width], [y.height, y.width], 'stride');
  if (p.kind === 'average' && dilation.some((step) => step !== 1)) {
    throw new EngineError(NAME, 'averages take no dilation', '1,1', dilation.join());
  }
  if (x.lanes === 1) throw new EngineError(NAME, 'x is not blocked', executor().target.lanes('f32'), 1);
}
