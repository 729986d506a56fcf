import { ones, type Tensor, tensor, zeros } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { expectScenario, messageOf, ramp } from '../testing/scenarios.ts';

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 2, 3);
  bn = new nn.BatchNorm2d(2);

  override forward(x: Tensor): Tensor {
    return this.bn(this.conv1(x));
  }
}

const snapshot = (model: nn.Module): string =>
  JSON.stringify([...model.stateDict()].map(([key, value]) => [key, value.tolist()]));

describe('state dicts', () => {
  it('hold parameters and buffers under PyTorch names and in its order', () => {
    expect([...new Net().stateDict({ prefix: 'model.' }).keys()]).toEqual([
      'model.conv1.weight',
      'model.conv1.bias',
      'model.bn.weight',
      'model.bn.bias',
      'model.bn.running_mean',
      'model.bn.running_var',
      'model.bn.num_batches_tracked',
    ]);
  });

  it('load into another model without sharing memory', () => {
    const from = new Net();
    const to = new Net();
    expect(to.loadStateDict(from.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(snapshot(to)).toBe(snapshot(from));
    nn.init.zeros_(from.conv1.weight);
    expect(snapshot(to)).not.toBe(snapshot(from));
  });

  it('keep the identity of the parameters they are loaded into', () => {
    const model = new nn.Linear(1, 1);
    const { weight } = model;
    model.loadStateDict({ weight: tensor([[4]]), bias: tensor([5]) });
    expect(model.weight).toBe(weight);
    expect([model.weight.tolist(), model.bias?.tolist()]).toEqual([[[4]], [5]]);
  });

  it('convert to the dtype of the model', () => {
    const model = new nn.Linear(1, 1, { bias: false });
    model.loadStateDict({ weight: ones([1, 1], { dtype: 'float64' }) });
    expect([model.weight.dtype, model.weight.tolist()]).toEqual(['float32', [[1]]]);
  });

  it('that do not fit are refused in the words of PyTorch, and change nothing', () => {
    const model = new Net();
    const before = snapshot(model);
    const state = new Map(new Net().stateDict());
    state.delete('conv1.weight');
    state.set('conv1.bias', zeros([3]));
    state.set('conv2.weight', zeros([1]));
    state.set('bn.extra', zeros([1]));
    state.set('bn.running_mean', ones([2]));
    expect(() => model.loadStateDict(state)).toThrow(
      new nn.StateDictError(
        'Net',
        { missingKeys: ['conv1.weight'], unexpectedKeys: ['conv2.weight', 'bn.extra'] },
        [
          'size mismatch for conv1.bias: copying a param with shape torch.Size([3]) from checkpoint, the shape in current model is torch.Size([2]).',
        ],
      ),
    );
    let message = '';
    try {
      model.loadStateDict(state);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe(
      'Error(s) in loading state_dict for Net:\n' +
        '\tMissing key(s) in state_dict: "conv1.weight". \n' +
        '\tUnexpected key(s) in state_dict: "conv2.weight", "bn.extra". \n' +
        '\tsize mismatch for conv1.bias: copying a param with shape torch.Size([3]) from checkpoint, the shape in current model is torch.Size([2]).',
    );
    expect(snapshot(model)).toBe(before);
  });

  it('that fit in part are loaded when not strict', () => {
    const model = new Net();
    const keys = model.loadStateDict({ 'conv1.bias': tensor([1, 2]), other: zeros([1]) }, { strict: false });
    expect(model.conv1.bias?.tolist()).toEqual([1, 2]);
    expect(keys.unexpectedKeys).toEqual(['other']);
    expect(keys.missingKeys).toEqual([
      'conv1.weight',
      'bn.weight',
      'bn.bias',
      'bn.running_mean',
      'bn.running_var',
    ]);
  });

  it('with a wrong shape are refused even when not strict', () => {
    expect(() => new Net().loadStateDict({ 'conv1.bias': zeros([9]) }, { strict: false })).toThrow(
      /^Error\(s\) in loading state_dict for Net:\n\tsize mismatch for conv1\.bias: .*$/,
    );
  });

  it('with something else than a tensor are refused', () => {
    const state = { weight: ones([1, 1]), bias: [1] as unknown as Tensor };
    expect(() => new nn.Linear(1, 1).loadStateDict(state)).toThrow(
      'While copying the parameter named "bias", expected torch.Tensor or Tensor-like object from checkpoint',
    );
  });

  it('of before batches were counted are accepted', () => {
    const state = new Map(new nn.BatchNorm1d(2).stateDict());
    state.delete('num_batches_tracked');
    expect(new nn.BatchNorm1d(2).loadStateDict(state).missingKeys).toEqual([]);
  });

  it('with one element for a scalar are accepted', () => {
    const layer = new nn.BatchNorm1d(1);
    const state = layer.stateDict();
    state.set('num_batches_tracked', tensor([7n]));
    layer.loadStateDict(state);
    expect(layer.numBatchesTracked?.item()).toBe(7);
  });

  it('keep what parameters are learned of when they are assigned', () => {
    const model = new nn.Linear(1, 1);
    model.weight.requiresGrad_(false);
    const weight = ones([1, 1], { dtype: 'float64' });
    model.loadStateDict({ weight, bias: ones([1]) }, { assign: true });
    expect([model.weight.dtype, model.weight.requiresGrad, model.bias?.requiresGrad]).toEqual([
      'float64',
      false,
      true,
    ]);
    weight.fill_(7);
    expect(model.weight.tolist()).toEqual([[7]]);
  });
});

class Extra extends nn.Module {
  static override readonly version: number = 3;
  weight = new nn.Parameter(zeros([2]));
  note = 1;

  override getExtraState(): unknown {
    return tensor([BigInt(this.note)]);
  }

  override setExtraState(state: unknown): void {
    this.note = Number((state as Tensor).item());
  }

  override forward(x: Tensor): Tensor {
    return x;
  }
}

class Scale extends nn.Module {
  factor = new nn.Parameter(tensor([2]));

  override forward(x: Tensor): Tensor {
    return x.mul(this.factor);
  }
}

/** A value as Python's `repr` writes it. */
function repr(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `'${key}': ${repr(each)}`)
    .join(', ')}}`;
}

describe('state dicts are those of PyTorch', () => {
  it('in their keys, extra state and versions', () => {
    const model = new nn.Sequential({ norm: new nn.BatchNorm1d(2), extra: new Extra(), scale: new Scale() });
    const state = model.stateDict({ prefix: 'model.' });
    expectScenario('state_dict_metadata', {
      keys: [...state.keys()].join('\n'),
      metadata: [...state._metadata].map(([path, value]) => `${repr(path)} ${repr(value)}`).join('\n'),
    });
    (model.extra as Extra).note = 5;
    const other = new nn.Sequential({ norm: new nn.BatchNorm1d(2), extra: new Extra(), scale: new Scale() });
    other.loadStateDict(model.stateDict());
    expect((other.extra as Extra).note).toBe(5);
  });

  it('in what is said of keys that do not match', () => {
    const make = (): nn.Module =>
      new nn.Sequential({ norm: new nn.BatchNorm1d(2), extra: new Extra(), fc: new nn.Linear(2, 3) });
    const whole = make().stateDict();
    const failing = (change: (state: nn.ModuleState) => void, options?: nn.LoadStateDictOptions): string => {
      const state = new nn.ModuleState(whole);
      for (const [path, metadata] of whole._metadata) state._metadata.set(path, metadata);
      change(state);
      return messageOf(() => make().loadStateDict(state, options));
    };
    expectScenario('state_dict_errors', {
      missing: failing((state) => {
        for (const key of ['fc.weight', 'norm.num_batches_tracked', 'extra._extra_state']) state.delete(key);
      }),
      unexpected: failing((state) => {
        for (const key of ['fc.other', 'more.weight', 'fc.weight.deep']) state.set(key, zeros([1]));
      }),
      'unexpected extra state': failing((state) => {
        state.set('fc._extra_state', zeros([1]));
      }),
      misshapen: failing(
        (state) => {
          state.set('fc.weight', zeros([2, 2]));
          state.set('fc.bias', zeros([4]));
        },
        { strict: false },
      ),
      'all of them': failing((state) => {
        state.delete('norm.weight');
        state.set('x', zeros([1]));
        state.set('fc.bias', tensor(1));
      }),
    });
  });

  it('in the order of hooks', () => {
    const events: string[] = [];
    const model = new nn.Sequential({ a: new nn.Linear(1, 1), b: new nn.Linear(1, 1) });
    const pre = (_: nn.Module, prefix: string, keepVars: boolean): void => {
      events.push(`state pre ${repr(prefix)} ${repr(keepVars)}`);
    };
    model.registerStateDictPreHook(pre);
    model.b.registerStateDictPreHook(pre);
    model.b.registerStateDictPostHook((_, state, prefix, metadata) => {
      events.push(`state post ${repr(prefix)} ${repr(metadata)}`);
      state.delete('b.bias');
    });
    model.registerStateDictPostHook((_, state, prefix) => {
      events.push(`state post ${repr(prefix)} ${repr([...state.keys()])}`);
    });
    const state = model.stateDict();
    model.b.registerLoadStateDictPreHook((_, load) => {
      events.push(`load pre ${repr(load.prefix)} ${repr(load.metadata)} ${repr([...load.state.keys()])}`);
      load.state.set('b.bias', tensor([5]));
    });
    model.registerLoadStateDictPostHook((_, keys) => {
      events.push(`load post ${repr(keys.missingKeys)} ${repr(keys.unexpectedKeys)}`);
      keys.unexpectedKeys.length = 0;
    });
    state.set('b.extra', zeros([1]));
    const { missingKeys, unexpectedKeys } = model.loadStateDict(state);
    events.push(`${repr(missingKeys)} ${repr(unexpectedKeys)}`);
    expectScenario('state_dict_hooks', { events: events.join('\n'), bias: model.b.bias });
  });
});

describe('conversion', () => {
  it('to another dtype keeps the parameters', () => {
    const model = new nn.Sequential(new nn.Linear(2, 1), new nn.BatchNorm1d(1));
    const { weight } = model[0];
    model(ramp([4, 2]))
      .sum()
      .backward();
    model.double();
    const kinds = [...model.stateDict()].map(([name, each]) => `${name} torch.${each.dtype}`);
    kinds.push(`gradient torch.${weight.grad?.dtype}`);
    expectScenario('conversion', {
      dtypes: kinds.join('\n'),
      same: weight === model[0].weight ? 'True' : 'False',
      error: messageOf(() => model.to('int64')),
      half: model
        .half()
        .parameters()
        .map((parameter) => `torch.${parameter.dtype}`)
        .join('\n'),
    });
  });

  it('goes on with training', () => {
    const model = new nn.Linear(1, 1, { bias: false });
    model(ones([1, 1]))
      .sum()
      .backward();
    model.double();
    model(ones([1, 1], { dtype: 'float64' }))
      .sum()
      .backward();
    expect(model.weight.grad?.tolist()).toEqual([[2]]);
  });
});
