/** Operators that change a tensor's own shape, and the layouts of new tensors. */
import { describe, expect, test } from 'vitest';
import {
  arange,
  emptyLike,
  emptyPermuted,
  emptyStrided,
  newEmptyStrided,
  ones,
  type Tensor,
  zeros,
  zerosLike,
} from '../index.ts';

describe('in-place forms of view operators', () => {
  test('change the tensor itself and nothing that shares its memory', () => {
    const x = arange(6).reshape(1, 2, 3);
    const view = x.select(0, 0);
    expect(x.squeeze_(0)).toBe(x);
    expect(x.shape).toEqual([2, 3]);
    expect(x.t_().strides).toEqual([1, 3]);
    expect(x.unsqueeze_(0).shape).toEqual([1, 3, 2]);
    expect(x.transpose_(1, 2).tolist()).toEqual([
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ]);
    expect(x.swapaxes_(0, 2).shape).toEqual([3, 2, 1]);
    expect(view.shape).toEqual([2, 3]);
    x.fill_(7);
    expect(view.tolist()).toEqual([
      [7, 7, 7],
      [7, 7, 7],
    ]);
  });

  test('are followed by gradients', () => {
    const x = ones(2, 3).requiresGrad_();
    const y = x.mul(2);
    y.t_();
    y.select(0, 1).mul_(3);
    y.sum().backward();
    expect(x.grad?.tolist()).toEqual([
      [2, 6, 2],
      [2, 6, 2],
    ]);
    expect(() => x.t_()).toThrow(
      'a leaf Variable that requires grad is being used in an in-place operation.',
    );
  });

  test('of a view are followed by gradients of its base', () => {
    const x = ones(2, 3).requiresGrad_();
    const base = x.mul(2);
    const view = base.narrow(1, 0, 2);
    view.t_();
    view.select(0, 0).mul_(5);
    view.sum().backward();
    expect(x.grad?.tolist()).toEqual([
      [10, 2, 0],
      [10, 2, 0],
    ]);
  });
});

describe('resize_', () => {
  test('keeps elements in their places, and memory where it is large enough', () => {
    const x = arange(6);
    const { storage } = x;
    expect(x.resize_(2, 2).tolist()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(x.resize_([6]).tolist()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(x.storage).toBe(storage);
  });

  test('gets larger memory where it must', () => {
    const x = arange(3);
    expect(x.resize_(2, 4).flatten().narrow(0, 0, 3).tolist()).toEqual([0, 1, 2]);
    expect(x.resizeAs_(zeros(2)).tolist()).toEqual([0, 1]);
  });

  test('refuses tensors that require gradients', () => {
    expect(() => ones(2).requiresGrad_().resize_(3)).toThrow('cannot resize variables that require grad');
  });
});

describe('layouts of new tensors', () => {
  const stridesOf = (x: Tensor): readonly number[] => x.strides;

  test('are what was asked for', () => {
    expect(stridesOf(emptyStrided([2, 3], [1, 2]))).toEqual([1, 2]);
    expect(stridesOf(newEmptyStrided(zeros(1), [2, 3], [1, 2]))).toEqual([1, 2]);
    expect(stridesOf(emptyPermuted([2, 3, 4], [1, 2, 0]))).toEqual([1, 8, 2]);
  });

  test('follow the order of dimensions of the tensor they are like', () => {
    expect(stridesOf(emptyLike(zeros(2, 3).t()))).toEqual([1, 3]);
    expect(stridesOf(zerosLike(zeros(2, 3, 4).permute(2, 0, 1)))).toEqual([1, 12, 4]);
    expect(stridesOf(zerosLike(zeros(4, 6).narrow(1, 0, 3)))).toEqual([3, 1]);
    expect(stridesOf(zerosLike(zeros(4).expand(3, 4)))).toEqual([4, 1]);
  });
});
