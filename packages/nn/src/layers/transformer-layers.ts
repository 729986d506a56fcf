/** What the layers of encoder and decoder share: arguments, activations and parts. */
import { float32, type Tensor } from '@sconce/tensor';
import { gelu, relu } from '../functional/index.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { MultiheadAttention } from './attention.ts';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import { LayerNorm } from './normalization.ts';

/** What stands between the two linear layers: a name, a function or a module. */
export type TransformerActivation = 'relu' | 'gelu' | ((x: Tensor) => Tensor) | Module;

/** Arguments of the layers of encoder and decoder by name. */
export interface TransformerLayerOptions extends DTypeOption {
  /** Size of inputs and outputs. */
  dModel: number;
  /** Number of heads; divides `dModel`. */
  nhead: number;
  /** Size between the two linear layers (default 2048). */
  dimFeedforward?: number;
  /** Probability of every dropout (default 0.1). */
  dropout?: number;
  /** Default `relu`. */
  activation?: TransformerActivation;
  /** Added to the variances of the normalizations (default 1e-5). */
  layerNormEps?: number;
  /** Whether inputs are [N, L, E] instead of [L, N, E] (default false). */
  batchFirst?: boolean;
  /** Whether normalization comes before attention and linear layers instead of after (default false). */
  normFirst?: boolean;
  /** Whether linear layers, attention and normalizations have biases (default true). */
  bias?: boolean;
}

/** Their names in PyTorch's order. */
const transformerLayerNames = [
  'dModel',
  'nhead',
  'dimFeedforward',
  'dropout',
  'activation',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
] as const;

/** Values of the arguments that may be left out. */
export const transformerLayerDefaults: Required<Omit<TransformerLayerOptions, 'dModel' | 'nhead'>> = {
  dimFeedforward: 2048,
  dropout: 0.1,
  activation: relu,
  layerNormEps: 1e-5,
  batchFirst: false,
  normFirst: false,
  bias: true,
  dtype: float32,
};

/** Constructor arguments of the layers of encoder and decoder. */
export type TransformerLayerArguments = LayerArguments<
  [
    dModel: number,
    nhead: number,
    dimFeedforward: number | undefined,
    dropout: number | undefined,
    activation: TransformerActivation | undefined,
    layerNormEps: number | undefined,
    batchFirst: boolean | undefined,
    normFirst: boolean | undefined,
    bias: boolean | undefined,
  ],
  typeof transformerLayerNames,
  TransformerLayerOptions,
  'dtype'
>;

/** An activation that can be called. @throws {TypeError} for an unknown name */
function activationOf(activation: TransformerActivation): (x: Tensor) => Tensor {
  if (activation === 'relu') return relu;
  if (activation === 'gelu') return gelu;
  if (typeof activation === 'string') {
    throw new TypeError(`activation should be relu/gelu, not ${String(activation)}`);
  }
  return activation as (x: Tensor) => Tensor;
}

/** Base of the layers: their parts, in the order in which PyTorch makes and lists them. */
export abstract class TransformerLayer extends Module {
  declare self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly normFirst: boolean;
  declare norm1: LayerNorm;
  declare norm2: LayerNorm;
  declare dropout1: Dropout;
  declare dropout2: Dropout;
  readonly activation: (x: Tensor) => Tensor;

  /**
   * @param layer the layer's name, for errors
   * @param attentions names of the attentions; there is a normalization and a dropout for each and for the linear layers
   */
  constructor(layer: string, args: readonly unknown[], attentions: readonly string[]) {
    super();
    const options = readArguments<TransformerLayerOptions>(
      layer,
      transformerLayerNames,
      transformerLayerDefaults,
      args,
    );
    const { dModel, nhead, dimFeedforward, dropout, layerNormEps: eps, batchFirst, bias, dtype } = options;
    for (const name of attentions) {
      this.registerModule(name, new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype }));
    }
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, dtype });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, dtype });
    this.normFirst = options.normFirst;
    const numbers = Array.from({ length: attentions.length + 1 }, (_, i) => i + 1);
    for (const i of numbers) this.registerModule(`norm${i}`, new LayerNorm(dModel, { eps, bias, dtype }));
    for (const i of numbers) this.registerModule(`dropout${i}`, new Dropout(dropout));
    this.activation = activationOf(options.activation);
  }

  /** The attention of the input to itself. */
  get selfAttn(): MultiheadAttention {
    return this.self_attn;
  }

  /** The two linear layers. */
  protected feed(x: Tensor): Tensor {
    return this.linear2(this.dropout(this.activation(this.linear1(x))));
  }
}
