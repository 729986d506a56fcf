import { ones, type Tensor, tensor, zeros } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { expectScenario, messageOf } from '../testing/scenarios.ts';

describe('Sequential', () => {
  it('hands each result to the next member', () => {
    const model = new nn.Sequential(new nn.Hardtanh(-5, 2), new nn.ReLU());
    expect(model(tensor([-3, 1, 4])).tolist()).toEqual([0, 1, 2]);
  });

  it('reaches members by position and by name', () => {
    const relu = new nn.ReLU();
    const byNumber = new nn.Sequential(new nn.Identity(), relu);
    expect([byNumber[1], byNumber.at(-1), byNumber.length]).toEqual([relu, relu, 2]);
    const byName = new nn.Sequential({ first: new nn.Identity(), relu });
    expect([byName.relu, byName.at(1), byName.length]).toEqual([relu, relu, 2]);
  });

  it('grows, and gives parts of itself that keep their names', () => {
    const model = new nn.Sequential(new nn.Identity())
      .append(new nn.ReLU())
      .extend([new nn.Tanh(), new nn.Sigmoid()]);
    expect([...model].map((module) => module.getName())).toEqual(['Identity', 'ReLU', 'Tanh', 'Sigmoid']);
    const part = model.slice(1, 3);
    expect(part.namedChildren()).toEqual([
      ['1', model[1]],
      ['2', model[2]],
    ]);
  });

  it('keeps the order of more than ten members', () => {
    const model = new nn.Sequential(...Array.from({ length: 12 }, () => new nn.Identity()));
    expect(model.namedChildren().map(([name]) => name)).toEqual(
      Array.from({ length: 12 }, (_, i) => String(i)),
    );
  });

  it('can be extended by a class', () => {
    class Block extends nn.Sequential {
      constructor() {
        super(new nn.Identity(), new nn.ReLU());
      }
    }
    const block = new Block();
    expect(block(tensor([-1])).tolist()).toEqual([0]);
    expect([String(block).split('\n')[0], block instanceof nn.Sequential]).toEqual(['Block(', true]);
  });
});

describe('ModuleList', () => {
  it('is a list of registered modules', () => {
    const [a, b, c] = [new nn.ReLU(), new nn.Tanh(), new nn.Sigmoid()];
    const list = new nn.ModuleList<nn.Module>([a]).append(c);
    list.insert(1, b);
    expect([...list]).toEqual([a, b, c]);
    expect([list[1], list.at(-1), list.length]).toEqual([b, c, 3]);
    expect(list.namedChildren().map(([name]) => name)).toEqual(['0', '1', '2']);
  });

  it('computes nothing', () => {
    expect(() => new nn.ModuleList()()).toThrow(
      'Module [ModuleList] is missing the required "forward" function',
    );
  });
});

describe('ModuleDict', () => {
  it('is a dictionary of registered modules', () => {
    const [a, b] = [new nn.ReLU(), new nn.Tanh()];
    const dict = new nn.ModuleDict({ a, b });
    expect([dict.a, dict.get('b'), dict.has('c'), dict.get('c'), dict.size]).toEqual([
      a,
      b,
      false,
      undefined,
      2,
    ]);
    expect(dict.delete('a') && !dict.delete('a')).toBe(true);
    dict.set('a', b);
    expect([dict.keys(), dict.values(), dict.entries().length]).toEqual([['b', 'a'], [b, b], 2]);
  });

  it('refuses keys that are methods', () => {
    expect(() => new nn.ModuleDict({ keys: new nn.ReLU() as never })).toThrow(
      "attribute 'keys' already exists",
    );
  });

  it('computes nothing', () => {
    expect(() => new nn.ModuleDict()()).toThrow(
      'Module [ModuleDict] is missing the required "forward" function',
    );
  });
});

describe('containers are edited as in PyTorch', () => {
  it('Sequential', () => {
    const model: nn.SequentialModule = new nn.Sequential({ first: new nn.ReLU(), second: new nn.Tanh() });
    const texts: unknown[] = [String(model)];
    model.set(1, new nn.Sigmoid());
    texts.push(String(model));
    model.append(new nn.ELU());
    texts.push(String(model));
    texts.push(model.slice(1), model.pop(0), String(model));
    model.insert(0, new nn.GELU());
    model.insert(-1, new nn.SiLU());
    texts.push(String(model));
    texts.push(model.concat(new nn.Sequential(new nn.ReLU())));
    texts.push(new nn.Sequential(new nn.ReLU(), new nn.Tanh()).repeat(2));
    model.extend([new nn.CELU(), new nn.SELU()]);
    texts.push(String(model));
    const errors = [
      messageOf(() => model.insert(9, new nn.ReLU())),
      messageOf(() => model.pop(20)),
      messageOf(() => new nn.Sequential(new nn.ReLU()).repeat(0)).split(' for ')[0],
    ];
    expectScenario('sequential_edits', { texts: texts.join('\n'), errors: errors.join('\n') });
  });

  it('ModuleList', () => {
    const model = new nn.ModuleList<nn.Module>([new nn.ReLU(), new nn.ReLU(), new nn.Tanh()]);
    const texts: unknown[] = [String(model)];
    model.set(-1, new nn.Sigmoid());
    model.insert(1, new nn.ELU());
    texts.push(String(model));
    texts.push(model.pop(1), String(model), model.slice(1), model.concat([new nn.GELU()]));
    expectScenario('list_edits', { texts: texts.join('\n'), error: messageOf(() => model.pop(7)) });
  });

  it('ModuleDict', () => {
    const model = new nn.ModuleDict<Record<string, nn.Module>>({ a: new nn.ReLU(), b: new nn.Tanh() });
    model.set('a', new nn.ELU());
    model.update([['c', new nn.SiLU()]]);
    const texts: unknown[] = [String(model)];
    texts.push(model.pop('a'), String(model), model.keys().join(' '));
    model.clear();
    texts.push(String(model));
    expectScenario('dict_edits', { texts: texts.join('\n') });
  });

  it('ParameterList', () => {
    const twos = new nn.Parameter(ones([2, 3], { dtype: 'float64' }));
    const holder = new nn.ParameterList<unknown>([zeros([2]), twos, 'text', 5]);
    const texts = [
      String(holder),
      holder
        .namedParameters()
        .map(([name]) => name)
        .join(' '),
    ];
    holder.set(0, ones([1]));
    holder.append(zeros([3]));
    texts.push(String(holder), String(holder.slice(1, 3)));
    expectScenario('parameter_list', {
      texts: texts.join('\n'),
      call: messageOf(() => holder()),
      extend: messageOf(() => holder.extend(zeros([2]) as unknown as Iterable<Tensor>)),
    });
    expect(holder.pop(1)).toBe(twos);
    expect([holder.length, holder[1]]).toEqual([4, 'text']);
  });

  it('ParameterDict', () => {
    const holder = new nn.ParameterDict<unknown>({ b: zeros([2]), c: new nn.Parameter(ones([2, 3])) });
    holder.set('a', zeros([1]));
    holder.update({ d: 3 });
    const names = holder.namedParameters().map(([name]) => name);
    const texts = [String(holder), holder.keys().join(' '), names.join(' ')];
    texts.push(`torch.Size([${(holder.pop('b') as Tensor).shape.join(', ')}])`);
    texts.push(holder.popitem()[0]);
    texts.push(`[${(holder.setdefault('e', zeros([4])) as Tensor).shape.join(', ')}]`);
    texts.push(String(holder));
    expectScenario('parameter_dict', { texts: texts.join('\n'), call: messageOf(() => holder()) });
  });
});
