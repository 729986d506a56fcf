import { eye, manualSeed, ones } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import {
  expectScenario,
  gradientsOf,
  messageOf,
  ramp,
  type ScenarioResult,
  stateOf,
} from '../testing/scenarios.ts';

const { prune } = nn.utils;

const ways: Readonly<Record<string, (layer: nn.Module) => void>> = {
  l1: (m) => prune.l1Unstructured(m, 'weight', 0.4),
  'l1 count': (m) => prune.l1Unstructured(m, 'weight', 3),
  'l1 scores': (m) =>
    prune.l1Unstructured(m, 'weight', 4, { importanceScores: ramp([3, 4], { step: -0.5 }) }),
  random: (m) => prune.randomUnstructured(m, 'weight', 0.5),
  'random structured': (m) => prune.randomStructured(m, 'weight', 2, 1),
  'ln structured': (m) => prune.lnStructured(m, 'weight', 0.34, 2, 0),
  'ln structured inf': (m) => prune.lnStructured(m, 'weight', 2, Infinity, -1),
  identity: (m) => prune.identity(m, 'weight'),
  mask: (m) => prune.customFromMask(m, 'weight', eye(3, 4)),
  twice: (m) => {
    prune.l1Unstructured(m, 'weight', 3);
    prune.l1Unstructured(m, 'weight', 0.5);
  },
  'then structured': (m) => {
    prune.lnStructured(m, 'weight', 1, 2, 0);
    prune.lnStructured(m, 'weight', 1, 1, 1);
  },
  'structured twice': (m) => {
    prune.lnStructured(m, 'weight', 1, 2, 0);
    prune.lnStructured(m, 'weight', 1, 2, 0);
  },
};

describe('pruning', () => {
  it('sets the same elements to zero as PyTorch', () => {
    const result: ScenarioResult = {};
    for (const [name, run] of Object.entries(ways)) {
      manualSeed(5);
      const layer = new nn.Linear(4, 3);
      run(layer);
      layer(ramp([2, 4]))
        .sum()
        .backward();
      Object.assign(result, stateOf(layer, `${name} `), gradientsOf(layer, `${name} `));
      result[`${name} weight`] = layer.weight;
      prune.remove(layer, 'weight');
      Object.assign(result, stateOf(layer, `${name} removed `));
    }
    manualSeed(5);
    const pair = new nn.Sequential(new nn.Linear(3, 2), new nn.Linear(2, 2));
    const parameters: [nn.Module, string][] = [
      [pair[0], 'weight'],
      [pair[1], 'weight'],
    ];
    prune.globalUnstructured(parameters, prune.L1Unstructured, { amount: 0.3 });
    Object.assign(result, stateOf(pair, 'global '));
    const pruned = [pair, new nn.ReLU()].map((each) => (prune.isPruned(each) ? 'True' : 'False'));
    result['pruned'] = pruned.join(' ');
    result['amount'] = messageOf(() => prune.l1Unstructured(new nn.Linear(1, 1), 'weight', 2));
    result['negative'] = messageOf(() => prune.l1Unstructured(new nn.Linear(1, 1), 'weight', -1));
    result['not pruned'] = messageOf(() => prune.remove(new nn.ReLU(), 'weight'));
    expectScenario('pruning', result);
  });

  it('goes on in copies', () => {
    const layer = prune.customFromMask(new nn.Linear(2, 1, { bias: false }), 'weight', ramp([1, 2]).eq(0));
    const copy = prune.remove(prune.identity(new nn.Linear(2, 1), 'weight'), 'weight').clone();
    expect(prune.isPruned(copy)).toBe(false);
    expect(layer(ones([1, 2])).tolist()).toEqual([[0]]);
  });

  it('judges a tensor alone', () => {
    const method = new prune.L1Unstructured(1);
    expect(method.prune(ramp([4]).abs()).tolist()).toEqual([0.5, 0.375, 0.25, 0]);
  });
});
