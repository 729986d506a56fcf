// Decides when work is divided: how many threads there are, when workers start, and when sleeping ones are woken.

import { messageOf } from '../native/host.ts';
import { MAXIMUM_PARTS } from './control-block.ts';
import type { ThreadRequest } from './number.ts';
import { type PoolHost, ThreadPool, type Together, type Work } from './pool.ts';

/** From which amount of work on things pay, in nanoseconds that the work takes on one thread. */
export interface ThreadPolicy {
  /** Dividing work among threads that are awake. */
  readonly divide: number;
  /** Waking threads: this much at once, or in a row. */
  readonly wake: number;
  /** Starting threads: this much altogether. */
  readonly start: number;
}

/** A few times what each costs. */
export const defaultPolicy: ThreadPolicy = { divide: 40_000, wake: 100_000, start: 5_000_000 };

/**
 * Milliseconds without work after which what was done alone no longer speaks for waking others: they would sleep again before
 * the next.
 */
const LULL = 0.1;

/** Pools that may fail before work is done alone for good. */
const MAXIMUM_FAILURES = 3;

/** The threads of a process, the caller's included. */
export class ThreadTeam {
  readonly #host: PoolHost;
  #count: number;
  #by: string;
  #policy: ThreadPolicy = defaultPolicy;
  #pool: ThreadPool | undefined;
  #failures = 0;
  #failure: string | undefined;
  /** Nanoseconds of work done alone: in a row, and altogether since the last pool. */
  #alone = 0;
  #total = 0;
  #latest = 0;
  #wake = false;

  constructor(host: PoolHost, { count, by }: ThreadRequest) {
    this.#host = host;
    this.#count = count;
    this.#by = by;
  }

  /** Threads that work is divided among; one after workers have failed too often. */
  get count(): number {
    return this.#failures >= MAXIMUM_FAILURES ? 1 : this.#count;
  }

  /** Threads that have started, the caller's included. */
  get ready(): number {
    return 1 + (this.#pool?.ready ?? 0);
  }

  /** Why there are as many, in words. */
  get reason(): string {
    if (this.#failure === undefined) return this.#by;
    return this.count === this.#count
      ? `${this.#by}; workers have failed before: ${this.#failure}`
      : `workers fail: ${this.#failure}`;
  }

  /** Sets the number of threads from now on, and forgets failures. Workers of another number end. */
  setCount(count: number, by: string): void {
    if (count !== this.#count) this.stop();
    this.#count = count;
    this.#by = by;
    this.#failures = 0;
    this.#failure = undefined;
  }

  setPolicy(policy: ThreadPolicy): void {
    this.#policy = policy;
  }

  /** Parts that work of so many nanoseconds on one thread is to be divided into; 1 where that does not pay now. */
  partsFor(nanoseconds: number): number {
    const { divide, wake, start } = this.#policy;
    if (nanoseconds < divide || this.count === 1 || this.#pool?.busy) return 1;
    this.#wake = false;
    if (this.#pool === undefined || this.#pool.awake === 0) {
      const now = performance.now();
      this.#alone = now - this.#latest > LULL ? nanoseconds : this.#alone + nanoseconds;
      // Estimates may be too low.
      this.#latest = now + (2 * nanoseconds) / 1e6;
      if (this.#alone < wake) return 1;
      this.#wake = true;
      this.#total += nanoseconds;
      if (this.#pool === undefined && this.#total < start) return 1;
      if (this.pool().ready === 0) return 1;
    } else this.#wake = nanoseconds >= wake;
    // Twice as many parts as threads: one that is held up by others on its core holds up less.
    const perThread = nanoseconds >= 10 * divide ? 2 : 1;
    return Math.min(MAXIMUM_PARTS, perThread * this.count);
  }

  /**
   * Runs the parts of what {@link partsFor} was asked about.
   * @throws EngineError when a worker has ended with a part that it had begun.
   */
  run(work: Work): void {
    this.#watched((pool) => pool.run(work, this.#wake));
  }

  /**
   * Threads that functions can run on together: {@link count} when all have started and nothing else runs so, or else one.
   * Threads that are not there yet are started.
   */
  get together(): number {
    if (this.count === 1) return 1;
    const pool = this.pool();
    return pool.ready < pool.threads - 1 || pool.busy ? 1 : pool.threads;
  }

  /** As {@link ThreadPool.runTogether}, for as many functions as {@link together} says. */
  runTogether(work: Together<number>): Int32Array | undefined {
    return this.#watched((pool) => pool.runTogether(work));
  }

  /** As {@link ThreadPool.runTogetherAside}, for as many functions as {@link together} says. */
  async runTogetherAside(work: Together<Promise<number>>): Promise<Int32Array | undefined> {
    const pool = this.pool();
    return pool.runTogetherAside(work).catch((error: unknown) => this.#noticed(pool, error));
  }

  #watched<T>(body: (pool: ThreadPool) => T): T {
    const pool = this.pool();
    try {
      return body(pool);
    } catch (error) {
      return this.#noticed(pool, error);
    }
  }

  #noticed(pool: ThreadPool, error: unknown): never {
    if (pool.closed && pool === this.#pool) this.#failed(messageOf(error));
    throw error;
  }

  /** The pool, started if there is none. */
  pool(): ThreadPool {
    if (this.#pool?.closed) this.#pool = undefined;
    if (this.#pool === undefined) {
      this.#total = 0;
      try {
        this.#pool = new ThreadPool(this.#host, this.count, (reason) => this.#failed(reason));
      } catch (error) {
        this.#failed(messageOf(error));
        this.#failures = MAXIMUM_FAILURES;
        this.#pool = new ThreadPool(this.#host, 1, () => {});
      }
    }
    return this.#pool;
  }

  /** Ends the workers; others start when there is work for them. */
  stop(): void {
    this.#pool?.close();
    this.#pool = undefined;
  }

  #failed(reason: string): void {
    this.#failures++;
    this.#failure = reason;
    this.stop();
  }
}
