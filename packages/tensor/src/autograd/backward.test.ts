import { describe, expect, test } from 'vitest';
import { autograd, defineOperator, ones, type Tensor } from '../index.ts';

describe('a backward pass', () => {
  test('runs the derivatives that lead to what is asked for, and no others', () => {
    const asked: string[] = [];
    const product = defineOperator({
      name: 'product',
      forward: (x: Tensor, y: Tensor) => x.mul(y),
      derivatives: [
        {
          reads: [1],
          of: (grad, [, y]) => {
            asked.push('x');
            return grad.mul(y);
          },
        },
        {
          reads: [0],
          of: (grad, [x]) => {
            asked.push('y');
            return grad.mul(x);
          },
        },
      ],
    });
    const [x, y] = [ones(2).requiresGrad_(), ones(2).requiresGrad_()];
    const result = product(x, y.mul(3)).sum();
    expect(autograd.grad(result, [x], { retainGraph: true })[0]!.tolist()).toEqual([3, 3]);
    expect(asked).toEqual(['x']);
    expect(autograd.grad(result, [y], { retainGraph: true })[0]!.tolist()).toEqual([3, 3]);
    expect(asked).toEqual(['x', 'y']);
    result.backward();
    expect(asked).toEqual(['x', 'y', 'x', 'y']);
  });
});
