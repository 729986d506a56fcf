/** Single steps of recurrent networks: `RNNCell`, `LSTMCell` and `GRUCell`. */
import {
  empty,
  float32,
  gruCell,
  lstmCell,
  rnnReluCell,
  rnnTanhCell,
  type Tensor,
  zeros,
} from '@sconce/tensor';
import { uniform_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonText } from '../module/python-text.ts';

/** Arguments of `LSTMCell` and `GRUCell` by name. */
export interface CellLayerOptions extends DTypeOption {
  /** Features of the input. */
  inputSize: number;
  /** Features of the state. */
  hiddenSize: number;
  /** Whether there are biases (default true). */
  bias?: boolean;
}

/** Arguments of `RNNCell` by name. */
export interface RNNCellOptions extends CellLayerOptions {
  /** The function of the step (default `'tanh'`). */
  nonlinearity?: 'tanh' | 'relu';
}

/** Arguments of `RNNCellBase` by name. */
export interface RNNCellBaseOptions extends CellLayerOptions {
  bias: boolean;
  /** Number of gates. */
  numChunks: number;
}

const names = ['inputSize', 'hiddenSize', 'bias'] as const;
const rnnNames = ['inputSize', 'hiddenSize', 'bias', 'nonlinearity'] as const;
const baseNames = ['inputSize', 'hiddenSize', 'bias', 'numChunks'] as const;
const defaults: Required<Pick<CellLayerOptions, 'bias' | 'dtype'>> = { bias: true, dtype: float32 };

/** Constructor arguments of `LSTMCell` and `GRUCell`. */
type CellArguments = LayerArguments<
  [inputSize: number, hiddenSize: number, bias: boolean | undefined],
  typeof names,
  CellLayerOptions,
  'dtype'
>;

/**
 * What the cells share (`torch.nn.RNNCellBase`).
 *
 * @throws {TypeError} when constructed with wrong arguments
 */
export abstract class RNNCellBase extends Module {
  static override readonly className: string = 'RNNCellBase';

  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;
  /** [numChunks * hiddenSize, inputSize] */
  declare weight_ih: Parameter;
  /** [numChunks * hiddenSize, hiddenSize] */
  declare weight_hh: Parameter;
  /** [numChunks * hiddenSize] */
  declare bias_ih: Parameter | null;
  /** [numChunks * hiddenSize] */
  declare bias_hh: Parameter | null;

  constructor(
    ...args: LayerArguments<
      [inputSize: number, hiddenSize: number, bias: boolean, numChunks: number],
      typeof baseNames,
      RNNCellBaseOptions,
      'dtype'
    >
  ) {
    super();
    const { inputSize, hiddenSize, bias, numChunks, dtype } = readArguments<RNNCellBaseOptions>(
      'RNNCellBase',
      baseNames,
      { dtype: float32 },
      args,
    );
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.bias = bias;
    const rows = numChunks * hiddenSize;
    const parameter = (...shape: number[]): Parameter => new Parameter(empty(shape, { dtype }));
    this.registerParameter('weight_ih', parameter(rows, inputSize));
    this.registerParameter('weight_hh', parameter(rows, hiddenSize));
    this.registerParameter('bias_ih', bias ? parameter(rows) : null);
    this.registerParameter('bias_hh', bias ? parameter(rows) : null);
    this.resetParameters();
  }

  /** Draws new weights as PyTorch does: uniform, bounded by one over the square root of `hiddenSize`. */
  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }

  override extraRepr(): string {
    const bias = this.bias ? '' : `, bias=${pythonText(this.bias)}`;
    return `${this.inputSize}, ${this.hiddenSize}${bias}`;
  }

  /** Runs a step on a batch, which a single input becomes for that time. */
  protected step(
    input: Tensor,
    given: readonly Tensor[] | null,
    count: number,
    run: (input: Tensor, states: readonly Tensor[]) => Tensor[],
  ): Tensor[] {
    const name = this.getName();
    if (input.ndim !== 1 && input.ndim !== 2) {
      throw new TypeError(`${name}: Expected input to be 1D or 2D, got ${input.ndim}D instead`);
    }
    given?.forEach((state, i) => {
      if (state.ndim === 1 || state.ndim === 2) return;
      const which = count === 1 ? 'hidden' : `hx[${i}]`;
      throw new TypeError(`${name}: Expected ${which} to be 1D or 2D, got ${state.ndim}D instead`);
    });
    const batched = input.ndim === 2;
    const batch = batched ? input : input.unsqueeze(0);
    const fresh = (): Tensor => zeros([batch.shape[0]!, this.hiddenSize], { dtype: input.dtype });
    const states =
      given === null
        ? new Array<Tensor>(count).fill(fresh())
        : given.map((state) => (batched ? state : state.unsqueeze(0)));
    const results = run(batch, states);
    return batched ? results : results.map((result) => result.squeeze(0));
  }
}

