/** Recurrent layers: `RNN`, `LSTM` and `GRU`. */
import type { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import type { PackedSequence } from '../utils/rnn-packed-sequence.ts';
import { RNNBase, type RNNBaseOptions, recurrentDefaults, recurrentNames } from './recurrent-base.ts';

/** Arguments of `GRU` by name. */
export type GRUOptions = Omit<RNNBaseOptions, 'mode' | 'projSize'>;

/** Arguments of `LSTM` by name. */
export type LSTMOptions = Omit<RNNBaseOptions, 'mode'>;

/** Arguments of `RNN` by name. */
export interface RNNOptions extends GRUOptions {
  /** The function of each step (default `'tanh'`). */
  nonlinearity?: 'tanh' | 'relu';
}

const lstmNames: readonly [...typeof recurrentNames, 'projSize'] = [...recurrentNames, 'projSize'];
const rnnNames = [
  'inputSize',
  'hiddenSize',
  'numLayers',
  'nonlinearity',
  'bias',
  'batchFirst',
  'dropout',
  'bidirectional',
] as const;

/** Refuses a projection where there is none. */
function refuseProjection(args: readonly unknown[]): void {
  const last = args.at(-1);
  if (typeof last !== 'object' || last === null || !('projSize' in last)) return;
  throw new TypeError('proj_size argument is only supported for LSTM, not RNN or GRU');
}

/** Calling an `RNN`. */
export interface RNN {
  (input: Tensor, hx?: Tensor | null): [output: Tensor, hidden: Tensor];
  (input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hidden: Tensor];
}

/**
 * An Elman network: `h' = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh)`, or with ReLU (`torch.nn.RNN`).
 *
 * Input of [time, batch, inputSize], of [time, inputSize], or packed; states of [layers * directions, batch, hiddenSize]. Gives the
 * states of the last layer at every step, both directions side by side, and the last ones of every layer.
 *
 * @throws {TypeError} when constructed or called with wrong arguments
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: Callable's constructor provides the calls that the interface declares.
export class RNN extends RNNBase {
  static override readonly className: string = 'RNN';

  readonly nonlinearity: 'tanh' | 'relu';

  constructor(
    ...args: LayerArguments<
      [
        inputSize: number,
        hiddenSize: number,
        numLayers: number | undefined,
        nonlinearity: 'tanh' | 'relu' | undefined,
        bias: boolean | undefined,
        batchFirst: boolean | undefined,
        dropout: number | undefined,
        bidirectional: boolean | undefined,
      ],
      typeof rnnNames,
      RNNOptions,
      'dtype'
    >
  ) {
    refuseProjection(args);
    const defaults = { ...recurrentDefaults, nonlinearity: 'tanh' as const };
    const { nonlinearity, ...options } = readArguments<RNNOptions>('RNN', rnnNames, defaults, args);
    if (nonlinearity !== 'tanh' && nonlinearity !== 'relu') {
      throw new RangeError(`Unknown nonlinearity '${nonlinearity}'. Select from 'tanh' or 'relu'.`);
    }
    super({ ...options, mode: nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU' });
    this.nonlinearity = nonlinearity;
  }

  override forward(
    input: Tensor | PackedSequence,
    hx: Tensor | null = null,
  ): [output: Tensor | PackedSequence, hidden: Tensor] {
    const { output, states } = this.run(input, hx === null ? null : [hx]);
    return [output, states[0]!];
  }
}

/** Calling an `LSTM`. */
export interface LSTM {
  (
    input: Tensor,
    hx?: readonly [Tensor, Tensor] | null,
  ): [output: Tensor, states: [hidden: Tensor, cell: Tensor]];
  (
    input: PackedSequence,
    hx?: readonly [Tensor, Tensor] | null,
  ): [output: PackedSequence, states: [hidden: Tensor, cell: Tensor]];
}

/**
 * A long short-term memory (`torch.nn.LSTM`), with gates in the order input, forget, cell, output.
 *
 * Input of [time, batch, inputSize], of [time, inputSize], or packed; states `[h, c]` of [layers * directions, batch, projSize or
 * hiddenSize] and of hiddenSize. Gives the states of the last layer at every step, both directions side by side, and the last ones
 * of every layer.
 *
 * @throws {TypeError} when constructed or called with wrong arguments
 * @example
 * ```ts
 * const lstm = new nn.LSTM(10, 20, 2);
 * const [output, [h, c]] = lstm(randn([5, 3, 10]));
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: Callable's constructor provides the calls that the interface declares.
export class LSTM extends RNNBase {
  static override readonly className: string = 'LSTM';
  protected override readonly stateNames: readonly string[] = ['hidden[0]', 'hidden[1]'];

  constructor(
    ...args: LayerArguments<
      [
        inputSize: number,
        hiddenSize: number,
        numLayers: number | undefined,
        bias: boolean | undefined,
        batchFirst: boolean | undefined,
        dropout: number | undefined,
        bidirectional: boolean | undefined,
        projSize: number | undefined,
      ],
      typeof lstmNames,
      LSTMOptions,
      'dtype'
    >
  ) {
    const defaults = { ...recurrentDefaults, projSize: 0 };
    super({ ...readArguments<LSTMOptions>('LSTM', lstmNames, defaults, args), mode: 'LSTM' });
  }

  override forward(
    input: Tensor | PackedSequence,
    hx: readonly [Tensor, Tensor] | null = null,
  ): [output: Tensor | PackedSequence, states: [hidden: Tensor, cell: Tensor]] {
    const { output, states } = this.run(input, hx);
    return [output, states as [Tensor, Tensor]];
  }

  protected override checkStateDimensions([h, c]: readonly Tensor[], batched: boolean): void {
    const expected = batched ? 3 : 2;
    if (h!.ndim === expected && c!.ndim === expected) return;
    const kind = batched ? 'batched' : 'unbatched';
    throw new TypeError(
      `For ${kind} ${expected}-D input, hx and cx should also be ${expected}-D but got (${h!.ndim}-D, ${c!.ndim}-D) tensors`,
    );
  }
}

/** Calling a `GRU`. */
export interface GRU {
  (input: Tensor, hx?: Tensor | null): [output: Tensor, hidden: Tensor];
  (input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hidden: Tensor];
}

/**
 * Gated recurrent units (`torch.nn.GRU`), with gates in the order reset, update, new.
 *
 * Input of [time, batch, inputSize], of [time, inputSize], or packed; states of [layers * directions, batch, hiddenSize]. Gives the
 * states of the last layer at every step, both directions side by side, and the last ones of every layer.
 *
 * @throws {TypeError} when constructed or called with wrong arguments
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: Callable's constructor provides the calls that the interface declares.
export class GRU extends RNNBase {
  static override readonly className: string = 'GRU';

  constructor(
    ...args: LayerArguments<
      [
        inputSize: number,
        hiddenSize: number,
        numLayers: number | undefined,
        bias: boolean | undefined,
        batchFirst: boolean | undefined,
        dropout: number | undefined,
        bidirectional: boolean | undefined,
      ],
      typeof recurrentNames,
      GRUOptions,
      'dtype'
    >
  ) {
    refuseProjection(args);
    super({ ...readArguments<GRUOptions>('GRU', recurrentNames, recurrentDefaults, args), mode: 'GRU' });
  }

  override forward(
    input: Tensor | PackedSequence,
    hx: Tensor | null = null,
  ): [output: Tensor | PackedSequence, hidden: Tensor] {
    const { output, states } = this.run(input, hx === null ? null : [hx]);
    return [output, states[0]!];
  }
}
