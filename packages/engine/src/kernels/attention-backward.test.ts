import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceAttentionGradients } from '../reference/attention.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, numbers, operand } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import { scaledDotProductAttention } from './attention.ts';
import { scaledDotProductAttentionBackward } from './attention-backward.ts';

interface Case {
  batch: number;
  heads: number;
  queries: number;
  keys: number;
  depth: number;
  valueDepth: number;
  causal: boolean;
  mask: boolean;
  drops: boolean;
  /** Whether a head's rows lie between those of others, as projections leave them. */
  interleaved: boolean;
}

function cases(longest: number, deepest: number): fc.Arbitrary<Case> {
  return fc.record({
    batch: fc.integer({ min: 0, max: 2 }),
    heads: fc.integer({ min: 1, max: 3 }),
    queries: fc.integer({ min: 0, max: longest }),
    keys: fc.integer({ min: 0, max: longest }),
    depth: fc.integer({ min: 1, max: deepest }),
    valueDepth: fc.integer({ min: 1, max: deepest }),
    causal: fc.boolean(),
    mask: fc.boolean(),
    drops: fc.boolean(),
    interleaved: fc.boolean(),
  });
}

/** [batch, heads, rows, columns] as [batch, rows, heads, columns], and back with the two exchanged. */
function turned(x: Float32Array, heads: number, rows: number, columns: number): Float32Array {
  const y = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const [c, r, h, b] = [
      i % columns,
      Math.floor(i / columns) % rows,
      Math.floor(i / columns / rows) % heads,
      Math.floor(i / columns / rows / heads),
    ];
    y[((b * rows + r) * heads + h) * columns + c] = x[i]!;
  }
  return y;
}

function check(c: Case): void {
  const { batch, heads, queries, keys, depth, valueDepth, causal, interleaved } = c;
  const all = batch * heads;
  const data = {
    q: numbers(1, all * queries * depth),
    k: numbers(2, all * keys * depth).map((x) => x * 2),
    v: numbers(3, all * keys * valueDepth),
    dy: numbers(4, all * queries * valueDepth),
  };
  // Some queries see no key.
  const mask = c.mask
    ? numbers(9, all * queries * keys).map((x, i) =>
        x > 0.4 || Math.floor(i / keys) % 5 === 4 ? Number.NEGATIVE_INFINITY : x,
      )
    : undefined;
  const keep = c.drops ? numbers(7, all * queries * keys).map((x) => (x > 0.5 ? 0 : 1)) : undefined;
  const size = { queries, keys, depth, valueDepth, causal };
  const expected = referenceAttentionGradients({
    ...size,
    ...data,
    batch: all,
    mask,
    keep: keep?.map((x) => x * 1.25),
  });
  const place = (x: Float32Array | number, rows: number, columns: number) => {
    if (!interleaved) return operand(x);
    const own = operand(typeof x === 'number' ? x : turned(x, heads, rows, columns));
    const strides = [rows * heads * columns, columns, heads * columns] as const;
    return { ...own, strides, read: () => turned(own.read(), rows, heads, columns) };
  };
  const strides = [heads * queries * keys, queries * keys, keys, 1];
  const shape = {
    ...size,
    batch,
    heads,
    q: place(data.q, queries, depth),
    k: place(data.k, keys, depth),
    v: place(data.v, keys, valueDepth),
    ...(mask && { mask: { ...operand(mask), strides } }),
    ...(keep && { keep: { ...operand(keep), strides }, keepScale: 1.25 }),
  };
  const y = place(expected.y.length, queries, valueDepth);
  const logSums = operand(all * queries);
  scaledDotProductAttention({ ...shape, y, logSums });
  expectClose(y.read(), expected.y, 1e-5, 1e-5);
  const dy = place(data.dy, queries, valueDepth);
  const dq = place(data.q.length, queries, depth);
  const dk = place(data.k.length, keys, depth);
  const dv = place(data.v.length, keys, valueDepth);
  scaledDotProductAttentionBackward({ ...shape, y, logSums, dy, dq, dk, dv });
  expectClose(dq.read(), expected.dq, 3e-5, 3e-5);
  expectClose(dk.read(), expected.dk, 3e-5, 3e-5);
  expectClose(dv.read(), expected.dv, 3e-5, 3e-5);
  for (const written of [y, logSums, dq, dk, dv]) written.checkFences();
}

const plain: Case = {
  batch: 1,
  heads: 2,
  queries: 40,
  keys: 40,
  depth: 8,
  valueDepth: 8,
  causal: false,
  mask: false,
  drops: false,
  interleaved: true,
};

describe.each(targets)('scaledDotProductAttentionBackward on $name', ({ executor, small }) => {
  it('equals its definition for any shape, mask and dropout', () => {
    const property = fc.property(cases(small ? 40 : 90, small ? 12 : 40), check);
    withExecutor(executor, () => fc.assert(property, { numRuns: small ? 12 : 80 }));
  });

  it('adds up what several blocks of keys and queries give', () => {
    withExecutor(executor, () => {
      check({ ...plain, heads: 1, queries: 300, keys: 600, depth: 3, valueDepth: 2 });
      check({
        ...plain,
        heads: 1,
        queries: 600,
        keys: 560,
        depth: 2,
        valueDepth: 2,
        causal: true,
        drops: true,
      });
      if (!small) check({ ...plain, heads: 1, queries: 40, keys: 1100, depth: 2, valueDepth: 3, mask: true });
    });
  });
});

describe('scaledDotProductAttentionBackward', () => {
  it('refuses slices that are too small', () => {
    const x = operand(4);
    const shape = { batch: 1, queries: 2, keys: 2, depth: 2, valueDepth: 2, q: x, k: x, v: x, y: x, dy: x };
    const given = { ...shape, logSums: operand(2), dq: x, dk: x, dv: x };
    expect(() => scaledDotProductAttentionBackward({ ...given, batch: 99 })).toThrow(
      /scaledDotProductAttentionBackward: q is too small/,
    );
  });
});
