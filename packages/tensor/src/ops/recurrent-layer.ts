/** What the parts of a recurrent layer's operator agree on: its arguments, its results, and the order of its weights. */
import type { Tensor } from '../tensor.ts';

/** What kind of layer it is. */
export interface LayerSpec {
  readonly kind: 'lstm' | 'gru' | 'tanh' | 'relu';
  /** How many sequences have each step. */
  readonly batchSizes: readonly number[];
  readonly biased: boolean;
  readonly bidirectional: boolean;
  /** Whether an LSTM's states are projected. */
  readonly projected: boolean;
  /** Whether what gradients need is kept. */
  readonly save: boolean;
}

/**
 * x of [N, input], rows of all steps; first states of [directions, B, state] and cell states of [directions, B, hidden]; and
 * the weights of one direction after the other, in the order of PyTorch's lists of parameters.
 */
export type LayerArguments = [
  x: Tensor,
  h: Tensor,
  c: Tensor | null,
  weights: readonly Tensor[],
  spec: LayerSpec,
];

/** What a layer gives, and what it keeps for its gradient. */
export interface LayerResult {
  /** [N, directions * state] */
  readonly output: Tensor;
  readonly h: Tensor;
  readonly c?: Tensor;
  /** Gates after their functions, [directions, N, gates * hidden]. */
  readonly gates?: Tensor;
  /** Former cell states of an LSTM, states of a GRU, [directions, N, hidden]; no elements for the others. */
  readonly former?: Tensor;
  /** A GRU's products of state and weights of the new gate, likewise. */
  readonly news?: Tensor;
}

/** Gates of each kind, in whose number of rows the weights come. */
const gateCounts = { lstm: 4, gru: 3, tanh: 1, relu: 1 } as const;

/** The weights of one direction. */
export interface DirectionWeights {
  readonly ofInput: Tensor;
  readonly ofState: Tensor;
  readonly inputBias: Tensor | undefined;
  readonly stateBias: Tensor | undefined;
  readonly projection: Tensor | undefined;
}

/** Number of weights of one direction. */
export function weightsPerDirection({ biased, projected }: Pick<LayerSpec, 'biased' | 'projected'>): number {
  return (biased ? 4 : 2) + (projected ? 1 : 0);
}

/** The weights of each direction. */
export function directionsOf(weights: readonly Tensor[], spec: LayerSpec): DirectionWeights[] {
  const each = weightsPerDirection(spec);
  return Array.from({ length: weights.length / each }, (_, d) => {
    const own = weights.slice(d * each, (d + 1) * each);
    return {
      ofInput: own[0]!,
      ofState: own[1]!,
      inputBias: spec.biased ? own[2] : undefined,
      stateBias: spec.biased ? own[3] : undefined,
      projection: spec.projected ? own.at(-1) : undefined,
    };
  });
}

/** Sizes of a layer. */
export interface LayerSizes {
  readonly rows: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
  /** Elements of all gates of a row. */
  readonly width: number;
  readonly state: number;
  readonly directions: number;
}

/** The sizes of a layer, from its arguments. */
export function sizesOf([x, h, , weights, spec]: LayerArguments): LayerSizes {
  const width = weights[0]!.shape[0]!;
  return {
    rows: x.shape[0]!,
    batch: spec.batchSizes[0] ?? 0,
    input: x.shape[1]!,
    hidden: width / gateCounts[spec.kind],
    width,
    state: h.shape[2]!,
    directions: spec.bidirectional ? 2 : 1,
  };
}
