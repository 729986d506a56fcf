// Scaled dot-product attention, fused: for a few queries at a time, blocks of keys are multiplied, exponentiated and weighted
// while their scores stay in the cache (as in FlashAttention, Dao et al. 2022). All scores lie transposed: a panel of queries
// is the packed operand of the first product, and its exponentials are that of the second one as they are.

import { checkSizes, regionOf, stridedRegionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { floatsOf, nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { AttentionParameters, Slice } from '../types.ts';
import { blockSoftmax, finishAttention } from './attention-softmax.ts';
import { copyStrided } from './copy-strided.ts';
import { microKernel, tileOf } from './gemm-micro.ts';
import { packColumns, packRows } from './gemm-pack.ts';

/** Scores of a block, which stay in the first-level cache. */
const BLOCK_SCORES = 8192;

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

  const target = executor().target;
  const { columns, rows: tileRows } = tileOf(target);
  const blockKeys = Math.max(tileRows, tileRows * Math.floor(BLOCK_SCORES / columns / tileRows));
  const keyRows = keys <= blockKeys ? evenRows(keys, tileRows) : tileRows;
  const valueRows = evenRows(valueDepth, tileRows);
  const outputs = padded(valueDepth, valueRows);
  const packedKeys = padded(keys, keyRows) * depth;
  withScratch(packedKeys + keys * outputs, (scratch) => {
    const vectors = columns / target.lanes('f32');
    const hasMask = mask !== undefined && keys > 0;
    const work: Work = {
      p,
      mask: hasMask ? mask : nothing,
      kernels: kernelsOf({ columns, vectors, keyRows, valueRows, mask: hasMask }),
      columns,
      blockKeys,
      keyRows,
      valueRows,
      packedKeys: part(scratch, 0, packedKeys),
      packedValues: part(scratch, packedKeys, keys * outputs),
    };
    const time = productTime(queries * keys * (depth + outputs));
    for (let head = 0; head < batch; head++) {
      const of = (operand: Region, elements: number): Region => part(operand, head * elements, elements);
      packHead(work, of(k, keys * depth), of(v, keys * valueDepth));
      const operands = { head, q: of(q, queries * depth), y: of(y, queries * valueDepth) };
      forkRanges(queries, time, (first, count) => attendSome(work, operands, first, count), columns);
    }
  });
}

/** Rows of panels that split `rows` as evenly as can be, none higher than the tile. */
function evenRows(rows: number, tileRows: number): number {
  return Math.max(1, Math.ceil(rows / Math.max(1, Math.ceil(rows / tileRows))));
}

/** Rows of whole panels. */
function padded(rows: number, panelRows: number): number {
  return Math.ceil(rows / panelRows) * panelRows;
}

/** What all threads share. */
interface Work {
  readonly p: AttentionParameters;
  readonly mask: Region;
  readonly kernels: Kernels;
  /** Queries of a panel. */
  readonly columns: number;
  /** Keys of a block: whole panels, unless there is only one block. */
  readonly blockKeys: number;
  /** Rows of the panels of keys and of transposed values. */
  readonly keyRows: number;
  readonly valueRows: number;
  /** Of one head. */
  readonly packedKeys: Region;
  readonly packedValues: Region;
}

/** What a thread works with besides. */
interface Buffers {
  readonly queries: Region;
  readonly scores: Region;
  readonly output: Region;
  readonly largest: Region;
  readonly sum: Region;
}

/** Blocks of keys, each with its number of keys. */
function* keyBlocks({ p, blockKeys }: Work, end: number = p.keys): Generator<{ key: number; count: number }> {
  for (let key = 0; key < end; key += blockKeys) {
    yield { key, count: Math.min(blockKeys, p.keys - key) };
  }
}

/** Packs a head's keys, and block after block its values, as left operands of the two products. */
function packHead(work: Work, k: Region, v: Region): void {
  const { keyRows, valueRows } = work;
  const { keys, depth, valueDepth } = work.p;
  packPanels({
    from: k,
    to: work.packedKeys,
    m: keys,
    k: depth,
    rows: keyRows,
    stride: depth,
    transposed: false,
  });
  const shape = { m: valueDepth, rows: valueRows, stride: valueDepth, transposed: true };
  for (const { key, count } of keyBlocks(work)) {
    const to = part(work.packedValues, key * padded(valueDepth, valueRows));
    packPanels({ from: part(v, key * valueDepth), to, k: count, ...shape });
  }
}

/** Panels of `rows` rows, the last one filled up with zeros, so that one call multiplies them all. */
function packPanels(a: {
  from: Region;
  to: Region;
  m: number;
  k: number;
  rows: number;
  stride: number;
  transposed: boolean;
}): void {
  const { from, to, m, k, rows, stride, transposed } = a;
  const panels = Math.floor(m / rows);
  executor().launch(packRows({ rows, transposed }), { from, to, k, panels, stride });
  const tail = m - panels * rows;
  if (tail === 0 || k === 0) return;
  const last = part(to, panels * rows * k, rows * k);
  floatsOf(last).fill(0);
  const rest = sliceOf(part(from, panels * rows * (transposed ? 1 : stride)));
  copyStrided({
    from: { ...rest, strides: transposed ? [stride, 1] : [1, stride] },
    to: { ...sliceOf(last), strides: [rows, 1] },
    shape: [k, tail],
    elementBytes: 4,
  });
}

/** Attention of a range of queries of a head, a panel at a time. */
function attendSome(
  work: Work,
  { head, q, y }: { readonly head: number; readonly q: Region; readonly y: Region },
  start: number,
  queries: number,
): void {
  const { p, columns, blockKeys, keyRows, valueRows } = work;
  const { depth, valueDepth } = p;
  const sizes = [
    depth * columns,
    padded(Math.min(p.keys, blockKeys), keyRows) * columns,
    padded(valueDepth, valueRows) * columns,
    columns,
    columns,
  ];
  withScratch(
    sizes.reduce((a, b) => a + b, 0),
    (scratch) => {
      let next = 0;
      const [packed, scores, output, largest, sum] = sizes.map((elements) => {
        next += elements;
        return part(scratch, next - elements, elements);
      }) as [Region, Region, Region, Region, Region];
      const buffers: Buffers = { queries: packed, scores, output, largest, sum };
      for (let query = start; query < start + queries; query += columns) {
        const count = Math.min(columns, start + queries - query);
        attend(work, buffers, part(q, query * depth, count * depth), { head, query, count });
        executor().launch(work.kernels.finish, {
          sum,
          output,
          y: part(y, query * valueDepth, count * valueDepth),
          outputs: valueDepth,
          queries: count,
        });
      }
    },
  );
}

/** Leaves the weighted values of some queries, not yet divided by their sums, in `output[valueDepth, columns]`. */
function attend(
  work: Work,
  { queries, scores, output, largest, sum }: Buffers,
  q: Region,
  { head, query, count }: { readonly head: number; readonly query: number; readonly count: number },
): void {
  const { p, kernels, columns, keyRows, valueRows } = work;
  const { depth, valueDepth, scale = 1 / Math.sqrt(depth) } = p;
  const current = executor();
  current.launch(kernels.pack, {
    from: q,
    to: queries,
    k: depth,
    panels: count === columns ? 1 : 0,
    tail: count === columns ? 0 : count,
    stride: depth,
  });
  /** A panel of the right operand times all panels of the left one. */
  const multiply = (
    kernel: ReturnType<typeof microKernel>,
    [a, b, c]: readonly [Region, Region, Region],
    [rowPanels, k]: readonly [number, number],
  ): void => {
    const shape = { rowPanels, k, panels: 1, tail: 0, bStep: columns, bPanel: columns * k, ldc: columns };
    const numbers = { alpha: scale, beta: 0, min: 0, max: 0 };
    current.launch(kernel, { a, b, c, bias: nothing, rowBias: nothing, ...shape, ...numbers });
  };
  const outputs = padded(valueDepth, valueRows);
  const [perHead, perQuery, perKey] = (p.mask?.strides ?? [0, 0, 0]) as [number, number, number];
  // With no keys at all there is one empty block, which gives zeros.
  const end = p.causal ? Math.min(p.keys, query + count) : p.keys;
  const blocks = p.keys === 0 ? [{ key: 0, count: 0 }] : keyBlocks(work, end);
  for (const block of blocks) {
    const order = block.key === 0 ? 'first' : 'next';
    const seen = Math.min(block.count, end - block.key);
    const panels = Math.ceil(seen / keyRows);
    const keys = part(work.packedKeys, block.key * depth, panels * keyRows * depth);
    multiply(kernels.scores, [keys, queries, scores], [panels, depth]);
    const causal = (p.causal ?? false) && block.key + seen - 1 > query;
    const masked = head * perHead + query * perQuery + block.key * perKey;
    const span = Math.max(0, seen - 1) * perKey + (count - 1) * perQuery + 1;
    current.launch(kernels.softmax[order][causal ? 1 : 0]!, {
      scores: part(scores, 0, block.count * columns),
      mask: work.mask === nothing ? nothing : part(work.mask, masked, span),
      largest,
      sum,
      output: part(output, 0, valueDepth * columns),
      keys: seen,
      // Values are packed for the whole block: keys that no query sees are given a weight of zero.
      unseen: block.count - seen,
      queries: count,
      outputs: valueDepth,
      offset: query - block.key,
      maskQuery: perQuery,
      maskKey: perKey,
    });
    const values = part(work.packedValues, block.key * outputs, block.count * outputs);
    multiply(kernels.values[order], [values, scores, output], [outputs / valueRows, block.count]);
  }
}

/** The kernels of a call, found once: their specs are the same for every panel. */
interface Kernels {
  readonly pack: ReturnType<typeof packColumns>;
  readonly scores: ReturnType<typeof microKernel>;
  /** For the first block of keys, and for those that go on. */
  readonly values: {
    readonly first: ReturnType<typeof microKernel>;
    readonly next: ReturnType<typeof microKernel>;
  };
  /** In the same order, without and with keys that some queries do not see. */
  readonly softmax: Readonly<Record<'first' | 'next', readonly ReturnType<typeof blockSoftmax>[]>>;
  readonly finish: ReturnType<typeof finishAttention>;
}

function kernelsOf(shape: {
  readonly columns: number;
  readonly vectors: number;
  readonly keyRows: number;
  readonly valueRows: number;
  readonly mask: boolean;
}): Kernels {
  const { columns, vectors, keyRows, valueRows, mask } = shape;
  const plain = { packedB: true, alpha: false, bias: false, rowBias: false, activation: 'none' } as const;
  const softmax = (first: boolean) =>
    [false, true].map((causal) => blockSoftmax({ vectors, first, mask, causal }));
  return {
    pack: packColumns({ columns, transposed: true }),
    scores: microKernel({ ...plain, rows: keyRows, onto: 'nothing', alpha: true }),
    values: {
      first: microKernel({ ...plain, rows: valueRows, onto: 'nothing' }),
      next: microKernel({ ...plain, rows: valueRows, onto: 'c' }),
    },
    softmax: { first: softmax(true), next: softmax(false) },
    finish: finishAttention({ vectors }),
  };
}

function sliceOf({ storage, address }: Region): Slice {
  return { storage: storage!, offset: (address - storage!.address) / 4 };
}
