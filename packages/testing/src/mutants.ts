/** Seeded damage to files, for tests that want an error instead of a hang or a crash. */

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
 * `count` damaged copies of a file: bytes changed, the end cut off, a piece repeated. The same seed (the
 * file's length when left out) gives the same copies.
 */
export function* mutants(
  bytes: Uint8Array,
  count: number,
  seed: number = bytes.length,
): Generator<Uint8Array<ArrayBuffer>> {
  const random = generator(seed);
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
    yield mutant;
  }
}

/** Reads files of which each has to be read, or refused with a `refusal`; counts the refused ones. Other errors pass. */
export function countRefused(
  files: Iterable<Uint8Array>,
  refusal: abstract new (...args: never[]) => Error,
  read: (file: Uint8Array) => unknown,
): number {
  let refused = 0;
  for (const file of files) {
    try {
      read(file);
    } catch (error) {
      if (!(error instanceof refusal)) throw error;
      refused++;
    }
  }
  return refused;
}
