/**
 * Orthogonal polynomials of degree n by their recurrences (DLMF 18.9), the Chebyshev ones inside of -1..1 by their angles. A
 * negative degree gives 0; degrees are cut off to integers.
 */

/** The recurrence p[k + 1] = next(k, p[k], p[k - 1]) from `first` = p[1] on; p[0] is 1. */
function recur(n: number, first: number, next: (k: number, own: number, before: number) => number): number {
  const degree = Math.trunc(n);
  if (degree < 0 || Number.isNaN(degree)) return 0;
  if (degree === 0) return 1;
  let [before, own] = [1, first];
  for (let k = 1; k < degree && !Number.isNaN(own); k++) [before, own] = [own, next(k, own, before)];
  return own;
}

/** The four kinds of Chebyshev polynomials have one recurrence. */
function chebyshev(
  x: number,
  n: number,
  first: number,
  angular: (degree: number, angle: number) => number,
): number {
  const degree = Math.trunc(n);
  // The recurrence is exact enough for small degrees, and cheaper than the angle.
  if (degree > 6 && Math.abs(x) < 1) return angular(degree, Math.acos(x));
  return recur(n, first, (_, own, before) => 2 * x * own - before);
}

/** Of the first kind, T. */
export function chebyshevT(x: number, n: number): number {
  return chebyshev(x, n, x, (degree, angle) => Math.cos(degree * angle));
}

/** Of the second kind, U. */
export function chebyshevU(x: number, n: number): number {
  return chebyshev(x, n, 2 * x, (degree, angle) => Math.sin((degree + 1) * angle) / Math.sin(angle));
}

/** Of the third kind, V. */
export function chebyshevV(x: number, n: number): number {
  return chebyshev(
    x,
    n,
    2 * x - 1,
    (degree, angle) => Math.cos((degree + 0.5) * angle) / Math.cos(angle / 2),
  );
}

/** Of the fourth kind, W. */
export function chebyshevW(x: number, n: number): number {
  return chebyshev(
    x,
    n,
    2 * x + 1,
    (degree, angle) => Math.sin((degree + 0.5) * angle) / Math.sin(angle / 2),
  );
}

/** The physicists' Hermite polynomial. NaN beyond degree 512, as in PyTorch. */
export function hermiteH(x: number, n: number): number {
  if (n > 512) return Number.NaN;
  return recur(n, 2 * x, (k, own, before) => 2 * x * own - 2 * k * before);
}

/** The probabilists' Hermite polynomial. NaN beyond degree 512, as in PyTorch. */
export function hermiteHe(x: number, n: number): number {
  if (n > 512) return Number.NaN;
  return recur(n, x, (k, own, before) => x * own - k * before);
}

/** Laguerre's polynomial. */
export function laguerreL(x: number, n: number): number {
  return recur(n, 1 - x, (k, own, before) => ((2 * k + 1 - x) * own - k * before) / (k + 1));
}

/** Legendre's polynomial. */
export function legendreP(x: number, n: number): number {
  return recur(n, x, (k, own, before) => ((2 * k + 1) * x * own - k * before) / (k + 1));
}
