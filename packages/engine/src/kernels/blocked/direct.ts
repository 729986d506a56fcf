// Runs the direct kernel over an image: bands of rows whose input stays in the second-level cache, each cut into tiles.

import { executor } from '../../runtime/executor.ts';
import { nothing, part, type Region } from '../../runtime/region.ts';
import { forkRanges, productTime } from '../../threads/split.ts';
import type { Activation } from '../../types.ts';
import { activationBounds, activationKind } from '../activation.ts';
import { type DirectSpec, directKernel } from './direct-kernel.ts';
import { type BlockedView, from } from './image.ts';
import type { OutputPart, PackedConv2d, PackedLayout } from './packed.ts';
import { type Cut, tilePixels, tilingOf } from './tile.ts';

/** What follows the sums of a convolution. */
export interface Epilogue {
  readonly bias: Region;
  readonly mask: Region;
  readonly activation: Activation | undefined;
}

/** Convolution of one group of one image. */
export interface ConvolutionJob extends Epilogue {
  readonly packed: PackedConv2d;
  readonly layout: PackedLayout;
  readonly weights: Region;
  readonly x: BlockedView;
  readonly y: BlockedView;
  readonly residual: BlockedView | undefined;
  readonly image: number;
  /** First channels of the group. */
  readonly xChannel: number;
  readonly yChannel: number;
}

/** Bytes of input that stay in the second-level cache beside weights and outputs. */
const BAND_BYTES = 400 * 1024;

/** Rows of a band: as many as the cache holds, and a divisor of all rows if one is near. */
function bandRows(height: number, rowBytes: number): number {
  const least = Math.max(1, Math.ceil((height * rowBytes) / BAND_BYTES));
  for (let bands = least; bands <= Math.min(height, 2 * least); bands++) {
    if (height % bands === 0) return height / bands;
  }
  return Math.ceil(height / least);
}

/** A part of the output as one launch computes it. */
type Outputs = OutputPart & { readonly masked: boolean };

/** Groups of output blocks from which they, and not the rows, are divided among threads where weights outweigh inputs. */
const MANY_GROUPS = 8;

/** Convolves one group of one image by sums of products. */
export function direct(job: ConvolutionJob): void {
  const { layout, x, y } = job;
  const outputs = splitMasked(job);
  const weights = layout.outBlocks * y.lanes * layout.depth;
  const groups = outputs.reduce((sum, part) => sum + part.groups, 0);
  const time = productTime(weights * y.height * y.width);
  if (groups >= MANY_GROUPS && weights > layout.inBlocks * x.block) {
    forkRanges(groups, time, (first, count) => bands(job, groupsOf(job, outputs, first, count), 0, y.height));
  } else {
    forkRanges(y.height, time, (first, count) => bands(job, outputs, first, first + count));
  }
}

/** Some rows of some outputs, band after band. */
function bands(job: ConvolutionJob, outputs: readonly Outputs[], start: number, end: number): void {
  const { packed, layout, x, y, residual } = job;
  const [strideY, strideX] = packed.stride;
  const pointwise = packed.kernel.every((size) => size === 1) && strideY * strideX === 1;
  const dense = (view: BlockedView): boolean => view.row === view.width * view.lanes;
  const flat = pointwise && dense(x) && dense(y) && (!residual || dense(residual));
  const step = bandRows(end - start, strideY * x.row * layout.inBlocks * 4);
  for (let first = start; first < end; first += step) {
    const rows = Math.min(step, end - first);
    const area = flat ? { height: 1, width: rows * y.width } : { height: rows, width: y.width };
    for (const part of outputs) launch(job, part, first, area, strideX);
  }
}

/** The groups from the `start`-th on, `count` of them, of all parts. */
function groupsOf(
  { layout, y }: ConvolutionJob,
  outputs: readonly Outputs[],
  start: number,
  count: number,
): Outputs[] {
  let before = 0;
  return outputs.flatMap((part) => {
    const first = Math.max(0, start - before);
    const groups = Math.min(part.groups, start + count - before) - first;
    before += part.groups;
    if (groups <= 0) return [];
    const blocks = first * part.vectors;
    const elements = part.elements + blocks * y.lanes * layout.depth;
    return [{ ...part, block: part.block + blocks, groups, elements }];
  });
}

