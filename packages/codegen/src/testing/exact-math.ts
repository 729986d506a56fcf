/**
 * Functions of real numbers to far more digits than float64 has, as integers that count units of 2^-1300: what the errors of
 * kernels are measured against. The smallest denormal is still exact to two hundred bits.
 */

const precision = 1300n;
const one = 1n << precision;

/** A float64 number, exactly. */
function exactly(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(Math.abs(value)).buffer)[0]!;
  const [exponent, fraction] = [bits >> 52n, bits & ((1n << 52n) - 1n)];
  const magnitude =
    exponent === 0n
      ? fraction << (precision - 1074n)
      : (fraction | (1n << 52n)) << (precision - 1075n + exponent);
  return value < 0 ? -magnitude : magnitude;
}

const times = (a: bigint, b: bigint): bigint => (a * b) >> precision;
const over = (a: bigint, b: bigint): bigint => (a << precision) / b;

/** 2 atanh(1/3). */
const ln2 = ((): bigint => {
  let [sum, power] = [0n, (2n * one) / 3n];
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += power / n;
    power /= 9n;
  }
  return sum;
})();

/** e to the power of an exact number. */
function power(x: bigint): bigint {
  const n = x / ln2;
  // ten times the square, of a number so small that few terms are enough
  const r = (x - n * ln2) >> 20n;
  let [sum, term] = [one, one];
  for (let i = 1n; term !== 0n && term !== -1n; i++) {
    term = times(term, r) / i;
    sum += term;
  }
  for (let i = 0; i < 20; i++) sum = times(sum, sum);
  return n >= 0n ? sum << n : sum >> -n;
}

/** Machin's formula. */
const pi = ((): bigint => {
  const arctan = (inverse: bigint): bigint => {
    let [sum, power, sign] = [0n, one / inverse, 1n];
    for (let n = 1n; power !== 0n; n += 2n) {
      sum += (sign * power) / n;
      power /= inverse * inverse;
      sign = -sign;
    }
    return sum;
  };
  return 4n * (4n * arctan(5n) - arctan(239n));
})();

function squareRoot(x: bigint): bigint {
  let root = one * 2n;
  for (let i = 0; i < 20; i++) root = (root + over(x, root)) >> 1n;
  return root;
}

const twoOverRootPi = over(2n * one, squareRoot(pi));

/** The functions of finite numbers, those of `log` above zero. */
export const exactMath = {
  exp: (x: number): bigint => (x < -900 ? 0n : power(exactly(Math.min(x, 900)))),
  log: (x: number): bigint => {
    // Newton's way from an approximation, with the series of ln(1 + d)
    const near = Math.log(x);
    const d = times(exactly(x), power(-exactly(near))) - one;
    let [sum, powers] = [exactly(near), d];
    for (let n = 1n; n < 9n; n++) {
      sum += (n % 2n === 1n ? powers : -powers) / n;
      powers = times(powers, d);
    }
    return sum;
  },
  sigmoid: (x: number): bigint => (x < -900 ? 0n : over(one, one + power(-exactly(Math.min(x, 900))))),
  tanh: (x: number): bigint => {
    const e = power(2n * exactly(Math.max(-400, Math.min(x, 400))));
    return over(e - one, e + one);
  },
  erf: (x: number): bigint => {
    if (Math.abs(x) > 7) return x > 0 ? one : -one;
    const square = -times(exactly(x), exactly(x));
    let [sum, term] = [0n, exactly(x)];
    for (let n = 0n; term !== 0n && term !== -1n; n++) {
      sum += term / (2n * n + 1n);
      term = times(term, square) / (n + 1n);
    }
    return times(sum, twoOverRootPi);
  },
} as const;

/** Distance of a float64 from an exact number, in units of the last place of the exact one. */
export function ulps64(got: number, exact: bigint): number {
  const magnitude = exact < 0n ? -exact : exact;
  const exponent = BigInt(magnitude.toString(2).length) - 1n - precision;
  if (exponent >= 1024n) return got === (exact < 0n ? -Infinity : Infinity) ? 0 : Infinity;
  if (!Number.isFinite(got)) return Infinity;
  const last = (exponent < -1022n ? -1022n : exponent) - 52n;
  const difference = exactly(got) - exact;
  const distance = difference < 0n ? -difference : difference;
  return Number((distance << 20n) >> (precision + last)) / 2 ** 20;
}
