// Calls of matrix products and attention, for tests that compare executors.

import { scaledDotProductAttention } from '../../kernels/attention.ts';
import { scaledDotProductAttentionBackward } from '../../kernels/attention-backward.ts';
import { gemm } from '../../kernels/gemm.ts';
import { packGemmOperand } from '../../kernels/gemm-operand.ts';
import type { Slice } from '../../types.ts';
import { fromOne, random, slice } from './operands.ts';

/** Calls of matrix products and attention. */
export const productsCalls: Readonly<Record<string, () => Slice>> = {
  gemm: () => {
    const [m, n, k] = [fromOne(40), fromOne(70), fromOne(40)];
    const [transA, transB] = [random(2) === 1, random(2) === 1];
    const c = slice(m * n);
    const operands = { a: slice(m * k), b: slice(k * n), c, bias: slice(n), rowBias: slice(m) };
    gemm({ ...operands, m, n, k, transA, transB, beta: random(2), activation: { kind: 'relu' } });
    return c;
  },
  gemmBlocks: () => {
    const [m, n, k] = [fromOne(260), fromOne(520), fromOne(420)];
    const c = slice(m * n);
    gemm({ a: slice(m * k), b: slice(k * n), c, bias: slice(n), m, n, k, alpha: 0.01 });
    return c;
  },
  gemmPacked: () => {
    const [m, n, k] = [fromOne(200), fromOne(100), fromOne(420)];
    const [transA, transB] = [random(2) === 1, random(2) === 1];
    const c = slice(m * n);
    const a = packGemmOperand({ a: slice(m * k), m, k, transA });
    const b = packGemmOperand({ b: slice(k * n), n, k, transB });
    gemm({ a, b: slice(k * n), c, m, n, k, transB, alpha: 0.01 });
    gemm({ a: slice(m * k), b, c, m, n, k, transA, beta: 1, alpha: 0.01 });
    gemm({ a, b, c, m, n, k, beta: 0.5, alpha: 0.01 });
    return c;
  },
  gemmBatch: () => {
    const [m, n, k, outer, inner] = [fromOne(40), fromOne(70), fromOne(40), fromOne(3), fromOne(4)];
    const c = slice(outer * inner * m * n);
    gemm({
      a: slice(outer * m * k),
      b: slice(inner * k * n),
      c,
      m,
      n,
      k,
      transA: random(2) === 1,
      transB: random(2) === 1,
      batch: {
        shape: [outer, inner],
        a: [m * k, 0],
        b: [0, k * n],
        c: [inner * m * n, m * n],
      },
    });
    return c;
  },
  dot: () => {
    const [m, n, k] = [fromOne(4), fromOne(70), fromOne(100)];
    const c = slice(m * n);
    gemm({ a: slice(m * k), b: slice(k * n), c, bias: slice(n), m, n, k, transB: true });
    return c;
  },
  attention: () => {
    const [batch, queries, keys] = [fromOne(5), fromOne(40), fromOne(90)];
    const [depth, valueDepth] = [fromOne(20), fromOne(40)];
    const y = slice(batch * queries * valueDepth);
    const operands = {
      q: slice(batch * queries * depth),
      k: slice(batch * keys * depth),
      v: slice(batch * keys * valueDepth),
      y,
    };
    const mask = { ...slice(queries * keys), strides: [0, 0, keys, 1] };
    const sizes = { batch, queries, keys, depth, valueDepth };
    scaledDotProductAttention({ ...sizes, ...operands, causal: random(2) === 1, ...(random(2) && { mask }) });
    return y;
  },
  attentionBackward: () => {
    const [batch, heads, queries, keys] = [fromOne(2), fromOne(3), fromOne(40), fromOne(90)];
    const [depth, valueDepth] = [fromOne(20), fromOne(40)];
    const [rows, columns] = [batch * heads * queries, batch * heads * keys];
    const [q, k, v] = [slice(rows * depth), slice(columns * depth), slice(columns * valueDepth)];
    const [y, logSums, dy] = [slice(rows * valueDepth), slice(rows), slice(rows * valueDepth)];
    const gradients = slice(rows * depth + columns * (depth + valueDepth));
    const dq = gradients;
    const dk = { ...gradients, offset: gradients.offset + rows * depth };
    const dv = { ...gradients, offset: dk.offset + columns * depth };
    const keep = { ...slice(queries * keys), strides: [0, 0, keys, 1] };
    const shape = { q, k, v, batch, heads, queries, keys, depth, valueDepth, causal: random(2) === 1 };
    const dropped = { ...shape, keep, keepScale: 1.25 };
    scaledDotProductAttention({ ...dropped, y, logSums });
    scaledDotProductAttentionBackward({ ...dropped, y, logSums, dy, dq, dk, dv });
    return gradients;
  },
};
