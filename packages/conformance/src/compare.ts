/** Compares a result with PyTorch's, by the tolerances the project states. */
import type { Tensor } from '@sconce/tensor';

/** How close a result must be. */
export type Tolerance =
  | {
      /**
       * `torch.testing.assert_close`'s defaults for the dtype, elementwise, or twice PyTorch's own distance between
       * its float32 and its float64 result where that is larger.
       */
      readonly kind: 'elementwise';
      readonly reference64?: Tensor;
      /** That distance, where it is known already. */
      readonly distance?: number;
    }
  | {
      /** The largest absolute difference divided by the largest absolute reference value. */
      readonly kind: 'relative-to-largest';
      readonly limit: number;
    };

/** The outcome of a comparison. */
export interface Comparison {
  readonly ok: boolean;
  readonly maxAbs: number | null;
  readonly maxRel: number | null;
  readonly reason: string;
}

/** `torch.testing.assert_close`'s default tolerances; dtypes not named here must be equal. */
const defaults: Readonly<Record<string, { rtol: number; atol: number }>> = {
  float16: { rtol: 1e-3, atol: 1e-5 },
  bfloat16: { rtol: 1.6e-2, atol: 1e-5 },
  float32: { rtol: 1.3e-6, atol: 1e-5 },
  float64: { rtol: 1e-7, atol: 1e-7 },
};

/** Compares dtype, shape and every element; NaN equals NaN, infinities equal themselves. */
export function compareTensors(actual: Tensor, expected: Tensor, tolerance: Tolerance): Comparison {
  if (actual.dtype !== expected.dtype) {
    return different(`dtype: expected ${expected.dtype}, got ${actual.dtype}`);
  }
  if (actual.shape.join() !== expected.shape.join()) {
    return different(`shape: expected [${expected.shape.join(', ')}], got [${actual.shape.join(', ')}]`);
  }
  const a = numbers(actual);
  const b = numbers(expected);
  const { rtol, atol } = defaults[actual.dtype] ?? { rtol: 0, atol: 0 };
  const own =
    tolerance.kind === 'elementwise' && tolerance.reference64 !== undefined
      ? 2 * largestDifference(b, numbers(tolerance.reference64))
      : tolerance.kind === 'elementwise'
        ? 2 * (tolerance.distance ?? 0)
        : 0;
  let maxAbs = 0;
  let largest = 0;
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < b.length; i++) {
    const want = b[i] ?? Number.NaN;
    const difference = distance(a[i] ?? Number.NaN, want);
    if (Number.isFinite(want)) largest = Math.max(largest, Math.abs(want));
    maxAbs = Math.max(maxAbs, difference);
    const permitted =
      tolerance.kind === 'elementwise'
        ? Math.max(atol + (Number.isFinite(want) ? rtol * Math.abs(want) : 0), own)
        : Number.POSITIVE_INFINITY;
    if (difference - permitted > worstExcess) {
      worstExcess = difference - permitted;
      worst = i;
    }
  }
  const maxRel = maxAbs === 0 ? 0 : maxAbs / largest;
  if (worst >= 0) {
    return { ok: false, maxAbs, maxRel, reason: `element ${worst}: expected ${b[worst]}, got ${a[worst]}` };
  }
  if (tolerance.kind === 'relative-to-largest' && !(maxRel <= tolerance.limit)) {
    return {
      ok: false,
      maxAbs,
      maxRel,
      reason: `relative to the largest value: expected at most ${tolerance.limit}, got ${maxRel.toExponential(2)}`,
    };
  }
  return { ok: true, maxAbs, maxRel, reason: '' };
}

/** The worst of several comparisons, the first that failed if one did. */
export function combineComparisons(comparisons: readonly Comparison[]): Comparison {
  const worst = (key: 'maxAbs' | 'maxRel'): number | null =>
    comparisons.reduce<number | null>(
      (most, one) => (one[key] === null ? most : Math.max(most ?? 0, one[key])),
      null,
    );
  const failed = comparisons.find((one) => !one.ok);
  return {
    ok: failed === undefined,
    maxAbs: worst('maxAbs'),
    maxRel: worst('maxRel'),
    reason: failed?.reason ?? '',
  };
}

function different(reason: string): Comparison {
  return { ok: false, maxAbs: null, maxRel: null, reason };
}

/** Zero for equal numbers and for two NaNs, infinity where only one side is NaN or an infinity differs. */
function distance(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const difference = Math.abs(a - b);
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = distance(a[i] ?? Number.NaN, b[i] ?? Number.NaN);
    if (Number.isFinite(difference)) most = Math.max(most, difference);
  }
  return most;
}

/** The elements as numbers; int64 beyond 2^53 loses no equality that matters, since both sides round alike. */
function numbers(tensor: Tensor): ArrayLike<number> {
  const array = tensor.toTypedArray();
  return array instanceof BigInt64Array || array instanceof BigUint64Array
    ? Array.from(array, Number)
    : array;
}
