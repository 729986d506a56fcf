/** Attention in several heads, with projections in and out. */
import { cat, dropout, linear, type Tensor } from '@sconce/tensor';
import { attend } from './attention.ts';
import { canonicalMask } from './masks.ts';
import { refuse } from './refuse.ts';

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
  /** A hint that `attnMask` is causal: without padding and without weights in the result the mask is not read then. */
  readonly isCausal?: boolean;
}

/** What the layer adds to the options of the function. */
export interface HeadsOptions extends MultiHeadAttentionOptions {
  /** What queries get that may look nowhere, where no weights are needed: 0 by default. */
  readonly blind?: 'zero' | 'nan';
}

const operator = 'multiHeadAttentionForward';

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
  options: HeadsOptions = {},
): readonly [output: Tensor, weights: Tensor | null] {
  const { training = true, needWeights = true, averageAttnWeights = true, isCausal = false } = options;
  const { attnMask = null, keyPaddingMask = null } = options;
  const batched = checkShapes([query, key, value], keyPaddingMask, attnMask, numHeads);
  const [q0, k0, v0] = batched ? [query, key, value] : unsqueezed([query, key, value]);
  const given = batched ? keyPaddingMask : (keyPaddingMask?.unsqueeze(0) ?? null);
  let padding = canonicalMask(given, 'key_padding_mask', query, { name: 'attn_mask', mask: attnMask });
  if (isCausal && attnMask === null) {
    refuse(
      operator,
      'Need attn_mask if specifying the is_causal hint. You may use the Transformer module method `generate_square_subsequent_mask` to create this mask.',
    );
  }
  const hinted = isCausal && padding === null && !needWeights;
  let mask = hinted ? null : canonicalMask(attnMask, 'attn_mask', query);
  const [targets, batch, embed] = q0.shape as readonly [number, number, number];
  if (embed !== embedDimToCheck) {
    refuse(operator, `was expecting embedding dimension of ${embedDimToCheck}, but got ${embed}`);
  }
  const headDim = Math.floor(embed / numHeads);
  if (headDim * numHeads !== embed) {
    refuse(operator, `embed_dim ${embed} not divisible by num_heads ${numHeads}`);
  }
  const inputs = [q0, k0, v0] as const;
  const [q, k, v] = projected(inputs, inProjWeight, inProjBias, options);
  mask = checkedMask(mask, [targets, k0.shape[0]!], batch * numHeads);
  const widen = (own: Tensor | null): Tensor | null => own?.pad([0, 1]) ?? null;
  const { staticK = null, staticV = null } = options;
  if ((biasK === null) !== (biasV === null)) {
    refuse(
      operator,
      biasK === null ? 'bias_v is set but bias_k is None' : 'bias_k is set but bias_v is None',
    );
  }
  const extra = biasK !== null && biasV !== null ? ([biasK, biasV] as const) : null;
  if (extra !== null) {
    if (staticK !== null) refuse(operator, 'bias cannot be added to static key.');
    if (staticV !== null) refuse(operator, 'bias cannot be added to static value.');
    [mask, padding] = [widen(mask), widen(padding)];
  }
  const biased = (own: Tensor, bias: Tensor | undefined): Tensor =>
    bias === undefined ? own : cat([own, bias.repeat([1, batch, 1])], 0);
  // [N, heads, length, headDim], a view of what was projected.
  const heads = (own: Tensor): Tensor => own.unflatten(-1, [numHeads, headDim]).permute([1, 2, 0, 3]);
  const fixed = (own: Tensor, name: string): Tensor => {
    const expected = { 0: batch * numHeads, 2: headDim };
    for (const [dim, size] of Object.entries(expected)) {
      const got = own.shape[Number(dim)];
      if (got !== size) refuse(operator, `expecting ${name}.size(${dim}) of ${size}, but got ${got}`);
    }
    return own.unflatten(0, [batch, numHeads]);
  };
  let keys = staticK === null ? heads(biased(k, extra?.[0])) : fixed(staticK, 'static_k');
  let values = staticV === null ? heads(biased(v, extra?.[1])) : fixed(staticV, 'static_v');
  if (addZeroAttn) {
    const zero = keys.newZeros([batch, numHeads, 1, headDim]);
    keys = cat([keys, zero], 2);
    values = cat([values, zero], 2);
    [mask, padding] = [widen(mask), widen(padding)];
  }
  const sources = keys.shape[2]!;
  mask = joinedMask(mask, padding, [batch, numHeads, sources]);
  const drops = training ? dropoutP : 0;
  const own = heads(q);
  if (!needWeights) {
    const attended = attend(own, keys, values, {
      mask,
      dropoutP: drops,
      causal: hinted,
      sequenceFirst: true,
      blind: options.blind ?? 'zero',
    });
    const output = merged(attended, outProjWeight, outProjBias);
    return [batched ? output : output.squeeze(1), null];
  }
  const scores = own.mul(Math.sqrt(1 / headDim)).matmul(keys.transpose(-2, -1));
  const softened = (mask === null ? scores : scores.add(mask)).softmax(-1);
  const weights = drops > 0 ? dropout(softened, drops, true) : softened;
  const output = merged(weights.matmul(values), outProjWeight, outProjBias);
  const shown = averageAttnWeights ? weights.mean(1) : weights;
  return batched ? [output, shown] : [output.squeeze(1), shown.squeeze(0)];
}

