// Convolution by Winograd's algorithm: a few rows of tiles at a time, so that matrices and products stay in the second-level
// cache.

import { executor, withScratch } from '../../runtime/executor.ts';
import { after, nothing, part } from '../../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../../threads/split.ts';
import { activationBounds } from '../activation.ts';
import type { ConvolutionJob } from './direct.ts';
import { epilogueSpec } from './epilogue.ts';
import { from } from './image.ts';
import { groupsOfMatrix, type MatrixBatch, matrixElements, multiplyGroups } from './matrix-products.ts';
import { gatherTiles, scatterTiles } from './winograd-kernels.ts';
import { type WinogradMethod, winogradForms } from './winograd-transforms.ts';

/** Tiles of a batch: enough for the products to run at full speed, few enough for the cache. */
const LEAST_TILES = 14;
const MOST_TILES = 56;
const CACHED_BYTES = 768 * 1024;

/** Rows of tiles of a batch. */
function batchRows(tileRows: number, tileColumns: number, tileBytes: number): number {
  const fitting = (tiles: number): number => Math.max(1, Math.floor(tiles / tileColumns));
  const cached = Math.min(MOST_TILES, Math.floor(CACHED_BYTES / tileBytes));
  const most = Math.min(tileRows, fitting(Math.max(cached, LEAST_TILES)));
  for (let rows = most; rows > most / 2; rows--) if (tileRows % rows === 0) return rows;
  return most;
}

/** Tiles from which rows of them, and not the steps of one batch, are divided among threads. */
const MANY_TILES = 4 * LEAST_TILES;

/** Convolves one image by Winograd's algorithm. */
export function winograd(job: ConvolutionJob, method: WinogradMethod): void {
  const { y, layout } = job;
  const { outputs: tile } = winogradForms[method];
  const tileRows = Math.ceil(y.height / tile);
  const tileColumns = Math.ceil(y.width / tile);
  const tiles = tileRows * tileColumns;
  if (tiles < MANY_TILES) {
    batches(job, { method, tile, tileColumns, first: 0, end: tileRows, whole: true });
    return;
  }
  const time = productTime(tiles * layout.matrices * layout.depth * layout.outBlocks * y.lanes);
  forkRanges(tileRows, time, (first, count) =>
    batches(job, { method, tile, tileColumns, first, end: first + count, whole: false }),
  );
}

/** Rows of tiles, and whether there are no others, so that their steps may be divided. */
interface TileRows {
  readonly method: WinogradMethod;
  /** Rows and columns of outputs of a tile. */
  readonly tile: number;
  readonly tileColumns: number;
  readonly first: number;
  readonly end: number;
  readonly whole: boolean;
}

function batches(job: ConvolutionJob, range: TileRows): void {
  const { layout, y, x } = job;
  const { tileColumns, end } = range;
  const matrices = layout.matrices;
  const tileBytes = matrices * (layout.inBlocks + layout.outBlocks) * y.lanes * 4;
  const step = batchRows(end - range.first, tileColumns, tileBytes);
  const v = matrixElements(layout.inBlocks * step * tileColumns * x.lanes);
  const p = matrixElements(layout.outBlocks * step * tileColumns * y.lanes);
  withScratch(matrices * (v + p), (scratch) => {
    const inputs = part(scratch, 0, matrices * v);
    const products = after(inputs, matrices * p);
    for (let first = range.first; first < end; first += step) {
      const rows = Math.min(step, end - first);
      const pixels = rows * tileColumns;
      const batch = { ...range, first, rows, pixels, inputs, inputMatrix: v, products, productMatrix: p };
      inParts(
        batch,
        layout.inBlocks,
        passTime(layout.inBlocks * rows * tileColumns * x.lanes * matrices),
        (at, count) => transformInputs(job, batch, at, count),
      );
      const depth = layout.outBlocks * y.lanes * layout.depth;
      const groups = matrices * groupsOfMatrix(layout);
      inParts(batch, groups, productTime(matrices * batch.pixels * depth), (at, count) =>
        multiplyGroups(layout, job.weights, batch, at, count),
      );
      inParts(
        batch,
        layout.outBlocks,
        passTime(layout.outBlocks * rows * tileColumns * y.lanes * matrices),
        (at, count) => transformProducts(job, batch, at, count),
      );
    }
  });
}

/** Divides a step of a batch, unless the batch belongs to a thread already. */
function inParts(
  { whole }: TileRows,
  units: number,
  nanoseconds: number,
  body: (first: number, count: number) => void,
): void {
  if (whole) forkRanges(units, nanoseconds, body);
  else body(0, units);
}

/** Some rows of tiles, and where their matrices lie: each tile is a pixel there. */
interface Batch extends TileRows, MatrixBatch {
  readonly rows: number;
}

/** Some blocks of inputs. */
function transformInputs(
  { packed, x, image }: ConvolutionJob,
  batch: Batch,
  block: number,
  blocks: number,
): void {
  const [top, , left] = packed.padding;
  const before = top * x.row + left * x.lanes - batch.first * batch.tile * packed.stride[0] * x.row;
  executor().launch(scatterTiles({ method: batch.method }), {
    x: from(x, image, block, before),
    v: part(batch.inputs, block * batch.rows * batch.tileColumns * x.lanes),
    blocks,
    xBlock: x.block,
    xRow: x.row,
    tileRows: batch.rows,
    tileColumns: batch.tileColumns,
    matrix: batch.inputMatrix,
  });
}

/** Some blocks of outputs; the last of all is a launch of its own where it holds padding. */
function transformProducts(job: ConvolutionJob, batch: Batch, first: number, blocks: number): void {
  const { layout, y } = job;
  const masked = layout.outGroup % y.lanes !== 0 && first + blocks === layout.outBlocks;
  const whole = masked ? blocks - 1 : blocks;
  if (whole > 0) gatherBlocks(job, batch, first, whole, false);
  if (masked) gatherBlocks(job, batch, first + whole, 1, true);
}

function gatherBlocks(
  job: ConvolutionJob,
  batch: Batch,
  first: number,
  blocks: number,
  masked: boolean,
): void {
  const { y, residual, image } = job;
  const tiles = batch.rows * batch.tileColumns;
  const firstRow = batch.first * batch.tile;
  const spec = { method: batch.method, ...epilogueSpec(job, masked) };
  executor().launch(gatherTiles(spec), {
    products: part(batch.products, first * tiles * y.lanes),
    bias: part(job.bias, first * y.lanes),
    mask: job.mask,
    residual: residual ? from(residual, image, first, -firstRow * residual.row) : nothing,
    y: from(y, image, first, -firstRow * y.row),
    blocks,
    yBlock: y.block,
    yRow: y.row,
    rBlock: residual?.block ?? 0,
    rRow: residual?.row ?? 0,
    height: y.height - firstRow,
    width: y.width,
    tileRows: batch.rows,
    tileColumns: batch.tileColumns,
    matrix: batch.productMatrix,
    ...activationBounds(job.activation),
  });
}