/**
 * A step of an Elman network (`torch.nn.RNNCell`): input of [batch, inputSize] and state of [batch, hiddenSize], or both without a
 * batch, give the next state.
 *
 * @throws {TypeError} when constructed or called with wrong arguments
 */
export class RNNCell extends RNNCellBase {
  static override readonly className: string = 'RNNCell';

  readonly nonlinearity: 'tanh' | 'relu';

  constructor(
    ...args: LayerArguments<
      [
        inputSize: number,
        hiddenSize: number,
        bias: boolean | undefined,
        nonlinearity: 'tanh' | 'relu' | undefined,
      ],
      typeof rnnNames,
      RNNCellOptions,
      'dtype'
    >
  ) {
    const { nonlinearity, ...options } = readArguments<RNNCellOptions>(
      'RNNCell',
      rnnNames,
      { ...defaults, nonlinearity: 'tanh' },
      args,
    );
    super({ ...options, numChunks: 1 });
    this.nonlinearity = nonlinearity;
  }

  override forward(input: Tensor, hx: Tensor | null = null): Tensor {
    return this.step(input, hx === null ? null : [hx], 1, (x, [h]) => {
      const cells = { tanh: rnnTanhCell, relu: rnnReluCell };
      if (!Object.hasOwn(cells, this.nonlinearity)) {
        throw new RangeError(`Unknown nonlinearity: ${this.nonlinearity}`);
      }
      const cell = cells[this.nonlinearity];
      return [cell(x, h!, this.weight_ih, this.weight_hh, this.bias_ih, this.bias_hh)];
    })[0]!;
  }

  override extraRepr(): string {
    const function_ = this.nonlinearity === 'tanh' ? '' : `, nonlinearity=${this.nonlinearity}`;
    return super.extraRepr() + function_;
  }
}

/**
 * A step of a long short-term memory (`torch.nn.LSTMCell`): input of [batch, inputSize] and states `[h, c]` of
 * [batch, hiddenSize], or all without a batch, give the next states.
 *
 * @throws {TypeError} when constructed or called with wrong arguments
 */
export class LSTMCell extends RNNCellBase {
  static override readonly className: string = 'LSTMCell';

  constructor(...args: CellArguments) {
    super({ ...readArguments<CellLayerOptions>('LSTMCell', names, defaults, args), numChunks: 4 });
  }

  override forward(
    input: Tensor,
    hx: readonly [Tensor, Tensor] | null = null,
  ): [hidden: Tensor, cell: Tensor] {
    return this.step(input, hx, 2, (x, states) =>
      lstmCell(x, states, this.weight_ih, this.weight_hh, this.bias_ih, this.bias_hh),
    ) as [Tensor, Tensor];
  }
}

/**
 * A step of gated recurrent units (`torch.nn.GRUCell`): input of [batch, inputSize] and state of [batch, hiddenSize], or both
 * without a batch, give the next state.
 *
 * @throws {TypeError} when constructed or called with wrong arguments
 */
export class GRUCell extends RNNCellBase {
  static override readonly className: string = 'GRUCell';

  constructor(...args: CellArguments) {
    super({ ...readArguments<CellLayerOptions>('GRUCell', names, defaults, args), numChunks: 3 });
  }

  override forward(input: Tensor, hx: Tensor | null = null): Tensor {
    return this.step(input, hx === null ? null : [hx], 1, (x, [h]) => [
      gruCell(x, h!, this.weight_ih, this.weight_hh, this.bias_ih, this.bias_hh),
    ])[0]!;
  }
}