function unsqueezed(inputs: readonly [Tensor, Tensor, Tensor]): readonly [Tensor, Tensor, Tensor] {
  return inputs.map((x) => x.unsqueeze(1)) as [Tensor, Tensor, Tensor];
}

/** The heads [N, heads, L, headDim] beside each other and through the output projection: [L, N, E]. */
function merged(heads: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  return linear(heads.permute([2, 0, 1, 3]).flatten(2), weight, bias);
}

/** Checks dimensions; tells whether there is a batch. */
function checkShapes(
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  padding: Tensor | null,
  mask: Tensor | null,
  numHeads: number,
): boolean {
  const batched = query.ndim === 3;
  if (!batched && query.ndim !== 2) {
    refuse(
      operator,
      `query should be unbatched 2D or batched 3D tensor but received ${query.ndim}-D query tensor`,
    );
  }
  const kind = batched ? 'batched (3-D)' : 'unbatched (2-D)';
  if (key.ndim !== query.ndim || value.ndim !== query.ndim) {
    refuse(
      operator,
      `For ${kind} \`query\`, expected \`key\` and \`value\` to be ${query.ndim}-D but found ${key.ndim}-D and ${value.ndim}-D tensors respectively`,
    );
  }
  if (padding !== null && padding.ndim !== query.ndim - 1) {
    refuse(
      operator,
      `For ${kind} \`query\`, expected \`key_padding_mask\` to be \`None\` or ${query.ndim - 1}-D but found ${padding.ndim}-D tensor instead`,
    );
  }
  if (mask === null) return batched;
  if (mask.ndim !== 2 && mask.ndim !== 3) {
    refuse(
      operator,
      `For ${kind} \`query\`, expected \`attn_mask\` to be \`None\`, 2-D or 3-D but found ${mask.ndim}-D tensor instead`,
    );
  }
  if (!batched && mask.ndim === 3) {
    const expected = [numHeads, query.shape[0], key.shape[0]].join(', ');
    const got = mask.shape.join(', ');
    if (got !== expected) {
      refuse(operator, `Expected \`attn_mask\` shape to be (${expected}) but got torch.Size([${got}])`);
    }
  }
  return batched;
}

/** The mask as [1 or N * heads, L, S]. */
function checkedMask(mask: Tensor | null, size: readonly [number, number], heads: number): Tensor | null {
  if (mask === null) return null;
  const expected = (mask.ndim === 2 ? size : [heads, ...size]).join(', ');
  const got = mask.shape.join(', ');
  if (got !== expected) {
    refuse(
      operator,
      `The shape of the ${mask.ndim}D attn_mask is torch.Size([${got}]), but should be (${expected}).`,
    );
  }
  return mask.ndim === 2 ? mask.unsqueeze(0) : mask;
}

