// The gradient of a 3x3 convolution with respect to its weights by Winograd's algorithm: the transposes of the forward's
// transforms around sums of products over tiles.

import { input, integer, output } from '@sconce/codegen';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { after, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../threads/split.ts';
import type { Padding } from '../types.ts';
import { type BlockedView, from } from './blocked/image.ts';
import { blockPlanes } from './blocked/layout.ts';
import { conv2dBorder, inputLanes } from './blocked/method.ts';
import { balanced } from './blocked/tile.ts';
import { type WinogradMethod, winogradForms } from './blocked/winograd-transforms.ts';
import { correlate, correlateTile } from './conv-correlate.ts';
import type { GroupWeightGradient } from './conv-grad-weight.ts';
import { planesOf, withBlocked } from './conv-through-blocks.ts';
import { transposedForms } from './conv-winograd-transposed.ts';

/** Tiles of an image into matrices `[matrices][blocks][tiles][lanes]`. */
const tilesToMatrices = family(
  'conv-tiles-to-matrices',
  {
    x: input('f32'),
    to: output('f32'),
    blocks: integer(),
    xBlock: integer(),
    xRow: integer(),
    toBlock: integer(),
    tileRows: integer(),
    tileColumns: integer(),
    matrix: integer(),
  },
  (k, { method, of }: { readonly method: WinogradMethod; readonly of: 'input' | 'gradient' }) => {
    const lanes = k.lanes('f32');
    const form = winogradForms[method];
    const ofInput = of === 'input';
    const size = ofInput ? form.size : form.outputs;
    const step = ofInput ? form.outputs * form.stride : form.outputs;
    const transform = ofInput ? form.input : transposedForms[method].gradient;
    const [x, to] = [k.pointer('x'), k.pointer('to')];
    const [matrix, xRow] = [k.shl(k.integer('matrix'), 2), k.shl(k.integer('xRow'), 2)];
    k.loop(k.integer('blocks'), () => {
      const [row, tile] = [k.variable(x), k.variable(to)];
      k.loop(k.integer('tileRows'), () => {
        const rows = Array.from({ length: size }, (_, i) => {
          const at = k.variable(row);
          if (i < step) k.advanceBytes(row, xRow);
          if (i > step) k.advanceBytes(at, xRow);
          return at;
        });
        k.loop(k.integer('tileColumns'), () => {
          const columns = Array.from({ length: size }, (_, j) =>
            transform(
              k,
              rows.map((at) => k.load(at, j * lanes)),
            ),
          );
          const place = k.variable(tile);
          for (let i = 0; i < form.size; i++) {
            for (const value of transform(
              k,
              columns.map((column) => column[i]!),
            )) {
              k.store(value, place);
              k.advanceBytes(place, matrix);
            }
          }
          k.advance(tile, lanes);
          for (const at of rows) k.advance(at, step * lanes);
        });
      });
      k.advance(x, k.integer('xBlock'));
      k.advance(to, k.integer('toBlock'));
    });
  },
);

/** Sums `[matrices][pairs][lanes]` into windows `[pairs][9][lanes]`, a vector of outputs and an input being a pair. */
const matricesToWindows = family(
  'conv-matrices-to-windows',
  { sums: input('f32'), dw: output('f32'), pairs: integer(), matrix: integer() },
  (k, { method }: { readonly method: WinogradMethod }) => {
    const lanes = k.lanes('f32');
    const { size } = winogradForms[method];
    const { weight: transform } = transposedForms[method];
    const [sums, dw] = [k.pointer('sums'), k.pointer('dw')];
    const matrix = k.shl(k.integer('matrix'), 2);
    k.loop(k.integer('pairs'), () => {
      const at = k.variable(sums);
      const rows = Array.from({ length: size }, () => {
        const row = Array.from({ length: size }, () => {
          const value = k.load(at);
          k.advanceBytes(at, matrix);
          return value;
        });
        return transform(k, row);
      });
      for (let s = 0; s < 3; s++) {
        const column = transform(
          k,
          rows.map((row) => row[s]!),
        );
        for (const [r, value] of column.entries()) k.store(value, dw, (3 * r + s) * lanes);
      }
      k.advance(sums, lanes);
      k.advance(dw, 9 * lanes);
    });
  },
);

/** Bytes of matrices of both operands that are made before they are multiplied. */
const CACHED_BYTES = 1024 * 1024;
/** Tiles of a batch at least, so that sums are long enough. */
const LEAST_TILES = 32;

/** Elements from one matrix to the next, so that equal elements stay out of each other's cache lines. */
function matrixStep(elements: number): number {
  const lines = Math.ceil((elements * 4) / 64) + 1;
  return ((lines % 2 === 0 ? lines + 1 : lines) * 64) / 4;
}

/** Rows of tiles of one image, and where its tiles start in a batch. */
interface Piece {
  readonly image: number;
  readonly row: number;
  readonly rows: number;
  readonly tile: number;
}

/** Cuts all rows of tiles of all images into batches of up to `most` tiles. */
function batchesOf(images: number, tileRows: number, tileColumns: number, most: number): Piece[][] {
  const held = Math.max(1, Math.floor(most / tileColumns));
  const batches: Piece[][] = [];
  const step = tileRows <= held ? tileRows : balanced(tileRows, held)[0]!.size;
  let [current, tiles]: [Piece[], number] = [[], 0];
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < tileRows; row += step) {
      const rows = Math.min(step, tileRows - row);
      if (current.length > 0 && tiles + rows * tileColumns > Math.max(most, held * tileColumns)) {
        batches.push(current);
        [current, tiles] = [[], 0];
      }
      current.push({ image, row, rows, tile: tiles });
      tiles += rows * tileColumns;
    }
  }
  batches.push(current);
  return batches;
}

