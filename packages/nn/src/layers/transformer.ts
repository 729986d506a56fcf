/** The whole transformer: `Transformer`. */
import { type DType, float32, type Tensor } from '@sconce/tensor';
import { squareSubsequentMask } from '../functional/masks.ts';
import { refuse } from '../functional/refuse.ts';
import { xavierUniform_ } from '../init.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { callModule, Module } from '../module/module.ts';
import { LayerNorm } from './normalization.ts';
import { TransformerDecoder, TransformerDecoderLayer } from './transformer-decoder.ts';
import { TransformerEncoder, TransformerEncoderLayer } from './transformer-encoder.ts';
import {
  type TransformerActivation,
  type TransformerLayerOptions,
  transformerLayerDefaults,
} from './transformer-layers.ts';

export type {
  TransformerActivation,
  TransformerLayerArguments,
  TransformerLayerOptions,
} from './transformer-layers.ts';

/** Arguments of `Transformer` by name. */
export interface TransformerOptions extends Omit<TransformerLayerOptions, 'dModel' | 'nhead'> {
  /** Size of inputs and outputs (default 512). */
  dModel?: number;
  /** Number of heads; divides `dModel` (default 8). */
  nhead?: number;
  /** Default 6. */
  numEncoderLayers?: number;
  /** Default 6. */
  numDecoderLayers?: number;
  /** Used instead of a `TransformerEncoder`: called with the source and the same keyword arguments. */
  customEncoder?: Module | null;
  /** Used instead of a `TransformerDecoder`: called with target, memory and the same keyword arguments. */
  customDecoder?: Module | null;
}

/** Keyword arguments of a call of `Transformer`. */
export interface TransformerCall {
  readonly srcMask?: Tensor | null;
  readonly tgtMask?: Tensor | null;
  readonly memoryMask?: Tensor | null;
  readonly srcKeyPaddingMask?: Tensor | null;
  readonly tgtKeyPaddingMask?: Tensor | null;
  readonly memoryKeyPaddingMask?: Tensor | null;
  /** A hint whether `srcMask` is causal; `null` (the default) looks. */
  readonly srcIsCausal?: boolean | null;
  /** A hint whether `tgtMask` is causal; `null` (the default) looks. */
  readonly tgtIsCausal?: boolean | null;
  /** A hint that `memoryMask` is causal (default false). */
  readonly memoryIsCausal?: boolean;
}

const names = [
  'dModel',
  'nhead',
  'numEncoderLayers',
  'numDecoderLayers',
  'dimFeedforward',
  'dropout',
  'activation',
  'customEncoder',
  'customDecoder',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
] as const;

const defaults: Required<TransformerOptions> = {
  ...transformerLayerDefaults,
  dModel: 512,
  nhead: 8,
  numEncoderLayers: 6,
  numDecoderLayers: 6,
  customEncoder: null,
  customDecoder: null,
};

/**
 * Encoder and decoder (`torch.nn.Transformer`; Vaswani et al., "Attention is all you need", 2017): source [S, N, E] and target
 * [T, N, E] to [T, N, E]. With `batchFirst`, N comes first; without a batch there is no N.
 */
export class Transformer extends Module {
  static override readonly className: string = 'Transformer';

  readonly encoder: Module;
  readonly decoder: Module;
  readonly dModel: number;
  readonly nhead: number;
  readonly batchFirst: boolean;

  constructor(
    ...args: LayerArguments<
      [
        dModel: number | undefined,
        nhead: number | undefined,
        numEncoderLayers: number | undefined,
        numDecoderLayers: number | undefined,
        dimFeedforward: number | undefined,
        dropout: number | undefined,
        activation: TransformerActivation | undefined,
        customEncoder: Module | null | undefined,
        customDecoder: Module | null | undefined,
        layerNormEps: number | undefined,
        batchFirst: boolean | undefined,
        normFirst: boolean | undefined,
        bias: boolean | undefined,
      ],
      typeof names,
      TransformerOptions,
      'dtype'
    >
  ) {
    super();
    const options = readArguments<TransformerOptions>('Transformer', names, defaults, args);
    const { dModel, nhead, dimFeedforward, dropout, activation, layerNormEps, bias, dtype } = options;
    const { batchFirst, normFirst } = options;
    const layer = { dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias, dtype };
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps: layerNormEps, bias, dtype });
    const encoder = (): Module =>
      new TransformerEncoder(
        new TransformerEncoderLayer(dModel, nhead, layer),
        options.numEncoderLayers,
        norm(),
      );
    const decoder = (): Module =>
      new TransformerDecoder(
        new TransformerDecoderLayer(dModel, nhead, layer),
        options.numDecoderLayers,
        norm(),
      );
    this.encoder = options.customEncoder ?? encoder();
    this.decoder = options.customDecoder ?? decoder();
    this.resetParameters();
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = batchFirst;
  }

  /** Draws new weights for everything that has two dimensions or more. */
  resetParameters(): void {
    for (const parameter of this.parameters()) if (parameter.ndim > 1) xavierUniform_(parameter);
  }

  /** [size, size] with minus infinity above the diagonal, zeros elsewhere: the causal mask. */
  static generateSquareSubsequentMask(size: number, options: { readonly dtype?: DType } = {}): Tensor {
    return squareSubsequentMask(size, { dtype: options.dtype ?? float32 });
  }

  /** {@link Transformer.generateSquareSubsequentMask}. */
  generateSquareSubsequentMask(size: number, options: { readonly dtype?: DType } = {}): Tensor {
    return Transformer.generateSquareSubsequentMask(size, options);
  }

  override forward(src: Tensor, tgt: Tensor, options: TransformerCall = {}): Tensor {
    const batch = this.batchFirst ? 0 : 1;
    if (src.ndim === 3 && src.shape[batch] !== tgt.shape[batch]) {
      refuse('Transformer', 'the batch number of src and tgt must be equal');
    }
    if (src.shape.at(-1) !== this.dModel || tgt.shape.at(-1) !== this.dModel) {
      refuse('Transformer', 'the feature number of src and tgt must be equal to d_model');
    }
    const memory = callModule(this.encoder, src, {
      mask: options.srcMask ?? null,
      srcKeyPaddingMask: options.srcKeyPaddingMask ?? null,
      isCausal: options.srcIsCausal ?? null,
    });
    return callModule(this.decoder, tgt, memory, {
      tgtMask: options.tgtMask ?? null,
      memoryMask: options.memoryMask ?? null,
      tgtKeyPaddingMask: options.tgtKeyPaddingMask ?? null,
      memoryKeyPaddingMask: options.memoryKeyPaddingMask ?? null,
      tgtIsCausal: options.tgtIsCausal ?? null,
      memoryIsCausal: options.memoryIsCausal ?? false,
    }) as Tensor;
  }
}
