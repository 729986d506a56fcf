// Numbers for operands: the same in every run, spread evenly over a range.

/** Fills `into` with numbers of a linear congruential generator, from `low` up to, not including, `high`. */
export function fillUniform(into: Float32Array, [low, high]: readonly [number, number], seed: number): void {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const scale = (high - low) / 2 ** 24;
  for (let i = 0; i < into.length; i++) {
    // The constants of Numerical Recipes; only the upper bits are good.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    into[i] = low + (state >>> 8) * scale;
  }
}
