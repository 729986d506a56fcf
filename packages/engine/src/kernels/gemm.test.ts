import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../memory/allocate.ts';
import { referenceGemm } from '../reference/gemm.ts';
import { withExecutor } from '../runtime/executor.ts';
import { numbers, operand } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Activation, GemmDType, PackedGemmOperand, Slice } from '../types.ts';
import { gemm } from './gemm.ts';
import { packGemmOperand } from './gemm-operand.ts';

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
  dtype: GemmDType;
  packed: readonly ('a' | 'b')[];
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
    dtype: fc.constantFrom('float32', 'float64'),
    packed: fc.constantFrom([], ['a'], ['b'], ['a', 'b']),
  });
}

type Numbers = Float32Array | Float64Array;

/** Numbers of a dtype in a storage of their own, with NaN in front of them and behind. */
function fenced(values: Numbers): { slice: Slice; read(): Numbers; checkFences(): void } {
  const isDouble = values instanceof Float64Array;
  const length = values.length + 2 * FENCE;
  const storage = allocate(length * (isDouble ? 8 : 4));
  const all = (): Numbers => {
    const { buffer, byteOffset } = storage.bytes();
    return isDouble
      ? new Float64Array(buffer, byteOffset, length)
      : new Float32Array(buffer, byteOffset, length);
  };
  all().fill(Number.NaN);
  all().set(values, FENCE);
  return {
    slice: { storage, offset: FENCE },
    read: () => all().slice(FENCE, FENCE + values.length),
    checkFences: () => {
      const outside = [...all().subarray(0, FENCE), ...all().subarray(FENCE + values.length)];
      expect(outside.every(Number.isNaN)).toBe(true);
    },
  };
}

const FENCE = 16;

function check(c: Case): void {
  const { m, n, k, dtype, transA, transB } = c;
  const lda = (c.transA ? m : k) + c.extra[0];
  const ldb = (c.transB ? k : n) + c.extra[1];
  const ldc = n + c.extra[2];
  const some = (seed: number, length: number): Numbers =>
    dtype === 'float64' ? Float64Array.from(numbers(seed, length)) : numbers(seed, length);
  const a = some(1, (c.transA ? k : m) * lda);
  const b = some(2, (c.transB ? n : k) * ldb);
  const before = some(3, m * ldc);
  const bias = c.bias ? some(4, n) : undefined;
  const rowBias = c.rowBias ? some(5, m) : undefined;
  const expected = before.slice();
  referenceGemm({ ...c, lda, ldb, ldc, a, b, c: expected, bias, rowBias });
  const target = fenced(before);
  const packed: PackedGemmOperand[] = [];
  const pack = (parameters: Parameters<typeof packGemmOperand>[0]): PackedGemmOperand => {
    const operand = packGemmOperand(parameters);
    packed.push(operand);
    return operand;
  };
  const left = fenced(a).slice;
  const right = fenced(b).slice;
  gemm({
    m,
    n,
    k,
    transA,
    transB,
    lda,
    ldb,
    ldc,
    dtype,
    alpha: c.alpha,
    beta: c.beta,
    a: c.packed.includes('a') ? pack({ a: left, m, k, transA, lda, dtype }) : left,
    b: c.packed.includes('b') ? pack({ b: right, n, k, transB, ldb, dtype }) : right,
    c: target.slice,
    ...(bias && { bias: fenced(bias).slice }),
    ...(rowBias && { rowBias: fenced(rowBias).slice }),
    ...(c.activation && { activation: c.activation }),
  });
  for (const operand of packed) operand.dispose();
  // A sum of k terms below 1 is rounded k times.
  const unit = dtype === 'float64' ? 2 ** -52 : 2 ** -23;
  expectNear(target.read(), expected, 8 * unit, (k + 8) * unit);
  target.checkFences();
}

function expectNear(got: Numbers, expected: Numbers, relative: number, absolute: number): void {
  const far = got.findIndex(
    (x, i) => !(Math.abs(x - expected[i]!) <= absolute + relative * Math.abs(expected[i]!)),
  );
  if (far >= 0) expect.fail(`element ${far}: expected ${expected[far]}, got ${got[far]}`);
}

