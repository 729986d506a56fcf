/** Seeded damage to files, for tests that want an error instead of a hang or a crash. */
import { CheckpointError } from '../errors.ts';

/** mulberry32: whole numbers below `below`, from a seed. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/**
 * Reads `count` damaged copies of a file (bytes changed, cut, or a piece repeated); every one has to be read or
 * refused with a CheckpointError. Returns how many were refused.
 */
export function readMutants(bytes: Uint8Array, count: number, read: (mutant: Uint8Array) => unknown): number {
  const random = generator(bytes.length);
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const kind = random(4);
    let mutant = bytes.slice(0, kind === 0 ? random(bytes.length) : bytes.length);
    if (kind === 1) {
      const from = random(bytes.length);
      mutant = new Uint8Array([...bytes.subarray(0, from), ...bytes.subarray(random(from + 1))]);
    }
    for (let changes = kind === 0 ? 0 : 1 + random(6); changes > 0 && mutant.length > 0; changes--) {
      // Values at the ends of their ranges break more than random ones.
      mutant[random(mutant.length)] = [0, 1, 0x7f, 0x80, 0xff, random(256)][random(6)]!;
    }
    try {
      read(mutant);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      refused++;
    }
  }
  return refused;
}
