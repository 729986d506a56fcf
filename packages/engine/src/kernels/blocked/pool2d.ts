// Pooling over windows of blocked images: all lanes at once, in tiles of outputs whose windows lie inside the image, and one
// by one where they hang over its sides.

import {
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  scalar,
  type Target,
  type Vector,
} from '@sconce/codegen';
import { EngineError } from '../../errors.ts';
import { executor, withScratch } from '../../runtime/executor.ts';
import { family, type Values } from '../../runtime/family.ts';
import { kept } from '../../runtime/kept.ts';
import { after, floatsOf, integersOf, nothing, part } from '../../runtime/region.ts';
import { forkRanges, passTime } from '../../threads/split.ts';
import type { Pool2dParameters } from '../../types.ts';
import { divisorsOf, type PoolAxis, type PoolWindow, slidingWindows } from '../pool-windows.ts';
import { checkPoolAxes, poolAxes } from '../pool2d.ts';
import { zeroBorder } from './border.ts';
import { type BlockedImage, type BlockedView, blockRuns, checkSameExtent, from, viewOf } from './image.ts';
import { balanced, TILE_VECTORS, tilePixels } from './tile.ts';

/** What a pooling kernel is recorded for. */
interface PoolSpec {
  readonly kind: 'max' | 'average';
  /** Outputs of a tile: the usual ones, then a smaller one. */
  readonly columns: readonly number[];
  readonly kernelColumns: number;
  readonly strideX: number;
  readonly masked: boolean;
  /** What averages are divided by: one number for all, or one of the row times one of the column. */
  readonly divisor: 'same' | 'each';
}

const contract = {
  x: input('f32'),
  /** For each row of outputs: where its windows start, and how many rows of them are inside. */
  rowTable: input('i32'),
  /** The same along columns, for outputs whose windows hang over a side. */
  edgeTable: input('i32'),
  rowDivisors: input('f32'),
  columnDivisors: input('f32'),
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
  /** One over the divisor. */
  factor: scalar('f32'),
} as const;

type Builder = KernelBuilder<typeof contract>;

const poolKernel = family('blocked-pool', contract, (k, spec: PoolSpec) => {
  const isMax = spec.kind === 'max';
  const [x, y] = [k.pointer('x'), k.pointer('y')];
  k.loop(k.integer('blocks'), () => {
    if (isMax) {
      // Sums of all elements are NaN if one is, and if infinities of both signs meet. They run beside maxima, while a maximum
      // that keeps NaN takes three instructions.
      const watch = Array.from({ length: WATCHED }, () => k.zero('f32'));
      poolBlock(k, spec, x, y, {
        see: (value, i) => k.assign(watch[i % WATCHED]!, k.add(watch[i % WATCHED]!, value)),
        into: (sum, value) => k.assign(sum, k.pmax(sum, value)),
      });
      const all = watch.reduce((sum, each) => k.add(sum, each));
      k.when(k.any(k.isNaN(all)), '>', 0, () =>
        poolBlock(k, spec, x, y, { into: (sum, value) => k.assign(sum, k.max(sum, value)) }),
      );
    } else poolBlock(k, spec, x, y, { into: (sum, value) => k.assign(sum, k.add(sum, value)) });
    k.advance(x, k.integer('xBlock'));
    k.advance(y, k.integer('yBlock'));
  });
});

/** Sums side by side, since each addition waits for the one before. */
const WATCHED = 4;

interface Fold {
  /** Is shown each element that is loaded; `i` counts those of a row of a tile. */
  see?(value: Vector<'f32'>, i: number): void;
  into(sum: Vector<'f32'>, value: Vector<'f32'>): void;
}

