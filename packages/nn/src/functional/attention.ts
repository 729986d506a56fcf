/** Attention: means of values, weighted by how well queries fit keys. */
import { arange, bindArguments, cat, dropout, linear, type Tensor } from '@sconce/tensor';
import { refuse } from './refuse.ts';

/** Options of {@link scaledDotProductAttention}. */
export interface ScaledDotProductAttentionOptions {
  /** bool: where queries may look; numbers: added to the scores. Broadcast to [..., L, S]. */
  readonly attnMask?: Tensor | null;
  /** Probability that a weight is dropped (default 0). Drops whenever it is not 0. */
  readonly dropoutP?: number;
  /** Whether queries look at no key behind their own place. */
  readonly isCausal?: boolean;
  /** Factor of the scores: 1 / sqrt(E) by default. */
  readonly scale?: number | null;
  /** Whether groups of query heads share a head of keys and values. */
  readonly enableGqa?: boolean;
}

type AttentionRest = [
  attnMask?: Tensor | null | ScaledDotProductAttentionOptions,
  dropoutP?: number | ScaledDotProductAttentionOptions,
  isCausal?: boolean | ScaledDotProductAttentionOptions,
  options?: ScaledDotProductAttentionOptions,
];

/** softmax(query keyᵀ * scale + mask) value, of [..., L, E], [..., S, E] and [..., S, V]. */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...rest: AttentionRest
): Tensor {
  const operator = 'scaledDotProductAttention';
  const names = ['attnMask', 'dropoutP', 'isCausal', 'scale', 'enableGqa'] as const;
  const named = bindArguments<ScaledDotProductAttentionOptions>(operator, names, rest);
  const { attnMask = null, dropoutP = 0, isCausal = false, scale = null, enableGqa = false } = named;
  if (query.ndim < 2 || key.ndim < 2 || value.ndim < 2) {
    refuse(
      operator,
      `Expected query, key, and value to all be  at least 2 dimensional, but got query dim: ${query.ndim}, key dim: ${key.ndim}, value dim: ${value.ndim} instead.`,
    );
  }
  if (isCausal && attnMask !== null) {
    refuse(operator, 'Explicit attn_mask should not be set when is_causal=True');
  }
  const heads = query.shape.at(-3) ?? 1;
  const shared = (x: Tensor): Tensor =>
    enableGqa ? x.repeatInterleave(heads / (x.shape.at(-3) ?? 1), -3) : x;
  // Half of the factor goes to each side, which keeps products in the range of small floats.
  const side = Math.sqrt(scale ?? 1 / Math.sqrt(query.shape.at(-1)!));
  const scores = query.mul(side).matmul(shared(key).mul(side).transpose(-2, -1));
  const weights = isCausal
    ? scores.where(causalMask(scores.size(-2), scores.size(-1)), Number.NEGATIVE_INFINITY).softmax(-1)
    : maskedSoftmax(scores, attnMask);
  return (dropoutP > 0 ? dropout(weights, dropoutP, true) : weights).matmul(shared(value));
}

/** Where the key's place is not behind the query's. */
function causalMask(queries: number, keys: number): Tensor {
  return arange(keys).le(arange(queries).unsqueeze(1));
}

/** The softmax along keys under a mask; 0 for queries that may look nowhere. */
function maskedSoftmax(scores: Tensor, mask: Tensor | null): Tensor {
  if (mask === null) return scores.softmax(-1);
  const open = mask.dtype === 'bool' ? mask : mask.ne(Number.NEGATIVE_INFINITY);
  const sees = open.any(-1, true);
  const apply = (own: Tensor): Tensor =>
    own.dtype === 'bool' ? scores.where(own, Number.NEGATIVE_INFINITY) : scores.add(own);
  if (sees.all().item() === true) return apply(mask).softmax(-1);
  const blind = sees.logicalNot();
  const safe = mask.dtype === 'bool' ? mask.logicalOr(blind) : mask.where(sees, 0);
  return apply(safe).softmax(-1).where(sees, 0);
}

/** Options of {@link multiHeadAttentionForward}. */
export interface MultiHeadAttentionOptions {
  /** Whether weights are dropped: true by default. */
  readonly training?: boolean;
  /** Keys to ignore: [N, S] or [S], bool or numbers to add. */
  readonly keyPaddingMask?: Tensor | null;
  /** Whether the weights are a result too: true by default. */
  readonly needWeights?: boolean;
  /** bool: where queries may NOT look; numbers: added to the scores. [L, S] or [N * heads, L, S]. */
  readonly attnMask?: Tensor | null;
  /** Whether query, key and value have weights of their own. */
  readonly useSeparateProjWeight?: boolean;
  readonly qProjWeight?: Tensor | null;
  readonly kProjWeight?: Tensor | null;
  readonly vProjWeight?: Tensor | null;
  /** Keys and values to use instead of the projected ones: [N * heads, S, headDim]. */
  readonly staticK?: Tensor | null;
  readonly staticV?: Tensor | null;
  /** Whether the weights in the result are means over the heads: true by default. */
  readonly averageAttnWeights?: boolean;
  /** A hint that `attnMask` is causal. */
  readonly isCausal?: boolean;
}