function checkBatch(c: {
  m: number;
  n: number;
  k: number;
  shape: number[];
  shared: [boolean, boolean][];
  transB: boolean;
  gap: number;
}): void {
  const { m, n, k, shape, transB, gap } = c;
  /** Strides of matrices one after the other, 0 in the dimensions that share them; and elements of all of them. */
  const strides = (
    elements: number,
    isShared: (d: number) => boolean,
  ): { strides: number[]; total: number } => {
    let next = elements + gap;
    const found = shape.map(() => 0);
    for (let d = shape.length - 1; d >= 0; d--) {
      if (isShared(d)) continue;
      found[d] = next;
      next *= Math.max(1, shape[d]!);
    }
    return { strides: found, total: next };
  };
  const a = strides(m * k, (d) => c.shared[d]![0]);
  const b = strides(k * n, (d) => c.shared[d]![1]);
  const y = strides(m * n, () => false);
  const [left, right, expected] = [numbers(1, a.total), numbers(2, b.total), numbers(3, y.total)];
  const target = operand(expected);
  const batch = { shape, a: a.strides, b: b.strides, c: y.strides };
  gemm({ a: operand(left), b: operand(right), c: target, m, n, k, transB, batch });
  const count = shape.reduce((product, size) => product * size, 1);
  for (let i = 0; i < count; i++) {
    const at = { a: 0, b: 0, c: 0 };
    let rest = i;
    for (let d = shape.length - 1; d >= 0; d--) {
      const index = rest % shape[d]!;
      rest = Math.floor(rest / shape[d]!);
      for (const name of ['a', 'b', 'c'] as const) at[name] += index * batch[name][d]!;
    }
    const [x, w, z] = [left.subarray(at.a), right.subarray(at.b), expected.subarray(at.c)];
    referenceGemm({ a: x, b: w, c: z, m, n, k, transB });
  }
  expectNear(target.read(), expected, 1e-6, (k + 8) * 2 ** -23);
  target.checkFences();
}

describe.each(targets)('gemm on $name', ({ executor, small }) => {
  it('equals the textbook product for every form, size and epilogue', () => {
    const shapes = small ? cases(21, 9) : cases(40, 40);
    withExecutor(executor, () => fc.assert(fc.property(shapes, check), { numRuns: small ? 40 : 300 }));
  });

  it('cuts large operands into blocks', () => {
    const base: Case = {
      m: small ? 3 : 437,
      n: small ? 17 : 39,
      k: small ? 770 : 801,
      transA: false,
      transB: false,
      extra: [0, 1, 0],
      alpha: 2,
      beta: 0.5,
      bias: true,
      rowBias: true,
      activation: { kind: 'relu' },
      dtype: 'float32',
      packed: [],
    };
    withExecutor(executor, () => {
      check(base);
      check({ ...base, packed: ['a', 'b'] });
      if (small) return;
      const wide = { ...base, m: 39, n: 517 };
      check(wide);
      check({ ...wide, transA: true, transB: true });
      check({ ...wide, transA: true, packed: ['b'], dtype: 'float64' });
    });
  });

  it('computes batches with matrices that serve several products', () => {
    const batches = fc.record({
      m: fc.integer({ min: 1, max: small ? 5 : 30 }),
      n: fc.integer({ min: 1, max: small ? 5 : 70 }),
      k: fc.integer({ min: 0, max: small ? 5 : 30 }),
      shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
      shared: fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 3, maxLength: 3 }),
      transB: fc.boolean(),
      gap: fc.integer({ min: 0, max: 2 }),
    });
    withExecutor(executor, () => fc.assert(fc.property(batches, checkBatch), { numRuns: small ? 20 : 60 }));
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

  it('refuses operands that were packed for something else', () => {
    const x = operand([1, 2, 3, 4]);
    const b = packGemmOperand({ b: x, n: 2, k: 2 });
    expect(() => gemm({ a: x, b, c: x, m: 1, n: 1, k: 2 })).toThrow(/gemm: b is packed for something else/);
    expect(() => gemm({ a: b, b: x, c: x, m: 2, n: 2, k: 2 })).toThrow(
      /gemm: a is packed for something else/,
    );
    const batch = { shape: [2], a: [0], b: [4], c: [4] };
    expect(() => gemm({ a: x, b, c: x, m: 2, n: 2, k: 2, batch })).toThrow(/gemm: a packed b is one matrix/);
    b.dispose();
  });

  it('refuses batches that would be written over each other', () => {
    const x = operand(8);
    const call = { a: x, b: x, c: x, m: 2, n: 2, k: 2 };
    const strides = { a: [0], b: [0], c: [0] };
    expect(() => gemm({ ...call, batch: { shape: [2], ...strides } })).toThrow(/invalid batch stride of c/);
    expect(() => gemm({ ...call, batch: { shape: [2, 2], ...strides } })).toThrow(/another rank/);
  });
});
