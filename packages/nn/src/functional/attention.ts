/** Attention: means of values, weighted by how well queries fit keys. */
import {
  arange,
  attentionKeepMask,
  bindArguments,
  dropout,
  fusedAttention,
  type Tensor,
  tensor,
} from '@sconce/tensor';
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
  return attend(query, shared(key), shared(value), { mask: attnMask, dropoutP, causal: isCausal, scale });
}

/** What {@link attend} takes besides query, key and value. */
export interface AttendOptions {
  readonly mask: Tensor | null;
  readonly dropoutP: number;
  readonly causal: boolean;
  readonly scale?: number | null;
  /** Whether the result lies in memory as [L, N, heads, E]. */
  readonly sequenceFirst?: boolean;
  /** What queries get that may look nowhere: 0 by default. */
  readonly blind?: 'zero' | 'nan';
}

/** {@link scaledDotProductAttention} of arguments that are checked, with as many heads of keys and values as of queries. */
export function attend(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Tensor {
  const { mask, dropoutP, causal, scale, blind = 'zero', sequenceFirst = false } = options;
  const factor = scale ?? 1 / Math.sqrt(query.shape.at(-1)!);
  if (fuses([query, key, value], options)) {
    const ndim = query.ndim;
    const [q, k, v] = [query, key, value].map((x) => headed(x)) as [Tensor, Tensor, Tensor];
    const given = mask === null ? null : additive(mask, query);
    const own = given !== null && ndim === 3 && given.ndim === 3 ? given.unsqueeze(1) : given;
    const keep = dropoutP > 0 ? attentionKeepMask([...q.shape.slice(0, 3), k.shape[2]!], dropoutP) : null;
    const keepScale = 1 / (1 - dropoutP);
    const output = fusedAttention(q, k, v, own, keep, {
      scale: factor,
      causal,
      keepScale,
      sequenceFirst,
    });
    return ndim === 4 ? output : ndim === 3 ? output.squeeze(1) : output.squeeze(0).squeeze(0);
  }
  // Half of the factor goes to each side, which keeps products in the range of small floats.
  const side = Math.sqrt(factor);
  const scores = query.mul(side).matmul(key.mul(side).transpose(-2, -1));
  const weights = causal
    ? scores.where(causalMask(scores.size(-2), scores.size(-1)), Number.NEGATIVE_INFINITY).softmax(-1)
    : maskedSoftmax(scores, mask, blind);
  return (dropoutP > 0 ? dropout(weights, dropoutP, true) : weights).matmul(value);
}

/** Whether the engine's fused kernels compute this attention. */
function fuses(
  inputs: readonly [Tensor, Tensor, Tensor],
  { mask, dropoutP, scale, blind }: AttendOptions,
): boolean {
  const [query, key, value] = inputs;
  const batch = query.shape.slice(0, -2).join();
  for (const x of inputs) {
    if (x.dtype !== 'float32' || x.ndim > 4 || x.numel() === 0) return false;
    if (x.shape.slice(0, -2).join() !== batch) return false;
  }
  if (query.shape.at(-1) !== key.shape.at(-1) || key.shape.at(-2) !== value.shape.at(-2)) return false;
  if (dropoutP >= 1 || (scale !== null && scale !== undefined && !Number.isFinite(scale))) return false;
  if (mask === null) return true;
  if (mask.ndim > query.ndim || mask.requiresGrad || !(mask.dtype === 'bool' || mask.dtype === 'float32')) {
    return false;
  }
  const scores = [...query.shape.slice(0, -1), key.shape.at(-2)!];
  const fits = mask.shape.every((size, d) => size === 1 || size === scores[d + scores.length - mask.ndim]);
  return fits && (blind !== 'nan' || openPlaces(mask).any(-1).all().item() === true);
}

/** A tensor as [N, heads, L, E], with dimensions of one element in the place of those that it lacks. */
function headed(x: Tensor): Tensor {
  if (x.ndim === 4) return x;
  return x.ndim === 3 ? x.unsqueeze(1) : x.unsqueeze(0).unsqueeze(0);
}

/** A mask of numbers to add to scores. */
function additive(mask: Tensor, like: Tensor): Tensor {
  if (mask.dtype !== 'bool') return mask;
  return tensor(0, { dtype: like.dtype }).where(mask, Number.NEGATIVE_INFINITY);
}

/** Where the key's place is not behind the query's. */
function causalMask(queries: number, keys: number): Tensor {
  return arange(keys).le(arange(queries).unsqueeze(1));
}

/** The softmax along keys under a mask; 0 or NaN for queries that may look nowhere. */
function maskedSoftmax(scores: Tensor, mask: Tensor | null, blind: 'zero' | 'nan'): Tensor {
  if (mask === null) return scores.softmax(-1);
  const apply = (own: Tensor): Tensor =>
    own.dtype === 'bool' ? scores.where(own, Number.NEGATIVE_INFINITY) : scores.add(own);
  const sees = openPlaces(mask).any(-1, true);
  if (blind === 'nan' || sees.all().item() === true) return apply(mask).softmax(-1);
  const safe = mask.dtype === 'bool' ? mask.logicalOr(sees.logicalNot()) : mask.where(sees, 0);
  return apply(safe).softmax(-1).where(sees, 0);
}

/** Where a mask lets queries look. */
function openPlaces(mask: Tensor): Tensor {
  return mask.dtype === 'bool' ? mask : mask.ne(Number.NEGATIVE_INFINITY);
}
