/** Hooks on tensors, leaves and nodes, and on what is saved. */

import type { Tensor } from '../../index.ts';
import * as torch from '../../index.ts';
import { leaf, type Scenario } from './log.ts';

const { grad } = torch.autograd;

/** The scenarios of fixtures/generators/autograd_scenarios/hooks.py. */
export const hookScenarios: Readonly<Record<string, Scenario>> = {
  'hooks on tensors': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    const first = y.registerHook((g) => log.show('first', g));
    y.registerHook((g) => g.mul(10));
    y.registerHook((g) => log.show('third', g));
    y.sum().backward(null, { retainGraph: true });
    log.show('grad', x.grad);
    first.remove();
    y.sum().backward();
    log.show('again', x.grad);
    log.error('constant', () => torch.ones(2).registerHook(() => null));
  },

  'hooks on leaves': (log) => {
    const x = leaf(1, 2);
    x.registerHook((g) => g.add(1));
    x.mul(2).add(x).sum().backward();
    log.show('once on the whole gradient', x.grad);
    log.show('grad() sees it too', grad(x.mul(3).sum(), x)[0]);
  },

  'hooks on captured tensors': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    y.registerHook((g) => g.mul(10));
    log.show('grads', grad(y.mul(3).sum(), [y, x]));
  },

  'a hook that changes the size': (log) => {
    const x = leaf(1, 2);
    const hook = (g: Tensor): Tensor => g.index(':1');
    const y = x.mul(2);
    y.registerHook(hook);
    log.error('size', () => y.sum().backward());
  },

  'hooks after accumulation': (log) => {
    const x = leaf(1, 2);
    const seen: boolean[] = [];
    const hook = (tensor: Tensor): void => {
      seen.push(tensor === x);
      log.show('hook', tensor.grad);
    };
    const handle = x.registerPostAccumulateGradHook(hook);
    x.mul(2).sum().backward();
    x.mul(x).sum().backward();
    handle.remove();
    x.mul(2).sum().backward();
    log.show('seen', seen);
    log.show('grad', x.grad);
    log.error('computed', () => x.mul(2).registerPostAccumulateGradHook(hook));
    log.error('constant', () => torch.ones(2).registerPostAccumulateGradHook(hook));
  },

  'post accumulate hooks do not see grad': (log) => {
    const x = leaf(1, 2);
    let count = 0;
    x.registerPostAccumulateGradHook(() => {
      count++;
    });
    grad(x.mul(2).sum(), x);
    log.show('after grad', count);
    x.mul(2)
      .sum()
      .backward(null, { inputs: [x] });
    log.show('after backward with inputs', count);
  },

  'hooks on nodes': (log) => {
    const x = leaf(1, 2);
    const w = leaf(3, 4);
    const y = x.mul(w);
    const handle = y.gradFn!.registerHook((gradInputs, gradOutputs) => {
      log.show('after', [gradInputs, gradOutputs]);
      return gradInputs.map((g) => g!.mul(10));
    });
    y.gradFn!.registerPrehook((gradOutputs) => {
      log.show('before', gradOutputs);
      return [gradOutputs[0]!.mul(2)];
    });
    y.sum().backward(null, { retainGraph: true });
    log.show('grads', [x.grad, w.grad]);
    handle.remove();
    x.grad = null;
    w.grad = null;
    y.sum().backward();
    log.show('without', [x.grad, w.grad]);
  },

  'order of hooks': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    const order: string[] = [];
    const note = (text: string) => (): void => {
      order.push(text);
    };
    y.gradFn!.registerPrehook(note('node before'));
    y.registerHook(note('tensor'));
    y.gradFn!.registerHook(note('node after'));
    x.registerHook(note('leaf'));
    x.registerPostAccumulateGradHook(note('accumulated'));
    y.sum().backward();
    log.show('order', order);
  },

  'hooks under create graph': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(x);
    y.registerHook((g) => g.mul(x));
    const [first] = grad(y.sum(), x, { createGraph: true }) as [Tensor];
    log.show('first', first);
    log.show('second', grad(first.sum(), x)[0]);
  },

  'hooks on saved tensors': (log) => {
    const x = leaf(1, 2);
    const w = leaf(3, 4);
    const packed: number[][] = [];
    const unpacked: number[][] = [];
    const z = torch.autograd.graph.savedTensorsHooks(
      (t) => {
        packed.push([...t.shape]);
        return t.detach().mul(2);
      },
      (t) => {
        unpacked.push([...t.shape]);
        return t;
      },
      () => x.mul(w).exp(),
    );
    log.show('packed', packed);
    z.sum().backward();
    log.show('unpacked', unpacked);
    log.show('grads', [x.grad, w.grad]);
  },
};
