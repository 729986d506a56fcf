/** The namespace `special`: special functions, named as in `torch.special`. */
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { sigmoid } from '../ops/activation-smooth.ts';
import {
  asTensor,
  type BinaryOperator,
  binaryOperator,
  type UnaryOperator,
  unaryOperator,
} from '../ops/elementwise-core.ts';
import { apply, both, choose, compare, isNaNOf, not, select } from '../ops/expressions.ts';
import { round as roundTo } from '../ops/rounding.ts';
import { digamma, igamma, igammac, lgamma, mvlgamma } from '../ops/special-functions.ts';
import type { Tensor } from '../tensor.ts';
import { airyAi as airyAiOf } from './airy.ts';
import * as bessel from './bessel.ts';
import * as error from './error-function.ts';
import { zeta as zetaOf } from './gamma.ts';
import * as modified from './modified-bessel.ts';
import * as polynomials from './orthogonal-polynomials.ts';

export { logit } from '../ops/activation-smooth.ts';
export { exp2, expm1, log1p, xlogy } from '../ops/exponentials.ts';
export { logsumexp } from '../ops/reduction.ts';
export { logSoftmax, softmax } from '../ops/softmax.ts';
export { digamma, erf, erfc, erfinv, i0, polygamma } from '../ops/special-functions.ts';
export { sinc } from '../ops/trigonometry.ts';
export { i0e, i1, i1e } from './bessel-operators.ts';

/** 1 / (1 + exp(-x)): another name of `sigmoid`. */
export const expit: UnaryOperator = sigmoid;
/** The regularized lower incomplete gamma function: another name of `igamma`. */
export const gammainc: typeof igamma = igamma;
/** The regularized upper incomplete gamma function: another name of `igammac`. */
export const gammaincc: typeof igammac = igammac;
/** Logarithm of the size of the gamma function: another name of `lgamma`. */
export const gammaln: UnaryOperator = lgamma;
/** Logarithm of the multivariate gamma function: another name of `mvlgamma`. */
export const multigammaln: typeof mvlgamma = mvlgamma;
/** The derivative of lgamma: another name of `digamma`. */
export const psi: UnaryOperator = digamma;
/** Nearest integer: another name of `round`. */
export const round: typeof roundTo = roundTo;

/** A function of one number; PyTorch has no gradients of these. */
function constant(name: string, plain: (x: number) => number): UnaryOperator {
  return unaryOperator({ name: `special${name}`, result: 'float', plain, constant: true });
}

/** The Airy function of the first kind. */
export const airyAi: UnaryOperator = constant('AiryAi', airyAiOf);
/** Bessel function of the first kind and order 0. */
export const besselJ0: UnaryOperator = constant('BesselJ0', bessel.besselJ0);
/** Bessel function of the first kind and order 1. */
export const besselJ1: UnaryOperator = constant('BesselJ1', bessel.besselJ1);
/** Bessel function of the second kind and order 0. */
export const besselY0: UnaryOperator = constant('BesselY0', bessel.besselY0);
/** Bessel function of the second kind and order 1. */
export const besselY1: UnaryOperator = constant('BesselY1', bessel.besselY1);
/** Modified Bessel function of the first kind and order 0. */
export const modifiedBesselI0: UnaryOperator = constant('ModifiedBesselI0', modified.i0);
/** Modified Bessel function of the first kind and order 1. */
export const modifiedBesselI1: UnaryOperator = constant('ModifiedBesselI1', modified.i1);
/** Modified Bessel function of the second kind and order 0. */
export const modifiedBesselK0: UnaryOperator = constant('ModifiedBesselK0', modified.k0);
/** Modified Bessel function of the second kind and order 1. */
export const modifiedBesselK1: UnaryOperator = constant('ModifiedBesselK1', modified.k1);
/** Modified Bessel function of the second kind and order 0, times exp(x). */
export const scaledModifiedBesselK0: UnaryOperator = constant('ScaledModifiedBesselK0', modified.k0e);
/** Modified Bessel function of the second kind and order 1, times exp(x). */
export const scaledModifiedBesselK1: UnaryOperator = constant('ScaledModifiedBesselK1', modified.k1e);
/** Spherical Bessel function of the first kind and order 0. */
export const sphericalBesselJ0: UnaryOperator = constant('SphericalBesselJ0', bessel.sphericalBesselJ0);

/** A polynomial of a degree that is a tensor or a number; PyTorch has no gradients of these. */
function polynomial(name: string, plain: (x: number, n: number) => number): BinaryOperator {
  return binaryOperator({
    name: `special${name}`,
    result: 'float',
    numbers: 'either',
    plain: (x, n) => plain(x!, n!),
    constant: true,
  });
}

/** On 0..1 instead of -1..1. */
function shifted(plain: (x: number, n: number) => number): (x: number, n: number) => number {
  return (x, n) => plain(2 * x - 1, n);
}

