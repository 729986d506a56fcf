/** Powers: float32 in float64 lanes, float64 with the logarithm in twice its precision. */

import type { KernelBuilder } from '../builder.ts';
import type { FloatType, Vector } from '../types.ts';
import { expm1Parts64, scalePower64, splitExponent64 } from './basic-f64.ts';
import { polynomial } from './bits.ts';
import { type DoubleDouble, fastTwoSum, twoProduct, twoSum } from './double-double.ts';
import { pow32 } from './pow-f32.ts';
import { powerCases } from './power-cases.ts';

type F64 = Vector<'f64'>;

/**
 * `x` to the power `y`, as C's pow has it in every special case. Error below 0.51 ulp in float32, a little more for denormal
 * results, and below 1.5 ulp in float64.
 */
export function pow<T extends FloatType>(k: KernelBuilder, x: Vector<T>, y: Vector<T>): Vector<T> {
  return (
    x.type === 'f64' ? pow64(k, x as F64, y as F64) : pow32(k, x as Vector<'f32'>, y as Vector<'f32'>)
  ) as Vector<T>;
}

/** Exponents of e beyond this give zero or infinity. */
const BEYOND = 800;

function pow64(k: KernelBuilder, x: F64, y: F64): F64 {
  const logarithm = doubleLog(k, k.abs(x));
  const rough = k.mul(y, logarithm.high);
  const inRange = k.compare(k.abs(rough), '<', BEYOND);
  const product = twoProduct(k, y, logarithm.high);
  // the logarithm of 1 is zero, whatever multiplies it
  const clamped = k.select(k.isNaN(rough), 0, k.pmin(k.pmax(rough, -BEYOND), BEYOND));
  const high = k.select(inRange, rough, clamped);
  // where the exact product overflows, the logarithm is zero
  const exact = k.and(inRange, k.compare(k.abs(y), '<', 2 ** 900));
  const low = k.select(exact, k.fma(y, logarithm.low, product.low), 0);
  const { n, rest } = expm1Parts64(k, high);
  // e^(high + low) = e^high (1 + low)
  const power = k.add(rest, 1);
  return powerCases(k, x, y, scalePower64(k, k.fma(power, low, power), n));
}

/** log((1 + s) / (1 - s)) = 2 s + s^3 (2/3 + s^2 terms). */
const logTerms = [
  0.40000000000002256, 0.28571428570100327, 0.22222222519838467, 0.18181784370712628, 0.15386757313379773,
  0.1325681529030808, 0.13196373872058592,
];

/** What 0.6666666666666666 leaves out of 2/3. */
const TWO_THIRDS_REST = 3.700743415417188e-17;

/** ln 2 in two parts; the first has so few bits that its products with exponents are exact. */
const ln2High = 0.6931471805601177;
const ln2Low = -1.7239444525614835e-13;

/** The natural logarithm of finite numbers above zero, with an error of some 2^-64 of it. */
function doubleLog(k: KernelBuilder, x: F64): DoubleDouble {
  const { mantissa, exponent } = splitExponent64(k, x);
  const f = k.sub(mantissa, 1);
  // s = f / (mantissa + 1)
  const divisor = twoSum(k, mantissa, 1);
  const s = k.div(f, divisor.high);
  const back = twoProduct(k, s, divisor.high);
  const left = k.sub(k.sub(k.sub(f, back.high), back.low), k.mul(s, divisor.low));
  const sLow = k.div(left, divisor.high);
  const square = twoProduct(k, s, s);
  const squareLow = k.fma(k.add(s, s), sLow, square.low);
  const terms = k.mul(square.high, polynomial(k, square.high, logTerms));
  const factor = fastTwoSum(k, k.constant('f64', 0.6666666666666666), terms);
  const factorLow = k.add(factor.low, TWO_THIRDS_REST);
  // s^2 * factor, then s times that
  const cubic = twoProduct(k, square.high, factor.high);
  const cubicLow = k.add(cubic.low, k.fma(square.high, factorLow, k.mul(squareLow, factor.high)));
  const curve = twoProduct(k, s, cubic.high);
  const curveLow = k.add(curve.low, k.fma(s, cubicLow, k.mul(sLow, cubic.high)));
  const fraction = fastTwoSum(k, k.add(s, s), curve.high);
  const fractionLow = k.add(k.add(fraction.low, k.add(sLow, sLow)), curveLow);
  const sum = fastTwoSum(k, k.mul(exponent, ln2High), fraction.high);
  const rest = k.add(k.add(sum.low, k.mul(exponent, ln2Low)), fractionLow);
  return fastTwoSum(k, sum.high, rest);
}
