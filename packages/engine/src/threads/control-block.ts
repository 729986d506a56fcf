// The words that a pool's threads share: what is to be done, how far it has come, and who sleeps.

/** Parts that work is divided into at most: what the claim word can count. */
export const MAXIMUM_PARTS = 256;

/** Launches that all parts of one piece of work have at most. */
export const MAXIMUM_TASKS = 4096;

/** UTF-16 units of the text that says why a worker failed. */
const TEXT_UNITS = 512;

/** Indices of the control words, 32 bits each; they lie 128 bytes apart, so that waiting for one does not slow writing another. */
export const words = {
  /** Changes with every piece of work; workers wait for it. */
  ticket: 0,
  /**
   * Which parts nobody has taken yet: from which one on in the middle {@link CLAIM_BITS}, up to which one in the lower ones; the
   * upper ones count works. The caller takes the last part, workers take the first: a thread gets the same part of similar
   * works, whose data are in its cache. A part is taken by exchanging the word, which fails if another thread was faster.
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
  /** Units of text that a worker has left, whose task has thrown; zero as long as none has. */
  failure: 224,
  /** The first worker's words, {@link workerWords}; the next worker's are a line further. */
  workers: 256,
} as const;

/** A worker's own words. */
export const workerWords = {
  /** The number by which the operating system knows the thread; zero before it has started, and where it has none. */
  id: 0,
  /** Whether the worker may be holding a part. */
  active: 1,
} as const;

/** Words from one worker's to the next one's. */
export const WORKER_STRIDE: number = 32;

/** Bits of the claim word for the number of a part. */
export const CLAIM_BITS = 9;

/** Where the parts of a control block start, in bytes. Each reaches to the next one. */
export interface ControlOffsets {
  readonly ends: number;
  readonly statuses: number;
  readonly text: number;
  readonly tasks: number;
}

/** The shared memory of a pool, as views. */
export interface ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  /** For each part, the index behind its last task. */
  readonly ends: Int32Array<SharedArrayBuffer>;
  /** For each part that a worker has done, what its last task returned; nothing of meaning where tasks return nothing. */
  readonly statuses: Int32Array<SharedArrayBuffer>;
  /** Why a worker failed. */
  readonly text: Uint16Array<SharedArrayBuffer>;
  /** Pairs: the address of a task's code, and of its argument block. */
  readonly tasks: Float64Array<SharedArrayBuffer>;
  readonly offsets: ControlOffsets;
}

/** A control block for `workers` workers, all words zero. */
export function makeControlBlock(workers: number): ControlBlock {
  const count = words.workers + workers * WORKER_STRIDE;
  const ends = count * 4;
  const statuses = ends + MAXIMUM_PARTS * 4;
  const text = statuses + MAXIMUM_PARTS * 4;
  const tasks = text + TEXT_UNITS * 2;
  const buffer = new SharedArrayBuffer(tasks + MAXIMUM_TASKS * 16);
  return {
    buffer,
    words: new Int32Array(buffer, 0, count),
    ends: new Int32Array(buffer, ends, MAXIMUM_PARTS),
    statuses: new Int32Array(buffer, statuses, MAXIMUM_PARTS),
    text: new Uint16Array(buffer, text, TEXT_UNITS),
    tasks: new Float64Array(buffer, tasks, 2 * MAXIMUM_TASKS),
    offsets: { ends, statuses, text, tasks },
  };
}
