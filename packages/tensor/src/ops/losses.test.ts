import { describe, expect, it } from 'vitest';
import * as torch from '../index.ts';
import type { Reduction } from './nll-loss.ts';

const { gradcheck, gradgradcheck } = torch.autograd;
const reductions: readonly Reduction[] = ['none', 'mean', 'sum'];

/** Values away from the places where the losses have corners. */
function values(...list: number[]): torch.Tensor {
  return torch.tensor(list, { dtype: 'float64' }).requiresGrad_();
}

const x = (): torch.Tensor => values(0.3, -0.8, 1.9, -2.4);
const target = (): torch.Tensor => values(0.1, 0.2, -0.7, 0.4);
const probabilities = (): torch.Tensor => values(0.3, 0.8, 0.15, 0.6);
const shares = (): torch.Tensor => values(0.9, 0.2, 0.4, 0.7);
const weight = (): torch.Tensor => values(0.5, 2, 1.5, 0.25);
const positive = (): torch.Tensor => values(2, 0.5, 3, 1.25);

type Call = (reduction: Reduction, ...inputs: torch.Tensor[]) => torch.Tensor;
interface LossCase {
  readonly call: Call;
  readonly inputs: readonly torch.Tensor[];
  readonly node: string;
}

const cases: Readonly<Record<string, LossCase>> = {
  mseLoss: {
    call: (reduction, a, b) => torch.mseLoss(a!, b!, { reduction }),
    inputs: [x(), target()],
    node: 'MseLossBackward0',
  },
  smoothL1Loss: {
    call: (reduction, a, b) => torch.smoothL1Loss(a!, b!, { reduction, beta: 1.5 }),
    inputs: [x(), target()],
    node: 'SmoothL1LossBackward0',
  },
  huberLoss: {
    call: (reduction, a, b) => torch.huberLoss(a!, b!, { reduction, delta: 1.5 }),
    inputs: [x(), target()],
    node: 'HuberLossBackward0',
  },
  softMarginLoss: {
    call: (reduction, a, b) => torch.softMarginLoss(a!, b!, { reduction }),
    inputs: [x(), target()],
    node: 'SoftMarginLossBackward0',
  },
  'binaryCrossEntropy with a weight': {
    call: (reduction, a, b, c) => torch.binaryCrossEntropy(a!, b!, { reduction, weight: c! }),
    inputs: [probabilities(), shares(), weight()],
    node: 'BinaryCrossEntropyBackward0',
  },
  binaryCrossEntropyWithLogits: {
    call: (reduction, a, b) => torch.binaryCrossEntropyWithLogits(a!, b!, { reduction }),
    inputs: [x(), shares()],
    node: 'BinaryCrossEntropyWithLogitsBackward0',
  },
  'binaryCrossEntropyWithLogits with both weights': {
    call: (reduction, a, b, weight, posWeight) =>
      torch.binaryCrossEntropyWithLogits(a!, b!, { reduction, weight: weight!, posWeight: posWeight! }),
    inputs: [x(), shares(), weight(), positive()],
    node: 'BinaryCrossEntropyWithLogitsBackward0',
  },
};

describe('losses of single elements', () => {
  const all = Object.entries(cases).flatMap(([name, one]) =>
    reductions.map((reduction) => [name, reduction, one] as const),
  );

  it.each(all)('%s, %s: both derivatives are those of differences', (_name, reduction, one) => {
    const call = (...inputs: torch.Tensor[]): torch.Tensor => one.call(reduction, ...inputs);
    expect(gradcheck(call, one.inputs)).toBe(true);
    expect(gradgradcheck(call, one.inputs)).toBe(true);
  });

  it.each(all)('%s, %s: the recorded node has the name that PyTorch prints', (_name, reduction, one) => {
    expect(one.call(reduction, ...one.inputs).gradFn?.name).toBe(one.node);
  });

  it('are broadcast, and gradients have the shape of their tensor', () => {
    const row = values(1, 2);
    const table = torch.zeros([3, 2], { dtype: 'float64' });
    torch.mseLoss(table, row).backward();
    expect(row.grad?.tolist()).toEqual([1, 2]);
  });

  it('refuse unknown reductions and probabilities outside of 0..1 in the words of PyTorch', () => {
    expect(() => torch.mseLoss(x(), target(), { reduction: 'max' as 'mean' })).toThrow(
      'max is not a valid value for reduction',
    );
    expect(() => torch.binaryCrossEntropy(x(), target())).toThrow(
      'all elements of input should be between 0 and 1',
    );
  });
});
