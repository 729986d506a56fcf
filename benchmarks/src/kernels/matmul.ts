// Matrix products: squares, every transpose, the products of transformers, and matrix times vector.

import { gemm, packGemmOperand } from '@sconce/engine';
import { type LinearLayer, uniqueLayers } from '../shapes.ts';
import { count, type KernelCase, kernelCase } from './case.ts';

const PACKED_IN_CALL = 'no operand packed ahead';

const squares = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536].map((size) =>
  kernelCase({
    name: `gemm ${size}x${size}x${size}`,
    group: 'gemm square',
    flops: 2 * size ** 3,
    note: PACKED_IN_CALL,
    operands: { a: { shape: [size, size] }, b: { shape: [size, size] } },
    output: [size, size],
    nodes: [{ op: 'MatMul', inputs: ['a', 'b'], output: 'y' }],
    prepare: ({ a, b, y }) => {
      const parameters = { a, b, c: y, m: size, n: size, k: size };
      return () => gemm(parameters);
    },
  }),
);

const transposed = [
  [true, false],
  [false, true],
  [true, true],
].map(([transA, transB]) => {
  const size = 512;
  return kernelCase({
    name: `gemm ${size}x${size}x${size} ${transA ? 'A^T' : 'A'} ${transB ? 'B^T' : 'B'}`,
    group: 'gemm transposed',
    flops: 2 * size ** 3,
    note: PACKED_IN_CALL,
    operands: { a: { shape: [size, size] }, b: { shape: [size, size] } },
    output: [size, size],
    nodes: [
      {
        op: 'Gemm',
        inputs: ['a', 'b'],
        output: 'y',
        attributes: { transA: { int: Number(transA) }, transB: { int: Number(transB) } },
      },
    ],
    prepare: ({ a, b, y }) => {
      const parameters = { a, b, c: y, m: size, n: size, k: size, transA, transB };
      return () => gemm(parameters);
    },
  });
});

const linear = (layer: LinearLayer, networks: readonly string[]): KernelCase => {
  const [rows, inFeatures, outFeatures] = layer;
  return kernelCase({
    name: `linear ${rows}x${inFeatures}->${outFeatures} (${networks.join(', ')})`,
    group: rows === 1 ? 'matrix x vector' : 'gemm transformer',
    flops: 2 * rows * inFeatures * outFeatures,
    note:
      rows === 1 ? 'bias included' : 'bias included; weights packed ahead, as the peer packs them at load',
    operands: {
      x: { shape: [rows, inFeatures] },
      w: { shape: [outFeatures, inFeatures], constant: true },
      b: { shape: [outFeatures], constant: true },
    },
    output: [rows, outFeatures],
    nodes: [{ op: 'Gemm', inputs: ['x', 'w', 'b'], output: 'y', attributes: { transB: { int: 1 } } }],
    prepare: ({ x, w, b, y }) => {
      const shape = { m: rows, n: outFeatures, k: inFeatures };
      if (rows === 1) return () => gemm({ a: x, b: w, c: y, bias: b, ...shape, transB: true });
      const parameters = {
        a: x,
        b: packGemmOperand({ b: w, ...shape, transB: true }),
        c: y,
        bias: b,
        ...shape,
      };
      return () => gemm(parameters);
    },
  });
};

/** The two products of attention, one matrix a head. */
const attention = (what: string, m: number, k: number, n: number): KernelCase => {
  const heads = 12;
  const shapes = { a: [heads, m, k], b: [heads, k, n], y: [heads, m, n] };
  return kernelCase({
    name: `matmul ${heads}x ${m}x${k}x${n} (vit_b_16 ${what})`,
    group: 'gemm transformer',
    flops: 2 * heads * m * k * n,
    note: PACKED_IN_CALL,
    operands: { a: { shape: shapes.a }, b: { shape: shapes.b } },
    output: shapes.y,
    nodes: [{ op: 'MatMul', inputs: ['a', 'b'], output: 'y' }],
    prepare: ({ a, b, y }) => {
      const batch = { shape: [heads], a: [m * k], b: [k * n], c: [m * n] };
      const parameters = { a, b, c: y, m, n, k, batch };
      return () => gemm(parameters);
    },
  });
};

/** Products of matrices. */
export const matmul: readonly KernelCase[] = [
  ...squares,
  ...transposed,
  ...uniqueLayers('linear')
    .sort((a, b) => Number(a.layer[0] === 1) - Number(b.layer[0] === 1) || count(a.layer) - count(b.layer))
    .map(({ layer, networks }) => linear(layer, networks)),
  attention('scores', 197, 64, 197),
  attention('values', 197, 197, 64),
];
