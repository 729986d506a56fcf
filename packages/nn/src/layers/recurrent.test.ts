import { autograd, type DType, manualSeed, Tensor, zeros } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { describe, expect, it } from 'vitest';
import { firstDifference, readTensors } from '../testing/fixtures.ts';
import { PackedSequence, packPaddedSequence } from '../utils/rnn.ts';
import { GRU, LSTM, RNN } from './recurrent.ts';
import type { RNNBase } from './recurrent-base.ts';
import { GRUCell, LSTMCell, RNNCell } from './recurrent-cells.ts';

const classes = { RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell };

interface RecurrentCase {
  readonly name: string;
  readonly class: keyof typeof classes;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly dtype: DType;
  readonly seed: number;
  readonly train: boolean;
  readonly lengths: readonly number[] | null;
  readonly input: string;
  readonly states: readonly string[];
  readonly outputs: readonly string[];
  readonly weights: readonly string[];
  readonly grads: readonly string[];
  readonly second?: readonly string[];
}

const { cases } = fixtureJson<{ cases: readonly RecurrentCase[] }>('recurrent/recurrent.json');
const tensors = readTensors('recurrent/recurrent.safetensors');
const leaf = (name: string): Tensor => tensors(name).clone().requiresGrad_();

/** Float64 to 1e-10 of the largest element, float32 to PyTorch's tolerance. */
function expectNear(actual: readonly (Tensor | null)[], names: readonly string[]): void {
  expect(actual.length).toBe(names.length);
  for (const [i, name] of names.entries()) {
    const expected = tensors(name);
    const got = actual[i]!;
    expect(got.shape).toEqual(expected.shape);
    if (expected.dtype === 'float32') expect(firstDifference(got, expected), `${i}`).toBe('');
    else if (expected.numel() > 0) {
      const distance = got.detach().sub(expected).abs().max().item() as number;
      expect(distance, `${i}`).toBeLessThanOrEqual(1e-10 * (1 + (expected.abs().max().item() as number)));
    }
  }
}

function flat(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result];
  if (result instanceof PackedSequence) return [result.data];
  return (result as unknown[]).flatMap(flat);
}

describe('recurrent layers are those of PyTorch', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    manualSeed(one.seed);
    const Layer = classes[one.class] as unknown as new (...args: unknown[]) => RNNBase;
    const layer = new Layer(...one.args, { ...one.kwargs, dtype: one.dtype }).train(one.train);
    const x = leaf(one.input);
    const states = one.states.map(leaf);
    const [first] = states;
    const hx = first === undefined ? null : one.class.startsWith('LSTM') ? states : first;
    let sequence: Tensor | PackedSequence = x;
    manualSeed(one.seed);
    if (one.lengths !== null) {
      const enforceSorted = one.lengths.every((length, i, all) => i === 0 || length <= all[i - 1]!);
      const batchFirst = one.kwargs.batchFirst === true;
      sequence = packPaddedSequence(x, one.lengths, { batchFirst, enforceSorted });
    }
    const run = layer as unknown as (input: unknown, hx: unknown) => unknown;
    const outputs = flat(run(sequence, hx));
    expectNear(outputs, one.outputs);
    const inputs = [x, ...states, ...layer.parameters()];
    const options = { gradOutputs: one.weights.map(tensors), retainGraph: true };
    expectNear(autograd.grad(outputs, inputs, options), one.grads);
    if (one.second === undefined) return;
    const grads = autograd.grad(outputs, inputs, { ...options, createGraph: true }) as Tensor[];
    expectNear(grads, one.grads);
    const total = grads.map((grad) => grad.mul(grad).sum()).reduce((sum, part) => sum.add(part));
    expectNear(autograd.grad(total, inputs, { materializeGrads: true }), one.second);
  });
});

