/** Recurrent networks of any number of layers: `lstm`, `gru`, `rnnTanh` and `rnnRelu`, on plain and packed sequences. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { gradMode } from '../autograd/mode.ts';
import { anyRequiresGrad } from '../autograd/record.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { dropout } from './dropout.ts';
import { cat } from './joining.ts';
import { recurrentLayer } from './recurrent-core.ts';
import { type LayerSpec, weightsPerDirection } from './recurrent-layer.ts';

/** Options of {@link lstm} and its kin, under PyTorch's names. */
export interface RecurrentOptions {
  /** Whether the parameters contain biases. */
  readonly hasBiases: boolean;
  readonly numLayers: number;
  /** Probability of a zero in what one layer hands to the next. */
  readonly dropout: number;
  /** Whether to drop at all. */
  readonly train: boolean;
  readonly bidirectional: boolean;
  /** Whether input and output are [batch, time, ...] instead of [time, batch, ...]; not for packed sequences. */
  readonly batchFirst?: boolean;
}

type Trailing = [
  hasBiases: boolean,
  numLayers: number,
  dropout: number,
  train: boolean,
  bidirectional: boolean,
  batchFirst?: boolean,
];

/** Signature of {@link lstm} and its kin; `States` is one tensor, or for an LSTM a list of two. */
export interface RecurrentOperator<States, Result> {
  (input: Tensor, hx: States, params: readonly Tensor[], ...options: [RecurrentOptions] | Trailing): Result;
  /** Packed sequences: the rows of all steps, and how many sequences have each step. */
  (
    data: Tensor,
    batchSizes: Tensor,
    hx: States,
    params: readonly Tensor[],
    ...options: [RecurrentOptions] | Trailing
  ): Result;
}

type Canonical = [
  input: Tensor,
  batchSizes: Tensor | null,
  states: readonly Tensor[],
  params: readonly Tensor[],
  options: Required<RecurrentOptions>,
];

const optionNames = ['hasBiases', 'numLayers', 'dropout', 'train', 'bidirectional', 'batchFirst'] as const;

/** Makes the operator of one kind. Its result: the output, then the last states. */
function recurrentOperator<States, Result>(
  name: string,
  kind: LayerSpec['kind'],
): RecurrentOperator<States, Result> {
  const operator = defineOperator({
    name,
    normalize: (input: Tensor, ...rest: unknown[]): Canonical => {
      checkTensor(name, 'input', input);
      const packed = Array.isArray(rest[2]);
      const batchSizes = packed ? (rest.shift() as Tensor) : null;
      const [hx, params, ...options] = rest as [Tensor | Tensor[], Tensor[], ...unknown[]];
      if (!Array.isArray(params)) fail(name, "argument 'params' must be tuple of Tensors");
      const states = hx instanceof Tensor ? [hx] : hx;
      if (kind === 'lstm' && states.length !== 2) fail(name, 'lstm expects two hidden states');
      for (const tensor of [...states, ...params]) checkTensor(name, 'hx and params', tensor);
      const bound = bindArguments<RecurrentOptions>(name, optionNames, options);
      for (const option of optionNames.slice(0, 5)) {
        if (bound[option] === undefined) fail(name, `missing argument '${option}'`);
      }
      if (packed && bound.batchFirst) fail(name, 'packed sequences have no batch dimension to come first');
      const { batchFirst = false, ...others } = bound as RecurrentOptions;
      return [input, batchSizes, states, params, { ...others, batchFirst }];
    },
    composite: true,
    forward: (...args: Canonical) => runLayers(name, kind, ...args),
  });
  return operator as unknown as RecurrentOperator<States, Result>;
}

