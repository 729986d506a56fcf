// Scaled dot-product attention, fused: for some queries at a time, blocks of keys are multiplied, exponentiated and weighted
// while their scores stay in the cache (as in FlashAttention, Dao et al. 2022). Scores lie transposed, a row for each key, so
// that nothing is folded across lanes, and that their exponentials are the left operand of the second product as they lie.

import type { AttentionParameters } from '../attention-types.ts';
import { regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { after, nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import {
  type AttentionWork,
  attentionWork,
  blockOf,
  type HeadMatrix,
  headOf,
  headsOf,
  inMemory,
  multiply,
  rowsOf,
} from './attention-operands.ts';
import { blockSoftmax, logSums, scaleRows } from './attention-softmax.ts';

/**
 * `y = softmax(scale * q k^T + mask) v` for each head. A query that sees no key gives zeros. With `keep` the weights are
 * multiplied by `keep * keepScale` after the softmax. As PyTorch's scaled_dot_product_attention.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function scaledDotProductAttention(p: AttentionParameters): void {
  const name = 'scaledDotProductAttention';
  const work = attentionWork(name, p, 1);
  const { batch, queries, keys, depth, valueDepth } = p;
  const q = headsOf(name, 'q', p, p.q, queries, depth);
  const k = headsOf(name, 'k', p, p.k, keys, depth);
  const v = headsOf(name, 'v', p, p.v, keys, valueDepth);
  const y = headsOf(name, 'y', p, p.y, queries, valueDepth);
  const heads = batch * work.heads;
  const sums = p.logSums && regionOf(name, 'logSums', p.logSums, heads * queries);
  if (heads * queries * (sums === undefined ? valueDepth : 1) === 0) return;

  const run = (first: number, count: number, start: number, some: number): void => {
    for (let number = first; number < first + count; number++) {
      const of = (all: typeof q): HeadMatrix => headOf(all, work.heads, number);
      const logs = sums && part(sums, number * queries, queries);
      attendSome(work, { number, q: of(q), k: of(k), v: of(v), y: of(y), logs }, start, some);
    }
  };
  const time = productTime(heads * queries * keys * (depth + valueDepth));
  // Threads take whole heads where there are enough of them, otherwise queries.
  if (heads >= executor().threads) forkRanges(heads, time, (first, count) => run(first, count, 0, queries));
  else forkRanges(queries, time, (start, some) => run(0, heads, start, some), work.columns);
}

/** The operands of one head. */
interface Head {
  readonly number: number;
  readonly q: HeadMatrix;
  readonly k: HeadMatrix;
  readonly v: HeadMatrix;
  readonly y: HeadMatrix;
  readonly logs: Region | undefined;
}

/** What a thread works with besides. */
interface Buffers {
  readonly scores: Region;
  readonly largest: Region;
  readonly sum: Region;
  readonly factor: Region;
}

type Work = AttentionWork<AttentionParameters>;

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
      const y = rowsOf(operands.y, query, count, p.valueDepth);
      const shape = { rows: count, size: p.valueDepth, stride: y.row };
      const times = p.keep === undefined ? 1 : (p.keepScale ?? 1);
      executor().launch(scaleRows({ by: 'inverse' }), { factor: sum, y: y.region, ...shape, times });
      if (operands.logs === undefined) continue;
      executor().launch(logSums({}), { largest, sum, to: part(operands.logs, query, count), count });
    }
  });
}

/** Leaves the weighted values of some queries in their rows of `y`, not yet divided by their sums. */
function attend(work: Work, buffers: Buffers, operands: Head, query: number, count: number): void {
  const { p, heads, columns, vectors, blockKeys } = work;
  const { scores, largest, sum, factor } = buffers;
  const { depth, valueDepth } = p;
  const current = executor();
  const q = rowsOf(operands.q, query, count, depth);
  const y = rowsOf(operands.y, query, count, valueDepth);
  const panels = Math.ceil(count / columns);
  const width = panels * columns;
  const end = work.causal ? Math.min(p.keys, query + count) : p.keys;
  // With no keys at all there is one empty block, which gives zeros.
  for (let key = 0; key === 0 || key < end; key += Math.max(1, blockKeys)) {
    const seen = Math.min(blockKeys, end - key);
    const first = key === 0;
    if (seen > 0) {
      const rows = inMemory(rowsOf(operands.k, key, seen, depth), 'rows');
      const to = { region: scores, row: width };
      multiply({ m: seen, n: count, k: depth }, rows, inMemory(q, 'packColumns'), to, work.scale, 0);
    }
    const block = (operand: Work['mask']): ReturnType<typeof blockOf> =>
      blockOf(seen > 0 ? operand : undefined, heads, operands.number, [query, count], [key, seen]);
    const [mask, keep] = [block(work.mask), block(work.keep)];
    const spec = {
      vectors,
      first,
      mask: mask.region !== nothing,
      keep: keep.region !== nothing,
      causal: work.causal && key + seen - 1 > query,
    };
    current.launch(blockSoftmax(spec), {
      scores: part(scores, 0, seen * width),
      mask: mask.region,
      keep: keep.region,
      largest,
      sum,
      factor,
      keys: seen,
      queries: count,
      panels,
      width,
      offset: query - key,
      maskQuery: mask.perQuery,
      maskKey: mask.perKey,
      keepQuery: keep.perQuery,
      keepKey: keep.perKey,
    });
    if (!first) {
      const shape = { rows: count, size: valueDepth, stride: y.row };
      current.launch(scaleRows({ by: 'factor' }), { factor, y: y.region, ...shape, times: 1 });
    }
    const powers = inMemory({ region: scores, row: width }, 'columns');
    const values = inMemory(rowsOf(operands.v, key, seen, valueDepth), 'inPlace');
    multiply({ m: count, n: valueDepth, k: seen }, powers, values, y, 1, first ? 0 : 1);
  }
}
