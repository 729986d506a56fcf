/**
 * Eigenvalues and eigenvectors of symmetric matrices: Householder reduction to tridiagonal form, then implicit QL
 * (Golub and Van Loan, Matrix Computations, 8.3; Dubrulle's form of the shift).
 */
import { applyReflector, makeReflector } from './householder.ts';
import { addScaled, identity, largestMagnitude, rotate, transposed } from './vectors.ts';

/** Eigenvalues in ascending order; row i of `vectors` (dense n x n) is the eigenvector of the i-th. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array | undefined;
}

const MOST_SWEEPS = 60;

/**
 * Decomposes a symmetric matrix, which is overwritten. Elements that are not finite give NaN, as in PyTorch.
 * @throws RangeError where the iteration does not converge
 */
export function symmetricEigen(a: Float64Array, n: number, wantVectors: boolean): SymmetricEigen {
  const scale = largestMagnitude(a, 0, n * n);
  if (!(scale < Number.POSITIVE_INFINITY)) {
    const nan = (count: number): Float64Array => new Float64Array(count).fill(Number.NaN);
    return { values: nan(n), vectors: wantVectors ? nan(n * n) : undefined };
  }
  if (scale > 0) for (let i = 0; i < a.length; i++) a[i]! /= scale;
  const off = new Float64Array(n);
  const tau = tridiagonalize(a, n, off);
  const values = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  const vectors = wantVectors ? rowsOfQ(a, n, tau) : undefined;
  iterate(values, off, vectors, n);
  for (let i = 0; i < n; i++) values[i]! *= scale;
  return ascending(values, vectors, n);
}

/** Reduces to tridiagonal form; the diagonal stays in `a`, the reflections below it. */
function tridiagonalize(a: Float64Array, n: number, off: Float64Array): Float64Array {
  const tau = new Float64Array(Math.max(n - 2, 0));
  const w = new Float64Array(n);
  for (let k = 0; k < n - 1; k++) {
    const first = k + 1;
    if (k < tau.length) tau[k] = makeReflector(a, first * n + k, n - first, n);
    off[k] = a[first * n + k]!;
    const factor = tau[k] ?? 0;
    if (factor === 0) continue;
    const v = (i: number): number => (i === first ? 1 : a[i * n + k]!);
    // w = factor B v - (factor² vᵀ B v / 2) v, and B becomes B - v wᵀ - w vᵀ.
    let along = 0;
    for (let i = first; i < n; i++) {
      let total = 0;
      for (let j = first; j < n; j++) total += a[i * n + j]! * v(j);
      w[i] = factor * total;
      along += w[i]! * v(i);
    }
    for (let i = first; i < n; i++) w[i]! -= 0.5 * factor * along * v(i);
    for (let i = first; i < n; i++) {
      const own = v(i);
      const other = w[i]!;
      addScaled(a, i * n + first, -own, w, first, n - first);
      a[i * n + first]! -= other;
      for (let j = first + 1; j < n; j++) a[i * n + j]! -= other * a[j * n + k]!;
    }
  }
  return tau;
}

/** The orthogonal matrix of the reduction, its columns as rows. */
function rowsOfQ(a: Float64Array, n: number, tau: Float64Array): Float64Array {
  const q = identity(n);
  for (let k = tau.length - 1; k >= 0; k--) {
    const at = (k + 1) * n + k;
    const reflector = { from: a, at, step: n, count: n - k - 1, tau: tau[k]! };
    applyReflector(reflector, q, (k + 1) * n + k + 1, n - k - 1, n);
  }
  return transposed(q, n, n);
}

/** QL with implicit shifts on a tridiagonal matrix; rotations are applied to the rows of `z`. */
function iterate(d: Float64Array, e: Float64Array, z: Float64Array | undefined, n: number): void {
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      if (sweep === MOST_SWEEPS) throw new RangeError(`eigenvalue ${l} needs too many steps`);
      sweepUp(d, e, z, n, l, m);
    }
  }
}

function sweepUp(
  d: Float64Array,
  e: Float64Array,
  z: Float64Array | undefined,
  n: number,
  l: number,
  m: number,
): void {
  const half = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  const root = Math.hypot(half, 1);
  let g = d[m]! - d[l]! + e[l]! / (half + (half >= 0 ? root : -root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    const t = (d[i]! - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    if (z !== undefined) rotate(z, (i + 1) * n, i * n, n, c, s);
  }
  d[l]! -= p;
  e[l] = g;
  e[m] = 0;
}

function ascending(values: Float64Array, vectors: Float64Array | undefined, n: number): SymmetricEigen {
  const order = Array.from(values.keys()).sort((i, j) => values[i]! - values[j]!);
  if (vectors === undefined) return { values: Float64Array.from(order, (i) => values[i]!), vectors };
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => values[i]!), vectors: sorted };
}
