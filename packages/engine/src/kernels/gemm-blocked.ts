// The blocked matrix product: cuts operands into blocks that stay in the caches and runs the kernel over them. Convolution
// uses it too, with panels of B that it gathers itself.

import { executor } from '../runtime/executor.ts';
import { nothing, type Region } from '../runtime/region.ts';
import type { Activation } from '../types.ts';
import {
  type LeftMode,
  type ProductSpec,
  type ProductType,
  productKernels,
  type RightMode,
  type Tile,
  tileOf,
} from './gemm-micro.ts';

/** Depth of a block: a panel of B this deep stays in the caches while all rows of a block of A pass by. */
const BLOCK_K = 384;
/** Columns of a block where sums are built in several blocks: what C holds so far stays near until the next one. */
const BLOCK_N = 1024;
/** Columns that a convolution gathers at once, which stay in the second-level cache. */
const GATHERED_N = 480;
/** Elements of a block of A, which stays in the second-level cache beside a panel of B. */
const BLOCK_A = 1 << 17;

/** Packed panels of B above so many bytes come from beyond the second-level cache, and are asked for ahead of time. */
const AHEAD_BYTES = 1 << 19;

/** An operand: a matrix in memory, or the panels of a packed one ({@link packedOffset}). */
interface Operand<M> {
  readonly region: Region;
  readonly mode: M;
  readonly packed: boolean;
  /** Elements from one stored row to the next; of no meaning where it is packed. */
  readonly stride: number;
  /** Elements from one product of a batch to the next. */
  readonly batch: number;
}

export type LeftOperand = Operand<LeftMode>;

export type RightOperand = Operand<RightMode>;

/** A block of B that convolution provides. */
export interface BlockB {
  readonly region: Region;
  readonly mode: RightMode;
  readonly step: number;
  readonly panel: number;
}

/** A range of rows, columns or places along k. */
export interface Block {
  readonly start: number;
  readonly length: number;
}

/** `c = activation(alpha * a b + beta * c + bias + rowBias)`, a number of times. */
export interface Product {
  readonly type: ProductType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: LeftOperand;
  readonly b: RightOperand | ((k: Block, n: Block) => BlockB);
  readonly c: Region;
  readonly ldc: number;
  readonly cBatch: number;
  readonly batch: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: Region | undefined;
  readonly rowBias: Region | undefined;
  readonly activation: Activation | undefined;
}

/** The part of a product's results that is to be computed. */
export interface Part {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
  /** Products of the batch. */
  readonly first: number;
  readonly count: number;
}

/** Depth of the blocks that sums are built in. It depends on `k` alone, so that results do not depend on anything else. */
export function depthStep(k: number): number {
  const blocks = Math.ceil(k / BLOCK_K);
  return blocks <= 1 ? k : Math.ceil(k / blocks / 16) * 16;
}

/** Elements of a packed operand: `lines` of it in panels of `width`, whose places along k are `step` elements apart. */
export function packedElements(lines: number, k: number, width: number, step: number, lanes: number): number {
  return Math.ceil(lines / width) * step * roundUp(k, lanes);
}

