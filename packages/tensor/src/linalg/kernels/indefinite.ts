/** LDLᵀ of symmetric matrices with Bunch-Kaufman pivoting, as LAPACK's sytrf and sytrs do it with the lower triangle. */
import { addScaled, swap } from './vectors.ts';

const ALPHA = (1 + Math.sqrt(17)) / 8;

/**
 * Factors in place. pivots[k] > 0: a 1 x 1 block, rows k and pivots[k] - 1 were exchanged; two equal negative ones: a
 * 2 x 2 block, the second row was exchanged with -pivots[k] - 1. Returns the number of the first zero block, or 0.
 */
export function factorLdl(a: Float64Array, n: number, pivots: Int32Array, at: number): number {
  let info = 0;
  for (let k = 0; k < n; ) {
    const { pivot, size, zero } = choosePivot(a, n, k);
    if (zero && info === 0) info = k + 1;
    exchange(a, n, k, pivot, size);
    if (!zero) {
      if (size === 1) eliminateOne(a, n, k);
      else eliminateTwo(a, n, k);
    }
    if (size === 1) pivots[at + k] = pivot + 1;
    else pivots.fill(-(pivot + 1), at + k, at + k + 2);
    k += size;
  }
  return info;
}

function choosePivot(a: Float64Array, n: number, k: number): { pivot: number; size: 1 | 2; zero: boolean } {
  const own = Math.abs(a[k * n + k]!);
  let largest = 0;
  let row = k;
  for (let i = k + 1; i < n; i++) {
    const size = Math.abs(a[i * n + k]!);
    if (size > largest) {
      largest = size;
      row = i;
    }
  }
  if (Math.max(own, largest) === 0) return { pivot: k, size: 1, zero: true };
  if (own >= ALPHA * largest) return { pivot: k, size: 1, zero: false };
  let rowLargest = 0;
  for (let j = k; j < row; j++) rowLargest = Math.max(rowLargest, Math.abs(a[row * n + j]!));
  for (let i = row + 1; i < n; i++) rowLargest = Math.max(rowLargest, Math.abs(a[i * n + row]!));
  if (own >= ALPHA * largest * (largest / rowLargest)) return { pivot: k, size: 1, zero: false };
  const size = Math.abs(a[row * n + row]!) >= ALPHA * rowLargest ? 1 : 2;
  return { pivot: row, size, zero: false };
}

function exchange(a: Float64Array, n: number, k: number, pivot: number, size: 1 | 2): void {
  const own = k + size - 1;
  if (pivot === own) return;
  swap(a, (pivot + 1) * n + own, (pivot + 1) * n + pivot, n - pivot - 1, n);
  for (let i = own + 1; i < pivot; i++) swap(a, i * n + own, pivot * n + i, 1);
  swap(a, own * n + own, pivot * n + pivot, 1);
  if (size === 2) swap(a, (k + 1) * n + k, pivot * n + k, 1);
}

function eliminateOne(a: Float64Array, n: number, k: number): void {
  const inverse = 1 / a[k * n + k]!;
  for (let i = k + 1; i < n; i++) {
    const factor = a[i * n + k]! * inverse;
    for (let j = k + 1; j <= i; j++) a[i * n + j]! -= factor * a[j * n + k]!;
  }
  for (let i = k + 1; i < n; i++) a[i * n + k]! *= inverse;
}

function eliminateTwo(a: Float64Array, n: number, k: number): void {
  const corner = a[(k + 1) * n + k]!;
  const lower = a[(k + 1) * n + k + 1]! / corner;
  const upper = a[k * n + k]! / corner;
  const scale = 1 / (lower * upper - 1) / corner;
  for (let j = k + 2; j < n; j++) {
    const first = scale * (lower * a[j * n + k]! - a[j * n + k + 1]!);
    const second = scale * (upper * a[j * n + k + 1]! - a[j * n + k]!);
    for (let i = j; i < n; i++) {
      a[i * n + j]! -= a[i * n + k]! * first + a[i * n + k + 1]! * second;
    }
    a[j * n + k] = first;
    a[j * n + k + 1] = second;
  }
}

/** Solves A X = B in place of an [n, columns] matrix B with the factors of A. */
export function solveLdlInto(
  ld: Float64Array,
  pivots: Int32Array,
  at: number,
  b: Float64Array,
  n: number,
  columns: number,
): void {
  const exchangeRows = (i: number, other: number): void => {
    if (i !== other) swap(b, i * columns, other * columns, columns);
  };
  for (let k = 0; k < n; ) {
    const pivot = pivots[at + k]!;
    const size = pivot > 0 ? 1 : 2;
    exchangeRows(k + size - 1, Math.abs(pivot) - 1);
    for (let i = k + size; i < n; i++) {
      for (let s = 0; s < size; s++) {
        addScaled(b, i * columns, -ld[i * n + k + s]!, b, (k + s) * columns, columns);
      }
    }
    if (size === 1) for (let j = 0; j < columns; j++) b[k * columns + j]! /= ld[k * n + k]!;
    else solveBlock(ld, b, n, columns, k);
    k += size;
  }
  for (let k = n - 1; k >= 0; ) {
    const pivot = pivots[at + k]!;
    const size = pivot > 0 ? 1 : 2;
    for (let i = k + 1; i < n; i++) {
      for (let s = 0; s < size; s++) {
        addScaled(b, (k - s) * columns, -ld[i * n + k - s]!, b, i * columns, columns);
      }
    }
    exchangeRows(k, Math.abs(pivot) - 1);
    k -= size;
  }
}

function solveBlock(ld: Float64Array, b: Float64Array, n: number, columns: number, k: number): void {
  const corner = ld[(k + 1) * n + k]!;
  const upper = ld[k * n + k]! / corner;
  const lower = ld[(k + 1) * n + k + 1]! / corner;
  const denominator = upper * lower - 1;
  for (let j = 0; j < columns; j++) {
    const first = b[k * columns + j]! / corner;
    const second = b[(k + 1) * columns + j]! / corner;
    b[k * columns + j] = (lower * first - second) / denominator;
    b[(k + 1) * columns + j] = (upper * second - first) / denominator;
  }
}
