// Functions that elementwise operations are made of, besides those of the kernel language.

import { copySign, expm1, fmod, type KernelBuilder, log, type Operand, type Vector } from '@sconce/codegen';

type F32 = Vector<'f32'>;

/** log(1 + u) for u from 0 to 1: the logarithm of the rounded sum, corrected by what rounding lost (Kahan). */
export function smallLog1p(k: KernelBuilder, u: F32): F32 {
  const sum = k.add(u, 1);
  const rounded = k.sub(sum, 1);
  const corrected = k.div(k.mul(log(k, sum), u), rounded);
  return k.select(k.compare(rounded, '==', 0), u, corrected);
}

/** ln 2 in two parts; the first has so few bits that its products with exponents are exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = Math.LN2 - LN2_HIGH;

/** Taylor's series of (e^r - 1 - r) / r^2, enough for |r| up to ln(2) / 2. */
const expm1Terms = [1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040];

/** e^x - 1 for x <= 0, without the cancellation near 0, in float32 lanes where x is. NaN stays. */
export function negativeExpm1(k: KernelBuilder, x: F32): F32 {
  if ((x as Vector).type === 'f64') return expm1(k, x);
  const clamped = k.pmax(x, -87);
  const n = k.nearest(k.mul(clamped, Math.LOG2E));
  const r = k.fnma<'f32'>(n, LN2_LOW, k.fnma<'f32'>(n, LN2_HIGH, clamped));
  const series = expm1Terms
    .slice(0, -1)
    .reduceRight<Operand<'f32'>>((sum, term) => k.fma<'f32'>(r, sum, term), expm1Terms.at(-1)!);
  const small = k.fma(k.mul(r, r), series, r);
  const power = k.reinterpret('f32', k.shl(k.add(k.convert('i32', n), 127), 23));
  return k.fma(small, power, k.sub(power, 1));
}

/** Whether there is a rest, and it has another sign than the divisor. */
function signsDiffer(k: KernelBuilder, rest: F32, y: F32) {
  return k.and(k.compare(rest, '!=', 0), k.xor(k.compare(y, '<', 0), k.compare(rest, '<', 0)));
}

/** Python's `%`: the exact rest of a division rounded down, with the sign of the divisor. */
export function remainder(k: KernelBuilder, x: F32, y: F32): F32 {
  const rest = fmod(k, x, y);
  return k.select(signsDiffer(k, rest, y), k.add(rest, y), rest);
}

/** The quotient rounded down as PyTorch computes it: from the exact rest, so that it fits {@link remainder}. */
export function floorDivide(k: KernelBuilder, x: F32, y: F32): F32 {
  const plain = k.div(x, y);
  const rest = fmod(k, x, y);
  const whole = k.div(k.sub(x, rest), y);
  const quotient = k.select(signsDiffer(k, rest, y), k.sub(whole, 1), whole);
  const floor = k.floor(quotient);
  const rounded = k.select(k.compare(k.sub(quotient, floor), '>', 0.5), k.add(floor, 1), floor);
  const nonZero = k.select(k.compare(quotient, '==', 0), copySign(k, k.constant('f32', 0), plain), rounded);
  return k.select(k.compare(y, '==', 0), plain, nonZero);
}
