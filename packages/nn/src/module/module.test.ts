import { ones, type Tensor, tensor, zeros } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';

const text = (x: Tensor): string => JSON.stringify(x.tolist());

class Scale extends nn.Module {
  factor: nn.Parameter;

  constructor(factor: number) {
    super();
    this.factor = new nn.Parameter(tensor([factor]));
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.factor);
  }
}

class Pair extends nn.Module {
  first = new Scale(2);
  second = new Scale(3);

  override forward(x: Tensor): Tensor {
    return this.second(this.first(x));
  }
}

class Empty extends nn.Module {
  override forward(): void {}
}

describe('Module', () => {
  it('is called like a function and is an instance of its class', () => {
    const model = new Pair();
    expect(text(model(tensor([1, 2])))).toBe('[6,12]');
    expect(typeof model).toBe('function');
    expect(model instanceof Pair && model instanceof nn.Module).toBe(true);
  });

  it('passes several inputs and returns what forward returns', () => {
    class Both extends nn.Module {
      override forward(x: Tensor, y: number): [Tensor, number] {
        return [x, y];
      }
    }
    const x = ones([1]);
    expect(new Both()(x, 5)).toEqual([x, 5]);
  });

  it('registers class fields and assignments in the order of their first registration', () => {
    const model = new Pair();
    const third = model.addModule('third', new Scale(4)).third;
    expect(model.namedChildren().map(([name]) => name)).toEqual(['first', 'second', 'third']);
    model.first = new Scale(5);
    expect(model.namedChildren().map(([name]) => name)).toEqual(['first', 'second', 'third']);
    expect(model.children()[2]).toBe(third);
    expect(model.namedParameters().map(([name]) => name)).toEqual([
      'first.factor',
      'second.factor',
      'third.factor',
    ]);
  });

  it('keeps the order in which children with numeric names are added', () => {
    const model = new Empty()
      .addModule('b', new Scale(1))
      .addModule('10', new Scale(1))
      .addModule('2', new Scale(1));
    expect(model.namedChildren().map(([name]) => name)).toEqual(['b', '10', '2']);
  });

  it('takes children that are called name and length', () => {
    const model = new Empty().addModule('name', new Scale(1)).addModule('length', new Scale(2));
    expect(model.namedChildren().map(([name]) => name)).toEqual(['name', 'length']);
  });

  it('forgets a child that was deleted', () => {
    const model = new Empty().addModule('a', new Scale(1)).addModule('b', new Scale(1));
    expect(model.children().length).toBe(2);
    Reflect.deleteProperty(model, 'a');
    expect(model.namedChildren().map(([name]) => name)).toEqual(['b']);
    model.addModule('a', new Scale(1));
    expect(model.namedChildren().map(([name]) => name)).toEqual(['b', 'a']);
  });

  it('lists a module, and a parameter, that has two names once', () => {
    const shared = new Scale(1);
    const model = new Empty().addModule('a', shared).addModule('b', shared);
    expect(model.namedModules().map(([name]) => name)).toEqual(['', 'a']);
    expect(model.namedModules({ removeDuplicate: false }).map(([name]) => name)).toEqual(['', 'a', 'b']);
    expect(model.parameters().length).toBe(1);
    expect([...model.stateDict().keys()]).toEqual(['a.factor', 'b.factor']);
  });

  it('tells parameters, buffers and plain tensors apart', () => {
    class Mixed extends nn.Module {
      plain = ones([1]);
      weight = new nn.Parameter(ones([2]));
      declare counter: Tensor;
      declare scratch: Tensor;

      constructor() {
        super();
        this.registerBuffer('counter', zeros([3]));
        this.registerBuffer('scratch', zeros([4]), { persistent: false });
        this.registerBuffer('absent', null);
        this.registerParameter('bias', null);
      }

      override forward(): void {}
    }
    const model = new Mixed();
    expect(model.namedParameters().map(([name]) => name)).toEqual(['weight']);
    expect(model.namedBuffers().map(([name]) => name)).toEqual(['counter', 'scratch']);
    expect([...model.stateDict().keys()]).toEqual(['weight', 'counter']);
    model.counter = ones([3]);
    expect(text(model.getBuffer('counter'))).toBe('[1,1,1]');
    expect(() => model.getBuffer('plain')).toThrow('`plain` is not a buffer');
    expect(() => model.getParameter('counter')).toThrow('`counter` is not an nn.Parameter');
  });

  it('refuses a plain tensor in place of a parameter', () => {
    const layer = new nn.Linear(2, 2);
    layer.weight = zeros([2, 2]) as nn.Parameter;
    expect(layer.parameters.bind(layer)).toThrow(
      "cannot assign 'Tensor' as parameter 'weight' (Parameter or null expected)",
    );
  });

  it('checks names as PyTorch does', () => {
    const model = new Pair();
    expect(() => model.addModule('a.b', new Empty())).toThrow('module name can\'t contain ".", got: a.b');
    expect(() => model.addModule('', new Empty())).toThrow('module name can\'t be empty string ""');
    expect(() => model.addModule('forward', new Empty())).toThrow("attribute 'forward' already exists");
    expect(() => model.registerBuffer('first', ones([1]))).toThrow("attribute 'first' already exists");
    expect(() => model.addModule('a', 5 as unknown as nn.Module)).toThrow('number is not a Module subclass');
  });

  it('finds submodules and parameters by path', () => {
    const model = new nn.Sequential(new Pair(), new nn.ReLU());
    expect(model.getSubmodule('')).toBe(model);
    expect(model.getSubmodule('0.second')).toBe(model[0].second);
    expect(model.getParameter('0.second.factor')).toBe(model[0].second.factor);
    expect(() => model.getSubmodule('0.third')).toThrow('Pair has no attribute `third`');
    expect(() => model.getSubmodule('0.forward')).toThrow('`forward` is not an nn.Module');
  });

  it('sets training mode and applies functions everywhere below', () => {
    const model = new nn.Sequential(new Pair(), new nn.Dropout());
    expect(model.eval()).toBe(model);
    expect(model.modules().map((module) => module.training)).toEqual([false, false, false, false, false]);
    model.train();
    expect(model.modules().every((module) => module.training)).toBe(true);
    const visited: string[] = [];
    model.apply((module) => visited.push(module.getName()));
    expect(visited).toEqual(['Scale', 'Scale', 'Pair', 'Dropout', 'Sequential']);
  });

  it('puts modules into places by path', () => {
    const model = new nn.Sequential(new Pair(), new nn.ReLU());
    const scale = new Scale(7);
    model.setSubmodule('0.second', scale);
    expect(model[0].second).toBe(scale);
    model.setSubmodule('0.third', new Scale(1));
    expect(model[0].namedChildren().map(([name]) => name)).toEqual(['first', 'second', 'third']);
    expect(() => model.setSubmodule('0.fourth', scale, { strict: true })).toThrow(
      'Pair has no attribute `fourth`',
    );
    expect(() => model.setSubmodule('', scale)).toThrow('Cannot set the submodule without a target name!');
    expect(() => model.setSubmodule('0.training', scale)).toThrow('`training` is not an nn.Module');
  });

  it('registers buffers that are assigned', () => {
    class Counter extends nn.Module {
      count = new nn.Buffer(zeros([1]));
      scratch = new nn.Buffer(zeros([2]), { persistent: false });

      override forward(): void {}
    }
    const model = new Counter();
    expect(model.namedBuffers().map(([name]) => name)).toEqual(['count', 'scratch']);
    expect([...model.stateDict().keys()]).toEqual(['count']);
  });

  it('is copied with all below it, sharing nothing', () => {
    const shared = new Scale(2);
    const model = new nn.Sequential({ a: shared, b: new Pair(), c: shared });
    const copy = model.clone();
    expect(String(copy)).toBe(String(model));
    expect(copy.a === copy.c && copy.a !== model.a && copy instanceof nn.Sequential).toBe(true);
    expect(text(copy(tensor([1])))).toBe(text(model(tensor([1]))));
    nn.init.zeros_(copy.b.first.factor);
    expect(text(model.b.first.factor)).toBe('[2]');
    expect(copy.b.first.factor.requiresGrad).toBe(true);
    const list = nn.deepcopy({ layers: [shared, shared], sizes: new Map([['a', [1, 2]]]) });
    expect(list.layers[0] === list.layers[1] && list.layers[0] !== shared).toBe(true);
    expect(list.sizes.get('a')).toEqual([1, 2]);
  });

  it('is not copied with tensors that were computed', () => {
    const layer = nn.utils.weightNorm(new nn.Linear(1, 1));
    expect(() => layer.clone()).toThrow('Only Tensors created explicitly by the user');
  });

  it('prints parameters as PyTorch does', () => {
    expect(String(new nn.Parameter(tensor([1, 2])))).toBe(
      'Parameter containing:\ntensor([1., 2.], requires_grad=True)',
    );
  });
});

describe('currentModuleScope', () => {
  it('names the running modules from the outermost one', () => {
    const seen: (string | undefined)[][] = [];
    class Spy extends nn.Module {
      override forward(x: Tensor): Tensor {
        seen.push(nn.currentModuleScope().map(({ path, className }) => `${path}:${className}`));
        return x;
      }
    }
    const model = new nn.Sequential({ block: new nn.Sequential(new Spy(), new nn.ReLU()), last: new Spy() });
    model(ones([1]));
    expect(seen).toEqual([
      [':Sequential', 'block:Sequential', 'block.0:Spy'],
      [':Sequential', 'last:Spy'],
    ]);
    expect(nn.currentModuleScope()).toEqual([]);
  });

  it('is left when forward throws', () => {
    class Failing extends nn.Module {
      override forward(): never {
        throw new Error('no');
      }
    }
    expect(() => new Failing()()).toThrow('no');
    expect(nn.currentModuleScope()).toEqual([]);
  });
});
