/** Powers of float32 vectors: 2^(y * log2 |x|) in float64 lanes, since the product needs more bits than float32 has. */

import type { KernelBuilder } from '../builder.ts';
import type { Vector } from '../types.ts';
import { polynomial } from './bits.ts';
import { powerCases } from './power-cases.ts';

type F32 = Vector<'f32'>;
type I32 = Vector<'i32'>;
type F64 = Vector<'f64'>;

/** An exponent and a significand as whole numbers in the low words of doubles. */
interface Pieces {
  readonly n: F64;
  readonly power: F64;
}

/** log2((1 + t) / (1 - t)) / t by powers of t^2, for (1 + t) / (1 - t) from sqrt(1/2) to sqrt(2); error 2^-43. */
const logTerms = [
  2.885390081777848, 0.9617966941164737, 0.5770779415559754, 0.4122093271042559, 0.31990284500238936,
  0.28293853985379414,
];

/** 2^(u + 1/2) by powers of u, for u from -1/2 to 1/2; error 2^-39. */
const powerTerms = [
  1.4142135623731331, 0.9802581434487281, 0.33973158417681854, 0.07849466429808397, 0.013602088799539528,
  0.0018856346617690525, 0.00021783713678626569, 2.1651723952283707e-5, 1.8758217227656127e-6,
];

/** `x` to the power `y`, as C's pow has it in every special case. Error below 0.51 ulp, a little more for denormal results. */
export function pow32(k: KernelBuilder, x: F32, y: F32): F32 {
  const base = k.abs(x);
  const [even, odd] = (['even', 'odd'] as const).map((half) => {
    const product = k.mul(logarithm(k, base, half), widen(k, y, half));
    // 2^(n + fraction); the limits lie beyond what float32 holds
    const clamped = k.pmin(k.pmax(product, -200), 200);
    const n = k.floor(clamped);
    const power = polynomial(k, k.sub(k.sub(clamped, n), 0.5), powerTerms);
    // Rounded to whole numbers (to 23 bits behind the point) the low words hold the integers themselves.
    return { n: k.add(n, 1.5 * 2 ** 52), power: k.add(power, 1.5 * 2 ** 29) };
  }) as [Pieces, Pieces];
  const n = lowWords(k, even.n, odd.n);
  const power = k.reinterpret('f32', k.add(lowWords(k, even.power, odd.power), 126 << 23));
  const half = k.shr(n, 1);
  const finite = k.mul(k.mul(power, powerOfTwo(k, half)), powerOfTwo(k, k.sub(n, half)));
  return powerCases(k, x, y, finite);
}

/** log2 of finite lanes above zero, of every second one in float64. */
function logarithm(k: KernelBuilder, x: F32, half: Half): F64 {
  const denormal = k.compare(x, '<', 2 ** -126);
  const bits = k.reinterpret('i32', k.select(denormal, k.mul(x, 2 ** 24), x));
  const exponent = k.shr(k.sub(bits, 0x3f3504f3), 23);
  const m = widen(k, k.reinterpret('f32', k.sub(bits, k.shl(exponent, 23))), half);
  const unscaled = k.sub(exponent, k.select<'i32'>(denormal, k.constant('i32', 24), 0));
  const e = integerToDouble(k, unscaled, half);
  const t = k.div(k.sub(m, 1), k.add(m, 1));
  return k.fma(t, polynomial(k, k.mul(t, t), logTerms), e);
}

// ---- between float32 and float64: lanes 0, 2, 4, ... become one vector, lanes 1, 3, 5, ... another

type Half = 'even' | 'odd';

/** Doubles from their low and high words, of every second lane. */
function fromWords(k: KernelBuilder, low: I32, high: I32, half: Half): F64 {
  return k.reinterpret('f64', k.shuffle(half === 'even' ? 'low' : 'high', low, high, 1));
}

/** The low words of doubles, back in the lanes that they came from. */
function lowWords(k: KernelBuilder, even: F64, odd: F64): I32 {
  return k.shuffle('low', k.reinterpret('i32', even), k.reinterpret('i32', odd), 1);
}

/** Normal float32 lanes as doubles. Denormal ones become other tiny numbers, infinities and NaN become 2^128 and more. */
function widen(k: KernelBuilder, x: F32, half: Half): F64 {
  const bits = k.reinterpret('i32', x);
  const magnitude = k.and(bits, 0x7fffffff);
  const high = k.or(k.add(k.shrLogical(magnitude, 3), 896 << 20), k.and(bits, -(2 ** 31)));
  return fromWords(k, k.shl(bits, 29), high, half);
}

/** Integers above -1024 as doubles. */
function integerToDouble(k: KernelBuilder, x: I32, half: Half): F64 {
  const biased = fromWords(k, k.add(x, 1024), k.constant('i32', 0x43300000), half);
  return k.sub(biased, 2 ** 52 + 1024);
}

/** 2 to the power n, n from -126 to 127. */
function powerOfTwo(k: KernelBuilder, n: I32): F32 {
  return k.reinterpret('f32', k.shl(k.add(n, 127), 23));
}
