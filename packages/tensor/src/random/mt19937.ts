/** The Mersenne twister mt19937 with the seeding and draws of PyTorch's CPU generator. */

/** Words of the state. */
export const STATE_WORDS: number = 624;
const SHIFT = 397;

/** 624 words of state and how far they are used up. */
export class Mt19937 {
  readonly words: Uint32Array = new Uint32Array(STATE_WORDS);
  /** Draws left, counted as PyTorch stores it: 1 means that the next draw refills the state. */
  left = 1;
  /** Index of the next word. */
  next = 0;

  /** Seeds the state with the low 32 bits of the seed. */
  seed(seed: number): void {
    const { words } = this;
    words[0] = seed;
    for (let i = 1; i < STATE_WORDS; i++) {
      const previous = words[i - 1]!;
      words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
    this.left = 1;
    this.next = 0;
  }

  /** 32 random bits as an unsigned number. */
  uint32(): number {
    if (--this.left === 0) this.#twist();
    let y = this.words[this.next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** 64 random bits; the first draw gives the high word. */
  uint64(): bigint {
    const high = this.uint32();
    return (BigInt(high) << 32n) | BigInt(this.uint32());
  }

  /** A multiple of 2^-24 in [0, 1): what float32 numbers are made of. One draw. */
  uniform24(): number {
    return (this.uint32() & 0xffffff) * 2 ** -24;
  }

  /** A multiple of 2^-53 in [0, 1): what float64 numbers are made of. Two draws, of which 53 bits are used. */
  uniform53(): number {
    const high = this.uint32() & 0x1fffff;
    return (high * 2 ** 32 + this.uint32()) * 2 ** -53;
  }

  #twist(): void {
    const { words } = this;
    const renew = (i: number, following: number, shifted: number): void => {
      const next = words[following]!;
      const mixed = (words[i]! & 0x80000000) | (next & 0x7fffffff);
      words[i] = words[shifted]! ^ (mixed >>> 1) ^ (-(next & 1) & 0x9908b0df);
    };
    const rest = STATE_WORDS - SHIFT;
    for (let i = 0; i < rest; i++) renew(i, i + 1, i + SHIFT);
    for (let i = rest; i < STATE_WORDS - 1; i++) renew(i, i + 1, i - rest);
    renew(STATE_WORDS - 1, 0, SHIFT - 1);
    this.left = STATE_WORDS;
    this.next = 0;
  }
}