/** Chebyshev polynomial of the first kind. */
export const chebyshevPolynomialT: BinaryOperator = polynomial(
  'ChebyshevPolynomialT',
  polynomials.chebyshevT,
);
/** Chebyshev polynomial of the second kind. */
export const chebyshevPolynomialU: BinaryOperator = polynomial(
  'ChebyshevPolynomialU',
  polynomials.chebyshevU,
);
/** Chebyshev polynomial of the third kind. */
export const chebyshevPolynomialV: BinaryOperator = polynomial(
  'ChebyshevPolynomialV',
  polynomials.chebyshevV,
);
/** Chebyshev polynomial of the fourth kind. */
export const chebyshevPolynomialW: BinaryOperator = polynomial(
  'ChebyshevPolynomialW',
  polynomials.chebyshevW,
);
/** Shifted Chebyshev polynomial of the first kind. */
export const shiftedChebyshevPolynomialT: BinaryOperator = polynomial(
  'ShiftedChebyshevPolynomialT',
  shifted(polynomials.chebyshevT),
);
/** Shifted Chebyshev polynomial of the second kind. */
export const shiftedChebyshevPolynomialU: BinaryOperator = polynomial(
  'ShiftedChebyshevPolynomialU',
  shifted(polynomials.chebyshevU),
);
/** Shifted Chebyshev polynomial of the third kind. */
export const shiftedChebyshevPolynomialV: BinaryOperator = polynomial(
  'ShiftedChebyshevPolynomialV',
  shifted(polynomials.chebyshevV),
);
/** Shifted Chebyshev polynomial of the fourth kind. */
export const shiftedChebyshevPolynomialW: BinaryOperator = polynomial(
  'ShiftedChebyshevPolynomialW',
  shifted(polynomials.chebyshevW),
);
/** The physicists' Hermite polynomial. */
export const hermitePolynomialH: BinaryOperator = polynomial('HermitePolynomialH', polynomials.hermiteH);
/** The probabilists' Hermite polynomial. */
export const hermitePolynomialHe: BinaryOperator = polynomial('HermitePolynomialHe', polynomials.hermiteHe);
/** Laguerre's polynomial. */
export const laguerrePolynomialL: BinaryOperator = polynomial('LaguerrePolynomialL', polynomials.laguerreL);
/** Legendre's polynomial. */
export const legendrePolynomialP: BinaryOperator = polynomial('LegendrePolynomialP', polynomials.legendreP);

/** -x log(x): 0 at 0, minus infinity below. */
export const entr: UnaryOperator = unaryOperator({
  name: 'specialEntr',
  result: 'float',
  formula: (x) =>
    choose(
      '>',
      x!,
      0,
      apply('mul', apply('neg', x!), apply('log', x!)),
      select(isNaNOf(x!), x!, choose('==', x!, 0, 0, Number.NEGATIVE_INFINITY)),
    ),
  derivative: { reads: [0], of: (grad, [x]) => grad.mul(x.log().add(1).neg()) },
});

/** exp(x²) erfc(x). */
export const erfcx: UnaryOperator = unaryOperator({
  name: 'specialErfcx',
  result: 'float',
  plain: error.erfcx,
  derivative: {
    reads: [0, 'result'],
    of: (grad, [x], y) =>
      grad.mul(
        x
          .mul(y)
          .mul(2)
          .sub(2 / Math.sqrt(Math.PI)),
      ),
  },
});

/** Logarithm of the standard normal distribution function. */
export const logNdtr: UnaryOperator = unaryOperator({
  name: 'specialLogNdtr',
  result: 'float',
  plain: error.logNdtr,
  derivative: {
    reads: [0, 'result'],
    of: (grad, [x], y) => grad.div(Math.sqrt(2 * Math.PI)).mul(y.add(x.square().div(2)).neg().exp()),
  },
});

/** The standard normal distribution function. */
export const ndtr: UnaryOperator = defineOperator({
  name: 'specialNdtr',
  normalize: (x: Tensor): [Tensor] => {
    checkTensor('specialNdtr', 'input', x);
    return [x];
  },
  composite: true,
  forward: (x: Tensor) => x.mul(Math.SQRT1_2).erf().add(1).mul(0.5),
});

/** The quantile of the standard normal distribution. */
export const ndtri: UnaryOperator = unaryOperator({
  name: 'specialNdtri',
  result: 'float',
  plain: error.ndtri,
  derivative: {
    reads: ['result'],
    of: (grad, _, y) => grad.mul(Math.sqrt(2 * Math.PI)).mul(y.square().div(2).exp()),
  },
});

/** x * log(1 + y), 0 where x is 0 and y is not NaN. */
export const xlog1py: BinaryOperator = binaryOperator({
  name: 'specialXlog1py',
  result: 'float',
  numbers: 'either',
  formula: (x, y) =>
    select(both(compare(x!, '==', 0), not(isNaNOf(y!))), 0, apply('mul', x!, apply('log1p', y!))),
  backwardName: (x, y) =>
    `SpecialXlog1PyBackward${typeof x === 'object' ? (typeof y === 'object' ? 0 : 2) : 1}`,
  derivatives: [
    {
      reads: [0, 1],
      of: (grad, [x, y]) => {
        const [own, other] = [asTensor(x, grad), asTensor(y, grad)];
        return xlog1py(grad, other).maskedFill(own.eq(0).logicalAnd(other.le(-1)), 0);
      },
    },
    { reads: [0, 1], of: (grad, [x, y]) => grad.mul(x).div(asTensor(y, grad).add(1)) },
  ],
});

/** The Hurwitz zeta function. Like PyTorch's it has no gradient with respect to x. */
export const zeta: BinaryOperator = binaryOperator({
  name: 'specialZeta',
  result: 'float',
  numbers: 'either',
  plain: (x, q) => zetaOf(x!, q!),
  backwardName: (x, q) => `SpecialZetaBackward${typeof x === 'object' ? (typeof q === 'object' ? 0 : 2) : 1}`,
  derivatives: [
    () => fail('specialZeta', "the derivative for 'zeta' is not implemented."),
    {
      reads: [0, 1],
      of: (grad, [x, q]) => {
        const order = asTensor(x, grad);
        return grad.mul(order.neg()).mul(zeta(order.add(1), q));
      },
    },
  ],
});
