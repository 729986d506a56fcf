// A pool of workers that run kernels beside the caller. The parts of a piece of work are taken one by one by whoever
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

/** Milliseconds that work may take where the host does not tell whether a worker is still there. */
const PATIENCE = 60_000;

/** Milliseconds within which all threads must have come for functions that run together. */
const GATHERING = 50;

const PART_MASK = (1 << CLAIM_BITS) - 1;

/** Parts that nobody has taken, by the word that tells. */
function partsLeft(claim: number): number {
  return (claim & PART_MASK) - ((claim >> CLAIM_BITS) & PART_MASK);
}

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
  start(data: WorkerData, ended: (reason: string) => void): WorkerHandle;
  /** Whether a thread of this process is there, by the operating system's number of it. */
  alive(id: number): boolean;
  /** Whether the thread that calls may sleep. */
  readonly callerSleeps: boolean;
  /** Has `callback` called when the process exits; gives a function that calls this off. */
  atExit(callback: () => void): () => void;
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

/** Functions that run at the same time, one on each thread, so that they may wait for each other. */
export interface Together<Status> {
  /** Addresses of the codes and argument blocks of all but the caller's, in pairs. */
  readonly tasks: Float64Array;
  /** Runs the caller's function and gives what it returned. */
  runOwn(): Status;
  /** Tells the functions that run to give up waiting and return. */
  abort(): void;
}

/** Workers that share one control block. */
export class ThreadPool {
  /** Threads, the caller's included. */
  readonly threads: number;
  readonly #host: PoolHost;
  readonly #control: ControlBlock;
  readonly #workers: WorkerHandle[] = [];
  readonly #patience: number;
  #number = 0;
  #busy = false;

