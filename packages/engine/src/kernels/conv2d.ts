// 2-D convolution, and its choice between a plain matrix product (pointwise), direct sums (depthwise) and a
// matrix product over gathered patches (all the rest).

import { type ConvolutionOperands, checkWindows, convolutionOperands } from '../convolution-operands.ts';
import { executor, type Region, region, withScratch } from '../runtime/executor.ts';
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
function grouped(p: Conv2dParameters, { x, w, bias, y }: ConvolutionOperands, source: ColumnSource): void {
  const m = p.outChannels / p.groups;
  const n = p.outHeight * p.outWidth;
  const inGroup = p.inChannels / p.groups;
  const k = inGroup * p.kernel[0] * p.kernel[1];
  const inElements = inGroup * p.inHeight * p.inWidth;
  const blockElements = packedBlockElements(n, k, tileOf(executor().target).columns);
  withScratch(m * k + blockElements, (scratch) => {
    const a = region(scratch.address, m * k);
    const block = region(a.address + a.bytes, blockElements);
    source(p, (columnsOf) => {
      for (let group = 0; group < p.groups; group++) {
        const weights = region(w.address + group * m * k * 4, m * k);
        packA({ region: weights, stride: k, transposed: false, m, k }, a);
        for (let image = 0; image < p.batch; image++) {
          const plane = image * p.groups + group;
          const columns = columnsOf(region(x.address + plane * inElements * 4, inElements));
          blockedProduct({
            m,
            n,
            k,
            a,
            b: (depth, outputs) => columns(depth, outputs, block),
            c: region(y.address + plane * m * n * 4, m * n),
            ldc: n,
            rowBias: bias && region(bias.address + group * m * 4, m),
            activation: p.activation,
          });
        }
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
    const from = { address: image.address + first * 4, bytes: image.bytes - first * 4 };
    if (p.outChannels / p.groups <= 2 * tile.rows) {
      return { region: from, packed: false, step: stride, panel: tile.columns };
    }
    const panels = Math.floor(n.length / tile.columns);
    const tail = n.length % tile.columns;
    const packed = region(to.address, (panels + Math.sign(tail)) * tile.columns * k.length);
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
    const copy = region(scratch.address, copyElements);
    current.memory.views.f32.fill(0, copy.address / 4, copy.address / 4 + copyElements);
    const tables = writeTables(p, columns, layout, region(copy.address + copy.bytes, 0));
    body((image) => {
      if (isPadded) {
        current.launch(padPlanes({}), {
          from: image,
          to: copy,
          planes,
          height: p.inHeight,
          width: p.inWidth,
          pitch: padded.pitch,
          origin: p.padding[0] * padded.pitch + p.padding[2],
          step: padded.elements,
        });
      }
      return (k, n, to) => {
        const panels = Math.ceil(n.length / columns);
        const packed = region(to.address, panels * columns * k.length);
        current.launch(packPatches({ columns }), {
          x: isPadded ? copy : image,
          windows: region(tables.windows.address + n.start * 4, panels * columns),
          runs: region(tables.runs.address + (n.start / columns) * 4, panels),
          taps: region(tables.taps.address + k.start * 4, k.length),
          to: packed,
          k: k.length,
          panels,
        });
        return { region: packed, packed: true, step: columns, panel: columns * k.length };
      };
    });
  });
};
