import { describe, expect, it } from 'vitest';
import {
  autograd,
  gru,
  gruCell,
  lstm,
  lstmCell,
  manualSeed,
  noGrad,
  ones,
  randn,
  rnnReluCell,
  rnnTanh,
  rnnTanhCell,
  type Tensor,
  tensor,
  zeros,
} from '../index.ts';

const leaf = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64' }).requiresGrad_();

/** Inputs of one layer in both directions: input, state(s), then both directions' parameters. */
function layer(gates: number, states: number, rows: readonly number[]): Tensor[] {
  const [input, hidden, batch] = [1, 2, 2];
  const weights = [0, 1].flatMap(() => [
    leaf(gates * hidden, input),
    leaf(gates * hidden, hidden),
    leaf(gates * hidden),
    leaf(gates * hidden),
  ]);
  const first = Array.from({ length: states }, () => leaf(2, batch, hidden));
  return [leaf(...rows, input), ...first, ...weights];
}

describe('recurrent operators', () => {
  const options = { hasBiases: true, numLayers: 1, dropout: 0, train: true, bidirectional: true };

  it.each([
    ['lstm', 4, 2, (x: Tensor, h: Tensor, c: Tensor, ...w: Tensor[]) => lstm(x, [h, c], w, options)],
    ['gru', 3, 1, (x: Tensor, h: Tensor, ...w: Tensor[]) => gru(x, h, w, options)],
    ['rnnTanh', 1, 1, (x: Tensor, h: Tensor, ...w: Tensor[]) => rnnTanh(x, h, w, options)],
  ] as const)('%s has first and second derivatives', (_, gates, states, run) => {
    manualSeed(1);
    const inputs = layer(gates, states, [2, 2]);
    const all = run as (...inputs: Tensor[]) => Tensor[];
    expect(autograd.gradcheck(all, inputs)).toBe(true);
    expect(autograd.gradgradcheck(all, inputs)).toBe(true);
  });

  it('has the derivatives of packed sequences', () => {
    manualSeed(2);
    const sizes = tensor([2n, 1n]);
    const run = (x: Tensor, h: Tensor, c: Tensor, ...w: Tensor[]): Tensor[] =>
      lstm(x, sizes, [h, c], w, options);
    const inputs = layer(4, 2, [3]);
    expect(autograd.gradcheck(run, inputs)).toBe(true);
    expect(autograd.gradgradcheck(run, inputs)).toBe(true);
  });

  it('takes its options by position', () => {
    const [x, h, ...weights] = layer(3, 1, [2, 2]) as [Tensor, Tensor, ...Tensor[]];
    const [byName] = gru(x, h, weights, { ...options, batchFirst: false });
    const [byPlace] = gru(x, h, weights, true, 1, 0, true, true, false);
    expect(byPlace.equal(byName)).toBe(true);
  });

  it('runs backwards twice through a graph that is kept, to the same gradients', () => {
    const [x, h, c, ...weights] = layer(4, 2, [2, 2]) as [Tensor, Tensor, Tensor, ...Tensor[]];
    const [output] = lstm(x, [h, c], weights, options);
    const [once, twice] = [0, 1].map(() =>
      autograd.grad(output.sum(), [x, ...weights], { retainGraph: true }),
    ) as [Tensor[], Tensor[]];
    once.forEach((grad, i) => {
      expect(grad.equal(twice[i]!)).toBe(true);
    });
  });

  it('notices that its result was written to', () => {
    const [x, h, ...weights] = layer(3, 1, [2, 2]) as [Tensor, Tensor, ...Tensor[]];
    const [output] = gru(x, h, weights, options);
    noGrad(() => output.add_(1));
    expect(() => output.sum().backward()).toThrow('modified by an inplace operation');
  });

  it('gives the gradient of the last states alone', () => {
    const [x, h, c, ...weights] = layer(4, 2, [2, 2]) as [Tensor, Tensor, Tensor, ...Tensor[]];
    const [, , last] = lstm(x, [h, c], weights, options);
    last.sum().backward();
    expect(c.grad!.shape).toEqual(c.shape);
    expect(weights.every(({ grad }) => grad !== null)).toBe(true);
  });

  it('gives both biases gradients of their own', () => {
    const [x, h, c, ...weights] = layer(4, 2, [2, 2]) as [Tensor, Tensor, Tensor, ...Tensor[]];
    lstm(x, [h, c], weights, options)[0].sum().backward();
    const [, , ofInput, ofState] = weights as [Tensor, Tensor, Tensor, Tensor];
    expect(ofInput.grad!.equal(ofState.grad!)).toBe(true);
    ofInput.grad!.zero_();
    expect(ofState.grad!.abs().sum().item()).toBeGreaterThan(0);
  });

  it('refuses what does not fit', () => {
    const [x, h] = [zeros([2, 3, 5]), zeros([1, 3, 4])];
    const weights = [zeros([16, 5]), zeros([16, 4]), zeros([16]), zeros([16])];
    const one = { ...options, bidirectional: false };
    expect(() => lstm(x, [h], weights, one)).toThrow('lstm expects two hidden states');
    expect(() => lstm(x, [h, h], weights.slice(0, 3), one)).toThrow('incorrect number of RNN parameters');
    expect(() => lstm(zeros([2, 3, 6]), [h, h], weights, one)).toThrow(
      'mat1 and mat2 shapes cannot be multiplied (6x6 and 5x16)',
    );
    expect(() => lstm(x, [h, zeros([1, 2, 4])], weights, one)).toThrow(
      'lstm: the cell state has the wrong shape, expected [1, 3, 4], got [1, 2, 4]',
    );
    expect(() => lstm(x, [h, h.to('float64')], weights, one)).toThrow('must have the dtype of the input');
    expect(() => lstm(zeros([0, 3, 5]), [h, h], weights, one)).toThrow(
      'Expected sequence length to be larger',
    );
    expect(() => lstm(x, [h, h], weights, { ...one, train: undefined as never })).toThrow(
      "missing argument 'train'",
    );
    expect(() => lstm(zeros([4, 5]), tensor([3n, 2n]), [h, h], weights, one)).toThrow(
      'lstm: the batch sizes do not add up to the rows of the input, expected 4, got 5',
    );
    expect(() => lstm(zeros([5, 5]), tensor([2n, 3n]), [h, h], weights, one)).toThrow('lstm');
  });
});

