// A pool of workers that run machine code beside the caller. The parts of a piece of work are taken one by one by whoever
// is free, so the caller never waits for a thread that has not begun; it waits for parts that were begun and nothing else.

import { EngineError } from '../errors.ts';
import {
  CLAIM_BITS,
  type ControlBlock,
  makeControlBlock,
  WORKER_STRIDE,
  words,
  workerWords,
} from './control-block.ts';
import type { WorkerData } from './worker-source.ts';

/** Microseconds that a worker without work spins before it sleeps. */
const WORKER_SPIN = 150;

/** Looks at a part that another thread has begun before the caller sleeps until it is done. */
const CALLER_SPINS = 4000;

/** Milliseconds that the caller sleeps at a time. */
const NAP = 1;

/** Milliseconds after which the caller looks whether the threads that it waits for are still there. */
const LIVENESS = 20;

const PARTS_MASK = (1 << CLAIM_BITS) - 1;

/** A thread of the host's. */
export interface WorkerHandle {
  /** Ends it now. */
  terminate(): void;
}

/** What a pool asks of the host. */
export interface PoolHost {
  /**
   * Starts a worker that keeps no process alive. `ended` is called once it has ended, for whatever reason.
   * @throws Error where the host refuses.
   */
  start(data: Omit<WorkerData, 'koffi'>, ended: (reason: string) => void): WorkerHandle;
  /** Whether a thread of this process is there, by the operating system's number of it. */
  alive(id: number): boolean;
}

/** Work in parts, each a few tasks one after the other. */
export interface Work {
  readonly parts: number;
  /** For each part, the index behind its last task. */
  readonly ends: Int32Array;
  /** Addresses of the tasks' codes and argument blocks, in pairs. */
  readonly tasks: Float64Array;
  /** Runs a part on this thread. */
  runPart(part: number): void;
}

/** Workers that share one control block. */
export class ThreadPool {
  /** Threads, the caller's included. */
  readonly threads: number;
  readonly #host: PoolHost;
  readonly #control: ControlBlock;
  readonly #workers: WorkerHandle[] = [];
  #number = 0;

  /**
   * Starts the workers, which are not ready yet.
   * @param ended - called when a worker ends that was not told to.
   * @throws Error where the host refuses to start one.
   */
  constructor(host: PoolHost, threads: number, ended: (reason: string) => void) {
    this.threads = threads;
    this.#host = host;
    this.#control = makeControlBlock(threads - 1);
    const { buffer, offsets } = this.#control;
    try {
      for (let index = 0; index < threads - 1; index++) {
        const data = { buffer, offsets, index, spin: WORKER_SPIN };
        this.#workers.push(host.start(data, (reason) => void (this.closed || ended(reason))));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Workers that have started. */
  get ready(): number {
    return Atomics.load(this.#control.words, words.ready);
  }

  /** Workers that have started and do not sleep. */
  get awake(): number {
    return this.ready - Atomics.load(this.#control.words, words.asleep);
  }

  /** Whether the pool was closed. */
  get closed(): boolean {
    return Atomics.load(this.#control.words, words.closing) !== 0;
  }

  /**
   * Runs all parts, on this thread and on those that are free.
   * @param wake - whether sleeping workers are called as well.
   * @throws EngineError when a worker has ended with a part that it had begun; the pool is closed then.
   */
  run(work: Work, wake: boolean): void {
    const { words: control, ends, tasks } = this.#control;
    const { parts } = work;
    ends.set(work.ends.subarray(0, parts));
    tasks.set(work.tasks.subarray(0, 2 * work.ends[parts - 1]!));
    Atomics.store(control, words.done, 0);
    this.#number++;
    Atomics.store(control, words.claim, (this.#number << CLAIM_BITS) | parts);
    Atomics.add(control, words.ticket, 1);
    if (wake && Atomics.load(control, words.asleep) > 0) Atomics.notify(control, words.ticket);
    let taken = 0;
    try {
      for (let part = this.#take(); part >= 0; part = this.#take()) {
        taken++;
        work.runPart(part);
      }
    } finally {
      // Nothing is left unless a part of this thread's has thrown; then nobody begins another.
      const left = Atomics.exchange(control, words.claim, this.#number << CLAIM_BITS) & PARTS_MASK;
      this.#join(parts - taken - left);
    }
  }

  /** Ends all workers: those that sleep at once, the others when they have done what they are at. */
  close(): void {
    Atomics.store(this.#control.words, words.closing, 1);
    Atomics.add(this.#control.words, words.ticket, 1);
    Atomics.notify(this.#control.words, words.ticket);
    for (const worker of this.#workers.splice(0)) worker.terminate();
  }

  /** Waits until `count` workers are ready, `milliseconds` at most; says whether they are. */
  waitUntilReady(milliseconds: number, count: number = this.threads - 1): boolean {
    const until = performance.now() + milliseconds;
    for (let ready = this.ready; ready < count; ready = this.ready) {
      const left = until - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.#control.words, words.ready, ready, left);
    }
    return true;
  }

  #take(): number {
    const control = this.#control.words;
    for (;;) {
      const claim = Atomics.load(control, words.claim);
      const left = claim & PARTS_MASK;
      if (left === 0) return -1;
      if (Atomics.compareExchange(control, words.claim, claim, claim - 1) === claim) return left - 1;
    }
  }

  /** Waits until workers have done `parts` parts. */
  #join(parts: number): void {
    const control = this.#control.words;
    for (let i = 0; i < CALLER_SPINS; i++) if (Atomics.load(control, words.done) >= parts) return;
    Atomics.store(control, words.waiting, 1);
    let looked = performance.now();
    try {
      for (;;) {
        const done = Atomics.load(control, words.done);
        if (done >= parts) return;
        Atomics.wait(control, words.done, done, NAP);
        if (performance.now() - looked < LIVENESS) continue;
        looked = performance.now();
        if (this.#someLost() && Atomics.load(control, words.done) < parts) {
          this.close();
          throw new EngineError(
            'threads',
            'a worker thread ended in the middle of its work, whose results are incomplete',
          );
        }
      }
    } finally {
      Atomics.store(control, words.waiting, 0);
    }
  }

  /** Whether a worker is gone and no other is at work: what is not done now will never be. */
  #someLost(): boolean {
    const control = this.#control.words;
    let lost = false;
    for (let index = 0; index < this.threads - 1; index++) {
      const at = words.workers + index * WORKER_STRIDE;
      const id = Atomics.load(control, at + workerWords.id);
      if (id !== 0 && !this.#host.alive(id)) lost = true;
      else if (Atomics.load(control, at + workerWords.active) !== 0) return false;
    }
    return lost;
  }
}
