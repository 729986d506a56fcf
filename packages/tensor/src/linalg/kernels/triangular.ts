/** Systems with a triangular matrix, LU with partial pivoting, and Cholesky, on dense row-major doubles. */
import { addScaled, swap } from './vectors.ts';

/** Which triangle is read, and how. */
export interface TriangularForm {
  readonly upper: boolean;
  /** The system is Tᵀ X = B; `upper` speaks of T. */
  readonly transpose?: boolean;
  /** The diagonal counts as ones. */
  readonly unit?: boolean;
}

/** Solves T X = B in place of B, for an n x n matrix T and an [n, columns] matrix B. */
export function solveTriangularInto(
  t: Float64Array,
  lead: number,
  b: Float64Array,
  n: number,
  columns: number,
  { upper, transpose = false, unit = false }: TriangularForm,
): void {
  const backward = upper !== transpose;
  for (let step = 0; step < n; step++) {
    const i = backward ? n - 1 - step : step;
    const row = i * columns;
    if (!transpose) {
      const [from, to] = upper ? [i + 1, n] : [0, i];
      for (let k = from; k < to; k++) addScaled(b, row, -t[i * lead + k]!, b, k * columns, columns);
    }
    if (!unit) {
      const pivot = t[i * lead + i]!;
      for (let j = 0; j < columns; j++) b[row + j]! /= pivot;
    }
    if (transpose) {
      const [from, to] = upper ? [i + 1, n] : [0, i];
      for (let k = from; k < to; k++) addScaled(b, k * columns, -t[i * lead + k]!, b, row, columns);
    }
  }
}

/**
 * P A = L U in place, as LAPACK's getrf: row i was exchanged with row pivots[i] - 1. Returns the number of the first
 * pivot that is zero, 0 if none is.
 */
export function factorLu(a: Float64Array, m: number, n: number, pivots: Int32Array, at: number): number {
  let info = 0;
  for (let k = 0; k < Math.min(m, n); k++) {
    let pivot = k;
    let largest = Math.abs(a[k * n + k]!);
    for (let i = k + 1; i < m; i++) {
      const size = Math.abs(a[i * n + k]!);
      if (size > largest) {
        largest = size;
        pivot = i;
      }
    }
    pivots[at + k] = pivot + 1;
    if (a[pivot * n + k] === 0) {
      if (info === 0) info = k + 1;
      continue;
    }
    if (pivot !== k) swap(a, k * n, pivot * n, n);
    const inverse = 1 / a[k * n + k]!;
    for (let i = k + 1; i < m; i++) {
      const factor = a[i * n + k]! * inverse;
      a[i * n + k] = factor;
      addScaled(a, i * n + k + 1, -factor, a, k * n + k + 1, n - k - 1);
    }
  }
  return info;
}

/** Exchanges the rows of B as the factorization did, or back. */
function permuteRows(
  b: Float64Array,
  columns: number,
  pivots: Int32Array,
  at: number,
  n: number,
  back: boolean,
): void {
  for (let step = 0; step < n; step++) {
    const i = back ? n - 1 - step : step;
    const other = pivots[at + i]! - 1;
    if (other !== i) swap(b, i * columns, other * columns, columns);
  }
}

/** Solves A X = B (or Aᵀ X = B) in place of B with the factors of A. */
export function solveLuInto(
  lu: Float64Array,
  pivots: Int32Array,
  at: number,
  b: Float64Array,
  n: number,
  columns: number,
  transpose: boolean,
): void {
  if (!transpose) {
    permuteRows(b, columns, pivots, at, n, false);
    solveTriangularInto(lu, n, b, n, columns, { upper: false, unit: true });
    solveTriangularInto(lu, n, b, n, columns, { upper: true });
  } else {
    solveTriangularInto(lu, n, b, n, columns, { upper: true, transpose });
    solveTriangularInto(lu, n, b, n, columns, { upper: false, unit: true, transpose });
    permuteRows(b, columns, pivots, at, n, true);
  }
}

/**
 * A = L Lᵀ in place; reads the lower triangle and sets the upper one to zero. Returns the order of the first leading
 * minor that is not positive, 0 if the matrix is positive definite.
 */
export function factorCholesky(a: Float64Array, n: number): number {
  let info = 0;
  for (let i = 0; i < n && info === 0; i++) {
    for (let j = 0; j <= i; j++) {
      let total = a[i * n + j]!;
      for (let k = 0; k < j; k++) total -= a[i * n + k]! * a[j * n + k]!;
      if (j < i) a[i * n + j] = total / a[j * n + j]!;
      else if (total > 0) a[i * n + i] = Math.sqrt(total);
      else info = i + 1;
    }
  }
  for (let i = 0; i < n; i++) a.fill(0, i * n + i + 1, (i + 1) * n);
  return info;
}