function runLayers(
  name: string,
  kind: LayerSpec['kind'],
  input: Tensor,
  packedSizes: Tensor | null,
  states: readonly Tensor[],
  params: readonly Tensor[],
  { hasBiases, numLayers, dropout: p, train, bidirectional, batchFirst }: Required<RecurrentOptions>,
): Tensor[] {
  const directions = bidirectional ? 2 : 1;
  const each = params.length / (numLayers * directions);
  const plain = weightsPerDirection({ biased: hasBiases, projected: false });
  const projected = each === plain + 1;
  if ((each !== plain && !projected) || (projected && kind !== 'lstm')) {
    const expected = `${plain * numLayers * directions}`;
    fail(name, 'got an incorrect number of RNN parameters', expected, `${params.length}`);
  }
  const sequence = packedSizes === null ? plainSequence(name, input, batchFirst) : input;
  const batchSizes =
    packedSizes === null
      ? new Array<number>(sequence.shape[0]!).fill(sequence.shape[1]!)
      : (packedSizes.tolist() as number[]);
  checkBatchSizes(name, batchSizes, packedSizes === null ? undefined : sequence);
  const spec: LayerSpec = {
    kind,
    batchSizes,
    biased: hasBiases,
    bidirectional,
    projected,
    save: gradMode.enabled && anyRequiresGrad([input, ...states, ...params]),
  };
  checkStates(name, states, numLayers * directions);
  const [h, c] = states.map((all) => (layer: number): Tensor => {
    return numLayers === 1 ? all : all.narrow(0, layer * directions, directions);
  });
  let rows = packedSizes === null ? sequence.reshape([-1, sequence.shape[2]!]) : sequence;
  const last: Tensor[][] = states.map(() => []);
  for (let layer = 0; layer < numLayers; layer++) {
    const weights = params.slice(layer * directions * each, (layer + 1) * directions * each);
    const result = recurrentLayer(rows, h!(layer), c?.(layer) ?? null, weights, spec);
    last[0]!.push(result.h);
    if (result.c !== undefined) last[1]!.push(result.c);
    rows = result.output;
    if (p !== 0 && train && layer < numLayers - 1) rows = dropout(rows, p, true);
  }
  const lastStates = last.map((of) => (of.length === 1 ? of[0]! : cat(of)));
  if (packedSizes !== null) return [rows, ...lastStates];
  const output = rows.reshape([...sequence.shape.slice(0, 2), rows.shape[1]!]);
  return [batchFirst ? output.transpose(0, 1) : output, ...lastStates];
}

/** The input as [time, batch, features]. */
function plainSequence(name: string, input: Tensor, batchFirst: boolean): Tensor {
  if (input.ndim !== 3) fail(name, 'the input must have 3 dimensions', '3', showSizes(input.shape));
  return batchFirst ? input.transpose(0, 1) : input;
}

/** Refuses sequences without steps, and packed ones whose batch sizes are not those of `data`, or grow. */
function checkBatchSizes(name: string, batchSizes: readonly number[], data: Tensor | undefined): void {
  if (batchSizes.length === 0) fail(name, 'Expected sequence length to be larger than 0 in RNN');
  if (data === undefined) return;
  if (data.ndim !== 2) fail(name, 'packed data must have 2 dimensions', '2', showSizes(data.shape));
  const rows = batchSizes.reduce((sum, size) => sum + size, 0);
  if (rows !== data.shape[0]) {
    const problem = 'the batch sizes do not add up to the rows of the input';
    fail(name, problem, `${data.shape[0]}`, `${rows}`);
  }
  if (batchSizes.some((size, t) => size > (batchSizes[t - 1] ?? size))) {
    fail(name, 'batch sizes must not grow from step to step', undefined, showSizes(batchSizes));
  }
}

function checkStates(name: string, states: readonly Tensor[], count: number): void {
  for (const state of states) {
    if (state.ndim === 3 && state.shape[0] === count) continue;
    fail(
      name,
      'a hidden state has the wrong shape',
      `[${count}, batch size, features]`,
      showSizes(state.shape),
    );
  }
}

/**
 * A long short-term memory (`torch.lstm`): gives [output, last hidden states, last cell states].
 * Canonical: (input, batchSizes | null, [h, c], params, options).
 */
export const lstm: RecurrentOperator<readonly Tensor[], [output: Tensor, h: Tensor, c: Tensor]> =
  recurrentOperator('lstm', 'lstm');

/** Gated recurrent units (`torch.gru`): gives [output, last hidden states]. Canonical: as {@link lstm}, with one state. */
export const gru: RecurrentOperator<Tensor, [output: Tensor, h: Tensor]> = recurrentOperator('gru', 'gru');

/** An Elman network with tanh (`torch.rnn_tanh`). Canonical: as {@link gru}. */
export const rnnTanh: RecurrentOperator<Tensor, [output: Tensor, h: Tensor]> = recurrentOperator(
  'rnnTanh',
  'tanh',
);

/** An Elman network with ReLU (`torch.rnn_relu`). Canonical: as {@link gru}. */
export const rnnRelu: RecurrentOperator<Tensor, [output: Tensor, h: Tensor]> = recurrentOperator(
  'rnnRelu',
  'relu',
);
