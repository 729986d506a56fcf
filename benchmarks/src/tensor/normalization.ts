// Rows of softmax and layer normalization, forward and backward.

import { autograd, layerNorm } from '@sconce/tensor';
import { type TensorCase, tensorCase } from './case.ts';

const shape = [1024, 768] as const;
const x = { shape, range: [-4, 4] } as const;
const group = 'softmax and layer norm';
const backward = 'torch.autograd.grad(y, x, g, retain_graph=True)';

/** Rows as transformers have them. */
export const normalizationCases: readonly TensorCase[] = [
  tensorCase({
    name: 'softmax 1024x768',
    group,
    note: 'one call',
    operands: { x },
    prepare: (its) => () => its.x.softmax(-1),
    python: { call: 'x.softmax(-1)' },
    tfjs: { backend: 'wasm', prepare: (tf, its) => ({ call: () => tf.softmax(its['x']!) }) },
  }),
  tensorCase({
    name: 'softmax 1024x768, backward',
    group,
    note: 'the gradient, of a graph that is kept',
    operands: { x: { ...x, grad: true }, g: { shape } },
    prepare: (its) => {
      const y = its.x.softmax(-1);
      return () => autograd.grad(y, [its.x], { gradOutputs: its.g, retainGraph: true });
    },
    python: { setup: 'y = x.softmax(-1)', call: backward },
  }),
  tensorCase({
    name: 'log softmax 1024x768',
    group,
    note: 'one call',
    operands: { x },
    prepare: (its) => () => its.x.logSoftmax(-1),
    python: { call: 'x.log_softmax(-1)' },
  }),
  tensorCase({
    name: 'log softmax 1024x768, backward',
    group,
    note: 'the gradient, of a graph that is kept',
    operands: { x: { ...x, grad: true }, g: { shape } },
    prepare: (its) => {
      const y = its.x.logSoftmax(-1);
      return () => autograd.grad(y, [its.x], { gradOutputs: its.g, retainGraph: true });
    },
    python: { setup: 'y = x.log_softmax(-1)', call: backward },
  }),
  tensorCase({
    name: 'layer norm 1024x768',
    group,
    note: 'one call, with weight and bias',
    operands: { x, w: { shape: [768] }, b: { shape: [768] } },
    prepare: (its) => () => layerNorm(its.x, [768], its.w, its.b),
    python: { call: 'F.layer_norm(x, (768,), w, b)' },
  }),
  tensorCase({
    name: 'layer norm 1024x768, backward',
    group,
    note: 'the gradients of input, weight and bias, of a graph that is kept',
    operands: {
      x: { ...x, grad: true },
      w: { shape: [768], grad: true },
      b: { shape: [768], grad: true },
      g: { shape },
    },
    prepare: (its) => {
      const y = layerNorm(its.x, [768], its.w, its.b);
      return () => autograd.grad(y, [its.x, its.w, its.b], { gradOutputs: its.g, retainGraph: true });
    },
    python: {
      setup: 'y = F.layer_norm(x, (768,), w, b)',
      call: 'torch.autograd.grad(y, (x, w, b), g, retain_graph=True)',
    },
  }),
];
