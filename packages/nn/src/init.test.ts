import { empty, Generator, manualSeed, rand, type Tensor } from '@sconce/tensor';
import { describe, it } from 'vitest';
import * as nn from './index.ts';
import { expectScenario, messageOf, type ScenarioResult } from './testing/scenarios.ts';

const { init } = nn;

const fills: Readonly<Record<string, [shape: readonly number[], fill: (x: Tensor) => Tensor]>> = {
  uniform_: [[3, 4], (x) => init.uniform_(x, -2, 3)],
  'uniform_ default': [[17], (x) => init.uniform_(x)],
  normal_: [[5, 4], (x) => init.normal_(x, { mean: 1, std: 0.5 })],
  'normal_ default': [[3], (x) => init.normal_(x)],
  trunc_normal_: [[6, 5], (x) => init.truncNormal_(x, 0.5, 2, -1, 1.5)],
  'trunc_normal_ far': [[20], (x) => init.truncNormal_(x, 0, 1, { a: 3, b: 4 })],
  constant_: [[2, 2], (x) => init.constant_(x, 0.3)],
  ones_: [[3], (x) => init.ones_(x)],
  zeros_: [[3], (x) => init.zeros_(x)],
  eye_: [[3, 5], (x) => init.eye_(x)],
  'dirac_ 3': [[4, 2, 3], (x) => init.dirac_(x)],
  'dirac_ 4': [[4, 3, 2, 3], (x) => init.dirac_(x, 2)],
  'dirac_ 5': [[2, 2, 3, 1, 4], (x) => init.dirac_(x)],
  xavier_uniform_: [[3, 4], (x) => init.xavierUniform_(x)],
  'xavier_uniform_ gain': [[3, 2, 2], (x) => init.xavierUniform_(x, { gain: init.calculateGain('relu') })],
  xavier_normal_: [[3, 4], (x) => init.xavierNormal_(x, 0.7)],
  kaiming_uniform_: [[3, 4, 2], (x) => init.kaimingUniform_(x)],
  'kaiming_uniform_ out': [[3, 4], (x) => init.kaimingUniform_(x, { mode: 'fan_out', nonlinearity: 'relu' })],
  kaiming_normal_: [[3, 4], (x) => init.kaimingNormal_(x, 0.2, 'fan_in', 'leaky_relu')],
  'kaiming_normal_ tanh': [[3, 4], (x) => init.kaimingNormal_(x, { nonlinearity: 'tanh' })],
  'orthogonal_ wide': [[3, 5], (x) => init.orthogonal_(x)],
  'orthogonal_ tall': [[6, 2], (x) => init.orthogonal_(x, { gain: 2 })],
  'orthogonal_ more': [[4, 2, 3], (x) => init.orthogonal_(x)],
  sparse_: [[5, 4], (x) => init.sparse_(x, 0.3)],
  'sparse_ std': [[4, 3], (x) => init.sparse_(x, { sparsity: 0.5, std: 2 })],
};

describe('initialisations', () => {
  it('draw the numbers of PyTorch for the same seed', () => {
    const result: ScenarioResult = {};
    for (const [name, [shape, fill]] of Object.entries(fills)) {
      manualSeed(11);
      result[name] = fill(empty(shape));
      result[`${name} next`] = rand([1]);
    }
    const generator = new Generator().manualSeed(5);
    result['with a generator'] = init.kaimingUniform_(empty([2, 3]), { generator });
    expectScenario('init_values', result, (key) => !/^orthogonal_ \w+$/.test(key));
  });

  it('refuse what PyTorch refuses, in its words', () => {
    const without = (text: string): string => text.replace(/^\w+: /, '').replace(/, got shape .*/, '');
    const gains = [
      'linear',
      'conv2d',
      'conv_transpose1d',
      'sigmoid',
      'tanh',
      'relu',
      'leaky_relu',
      'selu',
    ] as const;
    expectScenario('init_errors', {
      fan: without(messageOf(() => init.kaimingUniform_(empty([3])))),
      mode: messageOf(() => init.kaimingNormal_(empty([3, 3]), { mode: 'both' as 'fan_in' })),
      nonlinearity: messageOf(() => init.calculateGain('cube' as 'relu')),
      eye: messageOf(() => init.eye_(empty([3]))),
      dirac: messageOf(() => init.dirac_(empty([3, 3]))),
      'dirac groups': messageOf(() => init.dirac_(empty([3, 3, 3]), 2)),
      orthogonal: messageOf(() => init.orthogonal_(empty([3]))),
      sparse: messageOf(() => init.sparse_(empty([3]), 0.1)),
      gains: gains.map((name) => init.calculateGain(name).toFixed(6)).join(' '),
    });
  });
});
