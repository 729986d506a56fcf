// The judge of attention: scores, softmax and weighted values in float64, one query at a time.

import type { AttentionParameters } from '../types.ts';

/** {@link scaledDotProductAttention} over plain arrays. */
export function referenceAttention(
  p: Omit<AttentionParameters, 'q' | 'k' | 'v' | 'y' | 'mask'> & {
    q: Float32Array;
    k: Float32Array;
    v: Float32Array;
    mask?: { data: Float32Array; strides: readonly [number, number, number] } | undefined;
  },
): Float32Array {
  const { batch, queries, keys, depth, valueDepth, scale = 1 / Math.sqrt(depth) } = p;
  const y = new Float32Array(batch * queries * valueDepth);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < queries; i++) {
      const scores = Array.from({ length: p.causal ? Math.min(keys, i + 1) : keys }, (_, j) => {
        let dot = 0;
        for (let d = 0; d < depth; d++) {
          dot += p.q[(b * queries + i) * depth + d]! * p.k[(b * keys + j) * depth + d]!;
        }
        const [perHead, perQuery, perKey] = p.mask?.strides ?? [0, 0, 0];
        return dot * scale + (p.mask?.data[b * perHead + i * perQuery + j * perKey] ?? 0);
      });
      const largest = scores.reduce((a, s) => Math.max(a, s), Number.NEGATIVE_INFINITY);
      const powers = scores.map((s) => (largest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(s - largest)));
      const sum = powers.reduce((a, s) => a + s, 0);
      for (let d = 0; d < valueDepth; d++) {
        const weighted = powers.reduce((a, power, j) => a + power * p.v[(b * keys + j) * valueDepth + d]!, 0);
        y[(b * queries + i) * valueDepth + d] = sum === 0 ? 0 : weighted / sum;
      }
    }
  }
  return y;
}
