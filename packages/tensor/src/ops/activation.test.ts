import { describe, expect, it } from 'vitest';
import { autograd, type Tensor, tensor } from '../index.ts';

const points = [-4, -2.9, -1.7, -0.6, -0.2, 0.3, 0.8, 1.6, 2.8, 3.7, 5.9];

const smooth: Record<string, (x: Tensor) => Tensor> = {
  sigmoid: (x) => x.sigmoid(),
  logsigmoid: (x) => x.logsigmoid(),
  logit: (x) => x.mul(0.1).sigmoid().logit(),
  'logit of limited values': (x) => x.sigmoid().logit(0.1),
  silu: (x) => x.silu(),
  mish: (x) => x.mish(),
  elu: (x) => x.elu(1.3),
  celu: (x) => x.celu(0.7),
  selu: (x) => x.selu(),
  softplus: (x) => x.softplus({ beta: 2 }),
  gelu: (x) => x.gelu(),
  'gelu by tanh': (x) => x.gelu({ approximate: 'tanh' }),
  hardswish: (x) => x.hardswish(),
  softmax: (x) => x.softmax(0),
  logSoftmax: (x) => x.logSoftmax(0),
};

const straight: Record<string, (x: Tensor) => Tensor> = {
  relu: (x) => x.relu(),
  relu6: (x) => x.relu6(),
  leakyRelu: (x) => x.leakyRelu(0.1),
  hardsigmoid: (x) => x.hardsigmoid(),
  hardtanh: (x) => x.hardtanh(-2, 2),
  threshold: (x) => x.threshold(0.5, 20),
  hardshrink: (x) => x.hardshrink(0.5),
  softshrink: (x) => x.softshrink(0.5),
};

describe('activations', () => {
  it.each(Object.entries({ ...smooth, ...straight }))('%s has the same gradient recorded', (_, f) => {
    const x = tensor(points, { dtype: 'float64' }).requiresGrad_();
    const seed = tensor(
      points.map((_point, i) => i - 4.5),
      { dtype: 'float64' },
    );
    const gradient = (createGraph: boolean): number[] =>
      autograd.grad(f(x), x, { gradOutputs: seed, createGraph })[0]!.detach().tolist() as number[];
    const [fused, recorded] = [gradient(false), gradient(true)];
    fused.forEach((value, i) => {
      expect(value).toBeCloseTo(recorded[i]!, 12);
    });
  });

  it.each(Object.entries({ ...smooth, ...straight }))('%s has the same gradient in float32', (_, f) => {
    const gradient = (dtype: 'float32' | 'float64'): number[] => {
      const x = tensor(points, { dtype }).requiresGrad_();
      return autograd.grad(f(x).mul(f(x)).sum(), x)[0]!.tolist() as number[];
    };
    const [single, double] = [gradient('float32'), gradient('float64')];
    single.forEach((value, i) => {
      expect(Math.abs(value - double[i]!)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(double[i]!)));
    });
  });

  it.each(Object.entries(smooth))('%s has a second derivative', (_, f) => {
    const x = tensor(points, { dtype: 'float64' }).requiresGrad_();
    expect(autograd.gradgradcheck(f, x)).toBe(true);
  });

  it('passes a gradient through NaN, as PyTorch does', () => {
    const x = tensor([Number.NaN, -1, 1]).requiresGrad_();
    expect(autograd.grad(x.relu().sum(), x)[0]!.tolist()).toEqual([1, 0, 1]);
  });
});
