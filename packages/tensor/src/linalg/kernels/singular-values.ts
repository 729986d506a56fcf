/**
 * Singular value decomposition: QR of the longer side, Householder bidiagonalization, then implicit QR
 * (Golub and Van Loan, Matrix Computations, 8.6).
 */
import { applyReflector, factorQr, formQ, makeReflector, multiplyByQ, upperTriangle } from './householder.ts';
import { identity, largestMagnitude, rotate, transposed } from './vectors.ts';

/** Singular values in descending order; rows of `u` and `v` are singular vectors. */
export interface SingularValues {
  readonly values: Float64Array;
  /** Dense [uCount, m]. */
  readonly u: Float64Array | undefined;
  /** Dense [vCount, n]. */
  readonly v: Float64Array | undefined;
}

/** Which singular vectors are wanted. */
export type SingularVectors = 'none' | 'reduced' | 'full';

const MOST_SWEEPS = 75;

/** Decomposes a dense [m, n] matrix. @throws RangeError where the iteration does not converge */
export function singularValues(
  a: Float64Array,
  m: number,
  n: number,
  wanted: SingularVectors,
): SingularValues {
  if (m < n) {
    const { values, u, v } = singularValues(transposed(a, m, n), n, m, wanted);
    return { values, u: v, v: u };
  }
  if (m === n) return square(a.slice(), n, wanted !== 'none');
  const qr = a.slice();
  const tau = factorQr(qr, m, n);
  const { values, u, v } = square(upperTriangle(qr, n, n), n, wanted !== 'none');
  if (u === undefined) return { values, u, v };
  const columns = wanted === 'full' ? m : n;
  // U of the triangle under zeros, and ones for the vectors that complete it.
  const whole = new Float64Array(m * columns);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) whole[i * columns + j] = u[j * n + i]!;
  for (let i = n; i < columns; i++) whole[i * columns + i] = 1;
  multiplyByQ(qr, n, tau, whole, m, columns, false);
  return { values, u: transposed(whole, m, columns), v };
}

/** The two diagonals, and the singular vectors as rows. */
interface Bidiagonal {
  readonly n: number;
  readonly d: Float64Array;
  readonly e: Float64Array;
  readonly u: Float64Array | undefined;
  readonly v: Float64Array | undefined;
}

function square(a: Float64Array, n: number, wantVectors: boolean): SingularValues {
  const scale = largestMagnitude(a, 0, n * n);
  if (!(scale < Number.POSITIVE_INFINITY))
    throw new RangeError('the input matrix contained non-finite values');
  if (scale > 0) for (let i = 0; i < a.length; i++) a[i]! /= scale;
  const b = bidiagonalize(a, n, wantVectors);
  iterate(b);
  for (let i = 0; i < n; i++) {
    if (b.d[i]! < 0) {
      b.d[i] = -b.d[i]!;
      if (b.v !== undefined) for (let j = i * n; j < (i + 1) * n; j++) b.v[j] = -b.v[j]!;
    }
    b.d[i]! *= scale;
  }
  return descending(b);
}

function bidiagonalize(a: Float64Array, n: number, wantVectors: boolean): Bidiagonal {
  const d = new Float64Array(n);
  const e = new Float64Array(Math.max(n - 1, 0));
  const left = new Float64Array(n);
  const right = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const at = k * n + k;
    left[k] = makeReflector(a, at, n - k, n);
    d[k] = a[at]!;
    applyReflector({ from: a, at, step: n, count: n - k, tau: left[k]! }, a, at + 1, n - k - 1, n);
    if (k === n - 1) break;
    right[k] = makeReflector(a, at + 1, n - k - 1, 1);
    e[k] = a[at + 1]!;
    applyFromRight(a, n, k, right[k]!);
  }
  if (!wantVectors) return { n, d, e, u: undefined, v: undefined };
  const u = transposed(formQ(a, n, left, n, n), n, n);
  const v = identity(n);
  for (let k = n - 2; k >= 0; k--) {
    const at = k * n + k + 1;
    const reflector = { from: a, at, step: 1, count: n - k - 1, tau: right[k]! };
    applyReflector(reflector, v, (k + 1) * n + k + 1, n - k - 1, n);
  }
  return { n, d, e, u, v: transposed(v, n, n) };
}

/** Rows below k times the reflection stored in row k behind the diagonal. */
function applyFromRight(a: Float64Array, n: number, k: number, tau: number): void {
  if (tau === 0) return;
  const at = k * n;
  for (let i = k + 1; i < n; i++) {
    const row = i * n;
    let total = a[row + k + 1]!;
    for (let j = k + 2; j < n; j++) total += a[row + j]! * a[at + j]!;
    total *= tau;
    a[row + k + 1]! -= total;
    for (let j = k + 2; j < n; j++) a[row + j]! -= total * a[at + j]!;
  }
}

