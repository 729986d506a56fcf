import { fixtureJson } from '@sconce/testing';
import { expect, test } from 'vitest';
import { nn, type Tensor, tensor } from './index.ts';

const { functional } = nn;

/** Losses that PyTorch, too, makes of other operators; those of fixtures/generators/autograd_scenarios/names.py. */
const losses: Readonly<Record<string, (x: Tensor, y: Tensor) => Tensor>> = {
  'l1 loss': (x, y) => functional.l1Loss(x, y),
  'cross entropy': (x) => functional.crossEntropy(x, tensor([0n, 1n])),
};

const { cases } = fixtureJson<{ cases: { name: string; seen: { label: string; value?: unknown }[] }[] }>(
  'tensor/autograd.json',
);
const { seen } = cases.find(({ name }) => name === 'names of the nodes of losses')!;

test('the fixture names the same losses', () => {
  expect(Object.keys(losses)).toEqual(seen.map(({ label }) => label));
});

for (const { label, value } of seen) {
  test(`${label} is recorded under PyTorch's name`, () => {
    const make = (rows: number[][]): Tensor => tensor(rows, { requiresGrad: true });
    const x = make([
      [0.5, 1.5, 2.5],
      [3.5, 4.5, 0.25],
    ]);
    const y = make([
      [1, 2, 3],
      [0.5, 0.75, 1.25],
    ]);
    expect(losses[label]!(x, y).gradFn?.name).toBe(value);
  });
}