/** Computes one group's `dw`. */
export function winogradWeightGradient(job: GroupWeightGradient, method: WinogradMethod): void {
  const { shape, dw } = job;
  const { outputs: tile, size } = winogradForms[method];
  const lanes = dw.lanes;
  const matrices = size * size;
  const [tileRows, tileColumns] = [Math.ceil(shape.outHeight / tile), Math.ceil(shape.outWidth / tile)];
  const inBlocks = Math.ceil(shape.inChannels / lanes);
  const outBlocks = dw.blocks;
  const tileBytes = matrices * (inBlocks + outBlocks) * lanes * 4;
  const most = Math.max(LEAST_TILES, Math.floor(CACHED_BYTES / tileBytes));
  const batches = batchesOf(shape.batch, tileRows, tileColumns, most);
  const largest = Math.max(...batches.map((batch) => tilesOf(batch, tileColumns)));
  const xMatrix = matrixStep(inBlocks * largest * lanes);
  const dyMatrix = matrixStep(outBlocks * largest * lanes);
  const dwMatrix = matrixStep(outBlocks * inBlocks * lanes * lanes);
  withScratch(matrices * (xMatrix + dyMatrix), (operands) =>
    withScratch(matrices * dwMatrix, (sums) => {
      const xs = part(operands, 0, matrices * xMatrix);
      const dys = after(xs, matrices * dyMatrix);
      for (const [index, batch] of batches.entries()) {
        const tiles = tilesOf(batch, tileColumns);
        transformBatch(job, method, batch, { xs, xMatrix, dys, dyMatrix, tiles, tileColumns });
        const work = matrices * tiles * inBlocks * lanes * outBlocks * lanes;
        forkRanges(matrices, productTime(work), (first, count) => {
          const operand = { xs, xMatrix, dys, dyMatrix, sums, dwMatrix, first, count };
          multiply({ ...operand, inBlocks, outBlocks, tiles, lanes, add: index > 0 });
        });
      }
      const pairs = inBlocks * lanes;
      forkRanges(outBlocks, passTime(outBlocks * pairs * lanes * (matrices + 9)), (first, count) => {
        for (let block = first; block < first + count; block++) {
          executor().launch(matricesToWindows({ method }), {
            sums: part(sums, block * pairs * lanes),
            dw: part(dw.region, block * dw.block, pairs * 9 * lanes),
            pairs,
            matrix: dwMatrix,
          });
        }
      });
    }),
  );
}

function tilesOf(batch: readonly Piece[], tileColumns: number): number {
  const { tile, rows } = batch.at(-1)!;
  return tile + rows * tileColumns;
}

interface Operands {
  readonly xs: Region;
  readonly xMatrix: number;
  readonly dys: Region;
  readonly dyMatrix: number;
  readonly tiles: number;
}

