import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceAttention } from '../reference/attention.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, numbers, operand } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import { scaledDotProductAttention } from './attention.ts';

interface Case {
  batch: number;
  queries: number;
  keys: number;
  depth: number;
  valueDepth: number;
  causal: boolean;
  scale: number | undefined;
  mask: 'none' | 'dense' | 'perKey' | 'perQuery';
}

function cases(longest: number, deepest: number): fc.Arbitrary<Case> {
  return fc.record({
    batch: fc.integer({ min: 0, max: 3 }),
    queries: fc.integer({ min: 0, max: longest }),
    keys: fc.integer({ min: 0, max: longest }),
    depth: fc.integer({ min: 1, max: deepest }),
    valueDepth: fc.integer({ min: 0, max: deepest }),
    causal: fc.boolean(),
    // A score's rounding error is the relative error of its exponential: larger scores have fewer digits.
    scale: fc.constantFrom(undefined, 0.5, 0.01),
    mask: fc.constantFrom<Case['mask'][]>('none', 'dense', 'perKey', 'perQuery'),
  });
}

/** Masks leave out about a third of the keys, and now and then all keys of a query. */
function maskOf({ mask, batch, queries, keys }: Case) {
  if (mask === 'none') return undefined;
  const strides = {
    dense: [queries * keys, 0, keys, 1],
    perKey: [keys, 0, 0, 1],
    perQuery: [0, 0, 1, 0],
  }[mask] as [number, number, number, number];
  const span = { dense: batch * queries * keys, perKey: batch * keys, perQuery: queries }[mask];
  return { data: numbers(9, span).map((x) => (x > 0.4 ? Number.NEGATIVE_INFINITY : x * 4)), strides };
}

function check(c: Case): void {
  const q = numbers(1, c.batch * c.queries * c.depth);
  const k = numbers(2, c.batch * c.keys * c.depth).map((x) => x * 3);
  const v = numbers(3, c.batch * c.keys * c.valueDepth);
  const mask = maskOf(c);
  const { batch, queries, keys, depth, valueDepth, causal, scale } = c;
  const shape = { batch, queries, keys, depth, valueDepth, causal, ...(scale !== undefined && { scale }) };
  const expected = referenceAttention({ ...shape, q, k, v, mask });
  const y = operand(expected.length);
  scaledDotProductAttention({
    ...shape,
    q: operand(q),
    k: operand(k),
    v: operand(v),
    y,
    ...(mask && { mask: { ...operand(mask.data), strides: mask.strides } }),
  });
  expectClose(y.read(), expected, 1e-5, 1e-5);
  y.checkFences();
}

const plain: Case = {
  batch: 1,
  queries: 40,
  keys: 40,
  depth: 8,
  valueDepth: 8,
  causal: false,
  scale: undefined,
  mask: 'none',
};

describe.each(targets)('scaledDotProductAttention on $name', ({ executor, small }) => {
  it('equals its definition for any shape, mask and scale', () => {
    const property = fc.property(cases(small ? 40 : 90, small ? 12 : 70), check);
    withExecutor(executor, () => fc.assert(property, { numRuns: small ? 12 : 80 }));
  });

  it('goes on from one block of keys to the next', () => {
    const keys = small ? 2060 : 2600;
    const long = { ...plain, queries: 3, keys, depth: 4, valueDepth: 5 };
    withExecutor(executor, () => {
      check(long);
      check({ ...long, mask: 'dense' });
      if (!small) check({ ...long, queries: 2590, causal: true, depth: 2, valueDepth: 2 });
    });
  });

  it('takes depths beyond a block of the product', () => {
    withExecutor(executor, () => check({ ...plain, queries: 2, keys: 5, depth: 801, valueDepth: 3 }));
  });

  it('lets NaN through to the queries that see it, and to no others', () => {
    withExecutor(executor, () => {
      const [q, v] = [operand([1, 1, 1]), operand([1, 2, 3])];
      const y = operand(3);
      const shape = { batch: 1, queries: 3, keys: 3, depth: 1, valueDepth: 1, causal: true };
      scaledDotProductAttention({ q, k: operand([0, 0, Number.NaN]), v, y, ...shape });
      expect(y.read()).toEqual(Float32Array.of(1, 1.5, Number.NaN));
    });
  });
});

describe('scaledDotProductAttention', () => {
  it('refuses slices that are too small', () => {
    const x = operand(4);
    const shape = { batch: 1, queries: 2, keys: 2, depth: 2, valueDepth: 2 };
    expect(() => scaledDotProductAttention({ q: x, k: x, v: x, y: x, ...shape, batch: 99 })).toThrow(
      /scaledDotProductAttention: q is too small/,
    );
  });
});
