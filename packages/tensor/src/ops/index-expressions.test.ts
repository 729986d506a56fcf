/** `index` and `setIndex` against PyTorch's `x[...]`, and what they do to views and graphs. */
import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import {
  arange,
  type Index,
  type IndexList,
  type NestedArray,
  ones,
  slice,
  tensor,
  zeros,
} from '../index.ts';
import type { Tensor } from '../tensor.ts';

type CodedIndex =
  | number
  | boolean
  | null
  | { readonly text: string }
  | { readonly slice: readonly (number | null)[] }
  | { readonly list: IndexList }
  | { readonly mask: readonly number[]; readonly shape: readonly number[] }
  | { readonly tensor: NestedArray; readonly shape?: readonly number[]; readonly dtype?: 'int32' | 'int64' };

interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  readonly shape: readonly number[];
  readonly index: readonly CodedIndex[];
  readonly error?: string;
  readonly result?: Values;
  readonly grad?: readonly number[];
  readonly filled?: readonly number[];
  readonly assigned?: { readonly value: Values; readonly data: readonly number[] };
}

const { cases } = fixtureJson<{ cases: Case[] }>('tensor/indexing.json');

function indexOf(coded: CodedIndex): Index {
  if (typeof coded !== 'object' || coded === null) return coded;
  if ('text' in coded) return coded.text;
  if ('list' in coded) return coded.list;
  if ('slice' in coded) {
    const [start, stop, step] = coded.slice;
    return slice(start ?? null, stop ?? null, step ?? null);
  }
  if ('mask' in coded) return tensor([...coded.mask], { dtype: 'bool' }).reshape(coded.shape);
  return tensor(coded.tensor, { dtype: coded.dtype ?? 'int64' }).reshape(coded.shape ?? []);
}

function valuesOf({ shape, data }: Values): Tensor {
  return tensor([...data], { dtype: 'float64' }).reshape(shape);
}

function start(shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return arange(count, { dtype: 'float64' }).reshape(shape).clone();
}

function flat(x: Tensor): NestedArray {
  return x.flatten().tolist();
}

describe('indexing agrees with PyTorch', () => {
  test('the fixture holds cases', () => {
    expect(cases.length).toBeGreaterThan(200);
  });

  for (const { name, shape, index, error, result, grad, filled, assigned } of cases) {
    test(`${name}: [${index.map((one) => JSON.stringify(one)).join(', ')}]`, () => {
      const indices = index.map(indexOf);
      const x = start(shape).requiresGrad_();
      if (error !== undefined) {
        expect(() => x.index(...indices)).toThrow(error);
        return;
      }
      const found = x.index(...indices);
      expect(found.shape).toEqual(result!.shape);
      expect(flat(found)).toEqual(result!.data);
      found.backward(arange(1, found.numel() + 1, { dtype: 'float64' }).reshape(found.shape));
      expect(flat(x.grad ?? zeros(shape))).toEqual(grad);
      expect(flat(start(shape).setIndex(indices, -1))).toEqual(filled);
      if (assigned !== undefined) {
        expect(flat(start(shape).setIndex(indices, valuesOf(assigned.value)))).toEqual(assigned.data);
      }
    });
  }
});

