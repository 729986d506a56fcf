/** The decoder of a transformer and its layers: `TransformerDecoderLayer`, `TransformerDecoder`. */
import type { Tensor } from '@sconce/tensor';
import { ModuleList } from '../containers/module-list.ts';
import { detectCausal } from '../functional/masks.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { deepcopy } from '../module/deepcopy.ts';
import { callModule, Module } from '../module/module.ts';
import type { MultiheadAttention } from './attention.ts';
import type { Dropout } from './dropout.ts';
import type { LayerNorm } from './normalization.ts';
import { lengthOf } from './transformer-encoder.ts';
import { TransformerLayer, type TransformerLayerArguments } from './transformer-layers.ts';

/** Keyword arguments of a call of `TransformerDecoderLayer`. */
export interface TransformerDecoderLayerCall {
  /** Of the self-attention: [T, T] or [N * nhead, T, T]; bool, true where queries may not look, or numbers to add to the scores. */
  readonly tgtMask?: Tensor | null;
  /** The same of the attention to `memory`: [T, S] or [N * nhead, T, S]. */
  readonly memoryMask?: Tensor | null;
  /** Places of `tgt` to ignore as keys: [N, T] or [T]. */
  readonly tgtKeyPaddingMask?: Tensor | null;
  /** Places of `memory` to ignore as keys: [N, S] or [S]. */
  readonly memoryKeyPaddingMask?: Tensor | null;
  /** A hint that `tgtMask` is causal (default false). */
  readonly tgtIsCausal?: boolean;
  /** A hint that `memoryMask` is causal (default false). */
  readonly memoryIsCausal?: boolean;
}

/**
 * Self-attention, attention to what the encoder found, then two linear layers, each with dropout, a sum with its input and
 * normalization (`torch.nn.TransformerDecoderLayer`).
 */
export class TransformerDecoderLayer extends TransformerLayer {
  static override readonly className: string = 'TransformerDecoderLayer';

  declare multihead_attn: MultiheadAttention;
  declare norm3: LayerNorm;
  declare dropout3: Dropout;

  constructor(...args: TransformerLayerArguments) {
    super('TransformerDecoderLayer', args, ['self_attn', 'multihead_attn']);
  }

  /** The attention to what the encoder found. */
  get multiheadAttn(): MultiheadAttention {
    return this.multihead_attn;
  }

  override forward(tgt: Tensor, memory: Tensor, options: TransformerDecoderLayerCall = {}): Tensor {
    const self = {
      attnMask: options.tgtMask ?? null,
      keyPaddingMask: options.tgtKeyPaddingMask ?? null,
      isCausal: options.tgtIsCausal ?? false,
      needWeights: false,
    };
    const cross = {
      attnMask: options.memoryMask ?? null,
      keyPaddingMask: options.memoryKeyPaddingMask ?? null,
      isCausal: options.memoryIsCausal ?? false,
      needWeights: false,
    };
    const attended = (x: Tensor): Tensor => this.dropout1(this.self_attn(x, x, x, self)[0]);
    const looked = (x: Tensor): Tensor => this.dropout2(this.multihead_attn(x, memory, memory, cross)[0]);
    const fed = (x: Tensor): Tensor => this.dropout3(this.feed(x));
    if (this.normFirst) {
      const x = tgt.add(attended(this.norm1(tgt)));
      const y = x.add(looked(this.norm2(x)));
      return y.add(fed(this.norm3(y)));
    }
    const x = this.norm1(tgt.add(attended(tgt)));
    const y = this.norm2(x.add(looked(x)));
    return this.norm3(y.add(fed(y)));
  }
}

/** Arguments of `TransformerDecoder` by name. */
export interface TransformerDecoderOptions {
  /** A layer, of which copies are made. */
  decoderLayer: Module;
  numLayers: number;
  /** Applied to the last layer's result, if any. */
  norm?: Module | null;
}

/** Keyword arguments of a call of `TransformerDecoder`: those of its layers. */
export interface TransformerDecoderCall extends Omit<TransformerDecoderLayerCall, 'tgtIsCausal'> {
  /** A hint whether `tgtMask` is causal; `null` (the default) looks. */
  readonly tgtIsCausal?: boolean | null;
}

const names = ['decoderLayer', 'numLayers', 'norm'] as const;

/** A stack of decoder layers (`torch.nn.TransformerDecoder`). */
export class TransformerDecoder extends Module {
  static override readonly className: string = 'TransformerDecoder';

  readonly layers: ModuleList;
  readonly numLayers: number;
  declare norm: Module | null;

  constructor(
    ...args: LayerArguments<
      [decoderLayer: Module, numLayers: number, norm: Module | null | undefined],
      typeof names,
      TransformerDecoderOptions
    >
  ) {
    super();
    const { decoderLayer, numLayers, norm } = readArguments<TransformerDecoderOptions>(
      'TransformerDecoder',
      names,
      { norm: null },
      args,
    );
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => deepcopy(decoderLayer)));
    this.numLayers = numLayers;
    if (norm !== null) this.registerModule('norm', norm);
    else this.norm = null;
  }

  override forward(tgt: Tensor, memory: Tensor, options: TransformerDecoderCall = {}): Tensor {
    const length = lengthOf(tgt, this.layers[0]);
    const tgtIsCausal = detectCausal(options.tgtMask ?? null, options.tgtIsCausal ?? null, length);
    let output = tgt;
    for (const layer of this.layers) {
      output = callModule(layer, output, memory, { ...options, tgtIsCausal }) as Tensor;
    }
    return this.norm === null ? output : (callModule(this.norm, output) as Tensor);
  }
}
