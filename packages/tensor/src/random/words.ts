/** Many draws of a generator at a time: blocks of them are made by the engine. */
import { allocate, mersenneTwister, type Storage } from '@sconce/engine';
import { type Mt19937, STATE_WORDS } from './mt19937.ts';

/** Draws in a chunk: few enough to stay in a cache, and whole blocks of 16 and of pairs. */
export const CHUNK: number = 64 * STATE_WORDS;

/** Consecutive draws, not to be kept; the view not even across an allocation. */
export interface Words {
  readonly storage: Storage;
  readonly offset: 0;
  readonly view: Uint32Array;
}

/** Memory for a chunk, and for the state with its room. */
interface Scratch {
  readonly storage: Storage;
  readonly state: Storage;
}

let scratch: Scratch | undefined;

/**
 * Draws `count` times 32 bits and gives them to `use` in chunks, with the number of draws before them and their number.
 * All but the last chunk have a multiple of 48 draws.
 */
export function forEachChunk(
  engine: Mt19937,
  count: number,
  use: (words: Words, first: number, length: number) => void,
): void {
  scratch ??= { storage: allocate(4 * CHUNK), state: allocate(8 * STATE_WORDS) };
  const { storage } = scratch;
  const words: Words = {
    storage,
    offset: 0,
    get view(): Uint32Array {
      return viewOf(storage);
    },
  };
  for (let first = 0; first < count; first += CHUNK) {
    const length = Math.min(CHUNK, count - first);
    draw(engine, scratch, length);
    use(words, first, length);
  }
}

function viewOf(storage: Storage): Uint32Array {
  const bytes = storage.bytes();
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** What is left of the state, then whole renewals of it, then the start of one more. */
function draw(engine: Mt19937, { storage, state }: Scratch, count: number): void {
  const words = viewOf(storage);
  let done = 0;
  for (const rest = Math.min(count, engine.left - 1); done < rest; done++) words[done] = engine.uint32();
  const blocks = Math.floor((count - done) / STATE_WORDS);
  if (blocks > 0) {
    viewOf(state).set(engine.words);
    mersenneTwister({ state: { storage: state, offset: 0 }, words: { storage, offset: done }, blocks });
    engine.words.set(viewOf(state).subarray(0, STATE_WORDS));
    engine.left = 1;
    engine.next = STATE_WORDS;
    done += blocks * STATE_WORDS;
  }
  for (; done < count; done++) words[done] = engine.uint32();
}
