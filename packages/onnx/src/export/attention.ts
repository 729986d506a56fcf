/** Exporter of attention: products, a softmax, and the masks before it. */
import { full, type Tensor, tensor } from '@sconce/tensor';
import { int } from '../attribute-values.ts';
import type { ExportCall, Exporters } from './export-call.ts';

/** Scores of keys behind each query's own place less infinity. */
function causal(call: ExportCall, scores: string, like: Tensor): string {
  const shape = call.node('Shape', [scores]);
  const lowest = full([1], Number.NEGATIVE_INFINITY, { dtype: like.dtype });
  const everywhere = call.node('ConstantOfShape', [shape], { value: { type: 'tensor', value: lowest } });
  const behind = call.node('Trilu', [everywhere, call.constant(tensor(1n), 'diagonal')], { upper: int(1) });
  return call.node('Add', [scores, behind]);
}

function fusedAttention(
  call: ExportCall,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | null,
  keep: Tensor | null,
  options: { readonly scale: number; readonly causal: boolean },
): string {
  if (keep !== null) call.fail('attention with dropout is random and cannot be written');
  const scaled = call.node('Mul', [call.value(query), call.scalar(options.scale, query.dtype)]);
  const products = call.node('MatMul', [scaled, call.transpose(call.value(key), [0, 1, 3, 2])]);
  const masked = mask === null ? products : call.node('Add', [products, call.value(mask)]);
  const scores = options.causal ? causal(call, masked, query) : masked;
  const weights = call.node('Softmax', [scores], { axis: int(3) });
  return call.node('MatMul', [weights, call.value(value)]);
}

export const attention: Exporters = { fusedAttention };
