/** Attention on the engine's fused kernels: neither its forward nor its backward keeps anything as large as all scores. */
import {
  type AttentionShape,
  scaledDotProductAttention as engineAttention,
  scaledDotProductAttentionBackward as engineAttentionBackward,
  type HeadsSlice,
} from '@sconce/engine';
import { broadcastView, materialize, newTensor, newTensorLike, sliceOf, viewOf } from '../access.ts';
import type { ArgumentGrad, Derivative } from '../autograd/derivative.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { fillBernoulli } from '../random/distributions.ts';
import { defaultGenerator } from '../random/generator.ts';
import { arange } from '../ranges.ts';
import type { Tensor } from '../tensor.ts';

/** Options of {@link _fusedAttention}. */
export interface FusedAttentionOptions {
  /** Factor of the scores. */
  readonly scale: number;
  /** Whether query i sees the keys 0 to i only. */
  readonly causal: boolean;
  /** Factor of `keep`. */
  readonly keepScale: number;
  /** Whether the result lies in memory as [L, N, heads, V] instead of [N, L, heads, V]. */
  readonly sequenceFirst: boolean;
}

/** Result of {@link _fusedAttention}. */
export interface FusedAttentionResult {
  readonly output: Tensor;
  /** [N, heads, L]: logarithms of the sums of the scores' exponentials, infinity for queries that see no key. */
  readonly logsumexp: Tensor;
}

type FusedAttentionArguments = [
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | null,
  keep: Tensor | null,
  options: FusedAttentionOptions,
];

/** A tensor whose rows the engine can read: neighbours, one row after the other. */
function rowsDense(x: Tensor): Tensor {
  const columns = x.shape[3]!;
  const fits = (x.strides[3] === 1 || columns === 1) && (x.strides[2]! >= columns || x.shape[2] === 1);
  return fits ? x : materialize(x);
}

function headsSlice(x: Tensor): HeadsSlice {
  const { storage, offset } = sliceOf(x);
  const [batch, head, row] = x.strides as readonly [number, number, number];
  // A single row may have any stride; the engine's products want one that its columns fit in.
  return { storage, offset, strides: [batch, head, Math.max(row, x.shape[3]!)] };
}

function shapeOf(
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  mask: Tensor | null,
  keep: Tensor | null,
  { scale, causal, keepScale }: FusedAttentionOptions,
): AttentionShape {
  const [batch, heads, queries, depth] = query.shape as readonly [number, number, number, number];
  const keys = key.shape[2]!;
  const scores = (own: Tensor): Tensor => broadcastView(own, [batch, heads, queries, keys]);
  return {
    q: headsSlice(query),
    k: headsSlice(key),
    v: headsSlice(value),
    batch,
    heads,
    queries,
    keys,
    depth,
    valueDepth: value.shape[3]!,
    scale,
    causal,
    ...(mask && { mask: scores(mask) }),
    ...(keep && { keep: scores(keep), keepScale }),
  };
}

/** Memory for a result, whose dimensions lie in another order than they are named in. */
function resultOf(query: Tensor, depth: number, sequenceFirst: boolean): Tensor {
  const [batch, heads, queries] = query.shape as readonly [number, number, number];
  const shape = [batch, heads, queries, depth];
  const row = heads * depth;
  const dense = newTensor(shape, query.dtype);
  const strides = sequenceFirst ? [row, depth, batch * row, 1] : [queries * row, depth, row, 1];
  return viewOf(dense, shape, strides);
}

interface Gradients {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
}

const found = new WeakMap<object, Gradients>();

/** All three gradients, which one pass backwards asks for one after the other. */
function gradientsOf(
  grads: readonly (Tensor | undefined)[],
  [query, key, value, mask, keep, options]: FusedAttentionArguments,
  { output, logsumexp }: FusedAttentionResult,
): Gradients {
  let own = found.get(grads);
  if (own !== undefined) return own;
  const inputs = [rowsDense(query), rowsDense(key), rowsDense(value)] as const;
  const [dq, dk, dv] = inputs.map((x) => newTensorLike(x, x.shape, x.dtype)) as [Tensor, Tensor, Tensor];
  engineAttentionBackward({
    ...shapeOf(inputs, mask, keep, options),
    y: headsSlice(output),
    logSums: sliceOf(logsumexp),
    dy: headsSlice(rowsDense(grads[0]!)),
    dq: headsSlice(dq),
    dk: headsSlice(dk),
    dv: headsSlice(dv),
  });
  own = { query: dq, key: dk, value: dv };
  found.set(grads, own);
  return own;
}

