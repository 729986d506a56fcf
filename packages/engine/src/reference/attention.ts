// The judge of attention: scores, softmax and weighted values in float64, one query at a time.

import type { AttentionParameters } from '../attention-types.ts';

/** {@link scaledDotProductAttention} over plain arrays. */
export function referenceAttention(
  p: Omit<AttentionParameters, 'q' | 'k' | 'v' | 'y' | 'mask'> & {
    q: Float32Array;
    k: Float32Array;
    v: Float32Array;
    mask?: { data: Float32Array; strides: readonly [number, number, number, number] } | undefined;
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
        const [perBatch, , perQuery, perKey] = p.mask?.strides ?? [0, 0, 0, 0];
        return dot * scale + (p.mask?.data[b * perBatch + i * perQuery + j * perKey] ?? 0);
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

/** Operands of {@link referenceAttentionGradients}, dense; masks are `[batch, queries, keys]`. */
export interface ReferenceGradientOperands
  extends Pick<
    AttentionParameters,
    'batch' | 'queries' | 'keys' | 'depth' | 'valueDepth' | 'causal' | 'scale'
  > {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly dy: Float32Array;
  readonly mask?: Float32Array | undefined;
  /** What weights are multiplied by. */
  readonly keep?: Float32Array | undefined;
}

/** Result and gradients of attention over plain arrays. */
export function referenceAttentionGradients(
  p: ReferenceGradientOperands,
): Record<'y' | 'dq' | 'dk' | 'dv', Float32Array> {
  const { batch, queries, keys, depth, valueDepth, scale = 1 / Math.sqrt(depth) } = p;
  const y = new Float32Array(p.dy.length);
  const [dq, dk, dv] = [
    new Float64Array(p.q.length),
    new Float64Array(p.k.length),
    new Float64Array(p.v.length),
  ];
  const each = (count: number): number[] => [...Array(count).keys()];
  const dot = (a: Float32Array, i: number, b: Float32Array, j: number, size: number): number =>
    each(size).reduce((sum, d) => sum + a[i * size + d]! * b[j * size + d]!, 0);
  for (let row = 0; row < batch * queries; row++) {
    const [b, i] = [Math.floor(row / queries), row % queries];
    const seen = p.causal ? Math.min(keys, i + 1) : keys;
    const scores = each(seen).map(
      (j) => dot(p.q, row, p.k, b * keys + j, depth) * scale + (p.mask?.[row * keys + j] ?? 0),
    );
    const largest = Math.max(...scores, Number.NEGATIVE_INFINITY);
    const powers = scores.map((score) =>
      largest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(score - largest),
    );
    const sum = powers.reduce((a, power) => a + power, 0) || 1;
    const kept = (j: number): number => p.keep?.[row * keys + j] ?? 1;
    const slopes = each(seen).map((j) => dot(p.dy, row, p.v, b * keys + j, valueDepth) * kept(j));
    const along = slopes.reduce((a, slope, j) => a + (slope * powers[j]!) / sum, 0);
    for (let j = 0; j < seen; j++) {
      const weight = powers[j]! / sum;
      const slope = weight * (slopes[j]! - along) * scale;
      const key = b * keys + j;
      for (let d = 0; d < valueDepth; d++) {
        y[row * valueDepth + d]! += weight * kept(j) * p.v[key * valueDepth + d]!;
        dv[key * valueDepth + d]! += weight * kept(j) * p.dy[row * valueDepth + d]!;
      }
      for (let d = 0; d < depth; d++) {
        dq[row * depth + d]! += slope * p.k[key * depth + d]!;
        dk[key * depth + d]! += slope * p.q[row * depth + d]!;
      }
    }
  }
  return { y, dq: Float32Array.from(dq), dk: Float32Array.from(dk), dv: Float32Array.from(dv) };
}
