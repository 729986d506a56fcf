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

/** The natural logarithm of an exact number above zero, near a double. */
function logarithm(x: bigint, near: number): bigint {
  // Newton's way from an approximation, with the series of ln(1 + d)
  const d = times(x, power(-exactly(near))) - one;
  let [sum, powers] = [exactly(near), d];
  for (let n = 1n; n < 32n; n++) {
    sum += (n % 2n === 1n ? powers : -powers) / n;
    powers = times(powers, d);
  }
  return sum;
}

const ln10 = logarithm(10n * one, Math.LN10);

/** Sine and cosine of an exact number. */
function circle(x: bigint): { sine: bigint; cosine: bigint } {
  const half = pi / 2n;
  let quarters = x / half;
  if (x < quarters * half) quarters--;
  const r = x - quarters * half;
  let [sine, cosine, term] = [0n, 0n, one];
  for (let i = 0n; term !== 0n; i++) {
    const signed = i % 4n < 2n ? term : -term;
    if (i % 2n === 0n) cosine += signed;
    else sine += signed;
    term = times(term, r) / (i + 1n);
  }
  const turns = [
    { sine, cosine },
    { sine: cosine, cosine: -sine },
    { sine: -sine, cosine: -cosine },
    { sine: -cosine, cosine: sine },
  ];
  return turns[Number(((quarters % 4n) + 4n) % 4n)]!;
}

/** The angle of a point, near a double: what is left has a small tangent. */
function angleOf(y: bigint, x: bigint, near: number): bigint {
  const { sine, cosine } = circle(exactly(near));
  const tangent = over(times(y, cosine) - times(x, sine), times(x, cosine) + times(y, sine));
  let [sum, powers] = [exactly(near), tangent];
  for (let n = 1n; powers !== 0n && n < 200n; n += 2n) {
    sum += (n % 4n === 1n ? powers : -powers) / n;
    powers = times(powers, times(tangent, tangent));
  }
  return sum;
}

/** The side of a right triangle of hypotenuse 1. */
function otherSide(x: bigint): bigint {
  const square = one * one - x * x;
  let root =
    BigInt(Math.ceil(Math.sqrt(Number(square >> (2n * precision - 1000n))) * 2 ** 20)) << (precision - 520n);
  for (let i = 0; i < 12 && root !== 0n; i++) root = (root + square / root) >> 1n;
  return root;
}

const exactExp = (x: number): bigint => (x < -900 ? 0n : power(exactly(Math.min(x, 900))));

/** The functions of finite numbers where they are defined; logarithms above zero. */
export const exactMath = {
  exp: (x: number): bigint => exactExp(x),
  log: (x: number): bigint => logarithm(exactly(x), Math.log(x)),
  log2: (x: number): bigint => over(logarithm(exactly(x), Math.log(x)), ln2),
  log10: (x: number): bigint => over(logarithm(exactly(x), Math.log(x)), ln10),
  log1p: (x: number): bigint => logarithm(one + exactly(x), Math.log1p(x)),
  exp2: (x: number): bigint => (x < -1200 ? 0n : power(times(exactly(Math.min(x, 1200)), ln2))),
  expm1: (x: number): bigint => exactExp(x) - one,
  sinh: (x: number): bigint => (exactExp(x) - exactExp(-x)) / 2n,
  cosh: (x: number): bigint => (exactExp(x) + exactExp(-x)) / 2n,
  sin: (x: number): bigint => circle(exactly(x)).sine,
  cos: (x: number): bigint => circle(exactly(x)).cosine,
  tan: (x: number): bigint => {
    const { sine, cosine } = circle(exactly(x));
    return over(sine, cosine);
  },
  atan: (x: number): bigint => angleOf(exactly(x), one, Math.atan(x)),
  asin: (x: number): bigint => angleOf(exactly(x), otherSide(exactly(x)), Math.asin(x)),
  acos: (x: number): bigint => angleOf(otherSide(exactly(x)), exactly(x), Math.acos(x)),
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

/** The functions of two finite numbers: the power of a number above zero, angle and distance of a point (x, y). */
export const exactBinary: Readonly<Record<'pow' | 'atan2' | 'hypot', (a: number, b: number) => bigint>> = {
  pow: (x: number, y: number): bigint => {
    const exponent = times(exactly(y), logarithm(exactly(x), Math.log(x)));
    const limit = 900n << precision;
    if (exponent < -limit) return 0n;
    return power(exponent > limit ? limit : exponent);
  },
  atan2: (y: number, x: number): bigint => angleOf(exactly(y), exactly(x), Math.atan2(y, x)),
  hypot: (x: number, y: number): bigint => {
    const square = exactly(x) ** 2n + exactly(y) ** 2n;
    // from above, Newton's roots come down
    let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
    for (let next = (root + square / root) >> 1n; next < root; next = (root + square / root) >> 1n)
      root = next;
    return root;
  },
};

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
