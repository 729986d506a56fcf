import { manualSeed, randn, type Tensor, tensor, zeros } from '@sconce/tensor';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as nn from '../index.ts';

const { DataLoader, TensorDataset } = nn.data;
const crossEntropy = (scores: Tensor, classes: Tensor): Tensor => nn.functional.crossEntropy(scores, classes);

/** Points that a line through the origin divides, and a classifier with dropout. */
function problem(): {
  model: nn.Sequential<[nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]>;
  points: nn.data.Dataset<[Tensor, Tensor]>;
} {
  manualSeed(1);
  const x = randn([96, 2]);
  const classes = x.select(1, 0).gt(x.select(1, 1)).to('int64');
  const model = new nn.Sequential(
    new nn.Linear(2, 16),
    new nn.ReLU(),
    new nn.Dropout(0.1),
    new nn.Linear(16, 2),
  );
  return { model, points: new TensorDataset(x, classes) };
}

afterEach(() => vi.restoreAllMocks());

describe('fit', () => {
  it('gives the losses of the loop written by hand', async () => {
    const byHand: number[] = [];
    const hand = problem();
    const optimizer = new nn.optim.Adam(hand.model.parameters(), { lr: 0.05 });
    for (let epoch = 0; epoch < 2; epoch++) {
      for await (const [x, y] of new DataLoader(hand.points, { batchSize: 32, shuffle: true })) {
        optimizer.zeroGrad();
        const loss = crossEntropy(hand.model(x), y);
        loss.backward();
        optimizer.step();
        byHand.push(loss.item() as number);
      }
    }
    const { model, points } = problem();
    const { epochs, stopped } = await nn.fit(
      model,
      new DataLoader(points, { batchSize: 32, shuffle: true }),
      {
        optimizer: new nn.optim.Adam(model.parameters(), { lr: 0.05 }),
        loss: crossEntropy,
        epochs: 2,
      },
    );
    expect(epochs.flatMap(({ losses }) => losses)).toEqual(byHand);
    expect(stopped).toBe(false);
    expect(epochs[1]!.loss).toBeCloseTo((byHand[3]! + byHand[4]! + byHand[5]!) / 3, 6);
  });

  it('learns, judges by validation, follows a scheduler, and tells how it goes', async () => {
    const { model, points } = problem();
    model.eval();
    const optimizer = new nn.optim.SGD(model.parameters(), { lr: 0.5, momentum: 0.9 });
    const [train, rest] = nn.data.randomSplit(points, [80, 16]);
    const lines: string[] = [];
    const states: nn.FitState[] = [];
    const seen: number[] = [];
    const { epochs } = await nn.fit(model, new DataLoader(train!, 16, true), {
      optimizer,
      loss: crossEntropy,
      epochs: 6,
      metrics: { accuracy: nn.accuracy },
      validation: new DataLoader(rest!, 8),
      scheduler: ({ epoch }) => {
        if (epoch === 3) for (const group of optimizer.paramGroups) group['lr'] = 0.25;
      },
      progress: {
        ...nn.textProgress((line) => lines.push(line), { unit: 'points' }),
        update: (state) => states.push(state),
      },
      onEpoch: ({ epoch }) => seen.push(epoch),
    });
    expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0]!.loss / 2);
    expect(epochs.at(-1)!.validation!.metrics['accuracy']).toBeGreaterThan(0.8);
    expect(epochs.at(-1)!.validation!.samples).toBe(16);
    expect(epochs.map(({ learningRates }) => learningRates)).toEqual([
      [0.5],
      [0.5],
      [0.5],
      [0.25],
      [0.25],
      [0.25],
    ]);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(lines).toHaveLength(6);
    expect(lines[5]).toMatch(
      /^epoch 6\/6 {2}loss 0\.\d+ {2}accuracy [01]\.\d{3} {2}validation loss 0\.\d+ {2}validation accuracy [01]\.\d{3} {2}\d+ points\/s {2}0:00$/,
    );
    expect(states).toHaveLength(6 * 7);
    expect(states[4]).toMatchObject({
      epoch: 1,
      epochs: 6,
      phase: 'train',
      batch: 5,
      batches: 5,
      samples: 80,
    });
    expect(states[5]).toMatchObject({ phase: 'validate', batch: 1, batches: 2, samples: 8 });
    expect(model.modules().map(({ training }) => training)).toEqual([false, false, false, false, false]);
  });

  it('stops at a signal after the batch that is under way', async () => {
    const { model, points } = problem();
    const controller = new AbortController();
    const { epochs, stopped } = await nn.fit(model, new DataLoader(points, 32), {
      optimizer: new nn.optim.SGD(model.parameters(), { lr: 0.1 }),
      loss: crossEntropy,
      epochs: 5,
      signal: controller.signal,
      onStep: (_loss, step) => {
        if (step === 5) controller.abort();
      },
    });
    expect([epochs.length, stopped]).toEqual([1, true]);
  });

  it('takes an optimizer that computes the loss several times in a step', async () => {
    const { model, points } = problem();
    const { epochs } = await nn.fit(model, new DataLoader(points, 96), {
      optimizer: new nn.optim.LBFGS(model.parameters(), { lr: 0.5 }),
      loss: crossEntropy,
      epochs: 3,
    });
    expect(epochs[2]!.loss).toBeLessThan(epochs[0]!.loss / 2);
  });

  it('writes a line for each epoch to the console when asked to', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const { model, points } = problem();
    const optimizer = new nn.optim.SGD(model.parameters(), { lr: 0.1 });
    await nn.fit(model, new DataLoader(points, 96), {
      optimizer,
      loss: crossEntropy,
      epochs: 2,
      progress: true,
    });
    expect(log.mock.calls.map(([line]) => String(line).split('  ')[0])).toEqual(['epoch 1/2', 'epoch 2/2']);
  });
});