/** Brings the pieces of a batch into blocks and then into matrices. */
function transformBatch(
  { shape, x, dy }: GroupWeightGradient,
  method: WinogradMethod,
  batch: readonly Piece[],
  operands: Operands & { readonly tileColumns: number },
): void {
  const { inChannels, inHeight, inWidth, outChannels, outHeight, outWidth } = shape;
  const { outputs: tile } = winogradForms[method];
  const lanes = inputLanes('direct');
  const rest = (size: number): number => Math.ceil(size / tile) * tile - size;
  const border: Padding = [0, rest(outHeight), 0, rest(outWidth)];
  const image = { batch: 1, lanes };
  const xShape = { ...image, channels: inChannels, height: inHeight, width: inWidth };
  const dyShape = { ...image, channels: outChannels, height: outHeight, width: outWidth, border };
  const [top, , left] = shape.padding;
  withBlocked({ ...xShape, border: conv2dBorder(shape, method) }, (xView) =>
    withBlocked(dyShape, (dyView) => {
      let blocked = -1;
      for (const piece of batch) {
        if (piece.image !== blocked) {
          blockPlanes(planesOf(x, piece.image, inChannels * inHeight * inWidth), xView);
          blockPlanes(planesOf(dy, piece.image, outChannels * outHeight * outWidth), dyView);
          blocked = piece.image;
        }
        const before = top * xView.row + left * lanes - piece.row * tile * shape.stride[0] * xView.row;
        const common = { piece, tiles: operands.tiles, columns: operands.tileColumns };
        transform(xView, before, { method, of: 'input' }, operands.xs, operands.xMatrix, common);
        const dyBefore = -piece.row * tile * dyView.row;
        transform(dyView, dyBefore, { method, of: 'gradient' }, operands.dys, operands.dyMatrix, common);
      }
    }),
  );
}

function transform(
  view: BlockedView,
  before: number,
  spec: { readonly method: WinogradMethod; readonly of: 'input' | 'gradient' },
  to: Region,
  matrix: number,
  { piece, tiles, columns }: { readonly piece: Piece; readonly tiles: number; readonly columns: number },
): void {
  const { lanes, blocks } = view;
  const { size } = winogradForms[spec.method];
  forkRanges(blocks, passTime(2 * blocks * piece.rows * columns * lanes * size * size), (first, count) => {
    executor().launch(tilesToMatrices(spec), {
      x: from(view, 0, first, before),
      to: part(to, (first * tiles + piece.tile) * lanes),
      blocks: count,
      xBlock: view.block,
      xRow: view.row,
      toBlock: tiles * lanes,
      tileRows: piece.rows,
      tileColumns: columns,
      matrix,
    });
  });
}

/** Sums of products over tiles, for some matrices. */
function multiply(p: {
  readonly xs: Region;
  readonly xMatrix: number;
  readonly dys: Region;
  readonly dyMatrix: number;
  readonly sums: Region;
  readonly dwMatrix: number;
  readonly first: number;
  readonly count: number;
  readonly inBlocks: number;
  readonly outBlocks: number;
  readonly tiles: number;
  readonly lanes: number;
  readonly add: boolean;
}): void {
  const { lanes, tiles } = p;
  const current = executor();
  const tile = correlateTile(current.target, p.outBlocks);
  let block = 0;
  for (const { size: vectors, count: groups } of balanced(p.outBlocks, tile.vectors)) {
    for (let channel = 0; channel < lanes; channel += tile.rows) {
      const spec = { rows: tile.rows, rowStep: 1, vectors, pixel: lanes, add: p.add };
      current.launch(correlate(spec), {
        x: part(p.xs, p.first * p.xMatrix + channel),
        dy: part(p.dys, p.first * p.dyMatrix + block * tiles * lanes),
        dw: part(p.sums, p.first * p.dwMatrix + (block * p.inBlocks * lanes + channel) * lanes),
        matrices: p.count,
        xMatrix: p.xMatrix,
        dyMatrix: p.dyMatrix,
        dwMatrix: p.dwMatrix,
        groups,
        outer: p.inBlocks,
        xOuter: tiles * lanes,
        dwOuter: lanes * lanes,
        ...{ middle: 1, xMiddle: 0, dwMiddle: 0, inner: 1, xInner: 0, dwInner: 0 },
        dwRow: lanes,
        dyVector: tiles * lanes,
        dwVector: p.inBlocks * lanes * lanes,
        ...{ images: 1, height: 1, width: tiles, xImage: 0, dyImage: 0, xRow: 0, dyRow: 0 },
      });
    }
    block += groups * vectors;
  }
}
