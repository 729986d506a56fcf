/** Attention in several heads as a layer: `MultiheadAttention`. */
import { empty, float32, isGradEnabled, type Tensor } from '@sconce/tensor';
import { canonicalMask } from '../functional/masks.ts';
import { type HeadsOptions, multiHeadAttentionForward } from '../functional/multi-head-attention.ts';
import { xavierNormal_, xavierUniform_, zeros_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { Linear } from './linear.ts';

/** Arguments of `MultiheadAttention` by name. */
export interface MultiheadAttentionOptions extends DTypeOption {
  /** Size of queries and of the result. */
  embedDim: number;
  /** Number of heads; divides `embedDim`. */
  numHeads: number;
  /** Probability that a weight is dropped in training (default 0). */
  dropout?: number;
  /** Whether the projections have biases (default true). */
  bias?: boolean;
  /** Whether a learned key and value are added to those given (default false). */
  addBiasKv?: boolean;
  /** Whether a key and value of zeros are added (default false). */
  addZeroAttn?: boolean;
  /** Size of keys; `null` (the default) is `embedDim`. */
  kdim?: number | null;
  /** Size of values; `null` (the default) is `embedDim`. */
  vdim?: number | null;
  /** Whether inputs are [N, L, E] instead of [L, N, E] (default false). */
  batchFirst?: boolean;
}

/** Keyword arguments of a call of `MultiheadAttention`. */
export interface MultiheadAttentionCall {
  /** Keys to ignore: [N, S] or [S]; bool, true where ignored, or numbers to add to the scores. */
  readonly keyPaddingMask?: Tensor | null;
  /** Whether the weights are a result too (default true); without them attention is computed faster. */
  readonly needWeights?: boolean;
  /** [L, S] or [N * numHeads, L, S]; bool, true where queries may not look, or numbers to add to the scores. */
  readonly attnMask?: Tensor | null;
  /** Whether the weights in the result are means over the heads (default true). */
  readonly averageAttnWeights?: boolean;
  /** A hint that `attnMask` is causal (default false). */
  readonly isCausal?: boolean;
}

/** The output projection, a `Linear` with a name of its own in printed models. */
class NonDynamicallyQuantizableLinear extends Linear {
  static override readonly className: string = 'NonDynamicallyQuantizableLinear';
}

const names = [
  'embedDim',
  'numHeads',
  'dropout',
  'bias',
  'addBiasKv',
  'addZeroAttn',
  'kdim',
  'vdim',
  'batchFirst',
] as const;

const defaults = {
  dropout: 0,
  bias: true,
  addBiasKv: false,
  addZeroAttn: false,
  kdim: null,
  vdim: null,
  batchFirst: false,
  dtype: float32,
} as const;

/**
 * Attention in several heads (`torch.nn.MultiheadAttention`; Vaswani et al., "Attention is all you need", 2017). Takes
 * query [L, N, embedDim], key [S, N, kdim] and value [S, N, vdim] (with `batchFirst`, N comes first; without a batch there is
 * no N) and returns the result, shaped as the query, and the weights [N, L, S] or `null`.
 *
 * @example
 * ```ts
 * const attention = new nn.MultiheadAttention(16, 4, { batchFirst: true });
 * const [output, weights] = attention(x, x, x);
 * ```
 */
export class MultiheadAttention extends Module {
  static override readonly className: string = 'MultiheadAttention';

  readonly embedDim: number;
  readonly kdim: number;
  readonly vdim: number;
  readonly numHeads: number;
  readonly headDim: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly addZeroAttn: boolean;
  /** [3 * embedDim, embedDim]: query, key and value below each other; `null` where their sizes differ. */
  declare in_proj_weight: Parameter | null;
  /** [embedDim, embedDim], where sizes differ. */
  declare q_proj_weight: Parameter | null;
  /** [embedDim, kdim], where sizes differ. */
  declare k_proj_weight: Parameter | null;
  /** [embedDim, vdim], where sizes differ. */
  declare v_proj_weight: Parameter | null;
  /** [3 * embedDim] */
  declare in_proj_bias: Parameter | null;
  declare out_proj: Linear;
  /** [1, 1, embedDim] */
  declare bias_k: Parameter | null;
  /** [1, 1, embedDim] */
  declare bias_v: Parameter | null;

  constructor(
    ...args: LayerArguments<
      [
        embedDim: number,
        numHeads: number,
        dropout: number | undefined,
        bias: boolean | undefined,
        addBiasKv: boolean | undefined,
        addZeroAttn: boolean | undefined,
        kdim: number | null | undefined,
        vdim: number | null | undefined,
        batchFirst: boolean | undefined,
      ],
      typeof names,
      MultiheadAttentionOptions,
      'dtype'
    >
  ) {
    super();
    const options = readArguments<MultiheadAttentionOptions>('MultiheadAttention', names, defaults, args);
    const { embedDim, numHeads, bias, dtype } = options;
    if (embedDim <= 0 || numHeads <= 0) {
      throw new TypeError(
        `embed_dim and num_heads must be greater than 0, got embed_dim=${embedDim} and num_heads=${numHeads} instead`,
      );
    }
    this.embedDim = embedDim;
    this.kdim = options.kdim ?? embedDim;
    this.vdim = options.vdim ?? embedDim;
    this.numHeads = numHeads;
    this.dropout = options.dropout;
    this.batchFirst = options.batchFirst;
    this.headDim = Math.floor(embedDim / numHeads);
    this.addZeroAttn = options.addZeroAttn;
    if (this.headDim * numHeads !== embedDim) throw new TypeError('embed_dim must be divisible by num_heads');
    const weight = (...shape: number[]): Parameter => new Parameter(empty(shape, { dtype }));
    const joined = this.qkvSameEmbedDim;
    this.registerParameter('in_proj_weight', joined ? weight(3 * embedDim, embedDim) : null);
    this.registerParameter('q_proj_weight', joined ? null : weight(embedDim, embedDim));
    this.registerParameter('k_proj_weight', joined ? null : weight(embedDim, this.kdim));
    this.registerParameter('v_proj_weight', joined ? null : weight(embedDim, this.vdim));
    this.registerParameter('in_proj_bias', bias ? weight(3 * embedDim) : null);
    this.registerModule('out_proj', new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, dtype }));
    this.registerParameter('bias_k', options.addBiasKv ? weight(1, 1, embedDim) : null);
    this.registerParameter('bias_v', options.addBiasKv ? weight(1, 1, embedDim) : null);
    this.resetParameters();
  }

  /** Whether query, key and value have one size, and so one weight. */
  get qkvSameEmbedDim(): boolean {
    return this.kdim === this.embedDim && this.vdim === this.embedDim;
  }

  /** The output projection. */
  get outProj(): Linear {
    return this.out_proj;
  }

  /** Draws new weights as PyTorch does; the output projection keeps its own. */
  resetParameters(): void {
    const inputs = [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight];
    for (const weight of inputs) if (weight !== null) xavierUniform_(weight);
    if (this.in_proj_bias !== null) {
      zeros_(this.in_proj_bias);
      if (this.out_proj.bias !== null) zeros_(this.out_proj.bias);
    }
    if (this.bias_k !== null) xavierNormal_(this.bias_k);
    if (this.bias_v !== null) xavierNormal_(this.bias_v);
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: MultiheadAttentionCall = {},
  ): [output: Tensor, weights: Tensor | null] {
    const { attnMask = null } = options;
    const other = { name: 'attn_mask', mask: attnMask };
    const keyPaddingMask = canonicalMask(options.keyPaddingMask ?? null, 'key_padding_mask', query, other);
    const mask = canonicalMask(attnMask, 'attn_mask', query);
    const turns = this.batchFirst && query.ndim === 3;
    const turn = (x: Tensor): Tensor => (turns ? x.transpose(0, 1) : x);
    // What is one tensor stays one: then there is one product for all projections.
    const turned = new Map([query, key, value].map((x) => [x, turn(x)]));
    const inputs: HeadsOptions = {
      training: this.training,
      keyPaddingMask,
      attnMask: mask,
      needWeights: options.needWeights ?? true,
      averageAttnWeights: options.averageAttnWeights ?? true,
      isCausal: options.isCausal ?? false,
      useSeparateProjWeight: !this.qkvSameEmbedDim,
      qProjWeight: this.q_proj_weight,
      kProjWeight: this.k_proj_weight,
      vProjWeight: this.v_proj_weight,
      blind: this.takesFastPath(query, key, value, options) ? 'nan' : 'zero',
    };
    const [output, weights] = multiHeadAttentionForward(
      turned.get(query)!,
      turned.get(key)!,
      turned.get(value)!,
      this.embedDim,
      this.numHeads,
      this.in_proj_weight,
      this.in_proj_bias,
      this.bias_k,
      this.bias_v,
      this.addZeroAttn,
      this.dropout,
      this.out_proj.weight,
      this.out_proj.bias,
      inputs,
    );
    return [turn(output), weights];
  }

  /**
   * Whether PyTorch computes the call in one operator of its own. Its results differ in one point: queries that may look
   * nowhere get NaN.
   */
  private takesFastPath(query: Tensor, key: Tensor, value: Tensor, options: MultiheadAttentionCall): boolean {
    const masks = [options.attnMask, options.keyPaddingMask];
    if (masks.every((mask) => mask == null) || masks.some((mask) => mask?.isFloatingPoint())) return false;
    if (query.ndim !== 3 || query !== key || key !== value || this.training) return false;
    if (this.numHeads % 2 !== 0 || !this.batchFirst || this.bias_k !== null || this.addZeroAttn) return false;
    const { in_proj_weight: weight, in_proj_bias: bias, out_proj: projection } = this;
    if (weight === null || bias === null || bias.dtype !== query.dtype) return false;
    const tensors = [query, weight, bias, projection.weight, projection.bias];
    return !isGradEnabled() || !tensors.some((tensor) => tensor?.requiresGrad);
  }
}
