/** Vector operations on rows of double-precision matrices, which all factorizations are made of. */

/** The Euclidean norm of `count` elements that are `step` apart; neither overflows nor loses small values. */
export function euclideanNorm(x: Float64Array, at: number, count: number, step: number): number {
  let squares = 0;
  for (let i = 0, p = at; i < count; i++, p += step) squares += x[p]! * x[p]!;
  if (squares > 1e-280 && squares < 1e280) return Math.sqrt(squares);
  const largest = largestMagnitude(x, at, count, step);
  if (!(largest > 0) || largest === Number.POSITIVE_INFINITY) return largest;
  squares = 0;
  for (let i = 0, p = at; i < count; i++, p += step) squares += (x[p]! / largest) ** 2;
  return largest * Math.sqrt(squares);
}

/** The largest absolute value of `count` elements; NaN if there is one. */
export function largestMagnitude(x: Float64Array, at: number, count: number, step: number = 1): number {
  let largest = 0;
  for (let i = 0, p = at; i < count; i++, p += step) largest = Math.max(largest, Math.abs(x[p]!));
  return largest;
}

/** y += factor * x. */
export function addScaled(
  y: Float64Array,
  atY: number,
  factor: number,
  x: Float64Array,
  atX: number,
  count: number,
): void {
  if (factor === 0) return;
  for (let i = 0; i < count; i++) y[atY + i]! += factor * x[atX + i]!;
}

/** Exchanges `count` elements of two places. */
export function swap(x: Float64Array, a: number, b: number, count: number, step: number = 1): void {
  for (let i = 0, p = a, q = b; i < count; i++, p += step, q += step) {
    const value = x[p]!;
    x[p] = x[q]!;
    x[q] = value;
  }
}

/** Turns two rows by a plane rotation: (a, b) becomes (c a + s b, c b - s a). */
export function rotate(x: Float64Array, a: number, b: number, count: number, c: number, s: number): void {
  for (let i = 0; i < count; i++) {
    const p = x[a + i]!;
    const q = x[b + i]!;
    x[a + i] = c * p + s * q;
    x[b + i] = c * q - s * p;
  }
}

/** The transpose of a dense rows x columns matrix. */
export function transposed(x: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = x[i * columns + j]!;
  }
  return result;
}

/** The n x n identity. */
export function identity(n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) result[i * n + i] = 1;
  return result;
}

/** The product of dense matrices [m, k] and [k, n]. */
export function multiply(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) addScaled(result, i * n, a[i * k + p]!, b, p * n, n);
  }
  return result;
}