function iterate(b: Bidiagonal): void {
  const { n, d, e } = b;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]!) + Math.abs(e[i] ?? 0));
  const negligible = Number.EPSILON * norm;
  let sweeps = 0;
  for (let high = n - 1; high > 0; ) {
    let low = high;
    while (low > 0) {
      const step = e[low - 1]!;
      if (
        Math.abs(step) <= Number.EPSILON * (Math.abs(d[low - 1]!) + Math.abs(d[low]!)) ||
        Math.abs(step) < 1e-300
      ) {
        e[low - 1] = 0;
        break;
      }
      low--;
    }
    if (low === high) {
      high--;
      sweeps = 0;
      continue;
    }
    if (sweeps++ === MOST_SWEEPS) throw new RangeError(`singular value ${high} needs too many steps`);
    if (!clearZeros(b, low, high, negligible)) sweep(b, low, high);
  }
}

/** Decouples the block where an element of its diagonal is zero. Returns whether one was. */
function clearZeros({ n, d, e, u, v }: Bidiagonal, low: number, high: number, negligible: number): boolean {
  for (let i = low; i < high; i++) {
    if (Math.abs(d[i]!) > negligible * Number.EPSILON) continue;
    d[i] = 0;
    let f = e[i]!;
    e[i] = 0;
    for (let j = i + 1; j <= high && f !== 0; j++) {
      const r = Math.sqrt(d[j]! * d[j]! + f * f);
      if (r === 0) break;
      const c = d[j]! / r;
      const s = f / r;
      d[j] = r;
      if (j < high) {
        f = -s * e[j]!;
        e[j]! *= c;
      }
      if (u !== undefined) rotate(u, j * n, i * n, n, c, s);
    }
    return true;
  }
  if (Math.abs(d[high]!) > negligible * Number.EPSILON) return false;
  d[high] = 0;
  let f = e[high - 1]!;
  e[high - 1] = 0;
  for (let j = high - 1; j >= low && f !== 0; j--) {
    const r = Math.sqrt(d[j]! * d[j]! + f * f);
    if (r === 0) break;
    const c = d[j]! / r;
    const s = f / r;
    d[j] = r;
    if (j > low) {
      f = -s * e[j - 1]!;
      e[j - 1]! *= c;
    }
    if (v !== undefined) rotate(v, j * n, high * n, n, c, s);
  }
  return true;
}

/** One implicit QR step with Wilkinson's shift on the unreduced block low..high. */
function sweep({ n, d, e, u, v }: Bidiagonal, low: number, high: number): void {
  let y = d[low]! - shiftOf(d, e, low, high) / d[low]!;
  let z = e[low]!;
  for (let k = low; k < high; k++) {
    let r = Math.sqrt(y * y + z * z);
    let c = r === 0 ? 1 : y / r;
    let s = r === 0 ? 0 : z / r;
    if (k > low) e[k - 1] = r;
    y = c * d[k]! + s * e[k]!;
    e[k] = c * e[k]! - s * d[k]!;
    z = s * d[k + 1]!;
    d[k + 1]! *= c;
    if (v !== undefined) rotate(v, k * n, (k + 1) * n, n, c, s);
    r = Math.sqrt(y * y + z * z);
    c = r === 0 ? 1 : y / r;
    s = r === 0 ? 0 : z / r;
    d[k] = r;
    y = c * e[k]! + s * d[k + 1]!;
    d[k + 1] = c * d[k + 1]! - s * e[k]!;
    if (k < high - 1) {
      z = s * e[k + 1]!;
      e[k + 1]! *= c;
    }
    if (u !== undefined) rotate(u, k * n, (k + 1) * n, n, c, s);
  }
  e[high - 1] = y;
}

/** The eigenvalue of the trailing 2 x 2 block of BᵀB that is nearer to its last element. */
function shiftOf(d: Float64Array, e: Float64Array, low: number, high: number): number {
  const before = high - 1 > low ? e[high - 2]! : 0;
  const a = d[high - 1]! ** 2 + before ** 2;
  const b = d[high - 1]! * e[high - 1]!;
  const c = d[high]! ** 2 + e[high - 1]! ** 2;
  if (b === 0) return c;
  const half = (a - c) / 2;
  const root = Math.hypot(half, b);
  return c - (b * b) / (half + (half >= 0 ? root : -root));
}

function descending({ n, d, u, v }: Bidiagonal): SingularValues {
  const order = Array.from(d.keys()).sort((i, j) => d[j]! - d[i]!);
  const rows = (from: Float64Array | undefined): Float64Array | undefined => {
    if (from === undefined) return undefined;
    const sorted = new Float64Array(n * n);
    order.forEach((i, to) => {
      sorted.set(from.subarray(i * n, (i + 1) * n), to * n);
    });
    return sorted;
  };
  return { values: Float64Array.from(order, (i) => d[i]!), u: rows(u), v: rows(v) };
}
