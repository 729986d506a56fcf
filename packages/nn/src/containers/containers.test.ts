import { tensor } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';

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
