// Scaled dot-product attention, fused: for some queries at a time, blocks of keys are multiplied, exponentiated and weighted
// while their scores stay in the cache (as in FlashAttention, Dao et al. 2022). Scores lie transposed, a row for each key, so
// that nothing is folded across lanes, and that their exponentials are the left operand of the second product as they lie.

import { checkSizes, regionOf, stridedRegionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { after, nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { AttentionParameters } from '../types.ts';
import { blockSoftmax, scaleRows } from './attention-softmax.ts';
import { type LeftOperand, type Product, type RightOperand, roundUp, runProduct } from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';

/** Keys of a block. */
const BLOCK_KEYS = 512;

/** Scores of a block, which stay in the second-level cache beside keys and values. */
const BLOCK_SCORES = 1 << 16;

/** Queries at a time when causal: scores of keys behind the last of them are not computed. */
const CAUSAL_QUERIES = 64;

/**
 * `y = softmax(scale * q k^T + mask) v` for each of `batch` heads. A query that sees no key gives zeros. As PyTorch's
 * scaled_dot_product_attention.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function scaledDotProductAttention(p: AttentionParameters): void {
  const { batch, queries, keys, depth, valueDepth } = p;
  checkSizes('scaledDotProductAttention', { batch, queries, keys, depth, valueDepth });
  const region = (name: 'q' | 'k' | 'v' | 'y', rows: number, columns: number): Region =>
    regionOf('scaledDotProductAttention', name, p[name], batch * rows * columns);
  const q = region('q', queries, depth);
  const k = region('k', keys, depth);
  const v = region('v', keys, valueDepth);
  const y = region('y', queries, valueDepth);
  const mask = p.mask && stridedRegionOf('scaledDotProductAttention', 'mask', p.mask, [batch, queries, keys]);
  if (batch * queries * valueDepth === 0) return;

  const { columns, lanes } = tileOf(executor().target);
  const blockKeys = Math.min(keys, BLOCK_KEYS);
  const most = Math.max(1, Math.floor(BLOCK_SCORES / columns / Math.max(1, blockKeys))) * columns;
  const work: Work = {
    p,
    mask: mask !== undefined && keys > 0 ? mask : nothing,
    columns,
    vectors: columns / lanes,
    blockKeys,
    blockQueries: Math.min(p.causal ? CAUSAL_QUERIES : most, most, roundUp(queries, columns)),
  };
  const heads = (first: number, count: number, start: number, some: number): void => {
    for (let head = first; head < first + count; head++) {
      const of = (operand: Region, elements: number): Region => part(operand, head * elements, elements);
      const operands = {
        head,
        q: of(q, queries * depth),
        k: of(k, keys * depth),
        v: of(v, keys * valueDepth),
        y: of(y, queries * valueDepth),
      };
      attendSome(work, operands, start, some);
    }
  };
  const time = productTime(batch * queries * keys * (depth + valueDepth));
  // Threads take whole heads where there are enough of them, otherwise queries.
  if (batch >= executor().threads) forkRanges(batch, time, (first, count) => heads(first, count, 0, queries));
  else forkRanges(queries, time, (start, some) => heads(0, batch, start, some), columns);
}

/** What all threads share. */
interface Work {
  readonly p: AttentionParameters;
  readonly mask: Region;
  /** Queries of a panel, in so many vectors. */
  readonly columns: number;
  readonly vectors: number;
  readonly blockKeys: number;
  /** A multiple of `columns`. */
  readonly blockQueries: number;
}

/** The operands of one head. */
interface Head {
  readonly head: number;
  readonly q: Region;
  readonly k: Region;
  readonly v: Region;
  readonly y: Region;
}

/** What a thread works with besides. */
interface Buffers {
  readonly scores: Region;
  readonly largest: Region;
  readonly sum: Region;
  readonly factor: Region;
}

/** Attention of a range of queries of a head, a block at a time. */
function attendSome(work: Work, operands: Head, start: number, queries: number): void {
  const { p, blockKeys, blockQueries } = work;
  const elements = blockKeys * blockQueries;
  withScratch(elements + 3 * blockQueries, (scratch) => {
    const scores = part(scratch, 0, elements);
    const largest = after(scores, blockQueries);
    const sum = after(largest, blockQueries);
    const buffers: Buffers = { scores, largest, sum, factor: after(sum, blockQueries) };
    for (let query = start; query < start + queries; query += blockQueries) {
      const count = Math.min(blockQueries, start + queries - query);
      attend(work, buffers, operands, query, count);
      const y = part(operands.y, query * p.valueDepth, count * p.valueDepth);
      executor().launch(scaleRows({ by: 'inverse' }), { factor: sum, y, rows: count, size: p.valueDepth });
    }
  });
}

/** Leaves the weighted values of some queries in their rows of `y`, not yet divided by their sums. */
function attend(work: Work, buffers: Buffers, operands: Head, query: number, count: number): void {
  const { p, columns, vectors, blockKeys } = work;
  const { scores, largest, sum, factor } = buffers;
  const { depth, valueDepth, scale = 1 / Math.sqrt(depth) } = p;
  const current = executor();
  const q = part(operands.q, query * depth, count * depth);
  const y = part(operands.y, query * valueDepth, count * valueDepth);
  const panels = Math.ceil(count / columns);
  const width = panels * columns;
  const [perHead, perQuery, perKey] = (p.mask?.strides ?? [0, 0, 0]) as [number, number, number];
  const hasMask = work.mask !== nothing;
  const end = p.causal ? Math.min(p.keys, query + count) : p.keys;
  // With no keys at all there is one empty block, which gives zeros.
  for (let key = 0; key === 0 || key < end; key += Math.max(1, blockKeys)) {
    const seen = Math.min(blockKeys, end - key);
    const first = key === 0;
    if (seen > 0) {
      const keys = part(operands.k, key * depth, seen * depth);
      const size = { m: seen, n: count, k: depth };
      multiply(
        size,
        inMemory(keys, 'rows', depth),
        inMemory(q, 'packColumns', depth),
        scores,
        width,
        scale,
        0,
      );
    }
    const causal = (p.causal ?? false) && key + seen - 1 > query;
    const masked = operands.head * perHead + query * perQuery + key * perKey;
    const span = Math.max(0, seen - 1) * perKey + (count - 1) * perQuery + 1;
    current.launch(blockSoftmax({ vectors, first, mask: hasMask, causal }), {
      scores: part(scores, 0, seen * width),
      mask: hasMask ? part(work.mask, masked, span) : nothing,
      largest,
      sum,
      factor,
      keys: seen,
      queries: count,
      panels,
      width,
      offset: query - key,
      maskQuery: perQuery,
      maskKey: perKey,
    });
    if (!first) current.launch(scaleRows({ by: 'factor' }), { factor, y, rows: count, size: valueDepth });
    const values = part(operands.v, key * valueDepth, seen * valueDepth);
    const size = { m: count, n: valueDepth, k: seen };
    multiply(
      size,
      inMemory(scores, 'columns', width),
      inMemory(values, 'inPlace', valueDepth),
      y,
      valueDepth,
      1,
      first ? 0 : 1,
    );
  }
}

function inMemory<M extends LeftOperand['mode'] | RightOperand['mode']>(
  region: Region,
  mode: M,
  stride: number,
): { region: Region; mode: M; packed: false; stride: number; batch: 0 } {
  return { region, mode, packed: false, stride, batch: 0 };
}

function multiply(
  { m, n, k }: Pick<Product, 'm' | 'n' | 'k'>,
  a: LeftOperand,
  b: RightOperand,
  c: Region,
  ldc: number,
  alpha: number,
  beta: number,
): void {
  const nothingElse = { bias: undefined, rowBias: undefined, activation: undefined };
  runProduct(
    { type: 'f32', m, n, k, a, b, c, ldc, cBatch: 0, batch: 1, alpha, beta, ...nothingElse },
    { row: 0, rows: m, column: 0, columns: n, first: 0, count: 1 },
  );
}
