// The judges of the normalizations: statistics in float64, one row or channel at a time.

/** Mean and variance (divided by the number of elements) of some elements. */
export function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, variance };
}

interface Arrays {
  x: Float32Array;
  y: Float32Array;
  weight?: Float32Array | undefined;
  bias?: Float32Array | undefined;
  eps: number;
}

/**
 * Normalizes sets of elements of `x`: `setOf` says which set an element is in, `parameterOf` which weight and bias it has.
 * @returns the statistics of each set.
 */
export function referenceNormalize(
  p: Arrays & {
    sets: number;
    center: boolean;
    setOf: (i: number) => number;
    parameterOf: (i: number) => number;
  },
): { mean: Float32Array; rstd: Float32Array; variance: Float32Array } {
  const members = Array.from({ length: p.sets }, (): number[] => []);
  p.x.forEach((value, i) => void members[p.setOf(i)]!.push(value));
  const statistics = members.map((values) => {
    if (p.center) return moments(values);
    return { mean: 0, variance: values.reduce((a, b) => a + b * b, 0) / values.length };
  });
  const rstds = statistics.map(({ variance }) => 1 / Math.sqrt(variance + p.eps));
  p.x.forEach((value, i) => {
    const set = p.setOf(i);
    const parameter = p.parameterOf(i);
    const normal = (value - statistics[set]!.mean) * rstds[set]!;
    p.y[i] = normal * (p.weight?.[parameter] ?? 1) + (p.bias?.[parameter] ?? 0);
  });
  return {
    mean: Float32Array.from(statistics, ({ mean }) => mean),
    rstd: Float32Array.from(rstds),
    variance: Float32Array.from(statistics, ({ variance }) => variance),
  };
}
