/** The random number generator that users seed: PyTorch's CPU generator, bit for bit. */
import { fail } from '../errors.ts';
import { Mt19937 } from './mt19937.ts';

/** Bytes of a saved state, in the layout of PyTorch's `get_rng_state()`. */
const STATE_BYTES = 5056;
const DEFAULT_SEED = 67280421310721n;
const WORDS = 624;

/** A source of random numbers with a state of its own. */
export class Generator {
  readonly engine: Mt19937 = new Mt19937();
  /** The second number of a pair of normals, kept for the next draw of a single one. */
  cachedNormal: number | undefined;
  #seed = DEFAULT_SEED;

  constructor() {
    this.manualSeed(DEFAULT_SEED);
  }

  /** Starts over from a seed, taken modulo 2^64; the engine uses its low 32 bits. Returns the generator. */
  manualSeed(seed: number | bigint): this {
    if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
      fail('manualSeed', 'invalid seed', 'a safe integer or a bigint', String(seed));
    }
    this.#seed = BigInt.asUintN(64, BigInt(seed));
    this.engine.seed(Number(this.#seed & 0xffffffffn));
    this.cachedNormal = undefined;
    return this;
  }

  /** The seed that {@link manualSeed} got last, as an unsigned 64-bit number. */
  initialSeed(): bigint {
    return this.#seed;
  }

  /** The whole state as PyTorch's `get_state()` lays it out (5056 bytes). */
  getState(): Uint8Array {
    const bytes = new Uint8Array(STATE_BYTES);
    const data = new DataView(bytes.buffer);
    data.setBigUint64(0, this.#seed, true);
    data.setInt32(8, this.engine.left, true);
    data.setInt32(12, 1, true);
    data.setBigUint64(16, BigInt(this.engine.next), true);
    this.engine.words.forEach((word, i) => {
      data.setBigUint64(24 + 8 * i, BigInt(word), true);
    });
    data.setFloat64(5024, this.cachedNormal ?? 0, true);
    data.setInt32(5040, this.cachedNormal === undefined ? 0 : 1, true);
    return bytes;
  }

  /** Restores what {@link getState} gave, here or in PyTorch. Returns the generator. */
  setState(bytes: Uint8Array): this {
    if (bytes.byteLength !== STATE_BYTES) {
      fail('setState', 'wrong size of a generator state', `${STATE_BYTES} bytes`, `${bytes.byteLength}`);
    }
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const left = data.getInt32(8, true);
    const next = Number(data.getBigUint64(16, true));
    if (left < 1 || left > WORDS || next > WORDS || (left > 1 && next + left > WORDS + 1)) {
      fail('setState', 'not the state of a generator');
    }
    this.#seed = data.getBigUint64(0, true);
    this.engine.left = left;
    this.engine.next = next;
    for (let i = 0; i < WORDS; i++) this.engine.words[i] = data.getUint32(24 + 8 * i, true);
    this.cachedNormal = data.getInt32(5040, true) === 0 ? undefined : data.getFloat64(5024, true);
    return this;
  }

  /** One standard normal number in double precision: Box-Muller, whose second number waits for the next call. */
  normal(): number {
    const cached = this.cachedNormal;
    if (cached !== undefined) {
      this.cachedNormal = undefined;
      return cached;
    }
    const u1 = this.engine.uniform53();
    const u2 = this.engine.uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-u2));
    const angle = 2 * Math.PI * u1;
    this.cachedNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** The generator that is used where none is given; seeded differently at every start, as in PyTorch. */
export const defaultGenerator: Generator = new Generator().manualSeed(
  crypto.getRandomValues(new BigUint64Array(1))[0]!,
);

/** Seeds the default generator, so that the same numbers follow as in PyTorch after `torch.manual_seed(seed)`. */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator.manualSeed(seed);
}

/** The seed the default generator was given last. */
export function initialSeed(): bigint {
  return defaultGenerator.initialSeed();
}