describe('recurrent cells', () => {
  const [x, h] = [ones([3, 5]), ones([3, 4])];
  const weights = (gates: number): [Tensor, Tensor] => [ones([gates * 4, 5]), ones([gates * 4, 4])];

  it('take their biases by position, by name, or one of them', () => {
    const bias = ones([4]);
    const [wIh, wHh] = weights(1);
    const [byPlace, byName, one] = [
      rnnReluCell(x, h, wIh, wHh, bias, bias),
      rnnReluCell(x, h, wIh, wHh, { bIh: bias, bHh: bias }),
      rnnReluCell(x, h, wIh, wHh, null, bias),
    ];
    expect([byPlace, byName, one].map((result) => result.select(0, 0).select(0, 0).item())).toEqual([
      11, 11, 10,
    ]);
  });

  it('refuse what PyTorch refuses, in its words', () => {
    expect(() => lstmCell(x, [h], ...weights(4))).toThrow('lstm_cell expects two hidden states');
    expect(() => lstmCell(ones([3, 6]), [h, h], ...weights(4))).toThrow(
      'input has inconsistent input_size: got 6 expected 5',
    );
    expect(() => lstmCell(x, [h, ones([3, 5])], ...weights(4))).toThrow(
      'hidden1 has inconsistent hidden_size: got 5, expected 4',
    );
    expect(() => gruCell(x, ones([2, 4]), ...weights(3))).toThrow(
      "Input batch size 3 doesn't match hidden0 batch size 2",
    );
    expect(() => rnnTanhCell(x, h, ...weights(1), ones([5]))).toThrow(
      'the bias of the input has the wrong shape, expected [4], got [5]',
    );
  });
});
