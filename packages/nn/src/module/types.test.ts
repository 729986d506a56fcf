import type { Tensor } from '@sconce/tensor';
import { describe, expectTypeOf, it } from 'vitest';
import * as nn from '../index.ts';

class Net extends nn.Module {
  conv1 = new nn.Conv2d(3, 16, 3);
  block = new nn.Sequential({ conv: new nn.Conv2d(16, 8, 1), relu: new nn.ReLU() });

  override forward(x: Tensor, factor: number): [Tensor, number] {
    return [this.block(this.conv1(x)), factor];
  }
}

describe('types', () => {
  it('calling a module has the types of forward', () => {
    const model = new Net();
    expectTypeOf<Parameters<typeof model.forward>>().toEqualTypeOf<[x: Tensor, factor: number]>();
    expectTypeOf(model).toBeCallableWith({} as Tensor, 1);
    expectTypeOf<ReturnType<typeof model>>().toEqualTypeOf<[Tensor, number]>();
    expectTypeOf(new nn.ReLU()).parameter(0).toEqualTypeOf<Tensor>();
    // @ts-expect-error: forward takes a tensor.
    expectTypeOf(() => model(5, 1)).toBeFunction();
    // @ts-expect-error: a plain tensor is no parameter.
    expectTypeOf<Tensor>().toExtend<nn.Parameter>();
  });

  it('addModule returns the model with the new name', () => {
    const model = new Net().addModule('conv2', new nn.Conv2d(3, 16, 3)).addModule('fc', new nn.Linear(1, 1));
    expectTypeOf(model.conv2.weight).toEqualTypeOf<nn.Parameter>();
    expectTypeOf(model.fc.bias).toEqualTypeOf<nn.Parameter | null>();
    expectTypeOf(model.conv1).toEqualTypeOf<nn.Conv2d>();
    expectTypeOf(model).toBeCallableWith({} as Tensor, 1);
  });

  it('containers know their members', () => {
    const model = new Net();
    expectTypeOf(model.block.conv.weight).toEqualTypeOf<nn.Parameter>();
    const sequential = new nn.Sequential(new nn.Conv2d(1, 1, 1), new nn.ReLU());
    expectTypeOf(sequential[0].weight).toEqualTypeOf<nn.Parameter>();
    expectTypeOf(sequential).toBeCallableWith({} as Tensor);
    expectTypeOf(sequential).toExtend<nn.Sequential>();
    const list: nn.Module[] = [];
    expectTypeOf(new nn.Sequential(...list)[0]).toEqualTypeOf<nn.Module | undefined>();
    const dict = new nn.ModuleDict({ fc: new nn.Linear(1, 1) });
    expectTypeOf(dict.fc.weight).toEqualTypeOf<nn.Parameter>();
    expectTypeOf(new nn.ModuleList([new nn.Linear(1, 1)]).at(0)).toEqualTypeOf<nn.Linear | undefined>();
  });

  it('hooks have the types of forward, and copies those of the original', () => {
    const model = new Net();
    model.registerForwardHook((self, inputs, output) => {
      expectTypeOf(self.conv1).toEqualTypeOf<nn.Conv2d>();
      expectTypeOf(inputs).toEqualTypeOf<[x: Tensor, factor: number]>();
      expectTypeOf(output).toEqualTypeOf<[Tensor, number]>();
    });
    model.block.conv.registerForwardPreHook((conv, [x]) => {
      expectTypeOf(conv.weight).toEqualTypeOf<nn.Parameter>();
      expectTypeOf(x).toEqualTypeOf<Tensor>();
    });
    expectTypeOf(model.clone().conv1.weight).toEqualTypeOf<nn.Parameter>();
    expectTypeOf(nn.deepcopy(model).block.conv.weight).toEqualTypeOf<nn.Parameter>();
    expectTypeOf(nn.utils.parametrizations.weightNorm(model.conv1)).toEqualTypeOf<nn.Conv2d>();
    expectTypeOf(nn.functionalCall<Net>).returns.toEqualTypeOf<[Tensor, number]>();
    expectTypeOf(new nn.LazyLinear(3).weight).toEqualTypeOf<nn.Parameter>();
  });

  it('constructors take positional arguments, names, or both, and nothing else', () => {
    expectTypeOf(nn.Conv2d).toBeConstructibleWith(3, 16, 3);
    expectTypeOf(nn.Conv2d).toBeConstructibleWith(3, 16, 3, 1, 1);
    expectTypeOf(nn.Conv2d).toBeConstructibleWith(3, 16, 3, { padding: 'same' });
    expectTypeOf(nn.Conv2d).toBeConstructibleWith(3, 16, { kernelSize: [3, 3], padding: 1 });
    expectTypeOf(nn.ReLU).toBeConstructibleWith({ inplace: true });
    // @ts-expect-error: kernelSize is missing.
    (() => new nn.Conv2d(3, 16, { padding: 1 })) satisfies () => unknown;
    // @ts-expect-error: kernelSize is given twice.
    (() => new nn.Conv2d(3, 16, 3, { kernelSize: 3 })) satisfies () => unknown;
    // @ts-expect-error: there is no such option.
    (() => new nn.Conv2d(3, 16, 3, { dilatation: 1 })) satisfies () => unknown;
    // @ts-expect-error: outFeatures is missing.
    (() => new nn.Linear(3)) satisfies () => unknown;
  });
});
