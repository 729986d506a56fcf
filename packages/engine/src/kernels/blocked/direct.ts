// Runs the direct kernel over an image: bands of rows whose input stays in the second-level cache, each cut into tiles.

import { type Executor, executor } from '../../runtime/executor.ts';
import { nothing, part, type Region } from '../../runtime/region.ts';
import { forkRanges, productTime } from '../../threads/split.ts';
import { activationBounds, activationKind } from '../activation.ts';
import { type DirectArguments, directKernel } from './direct-kernel.ts';
import { type Epilogue, epilogueSpec } from './epilogue.ts';
import { type BlockedView, from } from './image.ts';
import {
  type DirectOutputs,
  type PackedConv2d,
  type PackedLayout,
  someGroups,
  storedLanes,
} from './packed.ts';
import { type Cut, tilePixels, tilingOf } from './tile.ts';

export type { Epilogue } from './epilogue.ts';

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

/** Groups of output blocks from which they, and not the rows, are divided among threads where weights outweigh inputs. */
const MANY_GROUPS = 8;

/** Sums of a tile that keep the multiply-add units busy; images with fewer sums than these are summed in chains. */
const INDEPENDENT_SUMS = 8;

/** Convolves one group of one image by sums of products. */
export function direct(job: ConvolutionJob): void {
  const { layout, x, y } = job;
  const { outputs } = layout;
  const weights = layout.outBlocks * y.lanes * layout.depth;
  const groups = outputs.reduce((sum, part) => sum + part.groups, 0);
  const time = productTime(weights * y.height * y.width);
  const elements = y.lanes * layout.depth;
  if (groups >= MANY_GROUPS && weights > layout.inBlocks * x.block) {
    forkRanges(groups, time, (first, count) =>
      bands(job, someGroups(outputs, first, count, elements), 0, y.height),
    );
  } else {
    forkRanges(y.height, time, (first, count) => bands(job, outputs, first, first + count));
  }
}

/** Some rows of some outputs, band after band. */
function bands(job: ConvolutionJob, outputs: readonly DirectOutputs[], start: number, end: number): void {
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

function launch(
  job: ConvolutionJob,
  outputs: DirectOutputs,
  firstRow: number,
  area: { height: number; width: number },
  strideX: number,
): void {
  const { packed, x, y, residual, image } = job;
  const [strideY] = packed.stride;
  const [top, , left] = packed.padding;
  const before = top * x.row + left * x.lanes - firstRow * strideY * x.row;
  const first = job.yChannel + outputs.block * y.lanes;
  const [block, lane] = [Math.floor(first / y.lanes), first % y.lanes];
  const xBlock = Math.floor(job.xChannel / x.lanes);
  const { kernel, constants } = preparedLaunch(job, outputs, area, strideX);
  const input = from(x, image, xBlock, before - (job.xChannel % x.lanes));
  const paired = outputs.halves !== undefined;
  executor().launch(kernel, {
    ...constants,
    x: paired ? nothing : input,
    xPairs: paired ? input : nothing,
    w: part(job.weights, outputs.elements),
    bias: part(job.bias, outputs.block * y.lanes),
    mask: job.mask,
    residual: residual ? from(residual, image, block, -lane - firstRow * residual.row) : nothing,
    y: from(y, image, block, -lane - firstRow * y.row),
    ...activationBounds(job.activation),
  });
}

/** What a launch takes beside memory and the bounds of the activation. */
type Constants = Omit<
  DirectArguments,
  'x' | 'xPairs' | 'w' | 'bias' | 'mask' | 'residual' | 'y' | 'min' | 'max'
>;

/** A kernel with the arguments that depend on nothing but sizes. */
interface PreparedLaunch {
  readonly executor: Executor;
  /** The sizes. */
  readonly key: readonly (number | string)[];
  readonly kernel: ReturnType<typeof directKernel>;
  readonly constants: Constants;
}

/** For each layout the launches that were prepared last: layers are mostly called with images of one size. */
const prepared = new WeakMap<PackedLayout, PreparedLaunch[]>();
const MOST_PREPARED = 32;

function preparedLaunch(
  job: ConvolutionJob,
  outputs: DirectOutputs,
  area: { height: number; width: number },
  strideX: number,
): PreparedLaunch {
  const { layout, x, y, residual } = job;
  const current = executor();
  const key = [
    ...[
      outputs.block,
      outputs.groups,
      area.height,
      area.width,
      y.height,
      y.width,
      activationKind(job.activation),
    ],
    ...[x.row, x.block, y.row, y.block, residual?.row ?? -1, residual?.block ?? -1],
  ];
  let launches = prepared.get(layout);
  if (launches === undefined) {
    launches = [];
    prepared.set(layout, launches);
  }
  const found = launches.find(
    (each) => each.executor === current && each.key.every((value, i) => value === key[i]),
  );
  if (found) return found;
  const made = { executor: current, key, ...prepareLaunch(job, outputs, area, strideX) };
  if (launches.length >= MOST_PREPARED) launches.shift();
  launches.push(made);
  return made;
}

function prepareLaunch(
  job: ConvolutionJob,
  outputs: DirectOutputs,
  area: { height: number; width: number },
  strideX: number,
): Pick<PreparedLaunch, 'kernel' | 'constants'> {
  const { packed, layout, x, y, residual } = job;
  const { vectors, halves } = outputs;
  const sums = halves ?? vectors;
  const tiling = tilingOf(area.height, area.width, tilePixels(executor().target, sums));
  // pairs of inputs: every distance of x is a multiple of the lanes
  const pair = halves === undefined ? 1 : 2;
  const { count, step } = layout.unit;
  const [strideY] = packed.stride;
  const kernel = directKernel({
    vectors,
    halves,
    ...sizesOf(tiling),
    pixel: (strideX * x.lanes) / pair,
    unit: { count: count / pair, step },
    chains: y.height * y.width * sums < INDEPENDENT_SUMS ? count / pair : undefined,
    ahead: packed.method === 'direct' && packed.kernel.every((size) => size === 1),
    bias: true,
    ...epilogueSpec(job, outputs.masked),
    stored: storedLanes(layout.outGroup, y.channels, y.lanes),
  });
  const constants = {
    matrices: 1,
    xMatrix: 0,
    yMatrix: 0,
    groups: outputs.groups,
    blocks: layout.inBlocks,
    blockUnits: layout.blockUnits,
    units: layout.units,
    kernelRows: packed.kernel[0],
    kernelColumns: packed.method === 'planar' ? 1 : packed.kernel[1],
    tapRow: (packed.dilation[0] * x.row) / pair,
    tapColumn: (packed.dilation[1] * x.lanes) / pair,
    xBlock: x.block / pair,
    xRow: (strideY * x.row) / pair,
    yBlock: y.block,
    yRow: y.row,
    rBlock: residual?.block ?? 0,
    rRow: residual?.row ?? 0,
    ...countsOf(tiling),
  };
  return { kernel, constants };
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
