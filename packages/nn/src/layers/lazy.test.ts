import { manualSeed, ones } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { expectScenario, messageOf, ramp, type ScenarioResult, stateOf } from '../testing/scenarios.ts';

const layers: Readonly<Record<string, [make: () => nn.Module, shape: readonly number[]]>> = {
  LazyLinear: [() => new nn.LazyLinear(3), [2, 4]],
  'LazyLinear without bias': [() => new nn.LazyLinear(3, { bias: false }), [2, 4]],
  LazyConv1d: [() => new nn.LazyConv1d(4, 3), [1, 2, 6]],
  LazyConv2d: [() => new nn.LazyConv2d(4, 3, { padding: 1, groups: 2 }), [1, 2, 5, 5]],
  'LazyConv2d unbatched': [() => new nn.LazyConv2d(2, [1, 2], { bias: false }), [3, 4, 4]],
  LazyConv3d: [() => new nn.LazyConv3d(2, 2, 2), [1, 2, 4, 4, 4]],
  LazyConvTranspose1d: [() => new nn.LazyConvTranspose1d(2, 3), [1, 3, 4]],
  LazyConvTranspose2d: [() => new nn.LazyConvTranspose2d(4, 2, { stride: 2, groups: 2 }), [1, 2, 3, 3]],
  LazyConvTranspose3d: [() => new nn.LazyConvTranspose3d(2, 2), [1, 2, 2, 2, 2]],
  LazyBatchNorm1d: [() => new nn.LazyBatchNorm1d(), [4, 3]],
  LazyBatchNorm2d: [() => new nn.LazyBatchNorm2d({ momentum: null }), [2, 3, 2, 2]],
  LazyBatchNorm3d: [() => new nn.LazyBatchNorm3d({ affine: false }), [2, 3, 2, 2, 2]],
  LazyInstanceNorm1d: [() => new nn.LazyInstanceNorm1d(), [2, 3, 4]],
  LazyInstanceNorm2d: [() => new nn.LazyInstanceNorm2d({ trackRunningStats: false }), [2, 3, 2, 2]],
  LazyInstanceNorm3d: [() => new nn.LazyInstanceNorm3d(), [2, 3, 2, 2, 2]],
};

describe('lazy layers', () => {
  it('become the layers of PyTorch with their first input', () => {
    const result: ScenarioResult = {};
    for (const [name, [make, shape]] of Object.entries(layers)) {
      manualSeed(7);
      const layer = make();
      const before = String(layer);
      const output = (layer as nn.Identity)(ramp(shape));
      Object.assign(result, {
        [`${name} text`]: `${before}\n${layer}`,
        [`${name} output`]: output,
        ...stateOf(layer, `${name} `),
      });
    }
    expectScenario('lazy_layers', result);
  });

  it('take shapes from state dicts, and refuse inputs that do not fit', () => {
    const layer = new nn.LazyLinear(2);
    const texts = [String(layer.stateDict().get('weight'))];
    layer.loadStateDict({ weight: ramp([2, 3]), bias: ramp([2]) });
    texts.push(String(layer), `(${layer.weight.shape.join(', ')})`);
    texts.push(`[[${(layer(ramp([1, 3])).tolist() as number[][])[0]?.join(', ')}]]`, String(layer));
    expectScenario('lazy_state', {
      texts: texts.join('\n'),
      weight: layer.weight,
      'wrong input': messageOf(() => new nn.LazyConv2d(2, 2)(ramp([2, 2]))),
      'wrong groups': messageOf(() => new nn.LazyConv1d(2, 2, { groups: 2 })(ramp([1, 3, 4]))),
      plain: String(new nn.Linear(3, 2)),
    });
  });

  it('are the plain class after the first call, with the same parameters', () => {
    const model = new nn.Sequential(new nn.LazyLinear(2), new nn.ReLU());
    const [weight] = model.parameters();
    expect(nn.isUninitialized(weight)).toBe(true);
    expect(() => weight?.shape).toThrow("Can't access the shape of an uninitialized parameter or buffer.");
    model(ones([1, 5]));
    expect(model.parameters()[0]).toBe(weight);
    expect(nn.isUninitialized(weight) || model[0] instanceof nn.LazyLinear).toBe(false);
    expect(weight?.shape).toEqual([2, 5]);
  });

  it('can be converted and copied before they know their shapes', () => {
    const layer = new nn.LazyLinear(2).double();
    const copy = layer.clone();
    copy(ones([1, 3], { dtype: 'float64' }));
    expect([copy.weight.dtype, copy.weight.shape]).toEqual(['float64', [2, 3]]);
    expect(copy(ones([1, 3], { dtype: 'float64' })).shape).toEqual([1, 2]);
    expect(nn.isUninitialized(layer.weight)).toBe(true);
  });
});