  /**
   * Starts the workers, which are not ready yet.
   * @param ended - called when a worker ends that was not told to.
   * @param patience - milliseconds that work may take where the host does not tell whether a worker is still there.
   * @throws Error where the host refuses to start one.
   */
  constructor(host: PoolHost, threads: number, ended: (reason: string) => void, patience: number = PATIENCE) {
    this.#patience = patience;
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

  /** Whether functions run together just now, which leaves no thread for anything else. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Runs all parts, on this thread and on those that are free.
   * @param wake - whether sleeping workers are called as well.
   * @throws EngineError when a worker has ended with a part that it had begun, or a task has thrown there; the pool is
   * closed then.
   */
  run(work: Work, wake: boolean): void {
    const { ends, tasks } = this.#control;
    const { parts } = work;
    if (this.#busy) {
      for (let part = 0; part < parts; part++) work.runPart(part);
      return;
    }
    ends.set(work.ends.subarray(0, parts));
    tasks.set(work.tasks.subarray(0, 2 * work.ends[parts - 1]!));
    const started = this.#publish(parts, wake);
    let taken = 0;
    try {
      for (let part = this.#take(); part >= 0; part = this.#take()) {
        taken++;
        work.runPart(part);
      }
    } finally {
      // Nothing is left unless a part of this thread's has thrown; then nobody begins another.
      this.#join(parts - taken - this.#withdraw(), started);
    }
  }

  /**
   * Runs one function on each thread at the same time, {@link threads} of them, and gives what they returned: the lower 32
   * bits, the caller's last.
   *
   * @returns nothing when not all threads came: other work is under way, or they did not come in time, and what had begun was
   * told to abort.
   * @throws EngineError when a worker has ended in the middle, or a function has thrown there; the pool is closed then.
   */
  runTogether(work: Together<number>): Int32Array | undefined {
    const started = this.#gather(work);
    if (started === undefined) return undefined;
    let own: number;
    try {
      own = work.runOwn();
    } catch (error) {
      work.abort();
      throw error;
    } finally {
      this.#busy = false;
      this.#join(this.threads - 1, started);
    }
    return this.#statuses(own);
  }

  /** As {@link runTogether}, where the caller's function runs elsewhere: the event loop goes on meanwhile. */
  async runTogetherAside(work: Together<Promise<number>>): Promise<Int32Array | undefined> {
    const started = this.#gather(work);
    if (started === undefined) return undefined;
    const callOff = this.#host.atExit(() => work.abort());
    let own: number;
    try {
      own = await work.runOwn();
    } catch (error) {
      work.abort();
      throw error;
    } finally {
      await this.#joinAside(this.threads - 1, started).finally(() => {
        this.#busy = false;
        callOff();
      });
    }
    return this.#statuses(own);
  }

  /** Ends all workers: those that sleep at once, the others when they have done what they are at. */
  close(): void {
    Atomics.store(this.#control.words, words.closing, 1);
    Atomics.add(this.#control.words, words.ticket, 1);
    Atomics.notify(this.#control.words, words.ticket);
    // Those that run functions together would be stopped before they have said that they are done.
    if (!this.#busy) for (const worker of this.#workers.splice(0)) worker.terminate();
  }

  /** Waits until `count` workers are ready, `milliseconds` at most and not where this thread may not sleep; says whether they are. */
  waitUntilReady(milliseconds: number, count: number = this.threads - 1): boolean {
    const until = performance.now() + milliseconds;
    for (let ready = this.ready; ready < count; ready = this.ready) {
      if (!this.#host.callerSleeps) return false;
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
      if (partsLeft(claim) === 0) return -1;
      if (Atomics.compareExchange(control, words.claim, claim, claim - 1) === claim)
        return (claim & PART_MASK) - 1;
    }
  }

  /** Makes work known, and gives the time. */
  #publish(parts: number, wake: boolean): number {
    const control = this.#control.words;
    Atomics.store(control, words.done, 0);
    this.#number++;
    Atomics.store(control, words.claim, (this.#number << (2 * CLAIM_BITS)) | parts);
    Atomics.add(control, words.ticket, 1);
    if (wake && Atomics.load(control, words.asleep) > 0) Atomics.notify(control, words.ticket);
    return performance.now();
  }

  /** Leaves no part to be taken; gives how many there were. */
  #withdraw(): number {
    return partsLeft(Atomics.exchange(this.#control.words, words.claim, this.#number << (2 * CLAIM_BITS)));
  }

  /** Hands each worker a function; gives the time when all have theirs, or nothing. */
  #gather(work: Together<unknown>): number | undefined {
    const parts = this.threads - 1;
    if (this.#busy || this.closed || this.ready < parts) return undefined;
    const control = this.#control;
    control.tasks.set(work.tasks.subarray(0, 2 * parts));
    for (let part = 0; part < parts; part++) control.ends[part] = part + 1;
    const started = this.#publish(parts, true);
    while (partsLeft(Atomics.load(control.words, words.claim)) > 0) {
      if (performance.now() - started < GATHERING) continue;
      const left = this.#withdraw();
      if (left === 0) break;
      work.abort();
      this.#join(parts - left, started);
      if (this.#someLost()) this.close();
      return undefined;
    }
    this.#busy = true;
    return started;
  }

  #statuses(own: number): Int32Array {
    return Int32Array.of(...this.#control.statuses.subarray(0, this.threads - 1), own);
  }

  /** Waits until workers have done `parts` parts, of work that was made known at the time `started`. */
  #join(parts: number, started: number): void {
    const control = this.#control.words;
    const sleeps = this.#host.callerSleeps;
    for (let i = 0; i < CALLER_SPINS; i++) if (this.#isDone(parts)) return;
    if (sleeps) Atomics.store(control, words.waiting, 1);
    let looked = performance.now();
    try {
      for (;;) {
        const done = Atomics.load(control, words.done);
        if (this.#isDone(parts)) return;
        if (sleeps) Atomics.wait(control, words.done, done, NAP);
        const now = performance.now();
        if (now - looked < LIVENESS) continue;
        looked = now;
        this.#checkProgress(parts, now - started);
      }
    } finally {
      Atomics.store(control, words.waiting, 0);
    }
  }

  /** As {@link #join}, between turns of the event loop. */
  async #joinAside(parts: number, started: number): Promise<void> {
    while (!this.#isDone(parts)) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#checkProgress(parts, performance.now() - started);
    }
  }

  /** Whether workers have done so many parts. @throws EngineError when one of them failed. */
  #isDone(parts: number): boolean {
    const control = this.#control;
    if (Atomics.load(control.words, words.done) < parts) return false;
    const units = Atomics.load(control.words, words.failure);
    if (units === 0) return true;
    this.close();
    throw new EngineError(
      'threads',
      `a worker failed: ${String.fromCharCode(...control.text.subarray(0, units))}`,
    );
  }

  /** @throws EngineError when the parts will never be done. */
  #checkProgress(parts: number, milliseconds: number): void {
    const problem = this.#someLost()
      ? 'a worker thread ended in the middle of its work, whose results are incomplete'
      : this.#isUnwatched() && milliseconds > this.#patience
        ? `a worker has not done its part within ${this.#patience / 1000} seconds; results are incomplete`
        : undefined;
    if (problem === undefined || Atomics.load(this.#control.words, words.done) >= parts) return;
    this.close();
    throw new EngineError('threads', problem);
  }

  /** Whether a worker is gone and no other is at work: what is not done now will never be. */
  #someLost(): boolean {
    let lost = false;
    for (let index = 0; index < this.threads - 1; index++) {
      const id = this.#ownWord(index, workerWords.id);
      if (id !== 0 && !this.#host.alive(id)) lost = true;
      else if (this.#ownWord(index, workerWords.active) !== 0) return false;
    }
    return lost;
  }

  /** Whether a worker is at work that the host cannot tell about. */
  #isUnwatched(): boolean {
    for (let index = 0; index < this.threads - 1; index++) {
      if (this.#ownWord(index, workerWords.active) !== 0 && this.#ownWord(index, workerWords.id) === 0)
        return true;
    }
    return false;
  }

  #ownWord(worker: number, word: number): number {
    return Atomics.load(this.#control.words, words.workers + worker * WORKER_STRIDE + word);
  }
}
