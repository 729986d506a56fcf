import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  add,
  arange,
  empty,
  float16,
  fromBytes,
  fromTypedArray,
  full,
  int64,
  max,
  maxPool2d,
  type Tensor,
  TensorError,
  tensor,
  zeros,
} from './index.ts';

describe('a tensor', () => {
  test('infers its dtype from data: numbers float32, bigints int64, booleans bool, arrays their own', () => {
    const dtypes = [[1], [1n], [true], [true, 1], [1n, true], []].map((data) => tensor(data).dtype);
    expect(dtypes).toEqual(['float32', 'int64', 'bool', 'float32', 'int64', 'float32']);
    expect(tensor(new Int16Array([1])).dtype).toBe('int16');
    expect(tensor([1.7, -1.7], { dtype: int64 }).tolist()).toEqual([1, -1]);
  });

  test('refuses lists of unequal lengths and depths', () => {
    expect(() => tensor([[1, 2], [3]])).toThrow('expected sequence of length 2 at dim 1 (got 1)');
    expect(() => tensor([[1], 2])).toThrow('expected a sequence at dim 1');
    expect(() => tensor([1, [2]])).toThrow('expected a number at dim 1');
  });

  test('gives its elements as numbers, int64 as bigint only where a number is not exact', () => {
    expect(tensor([[1n, 2n ** 60n]]).tolist()).toEqual([[1, 2n ** 60n]]);
    expect(tensor([true, false]).tolist()).toEqual([true, false]);
    expect(tensor(3n).item()).toBe(3);
    expect(() => tensor([1, 2]).item()).toThrow('a Tensor with 2 elements cannot be converted to Scalar');
  });

  test('gives typed arrays and bytes of views in row-major order, as copies', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const copy = x.transpose(0, 1).toTypedArray();
    expect(copy).toEqual(new Float32Array([1, 3, 2, 4]));
    copy[0] = 9;
    expect(x.tolist()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([1.5]).to(float16).toBytes()).toEqual(new Uint8Array([0, 0x3e]));
    expect(tensor([1.5]).to(float16).toTypedArray()).toEqual(new Float32Array([1.5]));
  });

  test('is made from bytes and typed arrays only if the sizes fit', () => {
    expect(fromBytes(new Uint8Array([1, 0, 2, 7]), 'bool', [4]).tolist()).toEqual([true, false, true, true]);
    expect(() => fromBytes(new Uint8Array(3), 'float32', [1])).toThrow('expected 4, got 3');
    expect(() => fromTypedArray(new Float32Array(3), [2, 2])).toThrow(
      "shape '[2, 2]' is invalid for input of size 3",
    );
    expect(() => zeros(2, -1)).toThrow('Trying to create tensor with negative dimension -1: [2, -1]');
    expect(() => empty(2 ** 40, 2 ** 40)).toThrow('the number of elements is too large');
  });

  test('is shown by console.log as it prints', () => {
    expect(inspect(tensor([1]))).toBe('tensor([1.])');
  });

  test('knows its sizes', () => {
    const x = zeros(2, 3);
    expect([x.size(), x.size(-1), x.ndim, x.numel(), x.stride(0)]).toEqual([[2, 3], 3, 2, 6, 3]);
    expect(() => x.size(2)).toThrow('Dimension out of range (expected to be in range of [-2, 1], but got 2)');
  });

  test('cannot be used after its memory was given back, nor can its views', () => {
    const x = zeros(2);
    const view = x.unsqueeze(0);
    x.dispose();
    x.dispose();
    expect(() => view.add(1)).toThrow('was disposed');
    expect(() => String(x)).toThrow('was disposed');
  });

  test('gives its memory back at the end of a using block', () => {
    let kept: Tensor | undefined;
    {
      using x = zeros(2);
      kept = x;
    }
    expect(kept.storage.disposed).toBe(true);
  });
});

describe('views', () => {
  test('share memory with what they show', () => {
    const x = arange(6).reshape(2, 3);
    x.select(0, 1).fill_(9n);
    x.slice({ dim: 1, step: 2 }).zero_();
    expect(x.tolist()).toEqual([
      [0, 1, 0],
      [0, 9, 0],
    ]);
    expect(x.transpose(0, 1).expand(3, 2).narrow(0, 1, 1).storage).toBe(x.storage);
  });

  test('are taken by reshape where the strides allow it, else a copy is made', () => {
    const x = zeros(4, 6);
    expect(x.reshape(2, 2, 6).storage).toBe(x.storage);
    expect(x.transpose(0, 1).reshape(2, 3, 4).storage).toBe(x.storage);
    expect(x.transpose(0, 1).reshape(24).storage).not.toBe(x.storage);
    expect(() => x.transpose(0, 1).view(24)).toThrow('view size is not compatible');
    expect(zeros(2, 1, 3).expand(2, 5, 3).reshape(2, 5, 3).strides).toEqual([3, 0, 1]);
  });

  test('of a tensor with no dimension or no elements work', () => {
    expect(tensor(1).reshape([1, 1]).shape).toEqual([1, 1]);
    expect(tensor([1]).reshape([]).shape).toEqual([]);
    expect(tensor(1).transpose(0, -1).flatten().shape).toEqual([1]);
    expect(zeros(0, 3).reshape(3, 0).shape).toEqual([3, 0]);
    expect(() => zeros(0, 3).reshape(-1, 0)).toThrow('cannot reshape tensor of 0 elements');
  });

  test('take slices as Python does', () => {
    const x = arange(10);
    expect(x.slice(0, -3).tolist()).toEqual([7, 8, 9]);
    expect(x.slice(0, 8, 2).tolist()).toEqual([]);
    expect(x.slice({ start: 1, end: 100, step: 4 }).tolist()).toEqual([1, 5, 9]);
    expect(() => x.slice({ step: 0 })).toThrow('slice step must be positive');
  });
});

describe('in-place operators', () => {
  test('return the tensor and convert what they write', () => {
    const x = zeros(2, 2);
    expect(x.copy_(tensor([1n, 2n]))).toBe(x);
    expect(
      x
        .add_(1, { alpha: 2 })
        .mul_(tensor([[1], [10]]))
        .tolist(),
    ).toEqual([
      [3, 4],
      [30, 40],
    ]);
  });

  test('refuse results that do not fit', () => {
    expect(() => zeros(2).add_(zeros(3, 2))).toThrow(
      "output with shape [2] doesn't match the broadcast shape [3, 2]",
    );
    expect(() => tensor([1n]).mul_(0.5)).toThrow(
      "result type Float can't be cast to the desired output type Long",
    );
  });
});

describe('errors', () => {
  test('carry the operator, the problem, what was expected and what came', () => {
    try {
      add(zeros(2), zeros(3));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TensorError);
      expect(error).toMatchObject({
        name: 'TensorError',
        operator: 'add',
        problem: 'The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0',
      });
    }
  });

  test('name a keyword that an operator does not have', () => {
    const options = { kernelSize: 2, strides: 2 };
    expect(() => maxPool2d(zeros(1, 2, 2), options)).toThrow("got an unexpected keyword argument 'strides'");
  });

  test('say what is missing where a caller has no types', () => {
    expect(() => max(undefined as unknown as Tensor)).toThrow(
      "argument 'input' must be Tensor, expected Tensor, got undefined",
    );
  });
});

test('full follows PyTorch: an integer gives int64, another number float32', () => {
  expect([full([1], 2).dtype, full([1], 2.5).dtype, full([1], false).dtype]).toEqual([
    'int64',
    'float32',
    'bool',
  ]);
});
