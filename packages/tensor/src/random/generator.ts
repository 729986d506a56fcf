/** The random number generator that users seed: PyTorch's CPU generator, bit for bit. */
import { flatElements, materialize, newTensor } from '../access.ts';
import { fail } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { sinCos } from './exact-trigonometry.ts';
import { Mt19937, STATE_WORDS } from './mt19937.ts';

/** Bytes of a saved state, in the layout of PyTorch's `get_rng_state()`. */
const STATE_BYTES = 5056;
const DEFAULT_SEED = 67280421310721n;

const circle = { sin: 0, cos: 0 };

/** A source of random numbers with a state of its own. */
export class Generator {
  readonly engine: Mt19937 = new Mt19937();
  /** The second number of a pair of normals, kept for the next draw of a single one. */
  cachedNormal: number | undefined;
  #seed = DEFAULT_SEED;

  constructor() {
    this.manualSeed(DEFAULT_SEED);
  }

  /** The only device there is. */
  get device(): 'cpu' {
    return 'cpu';
  }

  /**
   * Starts over from a seed, taken modulo 2^64; the engine uses its low 32 bits. Returns the generator.
   * @throws TensorError for a seed that is no whole number, or takes more than 64 bits
   */
  manualSeed(seed: number | bigint): this {
    if (typeof seed !== 'bigint' && !Number.isSafeInteger(seed)) {
      fail('manualSeed', 'invalid seed', 'a safe integer or a bigint', String(seed));
    }
    const whole = BigInt(seed);
    if (whole < -(2n ** 63n) || whole >= 2n ** 64n) {
      fail('manualSeed', 'Overflow when unpacking long long', '-2^63 to 2^64 - 1', String(seed));
    }
    this.#seed = BigInt.asUintN(64, whole);
    this.engine.seed(Number(this.#seed & 0xffffffffn));
    this.cachedNormal = undefined;
    return this;
  }

  /** Starts over from a seed that the system draws, and returns it. */
  seed(): bigint {
    this.manualSeed(crypto.getRandomValues(new BigUint64Array(1))[0]!);
    return this.#seed;
  }

  /** The seed that {@link manualSeed} or {@link seed} set last, as an unsigned 64-bit number. */
  initialSeed(): bigint {
    return this.#seed;
  }

  /** The whole state, laid out as PyTorch's `get_state()` does: 5056 elements of uint8. */
  getState(): Tensor {
    const state = newTensor([STATE_BYTES], 'uint8');
    const bytes = flatElements(state) as Uint8Array;
    bytes.fill(0);
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    data.setBigUint64(0, this.#seed, true);
    data.setInt32(8, this.engine.left, true);
    data.setInt32(12, 1, true);
    data.setBigUint64(16, BigInt(this.engine.next), true);
    this.engine.words.forEach((word, i) => {
      data.setUint32(24 + 8 * i, word, true);
    });
    data.setFloat64(5024, this.cachedNormal ?? 0, true);
    data.setInt32(5040, this.cachedNormal === undefined ? 0 : 1, true);
    return state;
  }

  /**
   * Restores what {@link getState} gave, here or in PyTorch. Returns the generator.
   * @throws TensorError if it is no such tensor
   */
  setState(state: Tensor): this {
    if (!(state instanceof Tensor) || state.dtype !== 'uint8') {
      fail('setState', 'RNG state must be a torch.ByteTensor');
    }
    const bytes = flatElements(materialize(state)) as Uint8Array;
    if (bytes.byteLength !== STATE_BYTES) {
      fail(
        'setState',
        `Expected a CPUGeneratorImplState of size ${STATE_BYTES} but found the input RNG state size to be ${bytes.byteLength}`,
      );
    }
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const left = data.getInt32(8, true);
    const seeded = data.getInt32(12, true);
    const next = Number(data.getBigUint64(16, true));
    const whole = left > 0 && left <= STATE_WORDS && next <= STATE_WORDS;
    if (!whole || seeded !== 1 || (left > 1 && next + left > STATE_WORDS + 1)) {
      fail('setState', 'Invalid mt19937 state');
    }
    this.#seed = data.getBigUint64(0, true);
    this.engine.left = left;
    this.engine.next = next;
    for (let i = 0; i < STATE_WORDS; i++) this.engine.words[i] = data.getUint32(24 + 8 * i, true);
    this.cachedNormal = data.getInt32(5040, true) === 0 ? undefined : data.getFloat64(5024, true);
    return this;
  }

  /** A generator in the same state that goes on by itself. */
  cloneState(): Generator {
    return new Generator().setState(this.getState());
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
    sinCos(2 * Math.PI * u1, circle);
    this.cachedNormal = radius * circle.sin;
    return radius * circle.cos;
  }
}

/** The generator that is used where none is given; seeded differently at every start, as in PyTorch. */
export const defaultGenerator: Generator = new Generator();
defaultGenerator.seed();

/** Seeds the default generator, so that the same numbers follow as in PyTorch after `torch.manual_seed(seed)`. */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator.manualSeed(seed);
}

/** Seeds the default generator from the system, and returns the seed. */
export function seed(): bigint {
  return defaultGenerator.seed();
}

/** The seed the default generator was given last. */
export function initialSeed(): bigint {
  return defaultGenerator.initialSeed();
}

/** The default generator's state: 5056 elements of uint8, as in PyTorch. */
export function getRngState(): Tensor {
  return defaultGenerator.getState();
}

/** Puts the default generator into a state of {@link getRngState}. @throws TensorError if it is none */
export function setRngState(state: Tensor): void {
  defaultGenerator.setState(state);
}

/**
 * Runs `body`, after which the default generator goes on as if nothing had been drawn (PyTorch's `random.fork_rng`). A
 * promise that `body` returns is waited for.
 */
export function forkRng<T>(body: () => T): T {
  const state = getRngState();
  let result: T;
  try {
    result = body();
  } catch (error) {
    setRngState(state);
    throw error;
  }
  if (result instanceof Promise) return result.finally(() => setRngState(state)) as T;
  setRngState(state);
  return result;
}
