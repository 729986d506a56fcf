import { describe, expect, it } from 'vitest';
import { autograd, batchNorm, manualSeed, ones, randn, type Tensor, zeros } from '../index.ts';

/** Each normalization of x of [4, 6, 5], with a weight and a bias of its own. */
const norms: Record<string, { shape: number[]; of: (x: Tensor, w: Tensor, b: Tensor) => Tensor }> = {
  'layer norm': { shape: [6, 5], of: (x, w, b) => x.layerNorm([6, 5], w, b) },
  'group norm': { shape: [6], of: (x, w, b) => x.groupNorm(3, w, b) },
  'group norm of one group': { shape: [6], of: (x, w, b) => x.groupNorm(1, w, b) },
  'batch norm in training': {
    shape: [6],
    of: (x, w, b) => x.batchNorm(null, null, w, b, { training: true }),
  },
  'batch norm in evaluation': {
    shape: [6],
    of: (x, w, b) => x.batchNorm(ones([6]).to(x.dtype).mul(0.3), ones([6]).to(x.dtype).mul(2), w, b),
  },
  'RMS norm': { shape: [5], of: (x, w, b) => x.rmsNorm([5], w).add(b) },
};

describe('normalization', () => {
  it.each(Object.entries(norms))('%s has the same gradients in float32', (_, { shape, of }) => {
    manualSeed(3);
    const values = [randn(4, 6, 5), randn(...shape), randn(...shape)];
    const seed = randn(4, 6, 5);
    const gradients = (dtype: 'float32' | 'float64'): number[] => {
      const own = values.map((value) => value.to(dtype).clone().requiresGrad_());
      const [x, w, b] = own as [Tensor, Tensor, Tensor];
      return autograd
        .grad(of(x, w, b), own, { gradOutputs: seed.to(dtype) })
        .flatMap((grad) => grad!.reshape([-1]).tolist() as number[]);
    };
    const [single, double] = [gradients('float32'), gradients('float64')];
    single.forEach((value, i) => {
      expect(Math.abs(value - double[i]!)).toBeLessThanOrEqual(5e-6 * Math.max(1, Math.abs(double[i]!)));
    });
  });

  it.each(Object.entries(norms))('%s has second derivatives', (_, { shape, of }) => {
    manualSeed(4);
    const [x, w, b] = [[4, 6, 5], shape, shape].map((size) =>
      randn(...size)
        .to('float64')
        .requiresGrad_(),
    ) as [Tensor, Tensor, Tensor];
    expect(autograd.gradgradcheck(of, [x, w, b])).toBe(true);
  });

  it('keeps no hold of its result, which may be written to', () => {
    const x = randn(3, 4).requiresGrad_();
    x.layerNorm([4]).relu_().sum().backward();
    expect(x.grad!.shape).toEqual([3, 4]);
  });

  it('may run twice before it is run backwards, though it moves its running statistics', () => {
    const [mean, variance] = [zeros([2]), ones([2])];
    const x = randn(5, 2).requiresGrad_();
    const first = batchNorm(x, mean, variance, { training: true });
    const second = batchNorm(x, mean, variance, { training: true });
    first.add(second).sum().backward();
    expect(x.grad!.shape).toEqual([5, 2]);
  });
});