/** A mask of numbers to add to the scores. */
function additive(mask: Tensor | null | undefined, like: Tensor): Tensor | null {
  if (mask == null) return null;
  if (mask.dtype !== 'bool') return mask.to(like.dtype);
  return like.newZeros(mask.shape).where(mask.logicalNot(), Number.NEGATIVE_INFINITY);
}

/**
 * Attention in several heads, of [L, N, E] or [L, E] (`torch.nn.functional.multi_head_attention_forward`): the result
 * and, unless not needed, the weights.
 */
export function multiHeadAttentionForward(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  embedDimToCheck: number,
  numHeads: number,
  inProjWeight: Tensor | null,
  inProjBias: Tensor | null,
  biasK: Tensor | null,
  biasV: Tensor | null,
  addZeroAttn: boolean,
  dropoutP: number,
  outProjWeight: Tensor,
  outProjBias: Tensor | null,
  options: MultiHeadAttentionOptions = {},
): readonly [output: Tensor, weights: Tensor | null] {
  const operator = 'multiHeadAttentionForward';
  const { training = true, needWeights = true, averageAttnWeights = true } = options;
  const batched = query.ndim === 3;
  const [q0, k0, v0] = batched ? [query, key, value] : [query, key, value].map((x) => x.unsqueeze(1));
  const [targets, batch, embed] = q0!.shape as readonly [number, number, number];
  if (embed !== embedDimToCheck) {
    refuse(operator, `was expecting embedding dimension of ${embedDimToCheck}, but got ${embed}`);
  }
  const headDim = embed / numHeads;
  if (!Number.isInteger(headDim)) {
    refuse(operator, `embed_dim ${embed} not divisible by num_heads ${numHeads}`);
  }
  const projected = project([q0!, k0!, v0!], embed, inProjWeight, inProjBias, options);
  const q = projected[0];
  let [, k, v] = projected;
  let mask = additive(options.attnMask, q);
  let padding = additive(options.keyPaddingMask, q);
  if (padding !== null && !batched) padding = padding.unsqueeze(0);
  const widen = (own: Tensor | null): Tensor | null => own?.pad([0, 1]) ?? null;
  if (biasK !== null && biasV !== null) {
    k = cat([k, biasK.repeat([1, batch, 1])], 0);
    v = cat([v, biasV.repeat([1, batch, 1])], 0);
    [mask, padding] = [widen(mask), widen(padding)];
  }
  const heads = (x: Tensor): Tensor => x.reshape([x.shape[0]!, batch * numHeads, headDim]).transpose(0, 1);
  const own = heads(q);
  let keys = options.staticK ?? heads(k);
  let values = options.staticV ?? heads(v);
  if (addZeroAttn) {
    const zero = own.newZeros([batch * numHeads, 1, headDim]);
    keys = cat([keys, zero], 1);
    values = cat([values, zero], 1);
    [mask, padding] = [widen(mask), widen(padding)];
  }
  const sources = keys.shape[1]!;
  if (mask !== null && mask.ndim === 2) mask = mask.unsqueeze(0);
  if (padding !== null) {
    const spread = padding
      .reshape([batch, 1, 1, sources])
      .expand([batch, numHeads, 1, sources])
      .reshape([batch * numHeads, 1, sources]);
    mask = mask === null ? spread : mask.add(spread);
  }
  const scores = own.mul(Math.sqrt(1 / headDim)).matmul(keys.transpose(-2, -1));
  const softened = (mask === null ? scores : scores.add(mask)).softmax(-1);
  const weights = training && dropoutP > 0 ? dropout(softened, dropoutP, true) : softened;
  const joined = weights
    .matmul(values)
    .transpose(0, 1)
    .reshape([targets * batch, embed]);
  const output = linear(joined, outProjWeight, outProjBias).reshape([targets, batch, -1]);
  const result = batched ? output : output.squeeze(1);
  if (!needWeights) return [result, null];
  const perHead = weights.reshape([batch, numHeads, targets, sources]);
  const shown = averageAttnWeights ? perHead.mean(1) : perHead;
  return [result, batched ? shown : shown.squeeze(0)];
}

/** Query, key and value through their parts of the input projection. */
function project(
  inputs: readonly [Tensor, Tensor, Tensor],
  embed: number,
  weight: Tensor | null,
  bias: Tensor | null,
  options: MultiHeadAttentionOptions,
): [Tensor, Tensor, Tensor] {
  const { useSeparateProjWeight = false, qProjWeight, kProjWeight, vProjWeight } = options;
  const own = [qProjWeight, kProjWeight, vProjWeight];
  return inputs.map((x, i) => {
    const part = useSeparateProjWeight ? own[i] : weight?.narrow(0, i * embed, embed);
    if (part == null) refuse('multiHeadAttentionForward', 'a projection weight is missing');
    return linear(x, part, bias === null ? null : bias.narrow(0, i * embed, embed));
  }) as [Tensor, Tensor, Tensor];
}
