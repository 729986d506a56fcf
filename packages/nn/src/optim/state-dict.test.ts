import { readTorch } from '@sconce/checkpoint';
import { scope, type Tensor, tensor } from '@sconce/tensor';
import { fixtureBytes, fixtureJson } from '@sconce/testing';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';

interface After {
  readonly cases: Readonly<Record<string, { steps: number; parameters: number[][]; rates: number[] }>>;
  readonly differentiable: Readonly<Record<string, { start: number[]; end: number[]; gradient: number[] }>>;
}

const after = fixtureJson<After>('nn/optimizer-state/after.json');

type Groups = nn.optim.GroupInput<{ lr: number }>[];
/** The optimizers of the fixture; the options come from the file. */
const optimizers: Readonly<Record<string, (groups: Groups) => nn.optim.Optimizer>> = {
  sgd: (groups) => new nn.optim.SGD(groups, { momentum: 0.9 }),
  adamw: (groups) => new nn.optim.AdamW(groups),
  rmsprop: (groups) => new nn.optim.RMSprop(groups),
  'adam-bfloat16': (groups) => new nn.optim.Adam(groups),
  'sgd-float16': (groups) => new nn.optim.SGD(groups),
};

/** A number's distance to its neighbours, a few of which results may be away. */
const tolerances: Readonly<Record<string, number>> = { float32: 2e-6, float16: 2e-3, bfloat16: 2e-2 };

function open(name: string) {
  const file = readTorch(fixtureBytes(`nn/optimizer-state/${name}.pt`)) as Map<string, unknown>;
  const tensors = file.get('parameters') as Tensor[];
  const parameters = tensors.map((value) => new nn.Parameter(value.clone()));
  const groups = [{ params: parameters.slice(0, 2) }, { params: parameters.slice(2), lr: 0.002 }];
  const optimizer = optimizers[name]!(groups);
  const scheduler = new nn.optim.lrScheduler.StepLR(optimizer, 100);
  const states = {
    optimizer: file.get('optimizer') as Map<string, unknown>,
    scheduler: file.get('scheduler') as Map<string, unknown>,
  };
  return { parameters, optimizer, scheduler, states, gradients: file.get('gradients') as Tensor[][] };
}

/** Maps as plain objects, tensors as numbers. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  if (typeof value !== 'object' || value === null) return value;
  if ('tolist' in value) return [(value as Tensor).dtype, (value as Tensor).tolist()];
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

describe.each(Object.keys(optimizers))('the state of PyTorch %s', (name) => {
  it('is loaded, and given back as it was', () => {
    const { optimizer, scheduler, states } = open(name);
    optimizer.loadStateDict(states.optimizer);
    scheduler.loadStateDict(states.scheduler);
    expect(plain(optimizer.stateDict())).toEqual(plain(states.optimizer));
    expect(plain(scheduler.stateDict())).toEqual(plain(states.scheduler));
  });

  it('goes on to the same parameters', () => {
    const { parameters, optimizer, scheduler, states, gradients } = open(name);
    optimizer.loadStateDict(states.optimizer);
    scheduler.loadStateDict(states.scheduler);
    const expected = after.cases[name]!;
    for (let i = 0; i < expected.steps; i++) {
      parameters.forEach((parameter, at) => {
        parameter.grad = gradients[i % gradients.length]![at]!.clone();
      });
      optimizer.step();
      scheduler.step();
    }
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual(expected.rates);
    parameters.forEach((parameter, at) => {
      const tolerance = tolerances[parameter.dtype]!;
      parameter.toTypedArray().forEach((value, i) => {
        const wanted = expected.parameters[at]![i]!;
        expect(Math.abs(Number(value) - wanted)).toBeLessThanOrEqual(
          tolerance * Math.max(1, Math.abs(wanted)),
        );
      });
    });
  });
});

describe('differentiable optimizers', () => {
  const make: Readonly<Record<string, (params: Tensor[]) => nn.optim.Optimizer>> = {
    SGD: (params) =>
      new nn.optim.SGD(params, { lr: 0.1, momentum: 0.9, weightDecay: 0.1, differentiable: true }),
    Adam: (params) => new nn.optim.Adam(params, { lr: 0.1, weightDecay: 0.1, differentiable: true }),
    NAdam: (params) => new nn.optim.NAdam(params, { lr: 0.1, weightDecay: 0.1, differentiable: true }),
  };

  it.each(Object.keys(make))('let gradients flow through the steps of %s', (name) => {
    const { start: values, end, gradient } = after.differentiable[name]!;
    const start = tensor(values, { dtype: 'float64', requiresGrad: true });
    const parameter = start.clone();
    const optimizer = make[name]!([parameter]);
    for (let i = 0; i < 3; i++) {
      parameter.grad = start.sin().add(0.5);
      optimizer.step();
    }
    parameter.mul(parameter).sum().backward();
    const close = (found: unknown, wanted: readonly number[]): void => {
      (found as number[]).forEach((value, i) => {
        // PyTorch's differentiable steps count in float32.
        expect(value).toBeCloseTo(wanted[i]!, 4);
      });
    };
    close(parameter.tolist(), end);
    close(start.grad!.tolist(), gradient);
  });
});

describe('loadStateDict', () => {
  const parameters = (): nn.Parameter[] => [new nn.Parameter(tensor([1, 2]))];

  it('refuses other groups, in the words of PyTorch, and changes nothing then', () => {
    const optimizer = new nn.optim.Adam(parameters(), { lr: 0.5 });
    const state = optimizer.stateDict();
    expect(() => optimizer.loadStateDict({ ...state, param_groups: [] })).toThrow(
      'loaded state dict has a different number of parameter groups',
    );
    const more = [{ ...state.param_groups[0]!, lr: 1, params: [0, 1] }];
    expect(() => optimizer.loadStateDict({ ...state, param_groups: more })).toThrow(
      "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    );
    expect(() => optimizer.loadStateDict({ state: {} })).toThrow("the state dict has no list 'param_groups'");
    expect(optimizer.paramGroups[0]!.lr).toBe(0.5);
  });

  it('fills in what old files lack', () => {
    const optimizer = new nn.optim.Adam(parameters());
    optimizer.loadStateDict({
      state: { 0: { step: 7, exp_avg: tensor([0, 0]), exp_avg_sq: tensor([1, 1]) } },
      param_groups: [{ lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, params: [0] }],
    });
    const [parameter] = optimizer.paramGroups[0]!.params;
    parameter!.grad = tensor([1, 1]);
    optimizer.step();
    expect((optimizer.state.get(parameter!)!['step'] as Tensor).item()).toBe(8);
    expect(optimizer.paramGroups[0]).toMatchObject({ amsgrad: false, maximize: false, foreach: null });
  });
});

describe('state', () => {
  it('survives the scope in which it was made', () => {
    const parameter = new nn.Parameter(tensor([1, 2]));
    const optimizer = new nn.optim.Adam([parameter], { amsgrad: true });
    for (let i = 0; i < 3; i++) {
      scope(() => {
        optimizer.zeroGrad();
        parameter.mul(parameter).sum().backward();
        optimizer.step();
      });
    }
    expect(Object.values(optimizer.state.get(parameter)!).map((value) => (value as Tensor).numel())).toEqual([
      1, 2, 2, 2,
    ]);
    expect((optimizer.state.get(parameter)!['step'] as Tensor).item()).toBe(3);
  });
});
