import { cat, manualSeed, noGrad, type Tensor } from '@sconce/tensor';
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

const { parametrizations, parametrize } = nn.utils;

class Symmetric extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.triu().add(x.triu(1).mT);
  }

  rightInverse(x: Tensor): Tensor {
    return x.triu();
  }
}

class Double extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}

class Wider extends nn.Module {
  override forward(x: Tensor): Tensor {
    return cat([x, x]);
  }
}

class Finer extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.double();
  }
}

describe('parametrized tensors', () => {
  it('are computed, assigned, printed and copied as in PyTorch', () => {
    manualSeed(3);
    const layer = new nn.Linear(3, 3);
    parametrize.registerParametrization(layer, 'weight', new Symmetric());
    const result: ScenarioResult = { one: String(layer), ...stateOf(layer, 'one ') };
    layer(ramp([2, 3]))
      .sum()
      .backward();
    Object.assign(result, gradientsOf(layer));
    layer.weight = ramp([3, 3]) as nn.Parameter;
    result['assigned'] = layer.weight;
    parametrize.registerParametrization(layer, 'weight', new Double());
    Object.assign(result, { two: String(layer), weight: layer.weight });
    result['names'] = layer
      .namedParameters()
      .map(([name]) => name)
      .join('\n');
    result['not invertible'] = messageOf(() => {
      layer.weight = ramp([3, 3]) as nn.Parameter;
    });
    const copy = layer.clone();
    result['cloned'] = copy.weight;
    parametrize.removeParametrizations(layer, 'weight');
    Object.assign(result, { removed: String(layer), ...stateOf(layer, 'removed ') });
    const unknown = messageOf(() => parametrize.registerParametrization(layer, 'nothing', new Double()));
    result['no such'] = unknown.split("'").at(-2) ?? '';
    const left = new nn.Linear(2, 2);
    noGrad(() => left.weight.copy_(ramp([2, 2])));
    parametrize.registerParametrization(left, 'weight', new Double());
    parametrize.removeParametrizations(left, 'weight', { leaveParametrized: false });
    result['left'] = left.weight;
    expectScenario('parametrized', result);
    expect(parametrize.isParametrized(copy, 'weight') && !parametrize.isParametrized(layer)).toBe(true);
    expect(parametrize.typeBeforeParametrizations(copy)).toBe(nn.Linear);
  });

  it('must keep their shape and dtype', () => {
    const register = (parts: nn.Module[], options?: { unsafe: boolean }): nn.Linear => {
      const layer = new nn.Linear(2, 2);
      for (const part of parts) parametrize.registerParametrization(layer, 'weight', part, options);
      return layer;
    };
    const wide = register([new Wider()], { unsafe: true });
    expectScenario('parametrization_errors', {
      shape: messageOf(() => register([new Wider()])),
      dtype: messageOf(() => register([new Finer()])),
      'shape of the second': messageOf(() => register([new Double(), new Wider()])),
      'dtype of the second': messageOf(() => register([new Double(), new Finer()])),
      unsafe: `(${wide.weight.shape.join(', ')})`,
    });
  });

  it('are computed once while cached', () => {
    let calls = 0;
    class Counted extends nn.Module {
      override forward(x: Tensor): Tensor {
        calls += 1;
        return x.mul(1);
      }
    }
    const layer = new nn.Linear(2, 2);
    parametrize.registerParametrization(layer, 'weight', new Counted());
    calls = 0;
    const weights = parametrize.cached(() => [layer.weight, layer.weight]);
    expect([weights[0] === weights[1], calls]).toEqual([true, 1]);
    expect(layer.weight === weights[0]).toBe(false);
  });

  it('are handed to another module', () => {
    const from = new nn.Linear(2, 2);
    parametrize.registerParametrization(from, 'weight', new Double());
    const to = parametrize.transferParametrizationsAndParams(from, new nn.Linear(2, 2));
    expect(to.weight.tolist()).toEqual(from.weight.tolist());
    expect(to.getParameter('parametrizations.weight.original')).toBe(
      from.getParameter('parametrizations.weight.original'),
    );
  });
});

