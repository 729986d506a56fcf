// Judges whether two sides computed the same, before anything is timed.

/**
 * Compares results element by element, relative to the largest reference value.
 *
 * @throws Error naming the worst element when the difference is over `tolerance` or either side is not finite
 */
export function assertSameResults(
  name: string,
  got: Float32Array,
  expected: Float32Array,
  tolerance: number,
): void {
  if (got.length !== expected.length) {
    throw new Error(`${name}: another number of results, expected ${expected.length}, got ${got.length}`);
  }
  let largest = 0;
  let worst = 0;
  let at = 0;
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i]! - expected[i]!);
    if (!Number.isFinite(difference)) {
      throw new Error(`${name}: element ${i} is not finite, expected ${expected[i]}, got ${got[i]}`);
    }
    largest = Math.max(largest, Math.abs(expected[i]!));
    if (difference > worst) {
      worst = difference;
      at = i;
    }
  }
  if (worst > tolerance * largest) {
    const relative = (worst / largest).toExponential(1);
    throw new Error(
      `${name}: results differ by ${relative} of the largest at element ${at}, expected at most ${tolerance}: ${expected[at]} and ${got[at]}`,
    );
  }
}
