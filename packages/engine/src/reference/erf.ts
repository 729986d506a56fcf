// The error function in float64, which JavaScript's Math lacks, for the reference implementations.

/** erf(x) to about 1e-15: its Taylor series for small |x|, the continued fraction of erfc beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 200; n++) {
      term *= (-x * x) / n;
      const add = term / (2 * n + 1);
      sum += add;
      if (Math.abs(add) < 1e-18 * Math.abs(sum)) break;
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  return Math.sign(x) * (1 - beyond(a));
}

/** 1 - erf(x), exact where it is small. */
export function erfc(x: number): number {
  return x < 1.5 || Number.isNaN(x) ? 1 - erf(x) : beyond(x);
}

/** erfc(a) = exp(-a^2) / sqrt(pi) / (a + (1/2) / (a + 1 / (a + (3/2) / (a + ...)))) for a from 1.5 on. */
function beyond(a: number): number {
  let tail = a;
  for (let n = 300; n > 0; n--) tail = a + n / 2 / tail;
  return Math.exp(-a * a) / Math.sqrt(Math.PI) / tail;
}
