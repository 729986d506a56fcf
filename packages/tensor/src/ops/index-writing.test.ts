/** Writing at places: views that share memory, version counters, positions out of range, wrap-around. */
import { expect, test } from 'vitest';
import { arange, autograd, ones, tensor } from '../index.ts';

test('scatter_ into a view writes into its base', () => {
  const base = arange(6).to('float32').reshape(2, 3);
  base.narrow(1, 1, 2).scatter_(1, tensor([[0n], [1n]]), 9);
  expect(base.tolist()).toEqual([
    [0, 9, 2],
    [3, 4, 9],
  ]);
});

test('indexAdd_ into a transposed view adds to its base at repeated positions', () => {
  const base = arange(6).to('float32').reshape(2, 3);
  base.t().indexAdd_(0, tensor([0n, 0n]), ones(2, 2));
  expect(base.tolist()).toEqual([
    [2, 1, 2],
    [5, 4, 5],
  ]);
});

test('a write raises the version that backward checks', () => {
  const x = tensor([1, 2]).requiresGrad_();
  const y = x.exp();
  const z = y.mul(y);
  y.detach().indexFill_(0, tensor([0n]), 0);
  expect(() => z.sum().backward()).toThrow(/modified by an inplace operation/);
});

test('positions that are not in the dimension are named, also beyond 32 bits', () => {
  const x = tensor([1, 2, 3]);
  const far = 2n ** 32n + 1n;
  const message = `index ${far} is out of bounds for dimension 0 with size 3`;
  expect(() => x.gather(0, tensor([far]))).toThrow(message);
  expect(() => x.scatterAdd(0, tensor([far]), tensor([1]))).toThrow(message);
  expect(() => x.indexSelect(0, tensor([far]))).toThrow('index out of range in self');
  expect(x.take(tensor([-1n])).tolist()).toEqual([3]);
});

test('integers fold in their own width', () => {
  const bytes = tensor([200, 1], { dtype: 'uint8' });
  expect(bytes.indexAdd(0, tensor([0n, 0n]), tensor([50, 10], { dtype: 'uint8' })).tolist()).toEqual([4, 1]);
  const large = tensor([2n ** 62n]);
  const sum = large.scatterAdd(0, tensor([0n, 0n]), tensor([2n ** 62n, 1n]));
  expect(sum.tolist()).toEqual([-(2n ** 63n) + 1n]);
});

test('products and running products have second derivatives where factors are zero', () => {
  const x = tensor([
    [1, 2],
    [0, 4],
  ]).requiresGrad_();
  const [first] = autograd.grad([x.prod()], [x], { createGraph: true });
  expect(first!.tolist()).toEqual([
    [0, 0],
    [8, 0],
  ]);
  const [second] = autograd.grad([first!.select(0, 0).select(0, 0)], [x]);
  expect(second!.tolist()).toEqual([
    [0, 0],
    [8, 0],
  ]);
  const y = tensor([2, 0, 3, 0]).requiresGrad_();
  const [slope] = autograd.grad([y.cumprod(0).sum()], [y], { createGraph: true });
  expect(slope!.tolist()).toEqual([1, 8, 0, 0]);
  const [curve] = autograd.grad([slope!.sum()], [y]);
  expect(curve!.tolist()).toEqual([4, 12, 2, 6]);
});
