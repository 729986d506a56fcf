import { describe, expect, test } from 'vitest';
import { autograd, keep, ones, scope, type Tensor, tensor } from './index.ts';

const dead = 'this tensor (or the one it is a view of) was disposed';

describe('scope', () => {
  test('frees what was made in it and not returned', () => {
    let inner: Tensor | undefined;
    const result = scope(() => {
      inner = ones(3).add(1);
      return inner.mul(2);
    });
    expect(result.tolist()).toEqual([4, 4, 4]);
    expect(() => inner!.tolist()).toThrow(dead);
  });

  test('returns what is no tensor as it is, and finds tensors in lists, maps and objects', () => {
    const result = scope(() => ({
      number: 5,
      list: [ones(1), [ones(2)]] as const,
      map: new Map([['a', ones(3)]]),
      holder: new (class Holder {
        readonly weight = ones(4);
      })(),
    }));
    expect(result.number).toBe(5);
    expect(result.list[0].tolist()).toEqual([1]);
    expect(result.list[1][0].tolist()).toEqual([1, 1]);
    expect(result.map.get('a')!.tolist()).toEqual([1, 1, 1]);
    expect(result.holder.weight.tolist()).toEqual([1, 1, 1, 1]);
  });

  test('leaves views of memory from outside alone, and keeps the memory of a returned view', () => {
    const x = tensor([1, 2, 3]);
    const view = scope(() => {
      x.index('1:').add_(10);
      return x.index(':2').add(ones(2).index(':1'));
    });
    expect(x.tolist()).toEqual([1, 12, 13]);
    expect(view.tolist()).toEqual([2, 13]);
    const part = scope(() => ones(4).index('1:'));
    expect(part.tolist()).toEqual([1, 1, 1]);
  });

  test('keeps what a backward pass from a returned tensor needs', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    let unused: Tensor | undefined;
    const loss = scope(() => {
      unused = ones(2);
      const y = x.exp().mul(tensor([3, 4]));
      y.index(0).mul_(2);
      return y.mul(y).sum();
    });
    expect(() => unused!.tolist()).toThrow(dead);
    const reference = x.detach().requiresGrad_();
    const y = reference.exp().mul(tensor([3, 4]));
    y.index(0).mul_(2);
    y.mul(y).sum().backward();
    loss.backward();
    expect(x.grad!.tolist()).toEqual(reference.grad!.tolist());
  });

  test('keeps what a custom function saved', () => {
    class Cube extends autograd.Function {
      static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
        ctx.square = x.mul(x);
        ctx.saveForBackward(x);
        return x.mul(x).mul(x);
      }
      static backward(ctx: autograd.FunctionContext, grad: Tensor): Tensor {
        return grad.mul(ctx.square as Tensor).mul(3);
      }
    }
    const x = tensor([2], { requiresGrad: true });
    const y = scope(() => Cube.apply(x.add(0)));
    y.backward();
    expect(x.grad!.tolist()).toEqual([12]);
  });

  test('keeps gradients that were collected in it, and what keep was called for', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    let state: Tensor | undefined;
    const loss = scope(() => {
      const value = x.mul(x).sum();
      value.backward();
      state = keep(x.grad!.mul(0.9));
      return value.item();
    });
    expect(loss).toBe(5);
    expect(x.grad!.tolist()).toEqual([2, 4]);
    expect(state!.tolist()).toEqual([expect.closeTo(1.8), expect.closeTo(3.6)]);
    scope(() => x.mul(x).sum().backward());
    expect(x.grad!.tolist()).toEqual([4, 8]);
  });

  test('hands what an inner scope returns to the outer one', () => {
    let inner: Tensor | undefined;
    const result = scope(() => {
      inner = scope(() => ones(2).add(1));
      return inner.add(1);
    });
    expect(result.tolist()).toEqual([3, 3]);
    expect(() => inner!.tolist()).toThrow(dead);
  });

  test('frees everything when the function throws, and refuses functions that are not synchronous', () => {
    let inner: Tensor | undefined;
    expect(() =>
      scope(() => {
        inner = ones(2);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(() => inner!.tolist()).toThrow(dead);
    expect(() => scope(async () => ones(2))).toThrow('scope: the function must be synchronous');
  });
});
