/**
 * The regularized incomplete gamma functions: the series and the continued fraction of DLMF 8.11.4 and 8.9.2, with a factor in
 * front that stays exact where x is near a large a, and DLMF 8.12 for the largest.
 */
import { erfc } from './error-function.ts';
import { polynomial } from './evaluate.ts';
import { lgamma } from './gamma.ts';

/** From here on the uniform expansion's first two terms are exact. */
const LARGEST = 1e8;
const SMALL = Number.EPSILON / 2;

/** Stirling's series of log Γ (DLMF 5.11.1). */
const stirling: readonly number[] = [1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12];

/** P(a, x): the lower part. NaN for negative arguments and where both are 0 or infinite. */
export function gammainc(a: number, x: number): number {
  const edge = edgeOf(a, x);
  if (edge !== undefined) return edge;
  if (a > LARGEST) return uniform(a, x, -1);
  return x < a + 1 ? series(a, x) : 1 - fraction(a, x);
}

/** Q(a, x) = 1 - P(a, x): the upper part. */
export function gammaincc(a: number, x: number): number {
  const edge = edgeOf(a, x);
  if (edge !== undefined) return 1 - edge;
  if (a > LARGEST) return uniform(a, x, 1);
  return x < a + 1 ? 1 - series(a, x) : fraction(a, x);
}

/** P on the borders of its region. */
function edgeOf(a: number, x: number): number | undefined {
  if (!(a >= 0 && x >= 0)) return Number.NaN;
  if (a === 0) return x > 0 ? 1 : Number.NaN;
  if (x === 0) return 0;
  if (a === Number.POSITIVE_INFINITY) return x === Number.POSITIVE_INFINITY ? Number.NaN : 0;
  return x === Number.POSITIVE_INFINITY ? 1 : undefined;
}

/** x^a exp(-x) / Γ(a + 1). */
function factor(a: number, x: number): number {
  if (a < 10) return Math.exp(a * Math.log(x) - x - lgamma(a + 1));
  return (
    Math.exp(a * logRest((x - a) / a) - polynomial(1 / (a * a), stirling) / a) / Math.sqrt(2 * Math.PI * a)
  );
}

/** log(1 + mu) - mu. */
function logRest(mu: number): number {
  if (Math.abs(mu) > 0.3) return Math.log1p(mu) - mu;
  let sum = 0;
  let power = -mu * mu;
  for (let k = 2; Math.abs(power) > SMALL * Math.abs(sum) * k && power !== 0; k++) {
    sum += power / k;
    power *= -mu;
  }
  return sum;
}

function series(a: number, x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > SMALL * sum; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return factor(a, x) * sum;
}

/** The continued fraction, from the front on (Lentz). */
function fraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Number.POSITIVE_INFINITY;
  let d = 1 / b;
  let product = d;
  for (let k = 1; ; k++) {
    const own = k * (a - k);
    b += 2;
    d = 1 / (own * d + b);
    c = b + own / c;
    product *= c * d;
    if (!(Math.abs(c * d - 1) > Number.EPSILON)) return factor(a, x) * a * product;
  }
}

/** Q (sign 1) or P (sign -1) of a large a. */
function uniform(a: number, x: number, sign: 1 | -1): number {
  const mu = (x - a) / a;
  const eta = Math.sign(mu) * Math.sqrt(-2 * logRest(mu));
  const first = Math.abs(mu) < 1e-4 ? eta / 12 - 1 / 3 : 1 / mu - 1 / eta;
  const rest = (Math.exp((-a * eta * eta) / 2) / Math.sqrt(2 * Math.PI * a)) * first;
  return erfc(sign * eta * Math.sqrt(a / 2)) / 2 + sign * rest;
}