/** The parts of the output; where the last block has padding, the group that it belongs to becomes one of its own. */
function splitMasked({ layout, y }: ConvolutionJob): Outputs[] {
  const parts = layout.parts.map((each) => ({ ...each, masked: false }));
  const last = parts.at(-1)!;
  if (layout.outGroup % y.lanes === 0 || storedLanes(layout, y) !== undefined) return parts;
  const rest = last.groups - 1;
  const elements = last.vectors * y.lanes * layout.depth;
  parts[parts.length - 1] = { ...last, groups: rest };
  parts.push({
    ...last,
    block: last.block + rest * last.vectors,
    groups: 1,
    elements: last.elements + rest * elements,
    masked: true,
  });
  return parts.filter(({ groups }) => groups > 0);
}

/** Lanes of a group that shares its block with other groups. */
function storedLanes({ outGroup }: PackedLayout, y: BlockedView): number | undefined {
  return outGroup < y.channels && outGroup < y.lanes ? outGroup : undefined;
}

function launch(
  job: ConvolutionJob,
  outputs: Outputs,
  firstRow: number,
  area: { height: number; width: number },
  strideX: number,
): void {
  const { packed, layout, x, y, residual, image } = job;
  const current = executor();
  const planar = packed.method === 'planar';
  const [strideY] = packed.stride;
  const [top, , left] = packed.padding;
  const tiling = tilingOf(area.height, area.width, tilePixels(current.target, outputs.vectors));
  const spec: DirectSpec = {
    vectors: outputs.vectors,
    ...sizesOf(tiling),
    pixel: strideX * x.lanes,
    unit: layout.unit,
    bias: true,
    residual: residual !== undefined,
    activation: activationKind(job.activation),
    masked: outputs.masked,
    stored: storedLanes(layout, y),
  };
  const before = top * x.row + left * x.lanes - firstRow * strideY * x.row;
  const first = job.yChannel + outputs.block * y.lanes;
  const [block, lane] = [Math.floor(first / y.lanes), first % y.lanes];
  const xBlock = Math.floor(job.xChannel / x.lanes);
  const channel = outputs.block * y.lanes;
  current.launch(directKernel(spec), {
    x: from(x, image, xBlock, before - (job.xChannel % x.lanes)),
    w: part(job.weights, outputs.elements),
    bias: part(job.bias, channel),
    mask: job.mask,
    residual: residual ? from(residual, image, block, -lane - firstRow * residual.row) : nothing,
    y: from(y, image, block, -lane - firstRow * y.row),
    matrices: 1,
    xMatrix: 0,
    yMatrix: 0,
    groups: outputs.groups,
    blocks: layout.inBlocks,
    blockUnits: layout.blockUnits,
    units: layout.units,
    kernelRows: packed.kernel[0],
    kernelColumns: planar ? 1 : packed.kernel[1],
    tapRow: packed.dilation[0] * x.row,
    tapColumn: packed.dilation[1] * x.lanes,
    xBlock: x.block,
    xRow: strideY * x.row,
    yBlock: y.block,
    yRow: y.row,
    rBlock: residual?.block ?? 0,
    rRow: residual?.row ?? 0,
    ...countsOf(tiling),
    ...activationBounds(job.activation),
  });
}

/** The sizes of a tiling, for a kernel's spec. */
export function sizesOf({ rows, columns }: ReturnType<typeof tilingOf>): {
  rows: number[];
  columns: number[];
} {
  const sizes = (cuts: readonly Cut[]): number[] => cuts.map(({ size }) => size);
  return { rows: sizes(rows), columns: sizes(columns) };
}

/** How often each size occurs, for a kernel's arguments. */
export function countsOf({ rows, columns }: ReturnType<typeof tilingOf>): {
  rowTiles: number;
  lastRowTiles: number;
  columnTiles: number;
  lastColumnTiles: number;
} {
  return {
    rowTiles: rows[0]!.count,
    lastRowTiles: rows[1]?.count ?? 0,
    columnTiles: columns[0]!.count,
    lastColumnTiles: columns[1]?.count ?? 0,
  };
}
