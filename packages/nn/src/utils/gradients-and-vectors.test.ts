import { noGrad, type Tensor } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { expectScenario, messageOf, ramp, type ScenarioResult, stateOf } from '../testing/scenarios.ts';

function withGradients(): [nn.Parameter, nn.Parameter, nn.Parameter] {
  const first = new nn.Parameter(ramp([2, 3]));
  const second = new nn.Parameter(ramp([4]));
  first.grad = ramp([2, 3], { step: 1.5, start: -4 });
  second.grad = ramp([4], { step: -2, start: 3 });
  return [first, second, new nn.Parameter(ramp([2]))];
}

describe('gradients', () => {
  it('are clipped by their norm and by value', () => {
    const result: ScenarioResult = {};
    const norms = { '2.0': 2, '1.0': 1, '3.0': 3, inf: Infinity };
    for (const [name, normType] of Object.entries(norms)) {
      const parameters = withGradients();
      result[`norm ${name}`] = nn.utils.clipGradNorm_(parameters, 2.5, { normType });
      for (const i of [0, 1] as const) result[`${name} ${i}`] = (parameters[i].grad as Tensor).clone();
    }
    const parameters = withGradients();
    result['small'] = nn.utils.clipGradNorm_(parameters, 1000);
    result['small 0'] = (parameters[0].grad as Tensor).clone();
    nn.utils.clipGradValue_(parameters, 1.25);
    for (const i of [0, 1] as const) result[`value ${i}`] = parameters[i].grad;
    result['none'] = nn.utils.clipGradNorm_([new nn.Parameter(ramp([2]))], 1);
    result['total'] = nn.utils.getTotalNorm([ramp([3]), ramp([2, 2])]);
    const broken = withGradients();
    broken[0].grad = ramp([2, 3], { start: Number.NaN });
    const error = messageOf(() => nn.utils.clipGradNorm_(broken, 1, { errorIfNonfinite: true }));
    result['error'] = error
      .replace('order 2 ', 'order 2.0 ')
      .replace('`errorIfNonfinite: false`', '`error_if_nonfinite=False`');
    expectScenario('clipping', result);
  });
});

describe('vectors of parameters', () => {
  it('are made and taken back', () => {
    const layer = new nn.Linear(2, 3);
    noGrad(() => {
      layer.weight.copy_(ramp([3, 2]));
      layer.bias?.copy_(ramp([3]));
    });
    const vector = nn.utils.parametersToVector(layer.parameters());
    nn.utils.vectorToParameters(vector.mul(2), layer.parameters());
    expectScenario('vectors', { vector, ...stateOf(layer) });
    expect(layer.weight.requiresGrad && layer.weight.isLeaf).toBe(true);
  });
});
