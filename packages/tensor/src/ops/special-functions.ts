/** Error, gamma and Bessel functions that PyTorch has in its main namespace and as methods. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { i1 } from '../special/bessel-operators.ts';
import * as error from '../special/error-function.ts';
import * as gamma from '../special/gamma.ts';
import { gammainc, gammaincc } from '../special/incomplete-gamma.ts';
import * as bessel from '../special/modified-bessel.ts';
import type { Tensor } from '../tensor.ts';
import {
  asTensor,
  binaryOperator,
  runUnary,
  type TensorBinaryOperator,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';

/** The slope of erf. */
function bell(x: Tensor): Tensor {
  return x
    .square()
    .neg()
    .exp()
    .mul(2 / Math.sqrt(Math.PI));
}

/** The error function. */
export const erf: UnaryOperator = unaryOperator({
  name: 'erf',
  derivative: { reads: [0], of: (grad, [x]) => grad.mul(bell(x)) },
  result: 'float',
  engine: 'erf',
});

/** 1 - erf(x). */
export const erfc: UnaryOperator = unaryOperator({
  name: 'erfc',
  derivative: { reads: [0], of: (grad, [x]) => grad.mul(bell(x).neg()) },
  result: 'float',
  engine: 'erfc',
  plain: error.erfc,
});

/** The inverse of erf. */
export const erfinv: UnaryOperator = unaryOperator({
  name: 'erfinv',
  derivative: {
    reads: ['result'],
    of: (grad, _, y) =>
      grad.mul(
        y
          .square()
          .exp()
          .mul(Math.sqrt(Math.PI) / 2),
      ),
  },
  result: 'float',
  plain: error.erfinv,
});

/** Logarithm of the size of the gamma function. */
export const lgamma: UnaryOperator = unaryOperator({
  name: 'lgamma',
  derivative: { reads: [0], of: (grad, [x]) => grad.mul(x.digamma()) },
  result: 'float',
  plain: gamma.lgamma,
});

/** The derivative of lgamma. */
export const digamma: UnaryOperator = unaryOperator({
  name: 'digamma',
  derivative: { reads: [0], of: (grad, [x]) => grad.mul(x.polygamma(1)) },
  result: 'float',
  plain: gamma.digamma,
});

/** The nth derivative of digamma. Canonical: (n, x). */
export const polygamma: (n: number, x: Tensor) => Tensor = defineOperator({
  name: 'polygamma',
  normalize: (n: number, x: Tensor): [number, Tensor] => {
    checkTensor('polygamma', 'input', x);
    if (!Number.isInteger(n))
      fail('polygamma', "argument 'n' (position 1) must be int", 'an integer', String(n));
    if (n < 0) fail('polygamma', 'polygamma(n, x) does not support negative n.');
    return [n, x];
  },
  forward: (n: number, x: Tensor) =>
    runUnary(
      { name: 'polygamma', result: 'float', plain: (own, order) => gamma.polygamma(order!, own!) },
      x,
      [n],
    ),
  derivatives: [null, { reads: [1], of: (grad, [n, x]) => grad.mul(x.polygamma(n + 1)) }],
});

/** Signature of {@link mvlgamma}. */
export interface MvlgammaOperator {
  (x: Tensor, p: number): Tensor;
  (x: Tensor, options: { readonly p: number }): Tensor;
}

/** x, x - 1/2, x - 1, ...: p of them along a new last dimension. */
function halfSteps(x: Tensor, p: number): Tensor {
  const steps = x.isFloatingPoint() ? x : x.to('float32');
  const own = steps.newZeros([p]);
  for (let i = 0; i < p; i++) own.select(0, i).fill_(-i / 2);
  return steps.unsqueeze(-1).add(own);
}

/** Logarithm of the multivariate gamma function of dimension p. Canonical: (x, p). */
export const mvlgamma: MvlgammaOperator = defineOperator({
  name: 'mvlgamma',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('mvlgamma', 'input', x);
    const { p } = bindArguments<{ p: number }>('mvlgamma', ['p'], rest);
    if (p === undefined || !Number.isInteger(p)) fail('mvlgamma', "argument 'p' must be int");
    if (p < 1) fail('mvlgamma', 'p has to be greater than or equal to 1');
    if (x.dtype === 'bool') fail('mvlgamma', 'The input tensor may not be a boolean tensor.');
    return [x, p];
  },
  forward: (x: Tensor, p: number) =>
    halfSteps(x, p)
      .lgamma()
      .sum(-1)
      .add((p * (p - 1) * Math.log(Math.PI)) / 4),
  derivatives: [{ reads: [0], of: (grad, [x, p]) => grad.mul(halfSteps(x, p).digamma().sum(-1)) }, null],
});

/** Modified Bessel function of the first kind and order 0. */
export const i0: UnaryOperator = unaryOperator({
  name: 'i0',
  derivative: { reads: [0], of: (grad, [x]) => grad.mul(i1(x)) },
  result: 'float',
  plain: bessel.i0,
});

function incomplete(
  name: 'igamma' | 'igammac',
  plain: (a: number, x: number) => number,
): TensorBinaryOperator {
  const sign = name === 'igamma' ? 1 : -1;
  return binaryOperator({
    name,
    kernel: `${name}_cpu`,
    result: 'floatOnly',
    numbers: 'none',
    plain: (a, x) => plain(a!, x!),
    derivatives: [
      () => fail(name, `the derivative for '${name}: input' is not implemented.`),
      {
        reads: [0, 1],
        of: (grad, [a, x]) => {
          const [order, own] = [asTensor(a, grad), asTensor(x, grad)];
          const density = order.sub(1).mul(own.log()).sub(own).sub(order.lgamma()).exp();
          return grad.mul(sign === 1 ? density : density.neg());
        },
      },
    ],
  });
}

/** The regularized lower incomplete gamma function P(a, x). Like PyTorch's it has no gradient with respect to a. */
export const igamma: TensorBinaryOperator = incomplete('igamma', gammainc);

/** The regularized upper incomplete gamma function Q(a, x). Like PyTorch's it has no gradient with respect to a. */
export const igammac: TensorBinaryOperator = incomplete('igammac', gammaincc);

/** Special functions as methods. */
export interface SpecialFunctionMethods {
  /** The error function. */
  erf(): Tensor;
  /** 1 - erf(x). */
  erfc(): Tensor;
  /** The inverse of erf. */
  erfinv(): Tensor;
  /** Logarithm of the size of the gamma function. */
  lgamma(): Tensor;
  /** The derivative of lgamma. */
  digamma(): Tensor;
  /** The nth derivative of digamma. */
  polygamma(n: number): Tensor;
  /** Logarithm of the multivariate gamma function of dimension p. */
  mvlgamma(p: number): Tensor;
  mvlgamma(options: { readonly p: number }): Tensor;
  /** Modified Bessel function of the first kind and order 0. */
  i0(): Tensor;
  /** The regularized lower incomplete gamma function P(this, x). */
  igamma(x: Tensor): Tensor;
  /** The regularized upper incomplete gamma function Q(this, x). */
  igammac(x: Tensor): Tensor;
}
