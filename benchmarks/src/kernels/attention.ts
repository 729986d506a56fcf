// Attention: one fused kernel beside the operators that exporters write.

import { scaledDotProductAttention } from '@sconce/engine';
import { type KernelCase, kernelCase } from './case.ts';

/** Heads, tokens, features of a head, and where it occurs. */
const rows: readonly (readonly [heads: number, tokens: number, depth: number, where: string])[] = [
  [12, 197, 64, 'vit_b_16'],
  [8, 64, 32, 'a short sequence'],
  [12, 1024, 64, '1024 tokens'],
];

/** Attention without a mask. */
export const attentions: readonly KernelCase[] = rows.map(([heads, tokens, depth, where]) => {
  const shape = [heads, tokens, depth];
  const scale = 1 / Math.sqrt(depth);
  return kernelCase({
    name: `attention ${shape.join('x')} (${where})`,
    group: 'attention',
    flops: 4 * heads * tokens * tokens * depth,
    note: 'one call (peer: transpose, product, scale, softmax, product, fused as it does)',
    operands: {
      q: { shape },
      k: { shape },
      v: { shape },
      scale: { shape: [1], constant: true, range: [scale, scale] },
    },
    output: shape,
    nodes: [
      { op: 'Transpose', inputs: ['k'], output: 'kt', attributes: { perm: { ints: [0, 2, 1] } } },
      { op: 'MatMul', inputs: ['q', 'kt'], output: 'products' },
      { op: 'Mul', inputs: ['products', 'scale'], output: 'scores' },
      { op: 'Softmax', inputs: ['scores'], output: 'weights', attributes: { axis: { int: 2 } } },
      { op: 'MatMul', inputs: ['weights', 'v'], output: 'y' },
    ],
    prepare: ({ q, k, v, y }) => {
      const sizes = { batch: heads, queries: tokens, keys: tokens, depth, valueDepth: depth };
      const call = { q, k, v, y, ...sizes };
      return () => scaledDotProductAttention(call);
    },
  });
});
