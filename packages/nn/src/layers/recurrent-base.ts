/** `RNNBase`: what `RNN`, `LSTM` and `GRU` share: their weights, their checks, and running over a sequence. */
import { type DType, empty, float32, gru, lstm, rnnRelu, rnnTanh, type Tensor, zeros } from '@sconce/tensor';
import { uniform_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';
import { warn } from '../module/warn.ts';
import { PackedSequence } from '../utils/rnn-packed-sequence.ts';

/** What a recurrent layer computes. */
export type RecurrentMode = 'LSTM' | 'GRU' | 'RNN_TANH' | 'RNN_RELU';

/** Arguments of `RNNBase` by name. */
export interface RNNBaseOptions extends DTypeOption {
  mode: RecurrentMode;
  /** Features of each step of the input. */
  inputSize: number;
  /** Features of the hidden state. */
  hiddenSize: number;
  /** Layers, each of which reads what the one before gives (default 1). */
  numLayers?: number;
  /** Whether there are biases (default true). */
  bias?: boolean;
  /** Whether input and output are [batch, time, features] instead of [time, batch, features] (default false). */
  batchFirst?: boolean;
  /** Probability of a zero in what one layer hands to the next, in training (default 0). */
  dropout?: number;
  /** Whether the sequence is read backwards as well (default false). */
  bidirectional?: boolean;
  /** Features that an LSTM's hidden state is projected to; 0, the default, for none. */
  projSize?: number;
}

/** The arguments of a layer without a projection, in PyTorch's order. */
export const recurrentNames = [
  'inputSize',
  'hiddenSize',
  'numLayers',
  'bias',
  'batchFirst',
  'dropout',
  'bidirectional',
] as const;
const names: readonly ['mode', ...typeof recurrentNames, 'projSize'] = [
  'mode',
  ...recurrentNames,
  'projSize',
];

/** Values of the arguments that may be left out. */
export const recurrentDefaults: Required<
  Omit<RNNBaseOptions, 'mode' | 'inputSize' | 'hiddenSize' | 'projSize'>
> = { numLayers: 1, bias: true, batchFirst: false, dropout: 0, bidirectional: false, dtype: float32 };

const gateCounts: Readonly<Record<RecurrentMode, number>> = { LSTM: 4, GRU: 3, RNN_TANH: 1, RNN_RELU: 1 };

type WeightName = `${'weight_ih' | 'weight_hh' | 'weight_hr' | 'bias_ih' | 'bias_hh'}_l${string}`;

/**
 * Base of the recurrent layers (`torch.nn.RNNBase`). Parameters have PyTorch's names: `weight_ih_l0`, `weight_hh_l0`,
 * `bias_ih_l0`, `bias_hh_l0`, with a projection `weight_hr_l0`, the same with `_reverse` behind for the other direction, and so on
 * for `l1`, `l2`, ...
 *
 * @throws {TypeError} when constructed with arguments of a wrong type
 * @throws {RangeError} when a size or the dropout is out of range
 */
export abstract class RNNBase extends Module {
  static override readonly className: string = 'RNNBase';

  readonly mode: RecurrentMode;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly projSize: number;
  [name: WeightName]: Parameter;
  /** [gates * hiddenSize, inputSize] */
  declare weight_ih_l0: Parameter;
  /** [gates * hiddenSize, projSize or hiddenSize] */
  declare weight_hh_l0: Parameter;
  /** [gates * hiddenSize]; absent without biases. */
  declare bias_ih_l0: Parameter;
  /** [gates * hiddenSize]; absent without biases. */
  declare bias_hh_l0: Parameter;
  /** Names of the parameters of each layer and direction. */
  private readonly weightNames: readonly (readonly WeightName[])[];

  constructor(
    ...args: LayerArguments<
      [
        mode: RecurrentMode,
        inputSize: number,
        hiddenSize: number,
        numLayers: number | undefined,
        bias: boolean | undefined,
        batchFirst: boolean | undefined,
        dropout: number | undefined,
        bidirectional: boolean | undefined,
        projSize: number | undefined,
      ],
      typeof names,
      RNNBaseOptions,
      'dtype'
    >
  ) {
    super();
    const options = readArguments<RNNBaseOptions>(
      'RNNBase',
      names,
      { ...recurrentDefaults, projSize: 0 },
      args,
    );
    checkOptions(options);
    this.mode = options.mode;
    this.inputSize = options.inputSize;
    this.hiddenSize = options.hiddenSize;
    this.numLayers = options.numLayers;
    this.bias = options.bias;
    this.batchFirst = options.batchFirst;
    this.dropout = options.dropout;
    this.bidirectional = options.bidirectional;
    this.projSize = options.projSize;
    const shapes = weightShapes(options);
    for (const [name, shape] of shapes.flat()) {
      this.registerParameter(name, new Parameter(empty(shape, { dtype: options.dtype })));
    }
    this.weightNames = shapes.map((own) => own.map(([name]) => name));
    this.resetParameters();
  }

  /** The parameters of each layer and direction. */
  get allWeights(): Parameter[][] {
    return this.weightNames.map((own) => own.map((name) => this[name]!));
  }

  /** Draws new weights as PyTorch does: uniform, bounded by one over the square root of `hiddenSize`. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }

  /** Does nothing: there is no library here that wants the weights to lie behind each other. */
  flattenParameters(): void {}

  override extraRepr(): string {
    const parts = [`${this.inputSize}, ${this.hiddenSize}`];
    if (this.projSize !== 0) parts.push(`proj_size=${this.projSize}`);
    if (this.numLayers !== 1) parts.push(`num_layers=${this.numLayers}`);
    if (!this.bias) parts.push(`bias=${pythonText(this.bias)}`);
    if (this.batchFirst) parts.push(`batch_first=${pythonText(this.batchFirst)}`);
    if (this.dropout !== 0) parts.push(`dropout=${pythonFloat(this.dropout)}`);
    if (this.bidirectional) parts.push(`bidirectional=${pythonText(this.bidirectional)}`);
    return parts.join(', ');
  }

  /** Runs over a sequence from the given states, or from zeros. */
  protected run(
    input: Tensor | PackedSequence,
    given: readonly Tensor[] | null,
  ): { output: Tensor | PackedSequence; states: Tensor[] } {
    if (input instanceof PackedSequence) return this.runPacked(input, given);
    const name = this.getName();
    if (input.ndim !== 2 && input.ndim !== 3) {
      const kind = this.mode.startsWith('RNN') ? 'D tensor' : 'D';
      throw new TypeError(`${name}: Expected input to be 2D or 3D, got ${input.ndim}${kind} instead`);
    }
    const batched = input.ndim === 3;
    const batchDimension = this.batchFirst ? 0 : 1;
    if (given !== null) this.checkStateDimensions(given, batched);
    const sequence = batched ? input : input.unsqueeze(batchDimension);
    const batch = sequence.shape[batchDimension]!;
    const states = given === null ? this.zeroStates(batch, sequence.dtype) : [...given];
    const own = given === null || batched ? states : states.map((state) => state.unsqueeze(1));
    this.checkArguments(sequence, 3, own, batch);
    const [output, ...last] = this.operate(sequence, null, own);
    if (batched) return { output: output!, states: last };
    return { output: output!.squeeze(batchDimension), states: last.map((state) => state.squeeze(1)) };
  }

  /** Refuses states of another number of dimensions than the input has. */
  protected checkStateDimensions([hx]: readonly Tensor[], batched: boolean): void {
    const expected = batched ? 3 : 2;
    if (hx!.ndim === expected) return;
    const kind = batched ? 'batched' : 'unbatched';
    throw new TypeError(
      `For ${kind} ${expected}-D input, hx should also be ${expected}-D but got ${hx!.ndim}-D tensor`,
    );
  }

  /** Names of the states in errors. */
  protected readonly stateNames: readonly string[] = ['hidden'];

  private runPacked(
    { data, batchSizes, sortedIndices, unsortedIndices }: PackedSequence,
    given: readonly Tensor[] | null,
  ): { output: PackedSequence; states: Tensor[] } {
    const permuted = (states: readonly Tensor[], indices: Tensor | null): Tensor[] =>
      indices === null ? [...states] : states.map((state) => state.indexSelect(1, indices));
    const batch = Number(batchSizes.select(0, 0).item());
    const states = given === null ? this.zeroStates(batch, data.dtype) : permuted(given, sortedIndices);
    this.checkArguments(data, 2, states, batch);
    const [output, ...last] = this.operate(data, batchSizes, states);
    return {
      output: new PackedSequence(output!, batchSizes, sortedIndices, unsortedIndices),
      states: permuted(last, unsortedIndices),
    };
  }

  private operate(input: Tensor, batchSizes: Tensor | null, states: readonly Tensor[]): readonly Tensor[] {
    const { numLayers, dropout, bidirectional, batchFirst, training } = this;
    const options = { hasBiases: this.bias, numLayers, dropout, train: training, bidirectional };
    const weights = this.allWeights.flat();
    const [h] = states as [Tensor];
    if (this.mode === 'LSTM') {
      if (batchSizes !== null) return lstm(input, batchSizes, states, weights, options);
      return lstm(input, states, weights, { ...options, batchFirst });
    }
    const operator = { GRU: gru, RNN_TANH: rnnTanh, RNN_RELU: rnnRelu }[this.mode];
    if (batchSizes !== null) return operator(input, batchSizes, h, weights, options);
    return operator(input, h, weights, { ...options, batchFirst });
  }

  /** Features of each state: hidden, and for an LSTM the cell's. */
  private stateSizes(): number[] {
    const hidden = this.projSize > 0 ? this.projSize : this.hiddenSize;
    return this.mode === 'LSTM' ? [hidden, this.hiddenSize] : [hidden];
  }

  private stateShapes(batch: number): number[][] {
    const layers = this.numLayers * (this.bidirectional ? 2 : 1);
    return this.stateSizes().map((size) => [layers, batch, size]);
  }

  private zeroStates(batch: number, dtype: DType): Tensor[] {
    return this.stateShapes(batch).map((shape) => zeros(shape, { dtype }));
  }

  private checkArguments(input: Tensor, dimensions: number, states: readonly Tensor[], batch: number): void {
    const { dtype } = this.weight_ih_l0;
    if (input.dtype !== dtype) {
      throw new TypeError(
        `RNN input dtype (torch.${input.dtype}) does not match weight dtype (torch.${dtype}). Convert input: input.to(torch.${dtype}), or convert model: model.to(torch.${input.dtype})`,
      );
    }
    if (input.ndim !== dimensions) {
      throw new TypeError(`input must have ${dimensions} dimensions, got ${input.ndim}`);
    }
    const size = input.shape.at(-1);
    if (size !== this.inputSize) {
      throw new TypeError(
        `input.size(-1) must be equal to input_size. Expected ${this.inputSize}, got ${size}`,
      );
    }
    for (const [i, shape] of this.stateShapes(batch).entries()) {
      const got = states[i]!.shape;
      if (got.join() === shape.join()) continue;
      const sizes = `(${shape.join(', ')}), got [${got.join(', ')}]`;
      throw new TypeError(`Expected ${this.stateNames[i]} size ${sizes}`);
    }
  }
}

/** Names and shapes of the parameters, by layer and direction, in PyTorch's order. */
function weightShapes(
  options: Required<RNNBaseOptions>,
): (readonly (readonly [name: WeightName, shape: number[]])[])[] {
  const { mode, inputSize, hiddenSize, numLayers, bias, bidirectional, projSize } = options;
  const gates = gateCounts[mode] * hiddenSize;
  const state = projSize > 0 ? projSize : hiddenSize;
  const suffixes = bidirectional ? ['', '_reverse'] : [''];
  const shapes: (readonly (readonly [WeightName, number[]])[])[] = [];
  for (let layer = 0; layer < numLayers; layer++) {
    const input = layer === 0 ? inputSize : state * suffixes.length;
    for (const suffix of suffixes) {
      const at = `l${layer}${suffix}` as const;
      const own: [WeightName, number[]][] = [
        [`weight_ih_${at}`, [gates, input]],
        [`weight_hh_${at}`, [gates, state]],
      ];
      if (bias) own.push([`bias_ih_${at}`, [gates]], [`bias_hh_${at}`, [gates]]);
      if (projSize > 0) own.push([`weight_hr_${at}`, [projSize, hiddenSize]]);
      shapes.push(own);
    }
  }
  return shapes;
}

/** Refuses arguments in PyTorch's words and order. */
function checkOptions(options: Required<RNNBaseOptions>): void {
  const { mode, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, projSize } = options;
  if (typeof dropout !== 'number' || !(dropout >= 0 && dropout <= 1)) {
    throw new RangeError(
      'dropout should be a number in range [0, 1] representing the probability of an element being zeroed',
    );
  }
  if (dropout > 0 && numLayers === 1) {
    warn(
      `dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater than 1, but got dropout=${pythonFloat(dropout)} and num_layers=${numLayers}`,
    );
  }
  for (const [name, value] of Object.entries({ bias, batch_first: batchFirst })) {
    if (typeof value !== 'boolean') {
      throw new TypeError(`${name} should be of type bool, got: ${pythonTypeName(value)}`);
    }
  }
  for (const [name, value] of Object.entries({ input_size: inputSize, hidden_size: hiddenSize })) {
    if (!Number.isInteger(value)) {
      throw new TypeError(`${name} should be of type int, got: ${pythonTypeName(value)}`);
    }
    if (value <= 0) throw new RangeError(`${name} must be greater than zero`);
  }
  if (!(numLayers > 0)) throw new RangeError('num_layers must be greater than zero');
  if (projSize < 0) {
    throw new RangeError('proj_size should be a positive integer or zero to disable projections');
  }
  if (projSize >= hiddenSize) throw new RangeError('proj_size has to be smaller than hidden_size');
  if (!(mode in gateCounts)) throw new RangeError(`Unrecognized RNN mode: ${mode}`);
}

/** What Python calls the type of a value. */
function pythonTypeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return { string: 'str', boolean: 'bool' }[typeof value as string] ?? typeof value;
}
