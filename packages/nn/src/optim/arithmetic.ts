/**
 * The arithmetic that update formulas are written in. A formula is written once, and is either made into one kernel that goes
 * through memory once, or computed with operators, which record derivatives and round 16-bit floats at every step.
 */
import { fullLike, type Tensor, type UpdateExpression, where } from '@sconce/tensor';

/**
 * Operators on values `V` (all elements) and scalars `S` (the same number for all elements), with PyTorch's names and PyTorch's
 * rounding: which products and sums are fused is part of it.
 */
export interface Arithmetic<V, S> {
  neg(x: V): V;
  /** The same values; no gradient flows through. */
  detach(x: V): V;
  abs(x: V): V;
  sqrt(x: V): V;
  sign(x: V): V;
  mul(x: V, y: V): V;
  div(x: V, y: V): V;
  sub(x: V, y: V): V;
  maximum(x: V, y: V): V;
  /** x * factor */
  scale(x: V, factor: S): V;
  /** x / divisor */
  over(x: V, divisor: S): V;
  /** dividend / x */
  under(dividend: S, x: V): V;
  /** x + term */
  shift(x: V, term: S): V;
  /** x + alpha * y */
  add(x: V, y: V, alpha: S): V;
  /** x + value * a * b; the value is 1 if left out */
  addcmul(x: V, a: V, b: V, value?: S): V;
  /** x + value * a / b; the value is 1 if left out */
  addcdiv(x: V, a: V, b: V, value?: S): V;
  /** x + weight * (end - x) */
  lerp(x: V, end: V, weight: S): V;
  /** min(max(x, low), high) */
  clamp(x: V, low: S, high: S): V;
  /** The first where x is positive, the second where it is negative, else the third. */
  bySign(x: V, positive: S, negative: S, other: S): V;
  /** 0 where x is equal to the scalar, else y. */
  zeroWhere(x: V, equal: S, y: V): V;
  /** A scalar of the formula's own. */
  constant(value: number): S;
}

type E = UpdateExpression;

const unary =
  (op: 'neg' | 'abs' | 'sqrt' | 'sign') =>
  (x: E): E => ({ op, args: [x] });
const binary =
  (op: 'mul' | 'div' | 'sub' | 'maximum' | 'add') =>
  (x: E, y: E): E => ({ op, args: [x, y] });
const [mul, div, sub, sum] = [binary('mul'), binary('div'), binary('sub'), binary('add')];
const fma = (x: E, y: E, z: E): E => ({ op: 'fma', args: [x, y, z] });

/** Formulas as expressions of one kernel, with the fused products and sums of PyTorch's AVX2 code. */
export const expressionArithmetic: Arithmetic<E, E> = {
  neg: unary('neg'),
  detach: (x) => x,
  abs: unary('abs'),
  sqrt: unary('sqrt'),
  sign: unary('sign'),
  mul,
  div,
  sub,
  maximum: binary('maximum'),
  scale: mul,
  over: div,
  // PyTorch multiplies the reciprocal.
  under: (dividend, x) => mul({ op: 'reciprocal', args: [x] }, dividend),
  shift: sum,
  add: (x, y, alpha) => fma(y, alpha, x),
  addcmul: (x, a, b, value) => fma(value === undefined ? a : mul(value, a), b, x),
  addcdiv: (x, a, b, value) => sum(x, div(value === undefined ? a : mul(value, a), b)),
  lerp: (x, end, weight) => {
    const difference = sub(end, x);
    return {
      select: { compare: '<', args: [{ op: 'abs', args: [weight] }, 0.5] },
      args: [fma(weight, difference, x), fma({ op: 'neg', args: [difference] }, sub(1, weight), end)],
    };
  },
  clamp: (x, low, high) => ({ op: 'clamp', args: [x, low, high] }),
  bySign: (x, positive, negative, other) => ({
    select: { compare: '>', args: [x, 0] },
    args: [positive, { select: { compare: '<', args: [x, 0] }, args: [negative, other] }],
  }),
  zeroWhere: (x, equal, y) => ({ select: { compare: '==', args: [x, equal] }, args: [0, y] }),
  constant: (value) => value,
};

/** Formulas as PyTorch's operators on tensors. */
export const tensorArithmetic: Arithmetic<Tensor, number> = {
  neg: (x) => x.neg(),
  detach: (x) => x.detach(),
  abs: (x) => x.abs(),
  sqrt: (x) => x.sqrt(),
  sign: (x) => x.sign(),
  mul: (x, y) => x.mul(y),
  div: (x, y) => x.div(y),
  sub: (x, y) => x.sub(y),
  maximum: (x, y) => x.maximum(y),
  scale: (x, factor) => x.mul(factor),
  over: (x, divisor) => x.div(divisor),
  under: (dividend, x) => x.reciprocal().mul(dividend),
  shift: (x, term) => x.add(term),
  add: (x, y, alpha) => x.add(y, { alpha }),
  addcmul: (x, a, b, value = 1) => x.addcmul(a, b, { value }),
  addcdiv: (x, a, b, value = 1) => x.addcdiv(a, b, { value }),
  lerp: (x, end, weight) => x.lerp(end, weight),
  clamp: (x, low, high) => x.clamp(low, high),
  bySign: (x, positive, negative, other) =>
    where(x.gt(0), fullLike(x, positive), where(x.lt(0), fullLike(x, negative), fullLike(x, other))),
  // The scalar was rounded when it became an element.
  zeroWhere: (x, equal, y) => y.maskedFill(x.eq(fullLike(x, equal)), 0),
  constant: (value) => value,
};
