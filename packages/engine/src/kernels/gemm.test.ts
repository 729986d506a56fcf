import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceGemm } from '../reference/gemm.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, numbers, operand } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Activation } from '../types.ts';
import { gemm } from './gemm.ts';

const activations: (Activation | undefined)[] = [
  undefined,
  { kind: 'relu' },
  { kind: 'clamp', min: -0.5, max: 0.75 },
];

interface Case {
  m: number;
  n: number;
  k: number;
  transA: boolean;
  transB: boolean;
  extra: [number, number, number];
  alpha: number;
  beta: number;
  bias: boolean;
  rowBias: boolean;
  activation: Activation | undefined;
}

function cases(size: number, depth: number): fc.Arbitrary<Case> {
  const extra = fc.integer({ min: 0, max: 3 });
  return fc.record({
    m: fc.integer({ min: 0, max: size }),
    n: fc.integer({ min: 0, max: size }),
    k: fc.integer({ min: 0, max: depth }),
    transA: fc.boolean(),
    transB: fc.boolean(),
    extra: fc.tuple(extra, extra, extra),
    alpha: fc.constantFrom(1, -0.5),
    beta: fc.constantFrom(0, 1, 0.25),
    bias: fc.boolean(),
    rowBias: fc.boolean(),
    activation: fc.constantFrom(...activations),
  });
}

function check(c: Case): void {
  const { m, n, k } = c;
  const lda = (c.transA ? m : k) + c.extra[0];
  const ldb = (c.transB ? k : n) + c.extra[1];
  const ldc = n + c.extra[2];
  const a = numbers(1, (c.transA ? k : m) * lda);
  const b = numbers(2, (c.transB ? n : k) * ldb);
  const before = numbers(3, m * ldc);
  const bias = c.bias ? numbers(4, n) : undefined;
  const rowBias = c.rowBias ? numbers(5, m) : undefined;
  const expected = before.slice();
  const shared = { ...c, lda, ldb, ldc };
  referenceGemm({ ...shared, a, b, c: expected, bias, rowBias });
  const target = operand(before);
  gemm({
    m,
    n,
    k,
    transA: c.transA,
    transB: c.transB,
    lda,
    ldb,
    ldc,
    alpha: c.alpha,
    beta: c.beta,
    a: operand(a),
    b: operand(b),
    c: target,
    ...(bias && { bias: operand(bias) }),
    ...(rowBias && { rowBias: operand(rowBias) }),
    ...(c.activation && { activation: c.activation }),
  });
  // A sum of k terms below 1 is rounded k times.
  expectClose(target.read(), expected, 1e-6, (k + 8) * 2 ** -23);
  target.checkFences();
}

describe.each(targets)('gemm on $name', ({ executor, small }) => {
  it('equals the textbook product for every form, size and epilogue', () => {
    const shapes = small ? cases(21, 9) : cases(40, 40);
    withExecutor(executor, () => fc.assert(fc.property(shapes, check), { numRuns: small ? 40 : 400 }));
  });

  it('cuts large operands into blocks', () => {
    const base: Case = {
      m: small ? 3 : 211,
      n: small ? 17 : 997,
      k: small ? 770 : 801,
      transA: false,
      transB: false,
      extra: [0, 1, 0],
      alpha: 2,
      beta: 0.5,
      bias: true,
      rowBias: true,
      activation: { kind: 'relu' },
    };
    withExecutor(executor, () => {
      check(base);
      if (!small) check({ ...base, transA: true, transB: true });
    });
  });

  it('lets NaN through products and activations and does not read c when beta is 0', () => {
    withExecutor(executor, () => {
      const c = operand([Number.NaN, Number.NaN]);
      const a = operand([Number.NaN, 1]);
      gemm({ a, b: operand([2]), c, m: 2, n: 1, k: 1, activation: { kind: 'relu' } });
      expect([...c.read()]).toEqual([Number.NaN, 2]);
      gemm({ a, b: operand([2, 2, 2, 2]), c: operand(8), m: 2, n: 4, k: 1 });
    });
  });
});

describe('gemm', () => {
  it('names the operand that is too small', () => {
    const x = operand([1, 2, 3, 4]);
    const short = { storage: x.storage, offset: 51 };
    expect(() => gemm({ a: x, b: short, c: x, m: 2, n: 2, k: 2 })).toThrow(/gemm: b is too small, expected/);
    expect(() => gemm({ a: x, b: x, c: x, m: 2, n: 2, k: 2, lda: 1 })).toThrow(/gemm: invalid lda/);
    expect(() => gemm({ a: x, b: x, c: x, m: -1, n: 2, k: 2 })).toThrow(/gemm: invalid m/);
  });
});
