import { manualSeed, type Tensor, tensor, vmap } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { expectScenario, messageOf, ramp } from '../testing/scenarios.ts';

class Scale extends nn.Module {
  factor: nn.Parameter;

  constructor(factor: number) {
    super();
    this.factor = new nn.Parameter(tensor([factor]));
  }

  override forward(x: Tensor, options: { plus?: number } = {}): Tensor {
    return x.mul(this.factor).add(options.plus ?? 0);
  }
}

describe('functionalCall', () => {
  it('calls modules with other tensors, as in PyTorch', () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.BatchNorm1d(2));
    const { weight } = model[0];
    const given = { '0.weight': ramp([2, 2]), '0.bias': ramp([2]) };
    const tied = new nn.Sequential(new Scale(2), new Scale(2));
    tied[1].factor = tied[0].factor;
    const replacement = { '0.factor': tensor([5]) };
    expectScenario('functional_calls', {
      output: nn.functionalCall(model, given, [ramp([3, 2])]),
      untouched: model[0].weight === weight && weight.requiresGrad ? 'True' : 'False',
      tied: nn.functionalCall(tied, replacement, tensor([1])),
      'not tied': nn.functionalCall(tied, replacement, tensor([1]), { tieWeights: false }),
      options: nn.functionalCall(new Scale(2), {}, tensor([1]), { kwargs: { plus: 3 } }),
      strict: messageOf(() =>
        nn.functionalCall(new Scale(2), { other: ramp([1]) }, [ramp([1])], { strict: true }),
      ),
      twice: messageOf(() => nn.functionalCall(model, [given, given], [ramp([3, 2])])),
    });
  });

  it('records what the given tensors lead to, and shows them as parameters meanwhile', () => {
    const model = new nn.Linear(2, 1, { bias: false });
    const weight = ramp([1, 2]).requiresGrad_();
    let seen: unknown;
    model.registerForwardPreHook((layer) => {
      seen = layer.parameters()[0];
    });
    nn.functionalCall(model, { weight }, [ramp([1, 2])])
      .sum()
      .backward();
    expect(seen).toBe(weight);
    expect(weight.grad?.tolist()).toEqual([[-0.5, -0.375]]);
    expect(model.weight.grad).toBe(null);
    expect(model.parameters()[0]).toBe(model.weight);
  });

  it('leaves the module as it was when forward throws', () => {
    const model = new nn.Linear(2, 1);
    const { weight } = model;
    expect(() => nn.functionalCall(model, { weight: ramp([1, 3]) }, [ramp([1, 2])])).toThrow();
    expect(model.weight).toBe(weight);
  });
});

describe('stackModuleState', () => {
  it('makes one call of several models', () => {
    manualSeed(3);
    const models = [1, 2, 3].map(() => new nn.Linear(2, 2));
    const [parameters] = nn.stackModuleState(models);
    const x = ramp([4, 2]);
    const names = Object.keys(parameters);
    const call = vmap((...tensors: Tensor[]) =>
      nn.functionalCall(
        models[0] as nn.Linear,
        Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor])),
        [x],
      ),
    );
    const output = call(...names.map((name) => parameters[name] as Tensor));
    expectScenario('stacked_models', { ...parameters, output });
  });

  it('refuses models that differ', () => {
    expect(() => nn.stackModuleState([])).toThrow('Expected at least one model, got 0.');
    expect(() => nn.stackModuleState([new nn.Linear(1, 1), new nn.Linear(1, 1).eval()])).toThrow(
      'Expected all models to have the same training/eval mode.',
    );
  });
});
