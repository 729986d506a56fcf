// What forward and backward of attention have in common: operands of all heads, blocks of scores, and products of parts of them.

import type { AttentionShape, HeadsSlice } from '../attention-types.ts';
import { checkSizes, stridedRegionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import type { StridedSlice } from '../types.ts';
import { type LeftOperand, type Product, type RightOperand, roundUp, runProduct } from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';

/** Keys of a block. */
const BLOCK_KEYS = 512;

/** Scores of a block, which stay in the second-level cache beside keys and values. */
const BLOCK_SCORES = 1 << 16;

/** Queries at a time when causal: scores of keys behind the last of them are not computed. */
const CAUSAL_QUERIES = 64;

/** The matrices of all heads. */
export interface Heads {
  readonly region: Region;
  readonly batch: number;
  readonly head: number;
  /** Elements from one row to the next. */
  readonly row: number;
}

/** The matrix of one head. */
export interface HeadMatrix {
  readonly region: Region;
  readonly row: number;
}

/** A number for each score: a mask. */
export interface ScoreOperand {
  readonly region: Region;
  readonly strides: readonly [batch: number, head: number, query: number, key: number];
}

/** What all threads share. */
export interface AttentionWork<P extends AttentionShape> {
  readonly p: P;
  readonly heads: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly mask: ScoreOperand | undefined;
  readonly keep: ScoreOperand | undefined;
  /** Queries of a panel, in so many vectors. */
  readonly columns: number;
  readonly vectors: number;
  readonly blockKeys: number;
  /** A multiple of `columns`. */
  readonly blockQueries: number;
}

/**
 * Checks sizes and masks and chooses blocks.
 *
 * @param blocks blocks of scores that are in use at a time
 */
export function attentionWork<P extends AttentionShape>(
  kernel: string,
  p: P,
  blocks: number,
): AttentionWork<P> {
  const { batch, heads = 1, queries, keys, depth, valueDepth } = p;
  checkSizes(kernel, { batch, heads, queries, keys, depth, valueDepth });
  const { columns, lanes } = tileOf(executor().target);
  const blockKeys = Math.min(keys, BLOCK_KEYS);
  const scores = BLOCK_SCORES / blocks;
  const most = Math.max(1, Math.floor(scores / columns / Math.max(1, blockKeys))) * columns;
  return {
    p,
    heads,
    scale: p.scale ?? 1 / Math.sqrt(depth),
    causal: p.causal ?? false,
    mask: scoresOf(kernel, 'mask', p, p.mask),
    keep: scoresOf(kernel, 'keep', p, p.keep),
    columns,
    vectors: columns / lanes,
    blockKeys,
    blockQueries: Math.min(p.causal ? CAUSAL_QUERIES : most, most, roundUp(queries, columns)),
  };
}

function scoresOf(
  kernel: string,
  name: string,
  { batch, heads = 1, queries, keys }: AttentionShape,
  slice: StridedSlice | undefined,
): ScoreOperand | undefined {
  if (slice === undefined) return undefined;
  const region = stridedRegionOf(kernel, name, slice, [batch, heads, queries, keys]);
  if (region.bytes === 0) return undefined;
  return { region, strides: slice.strides as [number, number, number, number] };
}

/** The matrices of all heads in a slice. @throws EngineError when it is too small */
export function headsOf(
  kernel: string,
  name: string,
  { batch, heads = 1 }: AttentionShape,
  slice: HeadsSlice,
  rows: number,
  columns: number,
): Heads {
  const strides = slice.strides ?? [heads * rows * columns, rows * columns, columns];
  const whole = { storage: slice.storage, offset: slice.offset, strides: [...strides, 1] };
  const region = stridedRegionOf(kernel, name, whole, [batch, heads, rows, columns]);
  return { region, batch: strides[0], head: strides[1], row: strides[2] };
}

/** The matrix of the head with a number, of all batches. */
export function headOf(all: Heads, heads: number, number: number): HeadMatrix {
  if (all.region.bytes === 0) return { region: all.region, row: all.row };
  const first = Math.floor(number / heads) * all.batch + (number % heads) * all.head;
  return { region: part(all.region, first), row: all.row };
}

/** `count` rows of `size` elements from a row on. */
export function rowsOf({ region, row }: HeadMatrix, first: number, count: number, size: number): HeadMatrix {
  if (count === 0 || size === 0) return { region: nothing, row };
  return { region: part(region, first * row, (count - 1) * row + size), row };
}

/** Where in a mask a block of scores begins, for a kernel: the region and what its columns and rows are apart. */
export function blockOf(
  operand: ScoreOperand | undefined,
  heads: number,
  number: number,
  [query, queries]: readonly [number, number],
  [key, keys]: readonly [number, number],
): { readonly region: Region; readonly perQuery: number; readonly perKey: number } {
  if (operand === undefined) return { region: nothing, perQuery: 0, perKey: 0 };
  const [perBatch, perHead, perQuery, perKey] = operand.strides;
  const head = Math.floor(number / heads) * perBatch + (number % heads) * perHead;
  const first = head + query * perQuery + key * perKey;
  const span = Math.max(0, keys - 1) * perKey + Math.max(0, queries - 1) * perQuery + 1;
  return { region: part(operand.region, first, span), perQuery, perKey };
}

/** An operand of {@link multiply} as it lies in memory. */
export function inMemory<M extends LeftOperand['mode'] | RightOperand['mode']>(
  { region, row }: HeadMatrix,
  mode: M,
): { region: Region; mode: M; packed: false; stride: number; batch: 0 } {
  return { region, mode, packed: false, stride: row, batch: 0 };
}

/** `c = alpha a b`, added to `c` where `beta` is 1. */
export function multiply(
  { m, n, k }: Pick<Product, 'm' | 'n' | 'k'>,
  a: LeftOperand,
  b: RightOperand,
  c: HeadMatrix,
  alpha: number,
  beta: 0 | 1,
): void {
  if (m === 0 || n === 0) return;
  const nothingElse = { bias: undefined, rowBias: undefined, activation: undefined };
  const sums = { alpha, beta, ...nothingElse };
  runProduct(
    { type: 'f32', m, n, k, a, b, c: c.region, ldc: c.row, cBatch: 0, batch: 1, ...sums },
    { row: 0, rows: m, column: 0, columns: n, first: 0, count: 1 },
  );
}
