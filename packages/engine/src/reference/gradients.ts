// The judges of the gradients: definitions, one element at a time, in float64.

/** Extents of elements along one axis. */
interface Extents {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** The gradient of softmax or its logarithm, of its result `y`. */
export function referenceSoftmaxBackward(
  { outer, size, inner }: Extents,
  dy: readonly number[],
  y: readonly number[],
  log: boolean,
): number[] {
  const dx = [...dy];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const places = Array.from({ length: size }, (_, s) => (o * size + s) * inner + i);
      const total = places.reduce((sum, at) => sum + dy[at]! * (log ? 1 : y[at]!), 0);
      for (const at of places) {
        dx[at] = log ? dy[at]! - Math.exp(y[at]!) * total : (dy[at]! - total) * y[at]!;
      }
    }
  }
  return dx;
}

/** The gradient of the cross entropy, of logarithms of probabilities. */
export function referenceCrossEntropyBackward(
  { outer, size, inner }: Extents,
  y: readonly number[],
  targets: readonly number[],
  scales: readonly number[],
): number[] {
  return Array.from({ length: outer * size * inner }, (_, at) => {
    const place = Math.floor(at / (size * inner)) * inner + (at % inner);
    const label = Math.floor(at / inner) % size;
    return (Math.exp(y[at]!) - (label === targets[place] ? 1 : 0)) * scales[place]!;
  });
}

/** Elements in sets with statistics of their own: `setOf` and `parameterOf` as for the normalization itself. */
interface NormGradient {
  readonly dy: readonly number[];
  readonly x: readonly number[];
  /** A weight for each parameter. */
  readonly weight: readonly number[];
  /** A mean and one over a deviation for each set. */
  readonly mean: readonly number[];
  readonly rstd: readonly number[];
  readonly setOf: (i: number) => number;
  readonly parameterOf: (i: number) => number;
  /** Whether the mean is subtracted. */
  readonly center: boolean;
  /** Whether mean and deviation are given numbers. */
  readonly fixed: boolean;
}

/** The gradients of a normalization. */
export function referenceNormBackward(p: NormGradient): { dx: number[]; dweight: number[]; dbias: number[] } {
  const { dy, x, weight, mean, rstd, setOf, parameterOf } = p;
  const normal = x.map((value, i) => (value - (p.center ? mean[setOf(i)]! : 0)) * rstd[setOf(i)]!);
  const [dweight, dbias] = [weight.map(() => 0), weight.map(() => 0)];
  const [counts, sums, products] = [rstd.map(() => 0), rstd.map(() => 0), rstd.map(() => 0)];
  dy.forEach((grad, i) => {
    const [set, parameter] = [setOf(i), parameterOf(i)];
    dweight[parameter]! += grad * normal[i]!;
    dbias[parameter]! += grad;
    counts[set]!++;
    sums[set]! += grad * weight[parameter]!;
    products[set]! += grad * weight[parameter]! * normal[i]!;
  });
  const dx = dy.map((grad, i) => {
    const set = setOf(i);
    const own = grad * weight[parameterOf(i)]!;
    if (p.fixed) return own * rstd[set]!;
    const shift = p.center ? sums[set]! / counts[set]! : 0;
    return rstd[set]! * (own - shift - (normal[i]! * products[set]!) / counts[set]!);
  });
  return { dx, dweight, dbias };
}