describe('parametrizations', () => {
  it('normalize weights as in PyTorch', () => {
    manualSeed(3);
    const layer = parametrizations.weightNorm(new nn.Linear(3, 2));
    layer(ramp([2, 3]))
      .pow(2)
      .sum()
      .backward();
    const result: ScenarioResult = { text: String(layer), ...stateOf(layer), ...gradientsOf(layer) };
    const old = nn.utils.weightNorm(new nn.Linear(3, 2));
    layer.loadStateDict(old.stateDict());
    result['loaded'] = layer.weight;
    layer.weight = ramp([2, 3]) as nn.Parameter;
    Object.assign(result, stateOf(layer, 'assigned '));
    parametrize.removeParametrizations(layer, 'weight');
    expectScenario('parametrizations_weight_norm', { ...result, ...stateOf(layer, 'removed ') });
  });

  it('divide by the largest singular value as in PyTorch', () => {
    manualSeed(3);
    const layer = parametrizations.spectralNorm(new nn.Linear(3, 2), 'weight', { nPowerIterations: 2 });
    layer(ramp([2, 3]))
      .pow(2)
      .sum()
      .backward();
    const result: ScenarioResult = { text: String(layer), ...stateOf(layer), ...gradientsOf(layer) };
    layer.eval();
    result['evaluated'] = layer(ramp([2, 3]));
    result['bias'] = parametrizations.spectralNorm(new nn.Linear(3, 2), 'bias').bias;
    const conv = parametrizations.spectralNorm(new nn.ConvTranspose1d(2, 3, 2));
    result['transposed'] = conv(ramp([1, 2, 3]));
    result['dim'] = messageOf(() => parametrizations.spectralNorm(new nn.Linear(3, 2), 'weight', { dim: 2 }));
    expectScenario('parametrizations_spectral_norm', result);
  });

  it('keep weights orthogonal as in PyTorch', () => {
    const cases: Readonly<Record<string, [number, number, nn.utils.parametrizations.OrthogonalOptions]>> = {
      square: [3, 3, {}],
      'square cayley': [3, 3, { orthogonalMap: 'cayley' }],
      'square householder': [3, 3, { orthogonalMap: 'householder' }],
      tall: [2, 4, {}],
      wide: [4, 2, {}],
      'tall exponential': [2, 4, { orthogonalMap: 'matrix_exp' }],
      'wide cayley': [4, 2, { orthogonalMap: 'cayley' }],
      'plain exponential': [3, 3, { useTrivialization: false }],
      'plain cayley': [2, 4, { orthogonalMap: 'cayley', useTrivialization: false }],
      'plain householder': [4, 2, { orthogonalMap: 'householder', useTrivialization: false }],
    };
    const result: ScenarioResult = {};
    for (const [name, [inputs, outputs, options]] of Object.entries(cases)) {
      manualSeed(3);
      const layer = parametrizations.orthogonal(new nn.Linear(inputs, outputs), 'weight', options);
      layer(ramp([2, inputs]))
        .pow(2)
        .sum()
        .backward();
      result[`${name} weight`] = layer.weight;
      Object.assign(result, stateOf(layer, `${name} `), gradientsOf(layer, `${name} `));
      const original = layer.getParameter('parametrizations.weight.original');
      noGrad(() => original.sub_((original.grad as Tensor).mul(0.1)));
      result[`${name} stepped`] = layer.weight;
      result['text'] = String(layer);
    }
    result['map'] = messageOf(() =>
      parametrizations.orthogonal(new nn.Linear(2, 2), 'weight', { orthogonalMap: 'none' as 'cayley' }),
    );
    result['vector'] = messageOf(() => parametrizations.orthogonal(new nn.Linear(2, 2), 'bias'));
    expectScenario('parametrizations_orthogonal', result);
  });
});
