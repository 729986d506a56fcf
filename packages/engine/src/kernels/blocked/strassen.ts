// Convolution as a matrix product of pixels by weights, with one level of Strassen's algorithm: an eighth fewer products.

import { executor, withScratch } from '../../runtime/executor.ts';
import { nothing, part, type Region } from '../../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../../threads/split.ts';
import { activationBounds, activationKind } from '../activation.ts';
import type { ConvolutionJob } from './direct.ts';
import { type BlockedView, from } from './image.ts';
import { matrixElements } from './matrix-products.ts';
import { type OutputPart, someGroups } from './packed.ts';
import { inputMatrices, STRASSEN_PRODUCTS } from './strassen-forms.ts';
import { strassenProducts } from './strassen-products.ts';
import { strassenInputs } from './strassen-sums.ts';
import { balanced, TILE_VECTORS, tilePixels, tilingOf } from './tile.ts';

/** Pairs of pixels of a batch: few enough for the second-level cache, enough to use each weight several times. */
const CACHED_BYTES = 600 * 1024;
const LEAST_PAIRS = 28;
const MOST_PAIRS = 112;

/** Batches from which they, and not the steps of each, are divided among threads. */
const MANY_BATCHES = 8;

/** Convolves one image. How its pixels are paired depends on its shape alone, and so does every bit of the result. */
export function strassen(job: ConvolutionJob): void {
  const { y, layout } = job;
  const pixels = y.height * y.width;
  const inPlace = readsInPlace(job);
  const pairBytes = STRASSEN_PRODUCTS * (layout.inBlocks + 2 * TILE_VECTORS) * y.lanes * 4;
  const most = Math.min(MOST_PAIRS, Math.max(LEAST_PAIRS, Math.floor(CACHED_BYTES / pairBytes)));
  const batches: Pairing[] = [];
  for (const { size, count } of balanced(pixels, 2 * most)) {
    for (let i = 0; i < count; i++) batches.push(pairing(batches.at(-1)?.end ?? 0, size));
  }
  const run = (first: number, count: number, whole: boolean): void => {
    const inputMatrix = matrixElements(layout.inBlocks * batches[0]!.pixels * y.lanes);
    withScratch(inputMatrices(inPlace) * inputMatrix, (inputs) => {
      for (const batch of batches.slice(first, first + count)) {
        oneBatch(job, { ...batch, inPlace, inputs, inputMatrix }, whole);
      }
    });
  };
  if (batches.length < MANY_BATCHES) run(0, batches.length, true);
  else {
    const products = (STRASSEN_PRODUCTS * pixels * layout.depth * layout.outBlocks * y.lanes) / 2;
    forkRanges(batches.length, productTime(products), (first, count) => run(first, count, false));
  }
}

/** Whether the inputs of consecutive outputs follow each other, so that quarters of the image are matrices by themselves. */
function readsInPlace({ packed, x, y }: ConvolutionJob): boolean {
  const { kernel, stride, padding } = packed;
  const all = (sizes: readonly number[], value: number): boolean => sizes.every((size) => size === value);
  return all(kernel, 1) && all(stride, 1) && all(padding, 0) && x.row === y.width * x.lanes;
}

/**
 * Some pixels of an image in its order, and how the first half of them is paired with the second. Where their number is odd,
 * the one in the middle belongs to both halves, and is stored as one of the second.
 */
interface Pairing {
  readonly first: number;
  readonly second: number;
  readonly end: number;
  /** Pairs that are stored, whether one more second pixel is, and the pixels of either half. */
  readonly pairs: number;
  readonly single: number;
  readonly pixels: number;
}

function pairing(first: number, size: number): Pairing {
  const pairs = Math.floor(size / 2);
  const single = size - 2 * pairs;
  const pixels = pairs + single;
  return { first, second: first + pairs, end: first + size, pairs, single, pixels };
}

/** Pixels with the matrices of their inputs. */
interface Batch extends Pairing {
  /** Whether only the matrices that are sums are there. */
  readonly inPlace: boolean;
  readonly inputs: Region;
  readonly inputMatrix: number;
}

