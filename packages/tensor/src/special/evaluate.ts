/** Sums that approximations of special functions are made of. */

/** A polynomial, the coefficient of the highest power first. */
export function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + coefficients[i]!;
  return sum;
}

/** A polynomial whose highest coefficient is 1 and is not in the list. */
export function monic(x: number, coefficients: readonly number[]): number {
  let sum = 1;
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + coefficients[i]!;
  return sum;
}

/** A Chebyshev series in x / 2, the coefficient of the highest order first and that of order 0 halved (Clenshaw's sum). */
export function chebyshevSeries(x: number, coefficients: readonly number[]): number {
  let [last, before, oldest] = [coefficients[0]!, 0, 0];
  for (let i = 1; i < coefficients.length; i++) {
    oldest = before;
    before = last;
    last = x * before - oldest + coefficients[i]!;
  }
  return 0.5 * (last - oldest);
}
