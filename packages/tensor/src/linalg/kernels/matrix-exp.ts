/** The exponential of a matrix: scaling and squaring with the Padé approximant of degree 13 (Higham 2005). */
import { factorLu, solveLuInto } from './triangular.ts';
import { addScaled, identity, multiply } from './vectors.ts';

const COEFFICIENTS = [
  64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
  670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
] as const;

/** Largest 1-norm for which the approximant is exact to double precision. */
const LARGEST_NORM = 5.371920351148152;

/** exp(A) of a dense n x n matrix. */
export function matrixExponential(a: Float64Array, n: number): Float64Array {
  const norm = oneNorm(a, n);
  if (!Number.isFinite(norm)) return new Float64Array(n * n).fill(Number.NaN);
  const squarings = norm > LARGEST_NORM ? Math.ceil(Math.log2(norm / LARGEST_NORM)) : 0;
  const scaled = a.map((value) => value / 2 ** squarings);
  let result = approximant(scaled, n);
  for (let i = 0; i < squarings; i++) result = multiply(result, result, n, n, n);
  return result;
}

function approximant(a: Float64Array, n: number): Float64Array {
  const one = identity(n);
  const a2 = multiply(a, a, n, n, n);
  const a4 = multiply(a2, a2, n, n, n);
  const a6 = multiply(a4, a2, n, n, n);
  const combined = (terms: readonly (readonly [Float64Array, number])[]): Float64Array => {
    const total = new Float64Array(n * n);
    for (const [matrix, factor] of terms) addScaled(total, 0, factor, matrix, 0, n * n);
    return total;
  };
  const part = (first: 0 | 1): Float64Array => {
    const c = (i: number): number => COEFFICIENTS[i + first]!;
    const high = combined([
      [a6, c(12)],
      [a4, c(10)],
      [a2, c(8)],
    ]);
    const low = combined([
      [a6, c(6)],
      [a4, c(4)],
      [a2, c(2)],
      [one, c(0)],
    ]);
    return combined([
      [multiply(a6, high, n, n, n), 1],
      [low, 1],
    ]);
  };
  const even = part(0);
  const odd = multiply(a, part(1), n, n, n);
  const numerator = combined([
    [even, 1],
    [odd, 1],
  ]);
  const denominator = combined([
    [even, 1],
    [odd, -1],
  ]);
  const pivots = new Int32Array(n);
  factorLu(denominator, n, n, pivots, 0);
  solveLuInto(denominator, pivots, 0, numerator, n, n, false);
  return numerator;
}

function oneNorm(a: Float64Array, n: number): number {
  const sums = new Float64Array(n);
  for (let i = 0; i < a.length; i++) sums[i % n]! += Math.abs(a[i]!);
  return sums.reduce((most, sum) => Math.max(most, sum), 0);
}