describe('recurrent layers', () => {
  it('print what PyTorch prints', () => {
    expect(String(new LSTM(5, 4, 2, { dropout: 0.5, bidirectional: true }))).toBe(
      'LSTM(5, 4, num_layers=2, dropout=0.5, bidirectional=True)',
    );
    expect(String(new LSTM(5, 4, 2, false, true, 0, false, 2))).toBe(
      'LSTM(5, 4, proj_size=2, num_layers=2, bias=False, batch_first=True)',
    );
    expect(String(new RNN(5, 4, { nonlinearity: 'relu' }))).toBe('RNN(5, 4)');
    expect(String(new RNNCell(5, 4, { nonlinearity: 'relu', bias: false }))).toBe(
      'RNNCell(5, 4, bias=False, nonlinearity=relu)',
    );
  });

  it('name their parameters as PyTorch does', () => {
    const layer = new LSTM(3, 4, 2, { bidirectional: true, projSize: 2 });
    expect([...layer.stateDict().keys()].slice(0, 7)).toEqual([
      'weight_ih_l0',
      'weight_hh_l0',
      'bias_ih_l0',
      'bias_hh_l0',
      'weight_hr_l0',
      'weight_ih_l0_reverse',
      'weight_hh_l0_reverse',
    ]);
    expect(layer.weight_ih_l1_reverse!.shape).toEqual([16, 4]);
    expect(layer.allWeights.map((own) => own.length)).toEqual([5, 5, 5, 5]);
  });

  it('refuse wrong arguments in PyTorch’s words', () => {
    expect(() => new LSTM(5, 4, { dropout: 2 })).toThrow('dropout should be a number in range [0, 1]');
    expect(() => new RNN(5, 4, { nonlinearity: 'x' as 'tanh' })).toThrow(
      "Unknown nonlinearity 'x'. Select from 'tanh' or 'relu'.",
    );
    expect(() => new GRU(5, 4, { projSize: 1 } as object)).toThrow('proj_size argument is only supported');
    expect(() => new LSTM(5, 4, { bias: 1 as unknown as boolean })).toThrow('got: int');
    expect(() => new LSTM(5.5, 4)).toThrow('input_size should be of type int, got: float');
    expect(() => new LSTM(5, 0)).toThrow('hidden_size must be greater than zero');
    expect(() => new LSTM(5, 4, { projSize: 4 })).toThrow('proj_size has to be smaller than hidden_size');
  });

  it('refuse wrong inputs in PyTorch’s words', () => {
    const [lstm, gru] = [new LSTM(5, 4), new GRU(5, 4)];
    const [x, h] = [zeros([2, 3, 5]), zeros([1, 3, 4])];
    expect(() => lstm(x, [zeros([1, 2, 4]), h])).toThrow('Expected hidden[0] size (1, 3, 4), got [1, 2, 4]');
    expect(() => lstm(x, [h, zeros([1, 2, 4])])).toThrow('Expected hidden[1] size (1, 3, 4), got [1, 2, 4]');
    expect(() => gru(x, zeros([1, 2, 4]))).toThrow('Expected hidden size (1, 3, 4), got [1, 2, 4]');
    expect(() => gru(x, zeros([1, 4]))).toThrow('hx should also be 3-D but got 2-D tensor');
    expect(() => gru(zeros([5]))).toThrow('GRU: Expected input to be 2D or 3D, got 1D instead');
    expect(() => lstm(x.to('float64'))).toThrow('RNN input dtype (torch.float64) does not match');
    expect(() => lstm(zeros([2, 3, 6]))).toThrow('Expected 5, got 6');
    expect(() => lstm(zeros([0, 3, 5]))).toThrow('Expected sequence length to be larger than 0 in RNN');
  });

  it('take batches without sequences', () => {
    expect(new LSTM(5, 4)(zeros([2, 0, 5]))[0].shape).toEqual([2, 0, 4]);
  });

  it('compute in half precision as wide as PyTorch', () => {
    const layer = new GRU(5, 4);
    const x = zeros([2, 3, 5]).add(0.5);
    const [expected] = layer(x);
    const [got] = layer.to('bfloat16')(x.to('bfloat16'));
    expect(got.dtype).toBe('bfloat16');
    expect(got.to('float32').sub(expected).abs().max().item()).toBeLessThan(0.02);
  });
});