/** The same with operators that have gradients themselves. */
function recordedGradients(
  grad: Tensor,
  [query, key, value, mask, keep, { scale, causal, keepScale }]: FusedAttentionArguments,
  { logsumexp }: FusedAttentionResult,
): Gradients {
  let scores = query.mul(scale).matmul(key.transpose(-2, -1));
  const sees = logsumexp.ne(Number.POSITIVE_INFINITY).unsqueeze(-1);
  if (mask !== null) scores = scores.add(mask.where(sees, 0));
  if (causal) {
    const [queries, keys] = scores.shape.slice(-2) as [number, number];
    const seen = arange(keys).le(arange(queries).unsqueeze(1));
    scores = scores.where(seen, Number.NEGATIVE_INFINITY);
  }
  const weights = scores.softmax(-1).where(sees, 0);
  const factor = keep?.mul(keepScale);
  const dropped = factor === undefined ? weights : weights.mul(factor);
  const given = grad.matmul(value.transpose(-2, -1));
  const slopes = factor === undefined ? given : given.mul(factor);
  const inner = weights.mul(slopes.sub(weights.mul(slopes).sum(-1, true))).mul(scale);
  return {
    query: inner.matmul(key),
    key: inner.transpose(-2, -1).matmul(query),
    value: dropped.transpose(-2, -1).matmul(grad),
  };
}

function derivative(which: keyof Gradients): Derivative<FusedAttentionArguments, FusedAttentionResult> {
  return {
    reads: [0, 1, 2, 3, 4, 'result.output', 'result.logsumexp'],
    of: (grads, args, result): ArgumentGrad => {
      const [grad] = grads;
      if (grad === undefined) return null;
      return (gradMode.enabled ? recordedGradients(grad, args, result) : gradientsOf(grads, args, result))[
        which
      ];
    },
  };
}

/**
 * softmax(query keyᵀ * scale + mask) value, whose weights are multiplied by `keep * keepScale`, of float32 tensors
 * [N, heads, L, E], [N, heads, S, E] and [N, heads, S, V]. Mask and keep are broadcast to [N, heads, L, S] and have no gradient. A
 * query that sees no key gives zeros. Canonical: (query, key, value, mask | null, keep | null, { scale, causal, keepScale,
 * sequenceFirst }).
 */
export const _fusedAttention: (...args: FusedAttentionArguments) => FusedAttentionResult = defineOperator({
  name: '_fusedAttention',
  backwardName: 'ScaledDotProductFlashAttentionForCpuBackward0',
  normalize: (query, key, value, mask, keep, options): FusedAttentionArguments => {
    for (const x of [query, key, value, mask, keep]) {
      if (x !== null && (x.dtype !== 'float32' || (x.ndim !== 4 && x !== mask))) {
        fail(
          '_fusedAttention',
          'unexpected operand',
          'float32 of 4 dimensions',
          `${x.dtype} ${showSizes(x.shape)}`,
        );
      }
    }
    return [query, key, value, mask, keep, options];
  },
  forward: (query, key, value, mask, keep, options) => {
    const inputs = [rowsDense(query), rowsDense(key), rowsDense(value)] as const;
    const output = resultOf(query, value.shape[3]!, options.sequenceFirst);
    const logsumexp = newTensor(query.shape.slice(0, 3), query.dtype);
    engineAttention({
      ...shapeOf(inputs, mask, keep, options),
      y: headsSlice(output),
      logSums: sliceOf(logsumexp),
    });
    return { output, logsumexp };
  },
  derivatives: [derivative('query'), derivative('key'), derivative('value'), null, null, null],
});

/** The result of {@link _fusedAttention} alone. Canonical: as there. */
export const fusedAttention: (...args: FusedAttentionArguments) => Tensor = defineOperator({
  name: 'fusedAttention',
  composite: true,
  forward: (...args: FusedAttentionArguments) => _fusedAttention(...args).output,
});

/**
 * A dropout mask of ones and zeros for all weights of {@link _fusedAttention}: those that PyTorch draws for a tensor of this shape.
 *
 * @param p probability of a zero, below 1
 */
export function attentionKeepMask(shape: readonly number[], p: number): Tensor {
  const keep = newTensor(shape, 'float32');
  fillBernoulli(keep, 1 - p, defaultGenerator);
  return keep;
}
