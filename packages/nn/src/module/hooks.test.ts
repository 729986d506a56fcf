import { manualSeed, type Tensor, tensor } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { expectScenario, gradientsOf, messageOf, shown } from '../testing/scenarios.ts';

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

class Fails extends nn.Module {
  override forward(_x: Tensor): Tensor {
    throw new TypeError('no');
  }
}

describe('hooks', () => {
  it('run around forward in the order of PyTorch, and replace inputs and outputs', () => {
    const events: string[] = [];
    const module = new Scale(2);
    const pre =
      (name: string, result?: unknown) =>
      (_: nn.Module, inputs: readonly unknown[]): unknown => {
        events.push(`${name} ${shown(inputs)}`);
        return result;
      };
    const post =
      (name: string, result?: unknown) =>
      (_: nn.Module, inputs: readonly unknown[], output: unknown): unknown => {
        events.push(`${name} ${shown(inputs)} ${shown(output)}`);
        return result;
      };
    const everywhere = [
      nn.modules.registerModuleForwardPreHook(pre('global pre')),
      nn.modules.registerModuleForwardHook(post('global post')),
    ];
    module.registerForwardPreHook(pre('second pre', [tensor([3])]));
    module.registerForwardPreHook(pre('first pre', tensor([5])), { prepend: true });
    module.registerForwardHook(post('second post'));
    const handle = module.registerForwardHook(post('first post', tensor([7])), { prepend: true });
    events.push(shown(module(tensor([1]))));
    handle.remove();
    for (const each of everywhere) each.remove();
    events.push(shown(module(tensor([1]))));
    expectScenario('forward_hooks', { events: events.join('\n') });
  });

  it('see the named options of a call when they ask for them', () => {
    const events: string[] = [];
    const module = new Scale(2);
    const names = (options: object): string =>
      `[${Object.keys(options)
        .map((name) => `'${name}'`)
        .join(', ')}]`;
    module.registerForwardPreHook(
      (_, inputs, options) => {
        events.push(`pre ${shown(inputs)} ${names(options)}`);
        return [inputs, { plus: 10 }];
      },
      { withKwargs: true },
    );
    module.registerForwardHook(
      (_, inputs, options, output) => {
        events.push(`post ${shown(inputs)} ${names(options)} ${shown(output)}`);
      },
      { withKwargs: true },
    );
    events.push(shown(module(tensor([1]))));
    events.push(shown(module(tensor([1]), { plus: 1 })));
    expectScenario('forward_hooks_with_options', { events: events.join('\n') });
  });

  it('of every call run when forward throws', () => {
    const events: string[] = [];
    const module = new Fails();
    module.registerForwardHook(() => {
      events.push('usual');
    });
    module.registerForwardHook(
      (_, __, output) => {
        events.push(`always ${output === undefined ? 'None' : output}`);
      },
      { alwaysCall: true },
    );
    events.push(messageOf(() => module(tensor([1]))));
    expectScenario('hooks_that_are_always_called', { events: events.join('\n') });
  });

  it('see and replace gradients', () => {
    const events: string[] = [];
    const module = new nn.Sequential(new Scale(2), new Scale(3));
    const note =
      (name: string, result?: readonly Tensor[]) =>
      (_: nn.Module, ...gradients: nn.ModuleGradients[]): readonly Tensor[] | undefined => {
        events.push(`${name} ${gradients.map(shown).join(' ')}`);
        return result;
      };
    module[0].registerFullBackwardHook(note('inner'));
    module[0].registerFullBackwardPreHook(note('inner pre'));
    module.registerFullBackwardHook(note('outer'));
    module[1].registerFullBackwardPreHook(note('last pre', [tensor([10])]));
    module[1].registerFullBackwardHook(note('last, changed', [tensor([100])]));
    module[1].registerFullBackwardHook(note('last, first'), { prepend: true });
    const x = tensor([1]).requiresGrad_();
    module(x).backward();
    expectScenario('backward_hooks', { events: events.join('\n'), x: x.grad, ...gradientsOf(module) });
  });

  it('on all modules see gradients too', () => {
    const events: string[] = [];
    const handles = [
      nn.modules.registerModuleFullBackwardPreHook((module, gradOutput) => {
        events.push(`pre ${module.getName()} ${shown(gradOutput)}`);
      }),
      nn.modules.registerModuleFullBackwardHook((module, gradInput, gradOutput) => {
        events.push(`post ${module.getName()} ${shown(gradInput)} ${shown(gradOutput)}`);
      }),
    ];
    const module = new nn.Sequential(new Scale(2), new nn.ReLU());
    const step = (): void =>
      module(tensor([1, -1]))
        .sum()
        .backward();
    step();
    for (const handle of handles) handle.remove();
    step();
    expectScenario('global_backward_hooks', { events: events.join('\n'), ...gradientsOf(module) });
  });

  it('that return gradients of another number are refused', () => {
    const module = new Scale(2);
    module.registerFullBackwardHook(() => []);
    const y = module(tensor([1]).requiresGrad_());
    expect(() => y.backward()).toThrow(
      'Backward hook returned an invalid number of grad_input, got 0, but expected 1',
    );
  });

  it('on registrations see what is registered, and may replace it', () => {
    const events: string[] = [];
    const replacement = new nn.Parameter(tensor([5]));
    const handles = [
      nn.modules.registerModuleModuleRegistrationHook((module, name) => {
        events.push(`${module.getName()} module ${name}`);
      }),
      nn.modules.registerModuleBufferRegistrationHook((module, name) => {
        events.push(`${module.getName()} buffer ${name}`);
      }),
      nn.modules.registerModuleParameterRegistrationHook((module, name) => {
        events.push(`${module.getName()} parameter ${name}`);
        return name === 'factor' ? replacement : undefined;
      }),
    ];
    const model = new nn.Sequential(new Scale(2)).registerBuffer('count', tensor([0]));
    expect(model.parameters()[0]).toBe(replacement);
    expect(events).toEqual(['Sequential module 0', 'Sequential buffer count', 'Scale parameter factor']);
    for (const handle of handles) handle.remove();
    expect(new Scale(2).parameters()[0]).not.toBe(replacement);
  });

  it('are taken along by copies, and removed from each alone', () => {
    const module = new Scale(2);
    let calls = 0;
    const handle = module.registerForwardHook(() => {
      calls += 1;
    });
    const copy = nn.deepcopy(module);
    handle.remove();
    module(tensor([1]));
    expect(calls).toBe(0);
    copy(tensor([1]));
    expect(calls).toBe(1);
  });
});

describe('errors of layers', () => {
  it('name the layer once, and stay the same error', () => {
    const model = new nn.Sequential({ block: new nn.Sequential(new nn.Identity(), new Fails()) });
    let caught: unknown;
    try {
      model(tensor([1]));
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(TypeError);
    expect((caught as Error).message).toBe('no (in block.1: Fails)');
    expect((caught as Error).stack).toContain('TypeError: no (in block.1: Fails)\n');
    expect(messageOf(() => new Fails()(tensor([1])))).toBe('no');
  });

  it('name the layer of an operator that fails', () => {
    manualSeed(0);
    const model = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(2, 3));
    expect(messageOf(() => model(tensor([[1, 2]])))).toMatch(/ \(in 1: Linear\)$/);
  });
});
