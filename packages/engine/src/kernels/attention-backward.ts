// Gradients of attention. Weights are computed anew from the scores and the logarithms of their sums, a block at a time, so that
// nothing as large as all scores is kept from the forward (FlashAttention, Dao et al. 2022).

import type { AttentionBackwardParameters } from '../attention-types.ts';
import { regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { after, nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import { blockGradient, rowProducts } from './attention-gradient.ts';
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

/**
 * Gradients of {@link scaledDotProductAttention} with respect to q, k and v, from the gradient `dy` of its result, that result and the
 * `logSums` that it gave out.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function scaledDotProductAttentionBackward(p: AttentionBackwardParameters): void {
  const name = 'scaledDotProductAttentionBackward';
  // Scores and their gradients.
  const work = attentionWork(name, p, 2);
  const { batch, queries, keys, depth, valueDepth } = p;
  const operands = {
    q: headsOf(name, 'q', p, p.q, queries, depth),
    k: headsOf(name, 'k', p, p.k, keys, depth),
    v: headsOf(name, 'v', p, p.v, keys, valueDepth),
    y: headsOf(name, 'y', p, p.y, queries, valueDepth),
    dy: headsOf(name, 'dy', p, p.dy, queries, valueDepth),
    dq: headsOf(name, 'dq', p, p.dq, queries, depth),
    dk: headsOf(name, 'dk', p, p.dk, keys, depth),
    dv: headsOf(name, 'dv', p, p.dv, keys, valueDepth),
  };
  const heads = batch * work.heads;
  const logs = regionOf(name, 'logSums', p.logSums, heads * queries);
  const time = productTime(heads * queries * keys * (3 * depth + 2 * valueDepth));
  forkRanges(heads, time, (first, count) => {
    for (let number = first; number < first + count; number++) {
      const of = (all: typeof operands.q): HeadMatrix => headOf(all, work.heads, number);
      backward(work, {
        number,
        q: of(operands.q),
        k: of(operands.k),
        v: of(operands.v),
        y: of(operands.y),
        dy: of(operands.dy),
        dq: of(operands.dq),
        dk: of(operands.dk),
        dv: of(operands.dv),
        logs: part(logs, number * queries, queries),
      });
    }
  });
}

/** The operands of one head. */
interface Head extends Readonly<Record<'q' | 'k' | 'v' | 'y' | 'dy' | 'dq' | 'dk' | 'dv', HeadMatrix>> {
  readonly number: number;
  readonly logs: Region;
}

/** What a thread works with besides. */
interface Buffers {
  readonly scores: Region;
  readonly grads: Region;
  /** A number for each query of the head. */
  readonly along: Region;
}

type Work = AttentionWork<AttentionBackwardParameters>;

function backward(work: Work, operands: Head): void {
  const { p, blockKeys, blockQueries } = work;
  const { queries, keys, depth, valueDepth } = p;
  const elements = blockKeys * blockQueries;
  withScratch(2 * elements + queries, (scratch) => {
    const scores = part(scratch, 0, elements);
    const grads = after(scores, elements);
    const buffers = { scores, grads, along: after(grads, queries) };
    const [y, dy] = [rowsOf(operands.y, 0, queries, valueDepth), rowsOf(operands.dy, 0, queries, valueDepth)];
    executor().launch(rowProducts({}), {
      a: y.region,
      b: dy.region,
      to: buffers.along,
      rows: queries,
      size: valueDepth,
      aStride: y.row,
      bStride: dy.row,
    });
    for (let key = 0; key < keys; key += blockKeys) {
      const count = Math.min(blockKeys, keys - key);
      // When causal, queries before the first of these keys see none of them.
      const begin = work.causal ? Math.min(queries, Math.floor(key / blockQueries) * blockQueries) : 0;
      for (let query = begin; query < queries; query += blockQueries) {
        const some = Math.min(blockQueries, queries - query);
        gradients(work, buffers, operands, [query, some], [key, count], query === begin);
      }
      if (begin < queries) continue;
      clear(operands.dk, key, count, depth);
      clear(operands.dv, key, count, valueDepth);
    }
    if (keys === 0) clear(operands.dq, 0, queries, depth);
  });
}

/** Zeros: a product of nothing. */
function clear(matrix: HeadMatrix, first: number, count: number, size: number): void {
  const empty = { region: nothing, row: 0 };
  const to = rowsOf(matrix, first, count, size);
  multiply({ m: count, n: size, k: 0 }, inMemory(empty, 'rows'), inMemory(empty, 'inPlace'), to, 1, 0);
}

/** Adds what a block of scores gives to the gradients of its queries, keys and values. */
function gradients(
  work: Work,
  { scores, grads, along }: Buffers,
  operands: Head,
  [query, queries]: readonly [number, number],
  [key, keys]: readonly [number, number],
  firstQueries: boolean,
): void {
  const { p, heads, scale, columns, vectors } = work;
  const { depth, valueDepth } = p;
  const panels = Math.ceil(queries / columns);
  const width = panels * columns;
  const own = (matrix: HeadMatrix, size: number): HeadMatrix => rowsOf(matrix, query, queries, size);
  const other = (matrix: HeadMatrix, size: number): HeadMatrix => rowsOf(matrix, key, keys, size);
  const [q, dy, dq] = [own(operands.q, depth), own(operands.dy, valueDepth), own(operands.dq, depth)];
  const [k, v] = [other(operands.k, depth), other(operands.v, valueDepth)];
  const [dk, dv] = [other(operands.dk, depth), other(operands.dv, valueDepth)];
  const [weights, slopes] = [
    { region: scores, row: width },
    { region: grads, row: width },
  ];
  multiply(
    { m: keys, n: queries, k: depth },
    inMemory(k, 'rows'),
    inMemory(q, 'packColumns'),
    weights,
    scale,
    0,
  );
  multiply(
    { m: keys, n: queries, k: valueDepth },
    inMemory(v, 'rows'),
    inMemory(dy, 'packColumns'),
    slopes,
    1,
    0,
  );
  const block = (operand: Work['mask']): ReturnType<typeof blockOf> =>
    blockOf(operand, heads, operands.number, [query, queries], [key, keys]);
  const [mask, keep] = [block(work.mask), block(work.keep)];
  const spec = {
    vectors,
    mask: mask.region !== nothing,
    keep: keep.region !== nothing,
    causal: work.causal && key + keys - 1 > query,
  };
  executor().launch(blockGradient(spec), {
    scores: part(scores, 0, keys * width),
    grads: part(grads, 0, keys * width),
    mask: mask.region,
    keep: keep.region,
    logSums: part(operands.logs, query, queries),
    along: part(along, query, queries),
    keys,
    queries,
    panels,
    width,
    offset: query - key,
    maskQuery: mask.perQuery,
    maskKey: mask.perKey,
    keepQuery: keep.perQuery,
    keepKey: keep.perKey,
    keepScale: p.keepScale ?? 1,
  });
  const onto = firstQueries ? 0 : 1;
  const perKey = { m: keys, k: queries };
  multiply({ ...perKey, n: valueDepth }, inMemory(weights, 'rows'), inMemory(dy, 'inPlace'), dv, 1, onto);
  multiply({ ...perKey, n: depth }, inMemory(slopes, 'rows'), inMemory(q, 'inPlace'), dk, scale, onto);
  const perQuery = { m: queries, n: depth, k: keys };
  multiply(perQuery, inMemory(slopes, 'columns'), inMemory(k, 'inPlace'), dq, scale, key === 0 ? 0 : 1);
}
