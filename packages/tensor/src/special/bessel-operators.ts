/** Modified Bessel functions of the first kind as operators. */
import { type UnaryOperator, unaryOperator } from '../ops/elementwise-core.ts';
import type { Tensor } from '../tensor.ts';
import * as bessel from './modified-bessel.ts';

/** A quotient that is 1/2 where the divisor is 0. */
function halfAtZero(above: Tensor, below: Tensor): Tensor {
  return above.div(below).maskedFill(below.eq(0), 0.5);
}

/** Modified Bessel function of the first kind and order 1. */
export const i1: UnaryOperator = unaryOperator({
  name: 'specialI1',
  derivative: {
    reads: [0, 'result'],
    of: (grad, [x], y) => grad.mul(x.i0().sub(halfAtZero(y, x))),
  },
  result: 'float',
  plain: bessel.i1,
});

/** Modified Bessel function of the first kind and order 0, times exp(-|x|). */
export const i0e: UnaryOperator = unaryOperator({
  name: 'specialI0e',
  backwardName: 'SpecialI0EBackward0',
  derivative: { reads: [0, 'result'], of: (grad, [x], y) => grad.mul(i1e(x).sub(x.sgn().mul(y))) },
  result: 'float',
  plain: bessel.i0e,
});

/** Modified Bessel function of the first kind and order 1, times exp(-|x|). */
export const i1e: UnaryOperator = unaryOperator({
  name: 'specialI1e',
  backwardName: 'SpecialI1EBackward0',
  derivative: {
    reads: [0, 'result'],
    of: (grad, [x], y) => grad.mul(i0e(x).sub(x.sgn().mul(y)).sub(halfAtZero(y, x))),
  },
  result: 'float',
  plain: bessel.i1e,
});
