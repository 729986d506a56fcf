import { defaultGenerator, manualSeed, noGrad } from '@sconce/tensor';
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

function settle(norm: nn.BatchNorm1d | nn.BatchNorm2d): void {
  const shape = [norm.numFeatures];
  noGrad(() => {
    norm.running_mean?.copy_(ramp(shape));
    norm.running_var?.copy_(ramp(shape, { start: 0.5 }));
    norm.weight?.copy_(ramp(shape, { step: 0.5 }));
    norm.bias?.copy_(ramp(shape, { step: -0.25 }));
  });
}

function settled<Norm extends nn.BatchNorm1d | nn.BatchNorm2d>(norm: Norm): Norm {
  settle(norm);
  norm.eval();
  return norm;
}

describe('batch normalization', () => {
  it('is put into the layer before it', () => {
    manualSeed(3);
    const { utils } = nn;
    const conv = new nn.Conv2d(2, 3, 2).eval();
    const result: ScenarioResult = stateOf(
      utils.fuseConvBnEval(conv, settled(new nn.BatchNorm2d(3))),
      'conv ',
    );
    const plain = utils.fuseConvBnEval(
      new nn.Conv2d(2, 3, 2, { bias: false }).eval(),
      settled(new nn.BatchNorm2d(3, { affine: false })),
    );
    const transposed = utils.fuseConvBnEval(
      new nn.ConvTranspose2d(2, 3, 2).eval(),
      settled(new nn.BatchNorm2d(3)),
      true,
    );
    const linear = utils.fuseLinearBnEval(new nn.Linear(2, 3).eval(), settled(new nn.BatchNorm1d(3)));
    Object.assign(
      result,
      stateOf(plain, 'plain '),
      stateOf(transposed, 'transposed '),
      stateOf(linear, 'linear '),
    );
    result['training'] = messageOf(() => utils.fuseConvBnEval(conv.train(), new nn.BatchNorm2d(3).eval()));
    result['features'] = messageOf(() =>
      utils.fuseLinearBnEval(new nn.Linear(2, 3).eval(), new nn.BatchNorm1d(2).eval()),
    );
    expectScenario('fusing', result);
  });
});

describe('skipInit', () => {
  it('draws no numbers', () => {
    manualSeed(1);
    const before = defaultGenerator.getState().tolist();
    const layer = nn.utils.skipInit(nn.Linear, 3, 4);
    expect(layer.weight.shape).toEqual([4, 3]);
    expect(defaultGenerator.getState().tolist()).toEqual(before);
    new nn.Linear(3, 4);
    expect(defaultGenerator.getState().tolist()).not.toEqual(before);
  });
});

describe('weight normalization by hooks', () => {
  it('is that of PyTorch', () => {
    manualSeed(3);
    const result: ScenarioResult = {};
    for (const dim of [0, 1, null]) {
      const name = dim === null ? 'None' : String(dim);
      const layer = nn.utils.weightNorm(new nn.Linear(3, 2), 'weight', dim);
      layer(ramp([2, 3]))
        .pow(2)
        .sum()
        .backward();
      Object.assign(result, stateOf(layer, `${name} `), gradientsOf(layer, `${name} `));
      result[`${name} text`] = String(layer);
      nn.utils.removeWeightNorm(layer);
      Object.assign(result, stateOf(layer, `${name} removed `));
    }
    result['missing'] = messageOf(() => nn.utils.removeWeightNorm(new nn.ReLU()));
    const twice = nn.utils.weightNorm(new nn.Linear(1, 1));
    result['twice'] = messageOf(() => nn.utils.weightNorm(twice));
    expectScenario('old_weight_norm', result);
  });
});

describe('spectral normalization by hooks', () => {
  it('is that of PyTorch', () => {
    manualSeed(3);
    const layer = nn.utils.spectralNorm(new nn.Linear(3, 2), 'weight', { nPowerIterations: 2 });
    layer(ramp([2, 3]))
      .pow(2)
      .sum()
      .backward();
    const result: ScenarioResult = { ...stateOf(layer, 'linear '), ...gradientsOf(layer) };
    const tall = nn.utils.spectralNorm(new nn.Linear(2, 3));
    tall(ramp([3, 2]));
    const old = new Map(tall.stateDict());
    old.delete('weight_v');
    old.set('weight', tall.weight.detach());
    const upgraded = nn.utils.spectralNorm(new nn.Linear(2, 3));
    upgraded.loadStateDict(old);
    Object.assign(result, stateOf(upgraded, 'upgraded '));
    const metadata = JSON.stringify(layer.stateDict()._metadata.get(''));
    result['metadata'] = metadata.replaceAll('"', "'").replaceAll(':', ': ').replaceAll(',', ', ');
    layer.eval();
    result['evaluated'] = layer(ramp([2, 3]));
    nn.utils.removeSpectralNorm(layer);
    Object.assign(result, stateOf(layer, 'removed '));
    const conv = nn.utils.spectralNorm(new nn.ConvTranspose2d(2, 3, 2));
    result['transposed'] = conv(ramp([1, 2, 2, 2]));
    expectScenario('old_spectral_norm', { ...result, ...stateOf(conv, 'conv ') });
  });
});