/** Where in a packed operand the panel of a line begins, in the block of k of `length` places from `start` on. */
export function packedOffset(
  shape: { readonly lines: number; readonly width: number; readonly step: number; readonly lanes: number },
  start: number,
  length: number,
  line: number,
): number {
  const { lines, width, step, lanes } = shape;
  return step * (start * Math.ceil(lines / width) + (line / width) * roundUp(length, lanes));
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Elements that the panels of a block of B take at most. */
export function packedBlockElements(n: number, k: number, tileColumns: number): number {
  return roundUp(Math.min(n, GATHERED_N), tileColumns) * Math.min(k, BLOCK_K);
}

/** A convolution's product: weights that are packed, and blocks of B that it provides. */
export function convolutionProduct(
  p: Pick<Product, 'm' | 'n' | 'k' | 'c' | 'ldc'> & {
    readonly weights: Region;
    readonly b: Extract<Product['b'], (...blocks: never[]) => unknown>;
    readonly rowBias?: Region | undefined;
    readonly activation?: Activation | undefined;
  },
): Product {
  const { m, n, k, b, c, ldc, rowBias, activation } = p;
  const a: LeftOperand = { region: p.weights, mode: 'columns', packed: true, stride: 0, batch: 0 };
  const sums = { alpha: 1, beta: 0, bias: undefined, rowBias, activation };
  return { type: 'f32', m, n, k, a, b, c, ldc, batch: 1, cBatch: 0, ...sums };
}

/** Columns of a product, all its rows. */
export function columnsOf(p: Product, column: number, columns: number): Part {
  return { row: 0, rows: p.m, column, columns, first: 0, count: p.batch };
}

/** Runs a part of a product on this thread. */
export function runProduct(p: Product, some: Part): void {
  const current = executor();
  const tile = tileOf(current.target, p.type);
  const kStep = depthStep(p.k);
  const gathers = typeof p.b === 'function';
  const packsA = p.a.mode === 'packRows' || p.a.mode === 'packColumns';
  const rowStep = Math.max(1, Math.floor(BLOCK_A / (tile.step * Math.max(1, kStep)))) * tile.rows;
  const rowsAtOnce = Math.min(some.rows, rowStep);
  const most = gathers ? GATHERED_N : kStep < p.k ? BLOCK_N : some.columns;
  const columnStep = roundUp(some.columns / Math.ceil(some.columns / most), tile.columns);
  const aElements = packsA ? packedElements(rowsAtOnce, kStep, tile.rows, tile.step, tile.lanes) : 0;
  const packsB = typeof p.b !== 'function' && p.b.mode !== 'panels' && p.b.mode !== 'inPlace';
  const bElements = packsB || gathers ? tile.columns * roundUp(kStep, tile.lanes) : 0;
  const size = bytesOf(p.type);
  const scratch = aElements + bElements === 0 ? undefined : current.borrow((aElements + bElements) * size);
  const packedA = scratch === undefined ? nothing : regionIn(scratch, 0, aElements * size);
  const packedB = scratch === undefined ? nothing : regionIn(scratch, aElements * size, bElements * size);
  const rowEnd = some.row + some.rows;
  const columnEnd = some.column + some.columns;
  try {
    for (let column = some.column; column < columnEnd; column += columnStep) {
      const columns = Math.min(columnStep, columnEnd - column);
      if (typeof p.b !== 'function') {
        for (let row = some.row; row < rowEnd; row += rowStep) {
          const rows = Math.min(rowStep, rowEnd - row);
          let k = 0;
          do {
            const depth = Math.min(kStep, p.k - k);
            launchBlock(p, tile, packedA, packedB, some, row, rows, column, columns, k, depth, undefined);
            k += kStep;
          } while (k < p.k);
        }
        continue;
      }
      let k = 0;
      do {
        const depth = Math.min(kStep, p.k - k);
        const block = p.b({ start: k, length: depth }, { start: column, length: columns });
        for (let row = some.row; row < rowEnd; row += rowStep) {
          const rows = Math.min(rowStep, rowEnd - row);
          launchBlock(p, tile, packedA, packedB, some, row, rows, column, columns, k, depth, block);
        }
        k += kStep;
      } while (k < p.k);
    }
  } finally {
    if (scratch !== undefined) current.release(scratch);
  }
}

function bytesOf(type: ProductType): number {
  return type === 'f64' ? 8 : 4;
}

function regionIn(storage: NonNullable<Region['storage']>, start: number, bytes: number): Region {
  return { storage, address: storage.address + start, bytes };
}

function launchBlock(
  p: Product,
  tile: Tile,
  packedA: Region,
  packedB: Region,
  { first, count }: Part,
  row: number,
  rows: number,
  column: number,
  columns: number,
  k: number,
  depth: number,
  gathered: BlockB | undefined,
): void {
  const size = bytesOf(p.type);
  const { a } = p;
  let aStep = a.stride;
  let aPanel = tile.rows;
  let aAt = 0;
  if (a.packed) {
    aStep = tile.step;
    aPanel = tile.step * roundUp(depth, tile.lanes);
    aAt = packedOffset({ lines: p.m, width: tile.rows, step: tile.step, lanes: tile.lanes }, k, depth, row);
  } else if (a.mode === 'rows' || a.mode === 'packRows') {
    aPanel = tile.rows * a.stride;
    aAt = row * a.stride + k;
  } else {
    aAt = k * a.stride + row;
  }
  let bRegion: Region;
  let bMode: RightMode;
  let bStep: number;
  let bPanel: number;
  let bBatch = 0;
  if (gathered !== undefined) {
    bRegion = gathered.region;
    bMode = gathered.mode;
    bStep = gathered.step;
    bPanel = gathered.panel;
  } else {
    const b = p.b as RightOperand;
    bMode = b.mode;
    bBatch = b.batch;
    let at: number;
    if (b.packed) {
      bStep = tile.columns;
      bPanel = tile.columns * roundUp(depth, tile.lanes);
      at = packedOffset(
        { lines: p.n, width: tile.columns, step: tile.columns, lanes: tile.lanes },
        k,
        depth,
        column,
      );
    } else {
      bStep = b.stride;
      bPanel = bMode === 'packColumns' ? tile.columns * b.stride : tile.columns;
      at = bMode === 'packColumns' ? column * b.stride + k : k * b.stride + column;
    }
    bRegion = shifted(b.region, (at + first * b.batch) * size);
  }
  const rowPanels = Math.floor(rows / tile.rows);
  const panels = Math.floor(columns / tile.columns);
  const tail = columns - panels * tile.columns;
  const last = k + depth >= p.k;
  const ahead = bMode === 'panels' && panels > 0 && columns * depth * size > AHEAD_BYTES;
  const bias = last ? p.bias : undefined;
  const rowBias = last ? p.rowBias : undefined;
  const { activation } = p;
  const kernel = kernelOf(
    p.type,
    rowPanels > 0,
    rows - rowPanels * tile.rows,
    panels > 0,
    Math.ceil(tail / tile.lanes),
    a.mode,
    bMode,
    ahead,
    k > 0 || p.beta === 1 ? 'c' : p.beta === 0 ? 'nothing' : 'betaC',
    p.alpha !== 1,
    bias !== undefined,
    rowBias !== undefined,
    last && activation !== undefined ? activation.kind : 'none',
  );
  const clamp = activation?.kind === 'clamp' ? activation : undefined;
  executor().launch(kernel, {
    a: shifted(a.region, (aAt + first * a.batch) * size),
    b: bRegion,
    c: shifted(p.c, (first * p.cBatch + row * p.ldc + column) * size),
    bias: bias === undefined ? nothing : shifted(bias, column * size),
    rowBias: rowBias === undefined ? nothing : shifted(rowBias, row * size),
    packedA,
    packedB,
    batch: count,
    k: depth,
    rowPanels,
    panels,
    tail,
    aStep,
    aPanel,
    bStep,
    bPanel,
    ldc: p.ldc,
    aBatch: a.batch,
    bBatch,
    cBatch: p.cBatch,
    alpha: p.alpha,
    beta: p.beta,
    min: clamp === undefined ? 0 : clamp.min,
    max: clamp === undefined ? 0 : clamp.max,
  });
}

/** A region from some byte on; one that has none stays as it is. */
export function shifted(region: Region, bytes: number): Region {
  if (bytes === 0 || region.bytes === 0) return region;
  return { storage: region.storage, address: region.address + bytes, bytes: region.bytes - bytes };
}

const leftModes: readonly LeftMode[] = ['rows', 'columns', 'packRows', 'packColumns'];
const rightModes: readonly RightMode[] = ['panels', 'inPlace', 'packRows', 'packColumns'];
const onto: readonly ProductSpec['onto'][] = ['nothing', 'c', 'betaC'];
const activations: readonly ProductSpec['activation'][] = ['none', 'relu', 'clamp'];

type ProductKernel = ReturnType<(typeof productKernels)['f32']>;

/** Kernels by a number that their spec makes up: a small product takes hardly longer than looking a spec up would. */
const kernels = new Map<number, ProductKernel>();

function kernelOf(
  type: ProductType,
  full: boolean,
  rest: number,
  whole: boolean,
  tail: number,
  a: LeftMode,
  b: RightMode,
  ahead: boolean,
  replaces: ProductSpec['onto'],
  alpha: boolean,
  bias: boolean,
  rowBias: boolean,
  activation: ProductSpec['activation'],
): ProductKernel {
  let key = rest * 4 + tail;
  key = key * 4 + leftModes.indexOf(a);
  key = key * 4 + rightModes.indexOf(b);
  key = key * 4 + onto.indexOf(replaces);
  key = key * 4 + activations.indexOf(activation);
  key = key * 2 + Number(full);
  key = key * 2 + Number(whole);
  key = key * 2 + Number(ahead);
  key = key * 2 + Number(alpha);
  key = key * 2 + Number(bias);
  key = key * 2 + Number(rowBias);
  key = key * 2 + Number(type === 'f64');
  let kernel = kernels.get(key);
  if (kernel === undefined) {
    const spec = { full, rest, whole, tail, a, b, ahead, onto: replaces, alpha, bias, rowBias, activation };
    kernel = productKernels[type](spec);
    kernels.set(key, kernel);
  }
  return kernel;
}
