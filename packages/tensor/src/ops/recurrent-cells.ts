/** Single steps of recurrent networks: `lstmCell`, `gruCell`, `rnnTanhCell` and `rnnReluCell`. */
import { filledTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { gradMode } from '../autograd/mode.ts';
import { anyRequiresGrad } from '../autograd/record.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { recurrentLayer } from './recurrent-core.ts';
import type { LayerSpec } from './recurrent-layer.ts';

/** Biases of {@link lstmCell} and its kin. */
export interface CellOptions {
  readonly bIh?: Tensor | null;
  readonly bHh?: Tensor | null;
}

/** Signature of {@link lstmCell} and its kin; `States` is one tensor, or for an LSTM a list of two. */
export type CellOperator<States, Result> = (
  input: Tensor,
  hx: States,
  wIh: Tensor,
  wHh: Tensor,
  ...biases: [CellOptions] | [bIh?: Tensor | null, bHh?: Tensor | null]
) => Result;

type Canonical = [
  input: Tensor,
  states: readonly Tensor[],
  wIh: Tensor,
  wHh: Tensor,
  biases: Required<CellOptions>,
];

function cellOperator<States, Result>(name: string, kind: LayerSpec['kind']): CellOperator<States, Result> {
  const operator = defineOperator({
    name,
    normalize: (
      input: Tensor,
      hx: Tensor | readonly Tensor[],
      wIh: Tensor,
      wHh: Tensor,
      ...rest: unknown[]
    ): Canonical => {
      const states = hx instanceof Tensor ? [hx] : hx;
      if (kind === 'lstm' && states.length !== 2) fail(name, 'lstm_cell expects two hidden states');
      for (const tensor of [input, ...states, wIh, wHh]) checkTensor(name, 'input', tensor);
      const { bIh = null, bHh = null } = bindArguments<CellOptions>(name, ['bIh', 'bHh'], rest);
      checkSizes(name, input, states, wIh, wHh);
      return [input, states, wIh, wHh, { bIh, bHh }];
    },
    composite: true,
    forward: (input: Tensor, states, wIh, wHh, { bIh, bHh }): Tensor | Tensor[] => {
      const biased = bIh !== null || bHh !== null;
      const zeros = (): Tensor => filledTensor([wIh.shape[0]!], input.dtype, 0);
      const weights = biased ? [wIh, wHh, bIh ?? zeros(), bHh ?? zeros()] : [wIh, wHh];
      const { output, c } = recurrentLayer(
        input,
        states[0]!.unsqueeze(0),
        states[1]?.unsqueeze(0) ?? null,
        weights,
        {
          kind,
          batchSizes: [input.shape[0]!],
          biased,
          bidirectional: false,
          projected: false,
          save: gradMode.enabled && anyRequiresGrad([input, ...states, ...weights]),
        },
      );
      return c === undefined ? output : [output, c.squeeze(0)];
    },
  });
  return operator as unknown as CellOperator<States, Result>;
}

function checkSizes(name: string, input: Tensor, states: readonly Tensor[], wIh: Tensor, wHh: Tensor): void {
  if (input.ndim !== 2) fail(name, 'the input must have 2 dimensions', '2', showSizes(input.shape));
  const [batch, size] = input.shape as [number, number];
  if (size !== wIh.shape[1]) {
    fail(name, `input has inconsistent input_size: got ${size} expected ${wIh.shape[1]}`);
  }
  states.forEach((state, i) => {
    if (state.ndim !== 2) fail(name, `hidden${i} must have 2 dimensions`, '2', showSizes(state.shape));
    const [rows, hidden] = state.shape as [number, number];
    if (rows !== batch) fail(name, `Input batch size ${batch} doesn't match hidden${i} batch size ${rows}`);
    if (hidden !== wHh.shape[1]) {
      fail(name, `hidden${i} has inconsistent hidden_size: got ${hidden}, expected ${wHh.shape[1]}`);
    }
  });
}

/** A step of a long short-term memory (`torch.lstm_cell`): gives [h, c]. Canonical: (input, [h, c], wIh, wHh, { bIh, bHh }). */
export const lstmCell: CellOperator<readonly Tensor[], [h: Tensor, c: Tensor]> = cellOperator(
  'lstmCell',
  'lstm',
);

/** A step of gated recurrent units (`torch.gru_cell`). Canonical: as {@link lstmCell}, with one state. */
export const gruCell: CellOperator<Tensor, Tensor> = cellOperator('gruCell', 'gru');

/** A step of an Elman network with tanh (`torch.rnn_tanh_cell`). Canonical: as {@link gruCell}. */
export const rnnTanhCell: CellOperator<Tensor, Tensor> = cellOperator('rnnTanhCell', 'tanh');

/** A step of an Elman network with ReLU (`torch.rnn_relu_cell`). Canonical: as {@link gruCell}. */
export const rnnReluCell: CellOperator<Tensor, Tensor> = cellOperator('rnnReluCell', 'relu');
