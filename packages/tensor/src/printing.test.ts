import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { noGrad, ones, type PrintOptions, setPrintoptions, type Tensor, tensor, zeros } from './index.ts';
import { formatFixed, formatScientific } from './printing.ts';
import { readTensors } from './testing/fixtures.ts';

interface Case {
  readonly name: string;
  readonly tensor: string;
  readonly printed: string;
  readonly options?: PrintOptions;
  readonly recorded?: string;
}

const { cases } = fixtureJson<{ cases: Case[] }>('tensor/printing.json');
const tensors = readTensors('tensor/printing.safetensors');

/** What is done to a leaf: the Python of fixtures/generators/tensor_printing.py has the same. */
const recorded: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  leaf: (x) => x,
  clone: (x) => x.clone(),
  mul: (x) => x.mul(ones([])),
  add: (x) => x.add(zeros([])),
  view: (x) => x.view(x.shape),
  unsqueeze: (x) => x.unsqueeze(0),
  neg: (x) => x.neg(),
  sum: (x) => x.sum(),
  abs: (x) => x.abs(),
  double: (x) => x.double(),
  half: (x) => x.half(),
  detach: (x) => x.detach(),
  relu: (x) => x.relu(),
  written: (x) => x.clone().mul_(ones([])),
  flatten: (x) => x.flatten(),
};

describe('tensors print as PyTorch prints them', () => {
  test('the fixture holds cases', () => {
    expect(cases.length).toBeGreaterThan(700);
  });

  for (const { name, tensor: key, printed, options, recorded: how } of cases) {
    test(name, () => {
      const x = how === undefined ? tensors(key) : recorded[how]!(tensors(key).requiresGrad_());
      setPrintoptions({ profile: 'default' });
      if (options !== undefined) setPrintoptions(options);
      try {
        expect(String(x)).toBe(printed);
      } finally {
        setPrintoptions({ profile: 'default' });
      }
    });
  }

  test('a view whose memory was written to under noGrad has no valid node', () => {
    const x = ones(2, { requiresGrad: true });
    const view = noGrad(() => x.index(':1'));
    noGrad(() => view.add_(1));
    expect(String(view)).toBe('tensor([2.], grad_fn=<Invalid>)');
  });
});

describe('numbers format as in Python', () => {
  test('ties go to the even digit', () => {
    expect(formatFixed(0.03125, 4)).toBe('0.0312');
    expect(formatFixed(0.09375, 4)).toBe('0.0938');
    expect(formatFixed(2.5, 0)).toBe('2');
    expect(formatFixed(-3.5, 0)).toBe('-4');
    expect(formatScientific(1.03125, 4)).toBe('1.0312e+00');
  });

  test('numbers beyond the range of toFixed are written out', () => {
    expect(formatFixed(1e21, 1)).toBe('1000000000000000000000.0');
  });
});

test('a view prints its own elements', () => {
  expect(
    String(
      tensor([
        [1, 2],
        [3, 4],
      ]).transpose(0, 1),
    ),
  ).toBe('tensor([[1., 3.],\n        [2., 4.]])');
});
