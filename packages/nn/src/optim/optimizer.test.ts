import { ones, type Tensor, tensor } from '@sconce/tensor';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import * as nn from '../index.ts';

const { optim } = nn;
const parameter = (...values: number[]): nn.Parameter => new nn.Parameter(tensor(values));

describe('Optimizer', () => {
  it('takes parameters, named ones and groups with options of their own', () => {
    const [a, b] = [parameter(1), parameter(2)];
    expect(new optim.SGD([a, b], 0.5).paramGroups[0]).toMatchObject({ params: [a, b], lr: 0.5, momentum: 0 });
    const named = new optim.SGD(new nn.Linear(2, 1).namedParameters());
    expect(named.paramGroups[0]!.paramNames).toEqual(['weight', 'bias']);
    expect(named.stateDict().param_groups[0]!['param_names']).toEqual(['weight', 'bias']);
    const grouped = new optim.SGD([{ params: [a] }, { params: b, lr: 2 }], { lr: 1, weightDecay: 0.1 });
    expect(grouped.paramGroups.map(({ lr, weightDecay }) => [lr, weightDecay])).toEqual([
      [1, 0.1],
      [2, 0.1],
    ]);
    grouped.addParamGroup({ params: [parameter(3)], lr: 3 });
    expect(grouped.paramGroups[2]!.lr).toBe(3);
    expect(() => grouped.addParamGroup({ params: [a] })).toThrow(
      'some parameters appear in more than one parameter group',
    );
    expect(() => grouped.addParamGroup({ params: [['c', parameter(3)]] as never })).toThrow(
      'all optimizer param groups should be with/without names. cannot add param group with names to the optimizer',
    );
  });

  it('refuses what it cannot learn, in the words of PyTorch', () => {
    const make = (params: unknown) => () => new optim.SGD(params as nn.Parameter[]);
    expect(make([])).toThrow('optimizer got an empty parameter list');
    expect(make(parameter(1))).toThrow('params argument given to the optimizer should be an iterable');
    expect(make([5])).toThrow('optimizer can only optimize Tensors, but one of the params is number');
    expect(make([parameter(1).mul(2)])).toThrow("can't optimize a non-leaf Tensor");
    expect(make([{ params: new Set([parameter(1)]) }])).toThrow(
      'need to be organized in ordered collections',
    );
  });

  it('leaves parameters without gradients alone, and forgets gradients', () => {
    const [a, b] = [parameter(1), parameter(2)];
    const optimizer = new optim.SGD([a, b], 1);
    a.grad = tensor([0.5]);
    optimizer.step();
    expect([a.tolist(), b.tolist()]).toEqual([[0.5], [2]]);
    optimizer.zeroGrad({ setToNone: false });
    expect([a.grad?.tolist(), b.grad]).toEqual([[0], null]);
    optimizer.zeroGrad();
    expect(a.grad).toBeNull();
  });

  it('evaluates a closure with gradients on, and returns its loss', () => {
    const a = parameter(3);
    const optimizer = new optim.SGD([a], 0.1);
    const loss = optimizer.step(() => {
      optimizer.zeroGrad();
      const value = a.mul(a).sum();
      value.backward();
      return value;
    });
    expect(loss.item()).toBe(9);
    expect(a.tolist()).toEqual([Math.fround(3 - 0.6)]);
  });

  it('updates parameters of any layout, and those that share memory', () => {
    const base = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const transposed = new nn.Parameter(base.t());
    const [first, second] = [new nn.Parameter(base.select(0, 0)), new nn.Parameter(base.select(0, 1))];
    transposed.grad = ones([1, 2]).expand(3, 2);
    new optim.SGD([transposed], 1).step();
    expect(base.tolist()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    for (const row of [first, second]) row.grad = ones([3]);
    new optim.SGD([first, second], 1).step();
    expect(base.tolist()).toEqual([
      [-1, 0, 1],
      [2, 3, 4],
    ]);
  });

  it('makes backward passes over overwritten parameters an error', () => {
    const a = parameter(3);
    const loss = a.mul(a).sum();
    loss.backward(null, { retainGraph: true });
    new optim.SGD([a], 0.1).step();
    expect(() => loss.backward()).toThrow('modified by an inplace operation');
  });

  it('runs hooks around steps and state dicts', () => {
    const a = parameter(1);
    const optimizer = new optim.SGD([a], 1);
    const seen: string[] = [];
    const handles = [
      optim.registerOptimizerStepPreHook(() => void seen.push('global before')),
      optim.registerOptimizerStepPostHook(() => void seen.push('global after')),
      optimizer.registerStepPreHook(() => [() => Number(seen.push('closure'))]),
      optimizer.registerStepPostHook((_, args) => void seen.push(`after ${args.length}`)),
      optimizer.registerStateDictPreHook(() => void seen.push('before state')),
      optimizer.registerStateDictPostHook((_, state) => ({ ...state, state: { 7: {} } })),
      optimizer.registerLoadStateDictPreHook((_, state) => ({ ...state, state: {} })),
      optimizer.registerLoadStateDictPostHook(() => void seen.push('loaded')),
    ];
    optimizer.step();
    const state = optimizer.stateDict();
    expect(state.state).toEqual({ 7: {} });
    optimizer.loadStateDict(state);
    expect(seen).toEqual(['global before', 'closure', 'after 1', 'global after', 'before state', 'loaded']);
    for (const handle of handles) handle.remove();
    optimizer.step();
    expect(seen.length).toBe(6);
  });

  it('refuses capturable steps as the CPU of PyTorch does', () => {
    const a = parameter(1);
    a.grad = tensor([1]);
    expect(() => new optim.Adam([a], { capturable: true }).step()).toThrow(
      'If capturable=True, params and state_steps must be on supported devices',
    );
  });

  it('refuses learning rates that are to be learned', () => {
    const a = parameter(1);
    a.grad = tensor([1]);
    const lr = tensor(0.1, { requiresGrad: true });
    expect(() => new optim.SGD([a], { lr, differentiable: true }).step()).toThrow(
      'gradients with respect to the learning rate are not supported',
    );
  });
});

describe('schedulers', () => {
  let warn: MockInstance<typeof console.warn>;
  beforeEach(() => {
    warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  });
  afterEach(() => {
    warn.mockRestore();
  });

  it('write to learning rates that are tensors', () => {
    const lr = tensor(1);
    const optimizer = new optim.SGD([parameter(1)], { lr });
    const scheduler = new optim.lrScheduler.ExponentialLR(optimizer, 0.5);
    optimizer.step();
    scheduler.step();
    expect(optimizer.paramGroups[0]!.lr).toBe(lr);
    expect(lr.item()).toBe(0.5);
    expect(scheduler.getLastLr().map((rate) => (rate as Tensor).item())).toEqual([0.5]);
  });

  it('warn once where they are stepped before the optimizer', () => {
    for (let i = 0; i < 2; i++) {
      const optimizer = new optim.SGD([parameter(1)]);
      const scheduler = new optim.lrScheduler.StepLR(optimizer, 2);
      scheduler.step();
    }
    const texts = warn.mock.calls.map(([text]) => String(text));
    expect(texts.filter((text) => text.includes('before `optimizer.step()`')).length).toBe(1);
  });

  it('do not warn in the right order', () => {
    const optimizer = new optim.SGD([parameter(1)]);
    const scheduler = new optim.lrScheduler.StepLR(optimizer, 2);
    optimizer.step();
    scheduler.step();
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('swaUtils', () => {
  const model = (): nn.Sequential =>
    new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3)) as nn.Sequential;
  const weightOf = (module: nn.Module): Tensor => module.parameters()[0]!;

  it('average models, plainly or with less and less of the past', () => {
    const trained = model();
    const [plain, moving] = [
      new optim.swaUtils.AveragedModel(trained),
      new optim.swaUtils.AveragedModel(trained, { multiAvgFn: optim.swaUtils.getEmaMultiAvgFn(0.75) }),
    ];
    const values = [8, 4, 0];
    for (const value of values) {
      for (const p of trained.parameters()) p.detach().fill_(value);
      trained.buffers()[0]!.fill_(value);
      plain.updateParameters(trained);
      moving.updateParameters(trained);
    }
    expect(weightOf(plain.module).toTypedArray()[0]).toBe(4);
    expect(weightOf(moving.module).toTypedArray()[0]).toBe((8 * 0.75 + 4 * 0.25) * 0.75);
    expect(plain.module.buffers()[0]!.tolist()).toEqual([0, 0, 0]);
    expect(plain.nAveraged.item()).toBe(3);
    expect([...plain.stateDict().keys()].slice(0, 2)).toEqual(['n_averaged', 'module.0.weight']);
  });

  it('compute the statistics of batch normalisations anew', () => {
    const norm = new nn.BatchNorm1d(1);
    norm.eval();
    optim.swaUtils.updateBn([tensor([[1], [3]]), [tensor([[5], [7]])]], norm);
    expect(norm.running_mean!.tolist()).toEqual([4]);
    expect([norm.momentum, norm.training]).toEqual([0.1, false]);
  });
});