/** @param whole - whether the batch is not a thread's own, so that its steps are divided. */
function oneBatch(job: ConvolutionJob, batch: Batch, whole: boolean): void {
  const { layout, packed, y } = job;
  const step = (units: number, nanoseconds: number, body: (first: number, count: number) => void): void => {
    if (whole) forkRanges(units, nanoseconds, body);
    else body(0, units);
  };
  const blocks = layout.inBlocks / (packed.kernel[0] * packed.kernel[1]);
  const elements = STRASSEN_PRODUCTS * batch.pixels * y.lanes;
  step(blocks, passTime(elements * layout.inBlocks), (first, count) => sumInputs(job, batch, first, count));
  const groups = layout.parts.reduce((sum, part) => sum + part.groups, 0);
  step(groups, productTime(elements * layout.depth * layout.outBlocks), (first, count) => {
    for (const part of someGroups(layout.parts, first, count, y.lanes * layout.depth)) {
      multiply(job, batch, part);
    }
  });
}

/** Columns from a pixel to the end of its row. */
const leftInRow = (pixel: number, width: number): number => width - (pixel % width);

/** The sums of some blocks of inputs and of those that they are paired with. */
function sumInputs(
  { packed, layout, x, y, image }: ConvolutionJob,
  { first, second, pixels, inPlace, inputs, inputMatrix }: Batch,
  block: number,
  blocks: number,
): void {
  const [strideY, strideX] = packed.stride;
  const [kernelRows, kernelColumns] = packed.kernel;
  const [top, , left] = packed.padding;
  const half = layout.inBlocks / (kernelRows * kernelColumns);
  const pixel = strideX * x.lanes;
  const at = (index: number): Region => {
    const [row, column] = [Math.floor(index / y.width), index % y.width];
    return from(x, image, block, (top - row * strideY) * x.row + left * x.lanes - column * pixel);
  };
  executor().launch(strassenInputs({ inPlace }), {
    x: at(first),
    second: at(second),
    v: part(inputs, block * kernelRows * kernelColumns * pixels * x.lanes),
    blocks,
    xBlock: x.block,
    xHalf: half * x.block,
    kernelRows,
    kernelColumns,
    tapRow: packed.dilation[0] * x.row,
    tapColumn: packed.dilation[1] * x.lanes,
    pixels,
    pixel,
    firstLeft: leftInRow(first, y.width),
    secondLeft: leftInRow(second, y.width),
    columns: y.width,
    rowGap: strideY * x.row - y.width * pixel,
    matrix: inputMatrix,
  });
}

/** The products of some groups of outputs, and their sums. */
function multiply(
  job: ConvolutionJob,
  { first, second, pairs, single, pixels, inPlace, inputs, inputMatrix }: Batch,
  { block, groups, vectors, elements }: OutputPart,
): void {
  const { layout, x, y, residual, image } = job;
  const current = executor();
  const { columns: tiles } = tilingOf(1, pixels, tilePixels(current.target, vectors));
  const kernel = strassenProducts({
    vectors,
    inPlace,
    tiles: tiles.map(({ size }) => size),
    residual: residual !== undefined,
    activation: activationKind(job.activation),
  });
  const at = (view: BlockedView, index: number): Region => {
    const [row, column] = [Math.floor(index / y.width), index % y.width];
    return from(view, image, block, -row * view.row - column * view.lanes);
  };
  const gap = (view: BlockedView): number => view.row - y.width * view.lanes;
  const half = layout.outBlocks;
  const productMatrix = matrixElements(vectors * pixels * y.lanes);
  withScratch(STRASSEN_PRODUCTS * productMatrix, (products) => {
    current.launch(kernel, {
      v: inputs,
      x: inPlace ? from(x, image, 0, -first * x.lanes) : nothing,
      xBlock: x.block,
      xHalf: layout.inBlocks * x.block,
      w: part(job.weights, elements * layout.matrices),
      products,
      bias: part(job.bias, block * y.lanes),
      otherBias: part(job.bias, (block + half) * y.lanes),
      residual: residual ? at(residual, first) : nothing,
      secondResidual: residual ? at(residual, second) : nothing,
      y: at(y, first),
      second: at(y, second),
      groups,
      blocks: layout.inBlocks,
      pixels,
      columnTiles: tiles[0]!.count,
      lastColumnTiles: tiles[1]?.count ?? 0,
      inputMatrix,
      productMatrix,
      yBlock: y.block,
      yHalf: half * y.block,
      yGap: gap(y),
      rBlock: residual?.block ?? 0,
      rHalf: half * (residual?.block ?? 0),
      rGap: residual ? gap(residual) : 0,
      pairs,
      single,
      firstLeft: leftInRow(first, y.width),
      secondLeft: leftInRow(second, y.width),
      columns: y.width,
      ...activationBounds(job.activation),
    });
  });
}
