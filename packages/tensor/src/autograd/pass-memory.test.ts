import type { Storage } from '@sconce/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { collectingAllocations } from '../allocations.ts';
import { autograd, defineOperator, ones, type Tensor, withLayer } from '../index.ts';

/** Memory that was made while `body` ran, by whether it is in use after it. */
function memoryOf(body: () => void): { readonly freed: number; readonly kept: number } {
  let counts = { freed: 0, kept: 0 };
  collectingAllocations(body, (made) => {
    const all: Storage[] = [...made];
    const freed = all.filter((storage) => storage.disposed).length;
    counts = { freed, kept: all.length - freed };
    return [];
  });
  return counts;
}

const leaf = (): Tensor => ones([3, 4]).requiresGrad_();

describe('a backward pass', () => {
  const seen: Tensor[] = [];
  afterEach(() => {
    // Nothing that anyone was given has been freed.
    for (const grad of seen) expect(grad.storage.disposed).toBe(false);
    seen.length = 0;
  });

  it('frees the gradients between its ends, and keeps those of leaves', () => {
    const x = leaf();
    const loss = x.exp().sin().mul(2).sum();
    const { freed, kept } = memoryOf(() => loss.backward());
    expect(freed).toBeGreaterThanOrEqual(2);
    // That of the loss itself; the leaf's is exempt from being counted.
    expect(kept).toBeLessThanOrEqual(1);
    expect(x.grad!.storage.disposed).toBe(false);
    seen.push(x.grad!);
  });

  it('frees what it adds up and what it adds to a gradient that is there', () => {
    const x = leaf();
    const y = x.exp();
    y.mul(y).add(y.sin()).add(y).sum().backward();
    const first = x.grad!.clone();
    const again = x.exp();
    const loss = again.mul(again).add(again.sin()).add(again).sum();
    const { kept } = memoryOf(() => loss.backward());
    expect(kept).toBeLessThanOrEqual(1);
    expect(x.grad!.tolist()).toEqual(first.mul(2).tolist());
    seen.push(x.grad!);
  });

  it('gives one gradient to several leaves', () => {
    const [a, b] = [leaf(), leaf()];
    a.add(b).exp().sum().backward();
    expect(a.grad!.tolist()).toEqual(b.grad!.tolist());
    a.grad!.zero_();
    expect(b.grad!.sum().item()).not.toBe(0);
    seen.push(a.grad!, b.grad!);
  });

  it('keeps what hooks on tensors, nodes and retained gradients have seen', () => {
    const x = leaf();
    const y = x.exp();
    y.registerHook((grad) => void seen.push(grad));
    const z = y.sin();
    z.retainGrad();
    const u = z.mul(3);
    u.gradFn!.registerHook(
      (given, arrived) => void seen.push(...[...given, ...arrived].filter((g) => g !== undefined)),
    );
    const v = u.cos();
    v.gradFn!.registerPrehook((arrived) => void seen.push(...arrived.filter((g) => g !== undefined)));
    v.sum().backward();
    seen.push(z.grad!, x.grad!);
    expect(seen.length).toBeGreaterThan(5);
  });

  it('keeps what it returns, also where gradients pass by', () => {
    const x = leaf();
    const y = x.exp();
    const [ofX, ofY] = autograd.grad(y.add(x).mul(2).sum(), [x, y]);
    expect(ofY!.tolist()).toEqual(ones([3, 4]).mul(2).tolist());
    seen.push(ofX!, ofY!);
  });

  it('keeps what functions and operators of users, hooks on saved tensors and layers have seen', () => {
    const twice = defineOperator({
      name: 'twice',
      forward: (x: Tensor) => x.mul(2),
      derivatives: [
        (grad) => {
          const result = grad.mul(2);
          seen.push(grad, result);
          return result;
        },
      ],
    });
    class Thrice extends autograd.Function {
      static forward(_: autograd.FunctionContext, x: Tensor): Tensor {
        return x.mul(3);
      }
      static backward(_: autograd.FunctionContext, grad: Tensor): Tensor {
        const result = grad.mul(3);
        seen.push(grad, result);
        return result;
      }
    }
    const x = leaf();
    const packed = autograd.graph.savedTensorsHooks(
      (tensor) => tensor,
      (tensor) => {
        const copy = tensor.clone();
        seen.push(copy);
        return copy;
      },
      () => x.sin(),
    );
    const loss = Thrice.apply(twice(packed.exp())).exp().sum();
    const layer = {
      call: (_: unknown, __: unknown, next: () => unknown): unknown => {
        const result = next() as Tensor;
        seen.push(result);
        return result;
      },
    };
    loss.backward(undefined, { retainGraph: true });
    const before = seen.length;
    expect(before).toBeGreaterThan(4);
    withLayer(layer, () => loss.backward());
    expect(seen.length).toBeGreaterThan(before + 5);
  });

  it('frees nothing of a pass that is recorded', () => {
    const x = leaf();
    const loss = x.exp().sin().sum();
    let grads: readonly Tensor[] = [];
    const { freed } = memoryOf(() => {
      grads = autograd.grad(loss, [x], { createGraph: true });
    });
    expect(freed).toBe(0);
    grads[0]!.sum().backward();
    seen.push(x.grad!);
  });
});
