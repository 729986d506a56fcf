/** Special functions in double precision that Math does not have. */

/**
 * The error function: its Taylor series, whose terms are all positive after exp(-x²) is taken out, and the
 * continued fraction of erfc where that converges fast (Abramowitz and Stegun, 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (Number.isNaN(z)) return x;
  if (z > 6) return Math.sign(x);
  return Math.sign(x) * (z < 3 ? series(z) : 1 - complement(z)) || x;
}

function series(z: number): number {
  let term = z;
  let sum = z;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
}

function complement(z: number): number {
  let fraction = z;
  for (let k = 60; k >= 1; k--) fraction = z + k / 2 / fraction;
  return Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction);
}