describe('a loss that becomes NaN', () => {
  /** Divides by what is 0 from its third call on. */
  class Fragile extends nn.Module {
    calls = 0;

    override forward(x: Tensor): Tensor {
      this.calls += 1;
      return this.calls < 3 ? x : x.mul(0).div(0);
    }
  }

  const train = (
    model: nn.Module,
    lr: number,
    x: Tensor = randn([8, 2]),
    onStep?: () => void,
  ): Promise<nn.FitResult> =>
    nn.fit(model, [[x, zeros([8], { dtype: 'int64' })]], {
      optimizer: new nn.optim.SGD(model.parameters(), { lr }),
      loss: crossEntropy,
      epochs: 4,
      ...(onStep && { onStep }),
    });

  it('stops training with the step and the layer where NaN first appeared, the weights untouched', async () => {
    const model = new nn.Sequential(
      new nn.Sequential({ linear: new nn.Linear(2, 2), fragile: new Fragile() }),
      new nn.Linear(2, 2),
    );
    const failure = await train(model, 0.1).catch((error: unknown) => error as nn.NanLossError);
    expect(failure).toBeInstanceOf(nn.NanLossError);
    expect(failure).toMatchObject({
      step: 3,
      epoch: 3,
      layer: '0.fragile',
      message:
        'fit: the loss is NaN at step 3 (epoch 3), first in 0.fragile (Fragile), whose inputs hold none',
    });
    expect(model.parameters().every((one) => one.isfinite().all().item())).toBe(true);
  });

  it('names weights that a step before made NaN, inputs that hold it, and the loss itself', async () => {
    const linear = (): nn.Sequential => new nn.Sequential({ only: new nn.Linear(2, 2) });
    const spoilt = linear();
    const spoil = (): void => {
      spoilt.getParameter('only.bias').data.fill_(Number.NaN);
    };
    await expect(train(spoilt, 0.1, undefined, spoil)).rejects.toThrow(
      'at step 2 (epoch 2), first in only (Linear), whose bias is NaN since the step before',
    );
    const x = randn([8, 2]);
    x.select(0, 3).fill_(Number.NaN);
    await expect(train(linear(), 0.1, x)).rejects.toThrow("because the batch's input 0 holds NaN");
    const model = linear();
    const bad = nn.fit(model, [[x.zero_(), tensor([1])]], {
      optimizer: new nn.optim.SGD(model.parameters(), { lr: 0.1 }),
      loss: (scores: Tensor) => scores.sum().mul(0).div(0),
      epochs: 1,
    });
    await expect(bad).rejects.toThrow('which is made by the loss, no layer gives NaN');
  });
});

describe('what fit refuses', () => {
  it.each([
    [{ epochs: 1.5 }, [[zeros([1, 2]), zeros([1])]], 'fit: expected a number of epochs, got 1.5'],
    [{}, [], 'fit: expected batches, the loader gave none'],
    [{}, [[zeros([1, 2])]], 'fit: expected batches [input, ..., target]'],
    [
      { optimizer: { step: () => 0, zeroGrad: () => undefined, paramGroups: [] } },
      [[zeros([1, 2]), 0]],
      'calls its closure',
    ],
  ])('%o', async (options, batches, message) => {
    const model = new nn.Linear(2, 1);
    const optimizer = new nn.optim.SGD(model.parameters(), { lr: 0.1 });
    const loss = (x: Tensor): Tensor => x.mean();
    await expect(nn.fit(model, batches, { optimizer, loss, epochs: 1, ...options })).rejects.toThrow(message);
  });
});

describe('evaluate', () => {
  it('gives means over samples, in evaluation mode, and leaves the mode as it was', async () => {
    const model = new nn.Sequential(new nn.Dropout(0.9));
    const means = await nn.evaluate(
      model,
      [
        [
          tensor([
            [2, 1],
            [0, 1],
            [3, 0],
          ]),
          tensor([0n, 0n, 0n]),
        ],
        [tensor([[1, 2]]), tensor([1n])],
      ],
      { loss: (scores: Tensor) => scores.mean(), metrics: { accuracy: nn.accuracy } },
    );
    expect(means.samples).toBe(4);
    expect(means.metrics).toEqual({ accuracy: 0.75 });
    expect(means.loss).toBeCloseTo((3 * (7 / 6) + 1.5) / 4, 6);
    expect(model.training && model[0].training).toBe(true);
  });
});

describe('accuracy', () => {
  it('compares class numbers, or the signs of logits', () => {
    expect(
      nn.accuracy(
        tensor([
          [1, 2, 0],
          [5, 1, 1],
        ]),
        tensor([1n, 2n]),
      ),
    ).toBe(0.5);
    expect(nn.accuracy(tensor([[0.5], [-1], [2], [3]]), tensor([[1], [0], [0], [1]]))).toBe(0.75);
  });
});

describe('progressLine', () => {
  it('shows a bar, means, speed and the time left', () => {
    const state: nn.FitState = {
      epoch: 2,
      epochs: 10,
      phase: 'train',
      batch: 16,
      batches: 64,
      loss: 0.31267,
      metrics: { accuracy: 0.8741 },
      samples: 512,
      samplesPerSecond: 842.4,
      secondsLeft: 3725,
    };
    expect(nn.progressLine(state, { width: 8, unit: 'images' })).toBe(
      'epoch 2/10 [==>     ] 16/64  loss 0.3127  accuracy 0.874  842 images/s  1:02:05 left',
    );
    expect(nn.progressLine({ ...state, batches: undefined, secondsLeft: undefined, phase: 'validate' })).toBe(
      'epoch 2/10 validation batch 16  loss 0.3127  accuracy 0.874  842 samples/s',
    );
  });
});
