/**
 * Sine and cosine rounded correctly but for about one number in a thousand, as good C libraries round them. The second number of a
 * pair of normals is part of a generator's state, which is to be PyTorch's to the last bit; `Math.sin` differs more often.
 */

import { dividedBy, type Pair, product, sum, times } from './pairs.ts';

/** Sum of the Taylor series whose first term is `first`, for an argument below 1. */
function series(first: Pair, square: Pair, start: number): Pair {
  let term = first;
  let total = first;
  for (let n = start; n < start + 40; n += 2) {
    term = dividedBy(times(term, square), -n * (n + 1));
    total = sum(total, term);
  }
  return total;
}

const STEPS = 64;
const LAST = Math.ceil((Math.PI / 4) * STEPS) + 1;

/** For k / 64: sine and cosine, each in two doubles, one after the other. */
const table = new Float64Array(4 * (LAST + 1));
for (let k = 0; k <= LAST; k++) {
  const x = k / STEPS;
  const square = product(x, x);
  table.set(series([x, 0], square, 2), 4 * k);
  table.set(series([1, 0], square, 1), 4 * k + 2);
}

/** π / 2 in parts, the first two of which have room for a factor below 8. */
const HALF_PI_1 = 1.5707963267341256;
const HALF_PI_2 = 6.077100506303966e-11;
const HALF_PI_3 = 2.0222662487959506e-21;

/** Sine and cosine of 0 <= x <= 2π, written to `result`. */
export function sinCos(x: number, result: { sin: number; cos: number }): void {
  const quadrant = Math.round(x * (2 / Math.PI));
  // The rest of the angle, in two doubles.
  const first = x - quadrant * HALF_PI_1;
  const second = quadrant * HALF_PI_2;
  const third = quadrant * HALF_PI_3;
  const near = first - second;
  const nearError = first - near - second - third;
  const rest = near + nearError;
  const restLow = nearError - (rest - near);
  const negative = rest < 0;
  const size = negative ? -rest : rest;
  const sizeLow = negative ? -restLow : restLow;
  const k = Math.round(size * STEPS);
  const d = size - k / STEPS + 0;
  // What is left of the angle is d + sizeLow, at most 1/128.
  const square = d * d;
  const sinRest =
    d * square * (-1 / 6 + square * (1 / 120 + square * (-1 / 5040 + square * (1 / 362880)))) + sizeLow;
  const cosRest =
    square * (-0.5 + square * (1 / 24 + square * (-1 / 720 + square * (1 / 40320)))) - d * sizeLow;
  const at = 4 * k;
  const [s, sLow, c, cLow] = [table[at]!, table[at + 1]!, table[at + 2]!, table[at + 3]!];
  let sin = combined(s, sLow, c, cLow, d, sinRest, cosRest);
  const cos = combined(c, cLow, -s, -sLow, d, sinRest, cosRest);
  if (negative) sin = -sin;
  switch (quadrant & 3) {
    case 0:
      result.sin = sin;
      result.cos = cos;
      break;
    case 1:
      result.sin = cos;
      result.cos = -sin;
      break;
    case 2:
      result.sin = -sin;
      result.cos = -cos;
      break;
    default:
      result.sin = -cos;
      result.cos = sin;
  }
}

/** a (1 + cosRest) + b (d + sinRest), a and b being given in two doubles. */
function combined(
  a: number,
  aLow: number,
  b: number,
  bLow: number,
  d: number,
  sinRest: number,
  cosRest: number,
): number {
  const splitB = 134217729 * b;
  const b1 = splitB - (splitB - b);
  const b2 = b - b1;
  const splitD = 134217729 * d;
  const d1 = splitD - (splitD - d);
  const d2 = d - d1;
  const high = b * d;
  const low = b2 * d2 - (high - b1 * d1 - b2 * d1 - b1 * d2);
  const total = a + high;
  const part = total - a;
  const error = a - (total - part) + (high - part);
  return total + (error + (low + (aLow + (bLow * d + (a * cosRest + b * sinRest)))));
}