describe('index', () => {
  test('gives a view where only numbers, slices and new dimensions are used', () => {
    const x = zeros(3, 4);
    x.index(1, slice(1, 3)).fill_(5);
    expect(x.tolist()).toEqual([
      [0, 0, 0, 0],
      [0, 5, 5, 0],
      [0, 0, 0, 0],
    ]);
    expect(x.index('...').storage).toBe(x.storage);
    expect(x.index('...')).not.toBe(x);
  });

  test('gives a copy where index tensors are used', () => {
    const x = zeros(3);
    x.index([0, 1]).fill_(5);
    expect(x.tolist()).toEqual([0, 0, 0]);
  });

  test('names nodes as PyTorch does', () => {
    const x = ones(3, 3).requiresGrad_();
    expect(x.index(0).gradFn?.name).toBe('SelectBackward0');
    expect(x.index('1:').gradFn?.name).toBe('SliceBackward0');
    expect(x.index(null).gradFn?.name).toBe('UnsqueezeBackward0');
    expect(x.index('...').gradFn?.name).toBe('AliasBackward0');
    expect(x.index([0, 1]).gradFn?.name).toBe('IndexBackward0');
  });

  test('refuses what PyTorch refuses, in its words', () => {
    const x = zeros(3);
    expect(() => x.index(5)).toThrow('index 5 is out of bounds for dimension 0 with size 3');
    expect(() => x.index(tensor([5n]))).toThrow('index 5 is out of bounds for dimension 0 with size 3');
    expect(() => x.index(0, 0)).toThrow('too many indices for tensor of dimension 1');
    expect(() => x.index(tensor([0.5]))).toThrow(
      'tensors used as indices must be long, int, byte or bool tensors',
    );
    expect(() => x.index('::-1')).toThrow('step must be greater than zero');
    expect(() => x.index([true, false])).toThrow(
      'The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3] at index 0',
    );
    expect(() => zeros([]).index(0)).toThrow('invalid index of a 0-dim tensor');
    expect(() => x.index('1-2')).toThrow("there is no such index as '1-2'");
  });
});

describe('slice', () => {
  test('without a tensor makes an index, with one takes a part', () => {
    expect(slice(2)).toMatchObject({ start: null, stop: 2, step: 1 });
    expect(slice(1, null, 2)).toMatchObject({ start: 1, stop: null, step: 2 });
    expect(slice(arange(5), 0, 1, 3).tolist()).toEqual([1, 2]);
  });
});

describe('setIndex', () => {
  test('writes into the graph, so that gradients go to the value and past it', () => {
    const x = ones(3, 2).requiresGrad_();
    const value = tensor([2, 3]).requiresGrad_();
    const y = x.mul(2);
    y.setIndex([tensor([0n, 2n])], value);
    y.mul(y).sum().backward();
    expect(x.grad?.tolist()).toEqual([
      [0, 0],
      [8, 8],
      [0, 0],
    ]);
    expect(value.grad?.tolist()).toEqual([8, 12]);
  });

  test('refuses values of another shape or dtype', () => {
    expect(() => zeros(3, 3).setIndex([[0, 1]], zeros(4))).toThrow(
      'shape mismatch: value tensor of shape [4] cannot be broadcast to indexing result of shape [2, 3]',
    );
    expect(() => zeros(3).setIndex([[0]], tensor([1n]))).toThrow(
      'Index put requires the source and destination dtypes match, got Float for the destination and Long for the source.',
    );
    expect(() => zeros(3).requiresGrad_().setIndex([0], 1)).toThrow(
      'a view of a leaf Variable that requires grad is being used in an in-place operation.',
    );
  });

  test('ignores dimensions of size 1 in front of the value', () => {
    expect(
      zeros(2)
        .setIndex(['...'], ones(1, 1, 2))
        .tolist(),
    ).toEqual([1, 1]);
  });
});

describe('indexPut_', () => {
  test('adds up repeated places in every dtype', () => {
    for (const dtype of ['float32', 'float64', 'float16', 'int64', 'int32', 'int8', 'uint8'] as const) {
      const x = zeros([3], { dtype });
      x.indexPut_([tensor([0n, 0n, 2n])], ones([3], { dtype }), true);
      expect(x.tolist(), dtype).toEqual([2, 0, 1]);
    }
  });

  test('refuses values that lie in the tensor itself, as in PyTorch', () => {
    const x = arange(4, { dtype: 'float32' });
    expect(() => x.indexPut_([tensor([1n, 2n, 3n])], x.narrow(0, 0, 3))).toThrow(
      'some elements of the input tensor and the written-to tensor refer to a single memory location',
    );
    x.indexPut_([tensor([1n, 2n, 3n])], x.narrow(0, 0, 3).clone());
    expect(x.tolist()).toEqual([0, 0, 1, 2]);
  });
});
