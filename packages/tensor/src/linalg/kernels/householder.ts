/** Householder reflections with LAPACK's signs (dlarfg), and what is made of them: QR, its Q, and products with Q. */
import { euclideanNorm } from './vectors.ts';

/**
 * Makes H = I - tau v vᵀ that takes a vector to (beta, 0, ..., 0): beta lies where the vector began and v, whose first
 * element is 1 and not stored, behind it. beta has the sign opposite to the first element. Returns tau.
 */
export function makeReflector(x: Float64Array, at: number, count: number, step: number): number {
  const rest = euclideanNorm(x, at + step, count - 1, step);
  if (rest === 0 || count <= 1) return 0;
  const alpha = x[at]!;
  const whole = Math.hypot(alpha, rest);
  const beta = alpha >= 0 ? -whole : whole;
  const scale = 1 / (alpha - beta);
  for (let i = 1, p = at + step; i < count; i++, p += step) x[p]! *= scale;
  x[at] = beta;
  return (beta - alpha) / beta;
}

/** A stored reflection: where v begins, how far its elements are apart, and its factor. */
export interface Reflector {
  readonly from: Float64Array;
  readonly at: number;
  readonly step: number;
  readonly count: number;
  readonly tau: number;
}

/** Replaces a block of `count` rows and `columns` columns, whose rows are `lead` apart, by H times it. */
export function applyReflector(
  { from, at, step, count, tau }: Reflector,
  target: Float64Array,
  first: number,
  columns: number,
  lead: number,
): void {
  if (tau === 0 || columns <= 0) return;
  const sums = target.slice(first, first + columns);
  for (let i = 1; i < count; i++) {
    const v = from[at + i * step]!;
    const row = first + i * lead;
    for (let j = 0; j < columns; j++) sums[j]! += v * target[row + j]!;
  }
  for (let i = 0; i < count; i++) {
    const factor = tau * (i === 0 ? 1 : from[at + i * step]!);
    const row = first + i * lead;
    for (let j = 0; j < columns; j++) target[row + j]! -= factor * sums[j]!;
  }
}

/** QR in place, as LAPACK's geqrf leaves it: R above, the reflections below the diagonal. Returns their factors. */
export function factorQr(a: Float64Array, m: number, n: number): Float64Array {
  const tau = new Float64Array(Math.min(m, n));
  for (let k = 0; k < tau.length; k++) {
    const at = k * n + k;
    tau[k] = makeReflector(a, at, m - k, n);
    const reflector = { from: a, at, step: n, count: m - k, tau: tau[k]! };
    applyReflector(reflector, a, at + 1, n - k - 1, n);
  }
  return tau;
}

/**
 * Multiplies a dense [m, columns] matrix in place by Q = H1 H2 ... Hk from the left, or by its transpose. The
 * reflections lie below the diagonal of `a`, whose rows have `lead` elements.
 */
export function multiplyByQ(
  a: Float64Array,
  lead: number,
  tau: Float64Array,
  target: Float64Array,
  m: number,
  columns: number,
  transpose: boolean,
): void {
  const k = tau.length;
  for (let step = 0; step < k; step++) {
    const i = transpose ? step : k - 1 - step;
    const reflector = { from: a, at: i * lead + i, step: lead, count: m - i, tau: tau[i]! };
    applyReflector(reflector, target, i * columns, columns, columns);
  }
}

/** The first `columns` columns of Q. */
export function formQ(
  a: Float64Array,
  lead: number,
  tau: Float64Array,
  m: number,
  columns: number,
): Float64Array {
  const q = new Float64Array(m * columns);
  for (let i = 0; i < Math.min(m, columns); i++) q[i * columns + i] = 1;
  for (let i = tau.length - 1; i >= 0; i--) {
    // Columns before i are still those of the identity, which the reflection does not change.
    const reflector = { from: a, at: i * lead + i, step: lead, count: m - i, tau: tau[i]! };
    applyReflector(reflector, q, i * columns + i, columns - i, columns);
  }
  return q;
}

/** The upper triangle of the first `rows` rows of a matrix of n columns. */
export function upperTriangle(a: Float64Array, rows: number, n: number): Float64Array {
  const r = new Float64Array(rows * n);
  for (let i = 0; i < rows; i++) {
    for (let j = i; j < n; j++) r[i * n + j] = a[i * n + j]!;
  }
  return r;
}
