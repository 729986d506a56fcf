// The judge of the matrix product: the textbook triple loop, accumulated in float64.

import type { Activation } from '../types.ts';
import { activationOf } from './elementwise.ts';

/** {@link gemm} over plain arrays; every array starts at its first element. */
export function referenceGemm(p: {
  a: Float32Array | Float64Array;
  b: Float32Array | Float64Array;
  c: Float32Array | Float64Array;
  m: number;
  n: number;
  k: number;
  transA?: boolean | undefined;
  transB?: boolean | undefined;
  lda?: number | undefined;
  ldb?: number | undefined;
  ldc?: number | undefined;
  alpha?: number | undefined;
  beta?: number | undefined;
  bias?: Float32Array | Float64Array | undefined;
  rowBias?: Float32Array | Float64Array | undefined;
  activation?: Activation | undefined;
}): void {
  const { a, b, c, m, n, k } = p;
  const lda = p.lda ?? (p.transA ? m : k);
  const ldb = p.ldb ?? (p.transB ? k : n);
  const ldc = p.ldc ?? n;
  const beta = p.beta ?? 0;
  const round = c instanceof Float64Array ? (x: number): number => x : Math.fround;
  const activate = activationOf(p.activation);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let x = 0; x < k; x++) {
        sum += a[p.transA ? x * lda + i : i * lda + x]! * b[p.transB ? j * ldb + x : x * ldb + j]!;
      }
      sum = (p.alpha ?? 1) * sum + (p.bias?.[j] ?? 0) + (p.rowBias?.[i] ?? 0);
      if (beta !== 0) sum += beta * c[i * ldc + j]!;
      c[i * ldc + j] = activate(round(sum));
    }
  }
}
