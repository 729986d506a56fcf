/** The natural logarithm rounded correctly but for a few numbers in a thousand, as good C libraries round it. */
import { dividedBy, type Pair, sum, times } from './pairs.ts';

const STEPS = 64;
/** The mantissa is taken between about sqrt(1/2) and sqrt(2). */
const FIRST = 45;
const LAST = 91;

/** For k / 64: the logarithm in two doubles, one after the other. */
const table = new Float64Array(2 * (LAST - FIRST + 1));
for (let k = FIRST; k <= LAST; k++) {
  // log c = 2 artanh((c - 1) / (c + 1)), by its Taylor series.
  const ratio = dividedBy([k - STEPS, 0], k + STEPS);
  const square = times(ratio, ratio);
  let power: Pair = ratio;
  let total: Pair = [0, 0];
  for (let n = 1; n < 50; n += 2) {
    total = sum(total, dividedBy(power, n));
    power = times(power, square);
  }
  table.set(sum(total, total), 2 * (k - FIRST));
}

/** log 2 in parts, the first of which has room for an exponent. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** Natural logarithm of x in (0, 1], x being no denormal number. */
export function logarithm(x: number): number {
  double[0] = x;
  let exponent = (words[1]! >> 20) - 1022;
  words[1] = (words[1]! & 0x000fffff) | 0x3fe00000;
  let m = double[0]!;
  if (m < Math.SQRT1_2) {
    m *= 2;
    exponent--;
  }
  const k = Math.round(m * STEPS);
  const c = k / STEPS;
  // r = (m - c) / c in two doubles; c has so few bits that its product with either half of a double is exact.
  const difference = m - c;
  const r = difference / c;
  const split = 134217729 * r;
  const r1 = split - (split - r);
  const r2 = r - r1;
  const rLow = (difference - r1 * c - r2 * c) / c;
  // log(1 + r) = r - r^2 / 2 + ..., the square in two doubles as well.
  const square = r * r;
  const squareLow = r2 * r2 - (square - r1 * r1 - 2 * r1 * r2);
  const rest =
    r *
    square *
    (1 / 3 +
      r * (-1 / 4 + r * (1 / 5 + r * (-1 / 6 + r * (1 / 7 + r * (-1 / 8 + r * (1 / 9 - r * (1 / 10))))))));
  const small = -0.5 * square;
  const near = r + small;
  const nearLow = small - (near - r) + (rLow - r * rLow - 0.5 * squareLow + rest);
  const at = 2 * (k - FIRST);
  const known = exponent * LN2_HIGH + table[at]!;
  const knownLow = table[at]! - (known - exponent * LN2_HIGH) + (table[at + 1]! + exponent * LN2_LOW);
  const total = known + near;
  const part = total - known;
  const error = known - (total - part) + (near - part);
  return total + (error + (knownLow + nearLow));
}
