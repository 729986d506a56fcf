// Convolution as a matrix product: weights times the image as it lies (pointwise), or times panels gathered from a padded
// image, without an im2col buffer.

import { executor, withScratch } from '../runtime/executor.ts';
import { floatsOf, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../threads/split.ts';
import type { Activation, ConvolutionShape } from '../types.ts';
import {
  type Block,
  type BlockB,
  columnsOf,
  convolutionProduct,
  packedBlockElements,
  runProduct,
} from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';
import { packedLeftElements, packLeft } from './gemm-operand.ts';
import { padPlanes } from './pad-planes.ts';
import { paddedPlane } from './padded-plane.ts';
import { packPatches, tableElements, writeTables } from './patches.ts';

/** Provides the blocks of B of one image and group. */
type Columns = (k: Block, n: Block, to: Region) => BlockB;

/** Prepares what all images and groups share, and gives the columns of the one whose planes start at `image`. */
type ColumnSource = (p: ConvolutionShape, body: (columnsOf: (image: Region) => Columns) => void) => void;

/** A convolution's operands; weights as they are, or packed by {@link packGemmWeights}. */
export interface GemmConvolution {
  readonly shape: ConvolutionShape;
  readonly x: Region;
  readonly w: Region;
  readonly packed: boolean;
  readonly bias: Region | undefined;
  readonly y: Region;
  readonly activation: Activation | undefined;
}

/** Whether windows are single pixels, none of which is left out or padding. */
export function isPointwise({ kernel, stride, padding }: ConvolutionShape): boolean {
  return [...kernel, ...stride].every((size) => size === 1) && padding.every((size) => size === 0);
}

/** Runs one matrix product for each image and group: weights times columns. */
export function convolveByGemm(p: GemmConvolution): void {
  const { shape } = p;
  const source = isPointwise(shape) ? pointwiseColumns : patchColumns;
  const products = shape.groups * shape.batch;
  const run = (first: number, count: number): void => someProducts(p, source, first, count);
  const { outChannels, outHeight, outWidth, batch } = shape;
  const time = productTime(outChannels * outHeight * outWidth * depthOf(shape) * batch);
  // Threads take whole products where there are enough of them, columns of each product otherwise.
  if (products >= 2 * executor().threads) forkRanges(products, time, run);
  else run(0, products);
}

/** Products of sums: the rows of B. */
function depthOf(p: ConvolutionShape): number {
  return (p.inChannels / p.groups) * p.kernel[0] * p.kernel[1];
}

/** Elements of one group's weights when packed. */
export function gemmWeightElements(shape: ConvolutionShape): number {
  return packedLeftElements(shape.outChannels / shape.groups, depthOf(shape));
}

/** Packs one group's weights; `to` holds {@link gemmWeightElements}. */
export function packGemmWeights(shape: ConvolutionShape, w: Region, to: Region): void {
  const [m, k] = [shape.outChannels / shape.groups, depthOf(shape)];
  packLeft({ region: part(w, 0, m * k), stride: k, transposed: false, m, k }, to);
}

/** Runs `count` products from the one on that is `first`, group after group and in each image after image. */
function someProducts(
  { shape: p, x, w, packed, bias, y, activation }: GemmConvolution,
  source: ColumnSource,
  first: number,
  count: number,
): void {
  const m = p.outChannels / p.groups;
  const n = p.outHeight * p.outWidth;
  const k = depthOf(p);
  const inElements = (p.inChannels / p.groups) * p.inHeight * p.inWidth;
  const tile = tileOf(executor().target);
  const size = gemmWeightElements(p);
  withScratch(packed ? 0 : size, (scratch) => {
    source(p, (columnsIn) => {
      for (let product = first; product < first + count; product++) {
        const group = Math.floor(product / p.batch);
        const image = product % p.batch;
        const weights = packed ? part(w, group * size, size) : scratch;
        if (!packed && (product === first || image === 0))
          packGemmWeights(p, part(w, group * m * k), scratch);
        const plane = image * p.groups + group;
        const columns = columnsIn(part(x, plane * inElements, inElements));
        const someColumns = (start: number, length: number): void =>
          withScratch(packedBlockElements(length, k, tile.columns), (block) => {
            const product = convolutionProduct({
              m,
              n,
              k,
              weights,
              b: (depth, outputs) => columns(depth, outputs, block),
              c: part(y, plane * m * n, m * n),
              ldc: n,
              rowBias: bias && part(bias, group * m, m),
              activation,
            });
            runProduct(product, columnsOf(product, start, length));
          });
        forkRanges(n, productTime(m * n * k), someColumns, tile.columns);
      }
    });
  });
}

/** With a 1x1 kernel the image itself is B. */
const pointwiseColumns: ColumnSource = (p, body) => {
  const { rows, columns } = tileOf(executor().target);
  const step = p.inHeight * p.inWidth;
  // With few rows each element is read so seldom that packing it would not pay.
  const mode = p.outChannels / p.groups <= 2 * rows ? 'inPlace' : 'packRows';
  body((image) => (k, n) => ({ region: part(image, k.start * step + n.start), mode, step, panel: columns }));
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
        return { region: packed, mode: 'panels', step: columns, panel: columns * k.length };
      };
    });
  });
};
