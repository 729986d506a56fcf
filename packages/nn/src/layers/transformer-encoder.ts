/** The encoder of a transformer and its layers: `TransformerEncoderLayer`, `TransformerEncoder`. */
import { isGradEnabled, type Tensor } from '@sconce/tensor';
import { ModuleList } from '../containers/module-list.ts';
import { gelu, relu } from '../functional/index.ts';
import { canonicalMask, detectCausal } from '../functional/masks.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { deepcopy } from '../module/deepcopy.ts';
import { callModule, Module } from '../module/module.ts';
import { warn } from '../module/warn.ts';
import { ReLU } from './activation-plain.ts';
import { GELU } from './activation-smooth.ts';
import { MultiheadAttention } from './attention.ts';
import { TransformerLayer, type TransformerLayerArguments } from './transformer-layers.ts';

/** Keyword arguments of a call of `TransformerEncoderLayer`. */
export interface TransformerEncoderLayerCall {
  /** [L, L] or [N * nhead, L, L]; bool, true where queries may not look, or numbers to add to the scores. */
  readonly srcMask?: Tensor | null;
  /** Places to ignore as keys: [N, L] or [L]; bool, true where ignored, or numbers to add to the scores. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** A hint that `srcMask` is causal (default false). */
  readonly isCausal?: boolean;
}

/** Self-attention, then two linear layers, each with dropout, a sum with its input and normalization (`torch.nn.TransformerEncoderLayer`). */
export class TransformerEncoderLayer extends TransformerLayer {
  static override readonly className: string = 'TransformerEncoderLayer';

  constructor(...args: TransformerLayerArguments) {
    super('TransformerEncoderLayer', args, ['self_attn']);
  }

  /** Why PyTorch cannot compute the layer in one operator, or `null`: said by what the layer is made of. */
  slowReason(): string | null {
    const { self_attn: attention, norm1, norm2 } = this;
    if (this.normFirst) return 'norm_first was True';
    if (!attention.batchFirst) {
      return 'self_attn.batch_first was not True(use batch_first for better inference performance)';
    }
    if (attention.in_proj_bias === null) return 'self_attn was passed bias=False';
    if (!this.isReluOrGelu()) return 'activation_relu_or_gelu was not True';
    if (norm1.eps !== norm2.eps) return 'norm1.eps was not equal to norm2.eps';
    if (attention.numHeads % 2 === 1) return 'self_attn.num_heads is odd';
    return null;
  }

  /** Whether no gradient can be asked of the layer's result. */
  withoutGradients(src: Tensor): boolean {
    if (!isGradEnabled()) return true;
    return ![src, ...this.parameters()].some((tensor) => tensor.requiresGrad);
  }

  override forward(src: Tensor, options: TransformerEncoderLayerCall = {}): Tensor {
    const { isCausal = false } = options;
    const given = options.srcMask ?? null;
    const other = { name: 'src_mask', mask: given };
    let padding = canonicalMask(options.srcKeyPaddingMask ?? null, 'src_key_padding_mask', src, other);
    let mask = canonicalMask(given, 'src_mask', src);
    if (this.takesFastPath(src)) [mask, padding] = this.fastMasks(src, mask, padding);
    const attended = (x: Tensor): Tensor => {
      const call = { attnMask: mask, keyPaddingMask: padding, needWeights: false, isCausal };
      return this.dropout1(this.self_attn(x, x, x, call)[0]);
    };
    const fed = (x: Tensor): Tensor => this.dropout2(this.feed(x));
    if (this.normFirst) {
      const x = src.add(attended(this.norm1(src)));
      return x.add(fed(this.norm2(x)));
    }
    const x = this.norm1(src.add(attended(src)));
    return this.norm2(x.add(fed(x)));
  }

  private isReluOrGelu(): boolean {
    const activation: unknown = this.activation;
    return (
      activation === relu || activation === gelu || activation instanceof ReLU || activation instanceof GELU
    );
  }

  /**
   * Whether PyTorch computes the call in one operator of its own. Its results differ: numbers in masks count as true where they
   * are not 0, and queries that may look nowhere get NaN.
   */
  private takesFastPath(src: Tensor): boolean {
    if (src.ndim !== 3 || this.training) return false;
    const reason = this.slowReason();
    return (reason === null || this.normFirst) && this.isFast() && this.withoutGradients(src);
  }

  private isFast(): boolean {
    const { self_attn: attention, norm1, norm2 } = this;
    return (
      attention.batchFirst &&
      attention.in_proj_bias !== null &&
      this.isReluOrGelu() &&
      norm1.eps === norm2.eps &&
      attention.numHeads % 2 === 0
    );
  }

  /** The masks as that operator reads them: bool. */
  private fastMasks(
    src: Tensor,
    mask: Tensor | null,
    padding: Tensor | null,
  ): [mask: Tensor | null, padding: Tensor | null] {
    if (mask === null || padding === null) return [mask?.ne(0) ?? null, padding?.ne(0) ?? null];
    const [batch, length] = src.shape as readonly [number, number];
    const heads = this.self_attn.numHeads;
    const each = mask.ndim === 3 ? mask.unflatten(0, [batch, heads]) : mask.reshape([1, 1, length, length]);
    const both = each.add(padding.reshape([batch, 1, 1, length])).ne(0);
    return [both.expand([batch, heads, length, length]).flatten(0, 1), null];
  }
}

