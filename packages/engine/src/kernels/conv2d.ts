// 2-D convolution, and its choice between a plain matrix product (pointwise), direct sums (depthwise) and a
// matrix product over gathered patches (all the rest).

import { type ConvolutionOperands, checkWindows, convolutionOperands } from '../convolution-operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { floatsOf, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../threads/split.ts';
import type { Conv2dParameters } from '../types.ts';
import { depthwise } from './depthwise.ts';
import { type BlockB, blockedProduct, packA, packedBlockElements } from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';
import { packColumns } from './gemm-pack.ts';
import { padPlanes } from './pad-planes.ts';
import { paddedPlane } from './padded-plane.ts';
import { packPatches, tableElements, writeTables } from './patches.ts';

/**
 * Cross-correlation of NCHW images with a bank of kernels, then bias and activation: PyTorch's `conv2d`, with
 * padding that may differ from side to side. float32 throughout.
 *
 * @throws EngineError when sizes are invalid, windows leave the padded image, or a slice is too small.
 */
export function conv2d(p: Conv2dParameters): void {
  const operands = convolutionOperands('conv2d', p);
  checkWindows('conv2d', p, [p.inHeight, p.inWidth], [p.outHeight, p.outWidth]);
  if (p.batch === 0 || p.outHeight === 0 || p.outWidth === 0) return;
  const pointwise = p.kernel.every((size) => size === 1) && p.stride.every((size) => size === 1);
  const padded = p.padding.some((size) => size > 0);
  if (p.groups === p.inChannels && p.groups > 1) depthwise(p, operands);
  else grouped(p, operands, pointwise && !padded ? pointwiseColumns : patchColumns);
}

interface Block {
  readonly start: number;
  readonly length: number;
}

/** Provides the blocks of B of one image and group. */
type Columns = (k: Block, n: Block, to: Region) => BlockB;

/** Prepares what all images and groups share, and gives the columns of the one whose planes start at `image`. */
type ColumnSource = (p: Conv2dParameters, body: (columnsOf: (image: Region) => Columns) => void) => void;

/** Runs one matrix product for each image and group: weights times columns. */
function grouped(p: Conv2dParameters, operands: ConvolutionOperands, source: ColumnSource): void {
  const products = p.groups * p.batch;
  const run = (first: number, count: number): void => someProducts(p, operands, source, first, count);
  const time = productTime(p.outChannels * p.outHeight * p.outWidth * depthOf(p) * p.batch);
  // Threads take whole products where there are enough of them, columns of each product otherwise.
  if (products >= 2 * executor().threads) forkRanges(products, time, run);
  else run(0, products);
}

/** Products of sums: the rows of B. */
function depthOf(p: Conv2dParameters): number {
  return (p.inChannels / p.groups) * p.kernel[0] * p.kernel[1];
}

/** Runs `count` products from the one on that is `first`, group after group and in each image after image. */
function someProducts(
  p: Conv2dParameters,
  { x, w, bias, y }: ConvolutionOperands,
  source: ColumnSource,
  first: number,
  count: number,
): void {
  const m = p.outChannels / p.groups;
  const n = p.outHeight * p.outWidth;
  const k = depthOf(p);
  const inElements = (p.inChannels / p.groups) * p.inHeight * p.inWidth;
  const tile = tileOf(executor().target);
  withScratch(m * k, (a) => {
    source(p, (columnsOf) => {
      for (let product = first; product < first + count; product++) {
        const group = Math.floor(product / p.batch);
        const image = product % p.batch;
        if (product === first || image === 0) {
          packA({ region: part(w, group * m * k, m * k), stride: k, transposed: false, m, k }, a);
        }
        const plane = image * p.groups + group;
        const columns = columnsOf(part(x, plane * inElements, inElements));
        const c = part(y, plane * m * n, m * n);
        const someColumns = (start: number, length: number): void =>
          withScratch(packedBlockElements(length, k, tile.columns), (block) => {
            blockedProduct({
              m,
              n: length,
              k,
              a,
              b: (depth, outputs) =>
                columns(depth, { start: start + outputs.start, length: outputs.length }, block),
              c: part(c, start),
              ldc: n,
              rowBias: bias && part(bias, group * m, m),
              activation: p.activation,
            });
          });
        forkRanges(n, productTime(m * n * k), someColumns, tile.columns);
      }
    });
  });
}

/** With a 1x1 kernel the image itself is B. */
const pointwiseColumns: ColumnSource = (p, body) => {
  const current = executor();
  const tile = tileOf(current.target);
  const stride = p.inHeight * p.inWidth;
  body((image) => (k, n, to) => {
    const first = k.start * stride + n.start;
    const from = part(image, first);
    if (p.outChannels / p.groups <= 2 * tile.rows) {
      return { region: from, packed: false, step: stride, panel: tile.columns };
    }
    const panels = Math.floor(n.length / tile.columns);
    const tail = n.length % tile.columns;
    const packed = part(to, 0, (panels + Math.sign(tail)) * tile.columns * k.length);
    const kernel = packColumns({ columns: tile.columns, transposed: false });
    current.launch(kernel, { from, to: packed, k: k.length, panels, tail, stride });
    return { region: packed, packed: true, step: tile.columns, panel: tile.columns * k.length };
  });
};

/** Otherwise columns are gathered from the image, or from a padded copy of it. */
const patchColumns: ColumnSource = (p, body) => {
  const current = executor();
  const { columns } = tileOf(current.target);
  const counts = tableElements(p, columns);
  const isPadded = p.padding.some((size) => size > 0);
  const padded = paddedPlane(p, 1);
  const planes = p.inChannels / p.groups;
  const layout = isPadded
    ? { pitch: padded.pitch, plane: padded.elements }
    : { pitch: p.inWidth, plane: p.inHeight * p.inWidth };
  const copyElements = isPadded ? planes * padded.elements : 0;
  withScratch(copyElements + counts.windows + counts.runs + counts.taps, (scratch) => {
    const copy = part(scratch, 0, copyElements);
    floatsOf(copy).fill(0);
    const tables = writeTables(p, columns, layout, part(scratch, copyElements));
    body((image) => {
      if (isPadded) {
        forkRanges(planes, passTime(2 * planes * p.inHeight * p.inWidth), (first, count) => {
          current.launch(padPlanes({}), {
            from: part(image, first * p.inHeight * p.inWidth),
            to: part(copy, first * padded.elements),
            planes: count,
            height: p.inHeight,
            width: p.inWidth,
            pitch: padded.pitch,
            origin: p.padding[0] * padded.pitch + p.padding[2],
            step: padded.elements,
          });
        });
      }
      return (k, n, to) => {
        const panels = Math.ceil(n.length / columns);
        const packed = part(to, 0, panels * columns * k.length);
        current.launch(packPatches({ columns }), {
          x: isPadded ? copy : image,
          windows: part(tables.windows, n.start, panels * columns),
          runs: part(tables.runs, n.start / columns, panels),
          taps: part(tables.taps, k.start, k.length),
          to: packed,
          k: k.length,
          panels,
        });
        return { region: packed, packed: true, step: columns, panel: columns * k.length };
      };
    });
  });
};
