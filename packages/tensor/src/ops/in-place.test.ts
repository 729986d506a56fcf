/** What operators that write do to views, versions and graphs, besides the numbers. */
import { describe, expect, test } from 'vitest';
import { arange, autograd, noGrad, ones, tensor, zeros } from '../index.ts';

describe('in-place operators', () => {
  test('write into views, whatever their strides, in every dtype', () => {
    for (const dtype of ['float32', 'float64', 'float16', 'int64', 'int32'] as const) {
      const x = arange(6, { dtype }).reshape(2, 3);
      x.t()
        .narrow(0, 1, 2)
        .mul_(ones([2, 2], { dtype }))
        .add_(10);
      expect(x.tolist(), dtype).toEqual([
        [0, 11, 12],
        [3, 14, 15],
      ]);
    }
  });

  test('refuse to read their own memory in another order, as in PyTorch', () => {
    const x = arange(9, { dtype: 'float32' }).reshape(3, 3);
    expect(() => x.add_(x.t())).toThrow(
      'some elements of the input tensor and the written-to tensor refer to',
    );
    expect(x.add_(x).tolist()).toEqual([
      [0, 2, 4],
      [6, 8, 10],
      [12, 14, 16],
    ]);
  });

  test('read memory that is theirs in part before they overwrite it, where PyTorch leaves the order open', () => {
    const x = arange(6, { dtype: 'float32' });
    const even = x.slice(0, 0, 6, 2);
    even.add_(x.slice(0, 2, 5));
    expect(x.tolist()).toEqual([2, 1, 5, 3, 8, 5]);
  });

  test('keep the dtype and refuse results of a higher category', () => {
    const x = tensor([1n, 2n]);
    expect(x.eq_(1).tolist()).toEqual([1, 0]);
    expect(x.dtype).toBe('int64');
    expect(() => x.sqrt_()).toThrow("sqrt_: result type Float can't be cast to the desired output type Long");
  });

  test('refuse to write where elements share memory, except to fill', () => {
    const x = zeros(1).expand(3);
    expect(() => x.add_(1)).toThrow(
      'more than one element of the written-to tensor refers to a single memory location',
    );
    expect(() => x.copy_(ones(3))).toThrow('refers to a single memory location');
    expect(x.fill_(2).tolist()).toEqual([2, 2, 2]);
  });

  test('count versions and let the graph notice', () => {
    const x = ones(2).requiresGrad_();
    const y = x.exp();
    const before = y._version;
    y.mul_(2);
    expect(y._version).toBe(before + 1);
    expect(() => y.sum().backward()).toThrow('has been modified by an inplace operation');
  });

  test('carry gradients of every order, of what they overwrite too', () => {
    const x = tensor([2, 3], { dtype: 'float64' }).requiresGrad_();
    const y = x.mul(1);
    y.mul_(y); // x²
    const [first] = autograd.grad([y.sum()], [x], { createGraph: true });
    expect(first?.tolist()).toEqual([4, 6]);
    expect(autograd.grad([first!.sum()], [x])[0]?.tolist()).toEqual([2, 2]);
  });

  test('are recorded under the name of the operator they belong to', () => {
    const x = ones(2).requiresGrad_();
    expect(x.clone().add_(1).gradFn?.name).toBe('AddBackward0');
    expect(x.clone().exp_().gradFn?.name).toBe('ExpBackward0');
    expect(x.clone().relu_().gradFn?.name).toBe('ReluBackward0');
  });

  test('refuse leaves that require gradients, unless nothing is recorded', () => {
    const x = ones(2).requiresGrad_();
    expect(() => x.add_(1)).toThrow(
      'a leaf Variable that requires grad is being used in an in-place operation.',
    );
    expect(noGrad(() => x.add_(1)).tolist()).toEqual([2, 2]);
  });

  test('fill with a 0-dim tensor, to which a gradient flows', () => {
    const value = tensor(3).requiresGrad_();
    const x = zeros(2, 2);
    x.fill_(value);
    x.sum().backward();
    expect(value.grad?.item()).toBe(4);
    expect(() => x.fill_(ones(2))).toThrow(
      'fill_ only supports 0-dimension value tensor but got tensor with 1 dimensions.',
    );
  });
});