/** Pools a block. */
function poolBlock(k: Builder, spec: PoolSpec, x: Pointer<'f32'>, y: Pointer<'f32'>, fold: Fold): void {
  const lanes = k.lanes('f32');
  const start = k.constant('f32', spec.kind === 'max' ? Number.NEGATIVE_INFINITY : 0);
  const tapRow = k.integer('tapRow');
  const [rowTable, rowDivisors] = [k.pointer('rowTable'), k.pointer('rowDivisors')];
  const row = k.variable(y);
  k.loop(k.integer('rows'), () => {
    const base = offsetBy(k, x, rowTable);
    const windowRows = k.loadInteger(rowTable, 1);
    k.advance(rowTable, 2);
    const edgeTable = k.pointer('edgeTable');
    const divide = divisionOf(k, spec, rowDivisors);
    const to = k.variable(row);
    const finish = (sums: readonly Vector<'f32'>[]): void => {
      for (const [c, sum] of sums.entries()) {
        let value = divide.value(sum, c);
        if (spec.masked) value = k.and(value, k.load(k.pointer('mask')));
        k.store(value, to, c * lanes);
      }
      k.advance(to, sums.length * lanes);
      divide.advance(sums.length);
    };
    const edge = (): void => {
      const line = offsetBy(k, base, edgeTable);
      const windowColumns = k.loadInteger(edgeTable, 1);
      k.advance(edgeTable, 2);
      const sum = k.variable(start);
      k.loop(windowRows, () => {
        const at = k.variable(line);
        k.loop(windowColumns, () => {
          const value = k.load(at);
          fold.see?.(value, 0);
          fold.into(sum, value);
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
            fold.see?.(pixel, column);
            for (const sum of using) fold.into(sum, pixel);
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
    if (spec.divisor === 'each') k.advance(rowDivisors, 1);
  });
}

/** Divides the sums of a row of outputs, of which column `c` is counted from the last advance on. */
function divisionOf(k: Builder, spec: PoolSpec, rowDivisors: Pointer<'f32'>) {
  if (spec.kind === 'max') return { value: (sum: Vector<'f32'>) => sum, advance: () => {} };
  if (spec.divisor === 'same') {
    return { value: (sum: Vector<'f32'>) => k.mul(sum, k.scalar('factor')), advance: () => {} };
  }
  const ofRow = k.broadcast(rowDivisors);
  const at = k.pointer('columnDivisors');
  return {
    value: (sum: Vector<'f32'>, c: number) => k.div(sum, k.mul(ofRow, k.broadcast(at, c))),
    advance: (columns: number) => k.advance(at, columns),
  };
}

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
  const axes = poolAxes({ ...p, dilation }, [x.height, x.width], [y.height, y.width]);
  checkPoolAxes(NAME, p.kind, axes);
  if (x.lanes === 1) throw new EngineError(NAME, 'x is not blocked', executor().target.lanes('f32'), 1);
  zeroBorder(y);
  if (y.batch * y.height * y.width === 0) return;
  const { kernel, stride, padding, countIncludePad = true } = p;
  const sizes = `${x.height} ${x.width} ${y.height} ${y.width} ${x.row} ${x.lanes} ${y.channels % y.lanes}`;
  const windows = `${kernel} ${stride} ${padding} ${dilation} ${countIncludePad} ${p.divisor}`;
  const { target } = executor();
  launch(p, x, y, planOf(`${target.name} ${p.kind} ${sizes} ${windows}`, target, p, axes, x, y));
}

/** What does not depend on the images themselves. */
interface Plan {
  readonly kernels: readonly [whole: Kernel, masked: Kernel];
  /** The mask of the last block, then the tables. */
  readonly table: Int32Array;
  readonly divisors: { readonly lines: number[]; readonly columns: number[] } | undefined;
  readonly values: Pick<
    PoolValues,
    'leftEdge' | 'rightEdge' | 'tiles' | 'lastTiles' | 'factor' | 'firstTile' | 'tapRow' | 'tapColumn'
  >;
}

type Kernel = ReturnType<typeof poolKernel>;
type PoolValues = Values<typeof contract>;

const planOf = kept(
  (
    target: Target,
    p: BlockedPool2dParameters,
    axes: readonly [PoolAxis, PoolAxis],
    x: BlockedView,
    y: BlockedView,
  ): Plan => {
    const [rows, columns] = axes;
    const includePad = p.countIncludePad ?? true;
    const [rowWindows, columnWindows] = [
      slidingWindows(rows, includePad),
      slidingWindows(columns, includePad),
    ];
    const inside = (window: PoolWindow): boolean => window.taps === columns.kernel;
    const tiled = columns.dilation === 1 && columns.kernel <= UNROLLED;
    const left = tiled ? columnWindows.findIndex(inside) : -1;
    const right = tiled ? columnWindows.findLastIndex(inside) + 1 : y.width;
    const leftEdge = left < 0 ? y.width : left;
    const rightEdge = left < 0 ? 0 : y.width - right;
    const tiles = balanced(y.width - leftEdge - rightEdge, tilePixels(target, TILE_VECTORS));
    const edges = [...columnWindows.slice(0, leftEdge), ...columnWindows.slice(y.width - rightEdge)];
    const divisors = divisorsOf(p.kind, p.divisor, [rowWindows, columnWindows]);
    const of = (masked: boolean): Kernel =>
      poolKernel({
        kind: p.kind,
        columns: tiles.map(({ size }) => size),
        kernelColumns: columns.kernel,
        strideX: columns.stride,
        masked,
        divisor: divisors ? 'each' : 'same',
      });
    const channels = y.channels % y.lanes || y.lanes;
    return {
      kernels: [of(false), of(true)],
      table: Int32Array.from([
        ...Array.from({ length: y.lanes }, (_, lane) => (lane < channels ? -1 : 0)),
        ...rowWindows.flatMap(({ start, taps }) => [start * x.row, taps]),
        ...edges.flatMap(({ start, taps }) => [start * x.lanes, taps]),
      ]),
      divisors,
      values: {
        leftEdge,
        rightEdge,
        tiles: tiles[0]?.count ?? 0,
        lastTiles: tiles[1]?.count ?? 0,
        factor: 1 / (p.divisor ?? rowWindows[0]!.extent * columnWindows[0]!.extent),
        firstTile: (columnWindows[leftEdge]?.start ?? 0) * x.lanes,
        tapRow: rows.dilation * x.row,
        tapColumn: columns.dilation * x.lanes,
      },
    };
  },
);

function launch(p: BlockedPool2dParameters, x: BlockedView, y: BlockedView, plan: Plan): void {
  const { kernels, table, divisors, values } = plan;
  const time = passTime(y.batch * y.blocks * y.lanes * y.height * y.width * p.kernel[0] * p.kernel[1]);
  withScratch(table.length + (divisors ? y.height + y.width : 0), (scratch) => {
    const tables = part(scratch, 0, table.length);
    const rowDivisors = after(tables, divisors ? y.height : 0);
    const columnDivisors = after(rowDivisors, divisors ? y.width : 0);
    integersOf(tables).set(table);
    if (divisors) {
      floatsOf(rowDivisors).set(divisors.lines);
      floatsOf(columnDivisors).set(divisors.columns);
    }
    forkRanges(y.batch * y.blocks, time, (first, count) => {
      for (const { image, block, blocks, masked } of blockRuns(y, first, count)) {
        executor().launch(kernels[masked ? 1 : 0], {
          ...values,
          x: from(x, image, block),
          y: from(y, image, block),
          mask: part(tables, 0, y.lanes),
          rowTable: part(tables, y.lanes),
          edgeTable: part(tables, y.lanes + 2 * y.height),
          rowDivisors: divisors ? rowDivisors : nothing,
          columnDivisors: divisors ? columnDivisors : nothing,
          blocks,
          xBlock: x.block,
          yBlock: y.block,
          yRow: y.row,
          rows: y.height,
        });
      }
    });
  });
}