/** Arguments of `TransformerEncoder` by name. */
export interface TransformerEncoderOptions {
  /** A layer, of which copies are made. */
  encoderLayer: Module;
  numLayers: number;
  /** Applied to the last layer's result, if any. */
  norm?: Module | null;
  /** Whether results at ignored places may be zeros in evaluation mode, as they are in PyTorch (default true). */
  enableNestedTensor?: boolean;
  /** Whether that is so only where all ignored places come last (default true). */
  maskCheck?: boolean;
}

/** Keyword arguments of a call of `TransformerEncoder`. */
export interface TransformerEncoderCall {
  /** As the layers' `srcMask`. */
  readonly mask?: Tensor | null;
  readonly srcKeyPaddingMask?: Tensor | null;
  /** A hint whether `mask` is causal; `null` (the default) looks. */
  readonly isCausal?: boolean | null;
}

const names = ['encoderLayer', 'numLayers', 'norm', 'enableNestedTensor', 'maskCheck'] as const;
const defaults = { norm: null, enableNestedTensor: true, maskCheck: true };

/** A stack of encoder layers (`torch.nn.TransformerEncoder`). */
export class TransformerEncoder extends Module {
  static override readonly className: string = 'TransformerEncoder';

  readonly layers: ModuleList;
  readonly numLayers: number;
  declare norm: Module | null;
  readonly enableNestedTensor: boolean;
  readonly useNestedTensor: boolean;
  readonly maskCheck: boolean;

  constructor(
    ...args: LayerArguments<
      [
        encoderLayer: Module,
        numLayers: number,
        norm: Module | null | undefined,
        enableNestedTensor: boolean | undefined,
        maskCheck: boolean | undefined,
      ],
      typeof names,
      TransformerEncoderOptions
    >
  ) {
    super();
    const options = readArguments<TransformerEncoderOptions>('TransformerEncoder', names, defaults, args);
    const { encoderLayer, numLayers, enableNestedTensor } = options;
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => deepcopy(encoderLayer)));
    this.numLayers = numLayers;
    if (options.norm !== null) this.registerModule('norm', options.norm);
    else this.norm = null;
    this.enableNestedTensor = enableNestedTensor;
    this.maskCheck = options.maskCheck;
    const reason = nestedReason(encoderLayer);
    this.useNestedTensor = enableNestedTensor && reason === null;
    if (enableNestedTensor && reason !== null) {
      warn(`enable_nested_tensor is True, but self.use_nested_tensor is False because ${reason}`);
    }
  }

  override forward(src: Tensor, options: TransformerEncoderCall = {}): Tensor {
    const given = options.mask ?? null;
    const other = { name: 'mask', mask: given };
    const padding = canonicalMask(options.srcKeyPaddingMask ?? null, 'src_key_padding_mask', src, other);
    const mask = canonicalMask(given, 'mask', src);
    const isCausal = detectCausal(mask, options.isCausal ?? null, lengthOf(src, this.layers[0]));
    let output = src;
    for (const layer of this.layers) {
      const call = { srcMask: mask, srcKeyPaddingMask: padding, isCausal };
      output = callModule(layer, output, call) as Tensor;
    }
    if (padding !== null && mask === null && this.nests(src, padding)) {
      output = output.maskedFill(padding.ne(0).unsqueeze(-1), 0);
    }
    return this.norm === null ? output : (callModule(this.norm, output) as Tensor);
  }

  /** Whether PyTorch leaves ignored places out of what it computes, and puts zeros there. */
  private nests(src: Tensor, padding: Tensor): boolean {
    const [first] = this.layers;
    if (!this.useNestedTensor || !(first instanceof TransformerEncoderLayer)) return false;
    if (first.training || src.ndim !== 3 || !first.withoutGradients(src)) return false;
    if (!this.maskCheck) return true;
    // Left-aligned: nothing that is looked at comes after something ignored.
    const ignored = padding.ne(0).to('float32');
    return ignored.diff().ge(0).all().item() === true;
  }
}

/** Why a layer's encoder cannot use nested tensors, in PyTorch's words; `null` where it can. */
function nestedReason(layer: Module): string | null {
  if (!(layer instanceof TransformerEncoderLayer)) return 'encoder_layer was not TransformerEncoderLayer';
  const reason = layer.slowReason();
  return reason === null
    ? null
    : `encoder_layer.${reason.replace('equal to norm2', 'equal to encoder_layer.norm2')}`;
}

/** The length of the sequence in an input of a layer; `layer` says which dimension it is. */
export function lengthOf(x: Tensor, layer: Module | undefined): number {
  if (x.ndim === 2) return x.shape[0]!;
  const attention: unknown = (layer as { self_attn?: unknown } | undefined)?.self_attn;
  const batchFirst = attention instanceof MultiheadAttention && attention.batchFirst;
  return x.shape[batchFirst ? 1 : 0]!;
}
