// The words that a pool's threads share: what is to be done, how far it has come, and who sleeps.

/** Parts that work is divided into at most: what the claim word can count. */
export const MAXIMUM_PARTS = 256;

/** Launches that all parts of one piece of work have at most. */
export const MAXIMUM_TASKS = 4096;

/** Indices of the control words, 32 bits each; they lie 128 bytes apart, so that waiting for one does not slow writing another. */
export const words = {
  /** Changes with every piece of work; workers wait for it. */
  ticket: 0,
  /**
   * The number of the work in the upper 20 bits, and how many of its parts nobody has taken yet in the lower 12. A part is
   * taken by exchanging the word for the next lower one, which fails once the work is over.
   */
  claim: 32,
  /** Parts of the current work that are done. */
  done: 64,
  /** Whether the caller sleeps until `done` changes. */
  waiting: 96,
  /** Workers that have started. */
  ready: 128,
  /** Workers that sleep until `ticket` changes. */
  asleep: 160,
  /** Not zero: workers end. */
  closing: 192,
  /** The first worker's words, {@link workerWords}; the next worker's are a line further. */
  workers: 224,
} as const;

/** A worker's own words. */
export const workerWords = {
  /** The number by which the operating system knows the thread; zero before it has started. */
  id: 0,
  /** Whether the worker may be holding a part. */
  active: 1,
} as const;

/** Words from one worker's to the next one's. */
export const WORKER_STRIDE: number = 32;

/** Bits of the claim word that count parts. */
export const CLAIM_BITS = 12;

/** The shared memory of a pool, as views. */
export interface ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  /** For each part, the index behind its last task. */
  readonly ends: Int32Array<SharedArrayBuffer>;
  /** Pairs: the address of a task's code, and of its argument block. */
  readonly tasks: Float64Array<SharedArrayBuffer>;
  /** Byte offsets of the last two, for other threads. */
  readonly offsets: { readonly ends: number; readonly tasks: number };
}

/** A control block for `workers` workers, all words zero. */
export function makeControlBlock(workers: number): ControlBlock {
  const count = words.workers + workers * WORKER_STRIDE;
  const ends = count * 4;
  const tasks = ends + MAXIMUM_PARTS * 4;
  const buffer = new SharedArrayBuffer(tasks + MAXIMUM_TASKS * 16);
  return {
    buffer,
    words: new Int32Array(buffer, 0, count),
    ends: new Int32Array(buffer, ends, MAXIMUM_PARTS),
    tasks: new Float64Array(buffer, tasks, 2 * MAXIMUM_TASKS),
    offsets: { ends, tasks },
  };
}