/** Both masks as one to add to the scores, broadcast to [N, heads, L, S]. */
function joinedMask(
  mask: Tensor | null,
  padding: Tensor | null,
  [batch, heads, sources]: readonly [number, number, number],
): Tensor | null {
  const own =
    mask === null ? null : mask.shape[0] === 1 ? mask.unsqueeze(0) : mask.unflatten(0, [batch, heads]);
  if (padding === null) return own;
  const [rows, columns] = padding.shape as readonly [number, number];
  if (rows !== batch) refuse(operator, `Expected key_padded_mask.shape[0] to be ${batch}, but got ${rows}`);
  if (columns !== sources) {
    refuse(operator, `Expected key_padded_mask.shape[1] to be ${sources}, but got ${columns}`);
  }
  const spread = padding.reshape([batch, 1, 1, sources]);
  return own === null ? spread : own.add(spread);
}

/** Query, key and value through their parts of the input projection. */
function projected(
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  weight: Tensor | null,
  bias: Tensor | null,
  options: MultiHeadAttentionOptions,
): readonly [Tensor, Tensor, Tensor] {
  const separate = options.useSeparateProjWeight ?? false;
  const size = (x: Tensor, dims = x.ndim): string => x.shape.slice(0, dims).join(', ');
  if (separate && size(key, 2) !== size(value, 2)) {
    refuse(
      operator,
      `key's sequence and batch dims torch.Size([${size(key, 2)}]) do not match value's torch.Size([${size(value, 2)}])`,
    );
  }
  if (!separate && size(key) !== size(value)) {
    refuse(
      operator,
      `key shape torch.Size([${size(key)}]) does not match value shape torch.Size([${size(value)}])`,
    );
  }
  if (separate) return separately([query, key, value], bias, options);
  if (weight === null) refuse(operator, 'use_separate_proj_weight is False but in_proj_weight is None');
  const embed = query.shape[2]!;
  const part = (whole: Tensor | null, first: number, count: number): Tensor | null =>
    whole === null ? null : whole.narrow(0, first * embed, count * embed);
  if (key !== value) {
    const each = [query, key, value].map((x, i) => projection(x, part(weight, i, 1)!, part(bias, i, 1)));
    return each as [Tensor, Tensor, Tensor];
  }
  if (query === key) {
    const [q, k, v] = projection(query, weight, bias).unflatten(-1, [3, embed]).unbind(2);
    return [q!, k!, v!];
  }
  const q = projection(query, part(weight, 0, 1)!, part(bias, 0, 1));
  const [k, v] = projection(key, part(weight, 1, 2)!, part(bias, 1, 2))
    .unflatten(-1, [2, embed])
    .unbind(2);
  return [q, k!, v!];
}

/** Query, key and value with a weight each. */
function separately(
  inputs: readonly [Tensor, Tensor, Tensor],
  bias: Tensor | null,
  { qProjWeight, kProjWeight, vProjWeight }: MultiHeadAttentionOptions,
): readonly [Tensor, Tensor, Tensor] {
  const embed = inputs[0].shape[2]!;
  const names = ['query', 'key', 'value'] as const;
  const each = [qProjWeight, kProjWeight, vProjWeight].map((weight, i) => {
    const x = inputs[i]!;
    if (weight == null) {
      refuse(operator, `use_separate_proj_weight is True but ${names[i]!.charAt(0)}_proj_weight is None`);
    }
    const expected = `${embed}, ${x.shape[2]}`;
    if (weight.shape.join(', ') !== expected) {
      refuse(
        operator,
        `expecting ${names[i]} weights shape of (${expected}), but got torch.Size([${weight.shape.join(', ')}])`,
      );
    }
    return projection(x, weight, bias === null ? null : bias.narrow(0, i * embed, embed));
  });
  return each as [Tensor, Tensor, Tensor];
}

/**
 * x through a linear layer. Where x is a transposed view of a dense tensor (batch first), its rows are taken in the order of
 * memory, which saves copying them.
 */
function projection(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const turned = x.transpose(0, 1);
  if (x.isContiguous() || !turned.isContiguous()) return linear(x, weight, bias);
  return linear(turned, weight, bias).transpose(0, 1);
}
