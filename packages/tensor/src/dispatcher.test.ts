import { describe, expect, test } from 'vitest';
import {
  add,
  conv2d,
  type DispatchLayer,
  defineOperator,
  flatten,
  maxPool2d,
  type Operator,
  ones,
  relu,
  softmax,
  sum,
  Tensor,
  tensor,
  withLayer,
} from './index.ts';

/** Writes down what it sees and lets it happen. */
function recorder(): DispatchLayer & { readonly seen: [Operator, readonly unknown[]][] } {
  const seen: [Operator, readonly unknown[]][] = [];
  return {
    seen,
    call(operator, args, next) {
      seen.push([operator, args]);
      return next();
    },
  };
}

describe('the dispatcher', () => {
  test('shows functions and methods to a layer as the same operator objects', () => {
    const layer = recorder();
    withLayer(layer, () => relu(tensor([1])).relu());
    expect(layer.seen.map(([operator]) => operator)).toEqual([relu, relu]);
    expect(relu.name).toBe('relu');
  });

  test('shows canonical arguments: defaults filled in, overloads in one form, dimensions not negative', () => {
    const layer = recorder();
    const x = ones(1, 2, 4, 4);
    const weight = ones(3, 2, 3, 3);
    withLayer(layer, () => {
      conv2d(x, weight, { padding: 'same' });
      maxPool2d(x, 2);
      x.reshape(2, -1);
      softmax(x, { dim: -1 });
      sum(x, -1);
      flatten(x, 1);
      add(x, 2);
    });
    const sides = [
      [1, 1],
      [1, 1],
    ];
    const none = [
      [0, 0],
      [0, 0],
    ];
    expect(layer.seen.map(([, args]) => args.filter((value) => !(value instanceof Tensor)))).toEqual([
      [null, { stride: [1, 1], padding: sides, dilation: [1, 1], groups: 1 }],
      [
        {
          kernelSize: [2, 2],
          stride: [2, 2],
          padding: none,
          dilation: [1, 1],
          ceilMode: false,
          returnIndices: false,
        },
      ],
      [[2, -1]],
      [3, { dtype: null }],
      [{ dim: [3], keepdim: false, dtype: null }],
      [1, 3],
      [2, { alpha: 1 }],
    ]);
  });

  test('shows an operator that is made of others once, at the level the user called', () => {
    const twice = defineOperator({ name: 'twice', forward: (x: Tensor) => add(x, x) });
    const layer = recorder();
    withLayer(layer, () => twice(tensor([1])));
    expect(layer.seen.map(([operator]) => operator.name)).toEqual(['twice']);
  });

  test('calls layers from the top down, each off the stack while it works', () => {
    const order: string[] = [];
    const layer = (name: string): DispatchLayer => ({
      call(operator, _, next) {
        order.push(`${name} ${operator.name}`);
        add(1, 1);
        return next();
      },
    });
    withLayer(layer('lower'), () => withLayer(layer('upper'), () => relu(tensor([1]))));
    expect(order).toEqual(['upper relu', 'lower add', 'lower relu']);
  });

  test('lets a layer replace the result', () => {
    const answer = tensor([7]);
    const result = withLayer({ call: () => answer }, () => relu(tensor([1])));
    expect(result).toBe(answer);
  });

  test('takes a layer off when the body throws', () => {
    const layer = recorder();
    expect(() => withLayer(layer, () => tensor([1]).reshape(5))).toThrow("shape '[5]' is invalid");
    relu(tensor([1]));
    expect(layer.seen.map(([operator]) => operator.name)).toEqual(['reshape']);
  });
});
