/** Exporters of matrix products. */
import type { Tensor } from '@sconce/tensor';
import { flag, float } from '../attribute-values.ts';
import type { ExportCall, Exporters } from './export-call.ts';

/** A linear layer: Gemm for matrices (the weight stays as it is), MatMul with a transposed weight otherwise. */
function linear(call: ExportCall, x: Tensor, weight: Tensor, bias: Tensor | null = null): string {
  if (x.ndim === 2) {
    const inputs = [call.value(x), call.value(weight), ...(bias ? [call.value(bias)] : [])];
    return call.node('Gemm', inputs, {
      alpha: float(1),
      beta: float(1),
      transA: flag(false),
      transB: flag(true),
    });
  }
  const product = call.node('MatMul', [call.value(x), call.transpose(call.value(weight), [1, 0])]);
  return bias ? call.node('Add', [product, call.value(bias)]) : product;
}

function addmm(
  call: ExportCall,
  bias: Tensor,
  a: Tensor,
  b: Tensor,
  { alpha, beta }: { alpha: number; beta: number },
): string {
  return call.node('Gemm', [call.value(a), call.value(b), call.value(bias)], {
    alpha: float(alpha),
    beta: float(beta),
  });
}

export const matmul: Exporters = {
  linear,
  addmm,
  matmul: (call, a: Tensor, b: Tensor) => call.node('MatMul', [call.value(a), call.value(b)]),
  dot: (call, a: Tensor, b: Tensor) => call.node('MatMul', [call.value(a), call.value(b)]),
  bmm: (call, a: Tensor, b: Tensor) => call.node('MatMul', [call.value(a), call.value(b)]),
  mm: (call, a: Tensor, b: Tensor) => call.node('MatMul', [call.value(a), call.value(b)]),
};
