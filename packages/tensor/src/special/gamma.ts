/**
 * Logarithm of the gamma function, its derivatives, and the Hurwitz zeta function. Methods and coefficients: Cephes Math Library,
 * `gamma.c`, `psi.c`, `zeta.c` (Stephen L. Moshier).
 */
import { monic, polynomial } from './evaluate.ts';

const stirling: readonly number[] = [
  0.0008116141674705085, -0.0005950619042843014, 0.0007936503404577169, -0.002777777777300997,
  0.08333333333333319,
];
const nearAbove: readonly number[] = [
  -1378.2515256912086, -38801.631513463784, -331612.9927388712, -1162370.974927623, -1721737.0082083966,
  -853555.6642457654,
];
const nearBelow: readonly number[] = [
  -351.81570143652345, -17064.210665188115, -220528.59055385445, -1139334.4436798252, -2532523.0717758294,
  -2018891.4143353277,
];
const digammaSeries: readonly number[] = [
  0.08333333333333333, -0.021092796092796094, 0.007575757575757576, -0.004166666666666667,
  0.003968253968253968, -0.008333333333333333, 0.08333333333333333,
];
/** (2k)! / B2k of the Euler-Maclaurin formula. */
const eulerMaclaurin: readonly number[] = [
  12, -720, 30240, -1209600, 47900160, -1892437580.3183792, 74724249600, -2950130727918.164,
  116467828143500.67, -4597978722407473, 1.8152105401943546e17, -7.166165256175667e18,
];

/** Logarithm of |Γ(x)|: infinite at 0 and the negative integers. */
export function lgamma(x: number): number {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? x : Number.POSITIVE_INFINITY;
  if (x < -34) {
    const size = -x;
    const whole = Math.floor(size);
    if (whole === size) return Number.POSITIVE_INFINITY;
    const rest = size - whole > 0.5 ? whole + 1 - size : size - whole;
    return Math.log(Math.PI / (size * Math.sin(Math.PI * rest))) - lgamma(size);
  }
  if (x < 13) return recursion(x);
  if (x > 2.556348e305) return Number.POSITIVE_INFINITY;
  const main = (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2;
  return x > 1e8 ? main : main + polynomial(1 / (x * x), stirling) / x;
}

/** Steps to 2..3, where a quotient approximates the logarithm. */
function recursion(x: number): number {
  let product = 1;
  let step = 0;
  let own = x;
  while (own >= 3) {
    step--;
    own = x + step;
    product *= own;
  }
  while (own < 2) {
    if (own === 0) return Number.POSITIVE_INFINITY;
    product /= own;
    step++;
    own = x + step;
  }
  const size = Math.log(Math.abs(product));
  if (own === 2) return size;
  const y = x + step - 2;
  return size + (y * polynomial(y, nearAbove)) / monic(y, nearBelow);
}

/** The derivative of lgamma: infinite at 0, NaN at the negative integers. */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (x < 0) {
    if (x === Math.trunc(x)) return Number.NaN;
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.trunc(x)));
  }
  let sum = 0;
  let own = x;
  for (; own < 10; own++) sum -= 1 / own;
  const z = 1 / (own * own);
  return sum + Math.log(own) - 0.5 / own - z * polynomial(z, digammaSeries);
}

/** The Hurwitz zeta function: the sum of (q + k)^-x over k from 0 on. */
export function zeta(x: number, q: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  if (!(x > 1)) return Number.NaN;
  if (q <= 0) {
    if (q === Math.floor(q)) return Number.POSITIVE_INFINITY;
    if (x !== Math.floor(x)) return Number.NaN;
  }
  const small = Number.EPSILON / 2;
  let sum = q ** -x;
  let a = q;
  let term = 0;
  for (let i = 0; i < 9 || a <= 9; i++) {
    a += 1;
    term = a ** -x;
    sum += term;
    if (Math.abs(term) < small * Math.abs(sum)) return sum;
  }
  sum += (term * a) / (x - 1) - term / 2;
  let factor = 1;
  for (let k = 0; k < eulerMaclaurin.length; k++) {
    factor *= x + 2 * k;
    term /= a;
    const correction = (factor * term) / eulerMaclaurin[k]!;
    sum += correction;
    if (Math.abs(correction) < small * Math.abs(sum)) return sum;
    factor *= x + 2 * k + 1;
    term /= a;
  }
  return sum;
}

/** The nth derivative of digamma. */
export function polygamma(n: number, x: number): number {
  if (n === 0) return digamma(x);
  return (n % 2 === 0 ? -1 : 1) * Math.exp(lgamma(n + 1)) * zeta(n + 1, x);
}
