/** Trigonometric and hyperbolic functions and their inverses, of angles in radians. */
import type { ElementwiseOp } from '@sconce/engine';
import type { Tensor } from '../tensor.ts';
import {
  asTensor,
  binaryOperator,
  type Operand,
  type TensorBinaryOperator,
  type UnaryEntry,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';
import { apply, choose } from './expressions.ts';

/** A function of the engine's with its slope at x. */
function withSlope(
  name: ElementwiseOp,
  slope: (x: Tensor) => Tensor,
  plain?: (x: number) => number,
): UnaryOperator {
  const entry: UnaryEntry = {
    name,
    result: 'float',
    engine: name,
    derivative: { reads: [0], of: (grad, [x]) => grad.mul(slope(x)) },
    ...(plain === undefined ? {} : { plain }),
  };
  return unaryOperator(entry);
}

/** Sine. */
export const sin: UnaryOperator = withSlope('sin', (x) => x.cos());
/** Cosine. */
export const cos: UnaryOperator = withSlope('cos', (x) => x.sin().neg());

/** Tangent. */
export const tan: UnaryOperator = unaryOperator({
  name: 'tan',
  derivative: { reads: ['result'], of: (grad, _, y) => grad.mul(y.mul(y).add(1)) },
  result: 'float',
  engine: 'tan',
});

/** Arc sine. */
export const asin: UnaryOperator = withSlope('asin', (x) => x.mul(x).rsub(1).rsqrt());
/** Arc cosine. */
export const acos: UnaryOperator = withSlope('acos', (x) => x.mul(x).rsub(1).rsqrt().neg());
/** Arc tangent. */
export const atan: UnaryOperator = withSlope('atan', (x) => x.mul(x).add(1).reciprocal());
/** Hyperbolic sine. */
export const sinh: UnaryOperator = withSlope('sinh', (x) => x.cosh());
/** Hyperbolic cosine. */
export const cosh: UnaryOperator = withSlope('cosh', (x) => x.sinh());

/** Hyperbolic tangent. */
export const tanh: UnaryOperator = unaryOperator({
  name: 'tanh',
  derivative: { reads: ['result'], of: (grad, _, y) => grad.mul(y.mul(y).rsub(1)) },
  result: 'float',
  engine: 'tanh',
});

/** Inverse of the hyperbolic sine. */
export const asinh: UnaryOperator = withSlope('asinh', (x) => x.mul(x).add(1).rsqrt(), Math.asinh);
/** Inverse of the hyperbolic cosine. */
export const acosh: UnaryOperator = withSlope('acosh', (x) => x.mul(x).sub(1).rsqrt(), Math.acosh);
/** Inverse of the hyperbolic tangent. */
export const atanh: UnaryOperator = withSlope('atanh', (x) => x.mul(x).rsub(1).reciprocal(), Math.atanh);

/** The angle of the point (y, x), all the way round. */
export const atan2: TensorBinaryOperator = binaryOperator({
  name: 'atan2',
  result: 'float',
  numbers: 'none',
  engine: 'atan2',
  derivatives: [
    {
      reads: [0, 1],
      of: (grad, [y, x]) => grad.mul(asTensor(x, grad).div(squares(y, x, grad))),
    },
    {
      reads: [0, 1],
      of: (grad, [y, x]) =>
        grad.mul(
          asTensor(y, grad)
            .neg()
            .div(squares(y, x, grad)),
        ),
    },
  ],
});

function squares(x: Operand, y: Operand, like: Tensor): Tensor {
  return asTensor(x, like).square().add(asTensor(y, like).square());
}

/** The length of the vector (x, y). */
export const hypot: TensorBinaryOperator = binaryOperator({
  name: 'hypot',
  kernel: 'hypot_cpu',
  result: 'floatOnly',
  numbers: 'none',
  engine: 'hypot',
  derivatives: [
    { reads: [0, 'result'], of: (grad, [x], result) => grad.div(result).mul(x) },
    { reads: [1, 'result'], of: (grad, [, y], result) => grad.div(result).mul(y) },
  ],
});

function scaled(name: 'deg2rad' | 'rad2deg', factor: number): UnaryOperator {
  return unaryOperator({
    name,
    backwardName: name === 'deg2rad' ? 'Deg2RadBackward0' : 'Rad2DegBackward0',
    result: 'float',
    formula: (x) => apply('mul', x!, factor),
    derivative: (grad) => grad.mul(factor),
  });
}

/** Degrees as radians. */
export const deg2rad: UnaryOperator = scaled('deg2rad', Math.PI / 180);
/** Radians as degrees. */
export const rad2deg: UnaryOperator = scaled('rad2deg', 180 / Math.PI);

/** sin(πx) / (πx). */
export const sinc: UnaryOperator = unaryOperator({
  name: 'sinc',
  result: 'float',
  formula: (x) => {
    const turned = apply('mul', x!, Math.PI);
    return choose('==', x!, 0, 1, apply('div', apply('sin', turned), turned));
  },
  derivative: {
    reads: [0],
    of: (grad, [x]) => {
      const turned = x.mul(Math.PI);
      const slope = turned.mul(turned.cos()).sub(turned.sin()).div(turned.mul(x));
      return grad.mul(slope).maskedFill(x.eq(0), 0);
    },
  },
});

/** Another name of {@link acos}. */
export const arccos: UnaryOperator = acos;
/** Another name of {@link acosh}. */
export const arccosh: UnaryOperator = acosh;
/** Another name of {@link asin}. */
export const arcsin: UnaryOperator = asin;
/** Another name of {@link asinh}. */
export const arcsinh: UnaryOperator = asinh;
/** Another name of {@link atan}. */
export const arctan: UnaryOperator = atan;
/** Another name of {@link atan2}. */
export const arctan2: TensorBinaryOperator = atan2;
/** Another name of {@link atanh}. */
export const arctanh: UnaryOperator = atanh;

/** Trigonometric and hyperbolic functions as methods. */
export interface TrigonometryMethods {
  /** Sine. */
  sin(): Tensor;
  /** Cosine. */
  cos(): Tensor;
  /** Tangent. */
  tan(): Tensor;
  /** Arc sine. */
  asin(): Tensor;
  /** Arc sine. */
  arcsin(): Tensor;
  /** Arc cosine. */
  acos(): Tensor;
  /** Arc cosine. */
  arccos(): Tensor;
  /** Arc tangent. */
  atan(): Tensor;
  /** Arc tangent. */
  arctan(): Tensor;
  /** Hyperbolic sine. */
  sinh(): Tensor;
  /** Hyperbolic cosine. */
  cosh(): Tensor;
  /** Hyperbolic tangent. */
  tanh(): Tensor;
  /** Inverse of the hyperbolic sine. */
  asinh(): Tensor;
  /** Inverse of the hyperbolic sine. */
  arcsinh(): Tensor;
  /** Inverse of the hyperbolic cosine. */
  acosh(): Tensor;
  /** Inverse of the hyperbolic cosine. */
  arccosh(): Tensor;
  /** Inverse of the hyperbolic tangent. */
  atanh(): Tensor;
  /** Inverse of the hyperbolic tangent. */
  arctanh(): Tensor;
  /** The angle of the point (this, x). */
  atan2(x: Tensor): Tensor;
  /** The angle of the point (this, x). */
  arctan2(x: Tensor): Tensor;
  /** The length of the vector (x, y). */
  hypot(other: Tensor): Tensor;
  /** Degrees as radians. */
  deg2rad(): Tensor;
  /** Radians as degrees. */
  rad2deg(): Tensor;
  /** sin(πx) / (πx). */
  sinc(): Tensor;
}
