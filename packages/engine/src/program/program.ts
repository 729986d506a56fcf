// Programs: kernel calls that are recorded once and then run as a whole, as often as wanted.

import { EngineError } from '../errors.ts';
import type { EngineStorage } from '../memory/storage.ts';
import { guardingViews } from '../memory/storage.ts';
import { kernelAtWork } from '../operands.ts';
import { executor, withExecutor } from '../runtime/executor.ts';
import { checkThreads } from '../threads/number.ts';
import { Recorder } from './recorder.ts';
import type { LabelTime, Recording, Runnable, RunOptions } from './recording.ts';
import { ScratchStorage } from './scratch.ts';

/** Options of {@link recordProgram}. */
export interface RecordOptions {
  /** Threads that its work is divided among; those of the engine unless given. */
  readonly threads?: number;
}

/** Names the part of the program that is recorded next, for {@link Program.profile}. */
export type Label = (name: string) => void;

/** Kernel calls that run as a whole. It keeps all storages alive that they use. */
export class Program implements Disposable {
  /** Threads that its work is divided among. */
  readonly threads: number;
  /** Kernels that it runs. */
  readonly launches: number;
  /** How often its threads wait for each other. */
  readonly barriers: number;
  /** Bytes of memory of its own: what its kernels need besides the storages that they were given. */
  readonly scratchBytes: number;
  readonly #storages: ReadonlySet<EngineStorage>;
  readonly #own: readonly EngineStorage[];
  readonly #runnable: Runnable;
  #running = false;
  #disposed = false;

  /** For {@link recordProgram}. */
  constructor(recording: Recording, runnable: Runnable) {
    this.threads = recording.threads;
    this.launches = recording.sections.reduce((sum, { threads }) => sum + threads.flat().length, 0);
    this.barriers = recording.threads === 1 ? 0 : recording.sections.length;
    this.scratchBytes = recording.own.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.#storages = recording.storages;
    this.#own = recording.own;
    this.#runnable = runnable;
  }

  /** Bytes of machine code; none on WebAssembly, where kernels are called one by one. */
  get codeBytes(): number {
    return this.#runnable.codeBytes;
  }

  /**
   * Runs all calls in their order, on what the storages hold now, and returns when they have run. The bits are those of the calls
   * one by one. Where the threads that it was recorded for are not there (they have not started yet, another program has them,
   * there are fewer now), it runs on one.
   * @throws EngineError when it was disposed of, a storage was, it runs already, or a thread ended or did not come to a
   * barrier within about ten seconds; outputs are incomplete in the last two cases.
   * @throws DetachedStorageError when a storage's buffer was transferred away.
   */
  run(): void {
    this.#begin();
    try {
      this.#runnable.run();
    } finally {
      this.#running = false;
    }
  }

  /**
   * As {@link run}, beside the event loop: on threads of its own where there is machine code, in slices of a few milliseconds
   * elsewhere. Its storages are not to be touched meanwhile.
   * @throws EngineError as {@link run}, or when `signal` was aborted, with outputs that are incomplete.
   */
  async runAsync(options: RunOptions = {}): Promise<void> {
    this.#begin();
    try {
      await this.#runnable.runAsync(options);
    } finally {
      this.#running = false;
    }
  }

  /** As {@link run}, and tells how long each part took, from its label to the next. What comes before the first has none. */
  profile(): readonly LabelTime[] {
    this.#begin();
    try {
      return this.#runnable.profile();
    } finally {
      this.#running = false;
    }
  }

  /**
   * Gives back its code and its own memory, not the storages that it was recorded with. Dropping it does as well.
   * @throws EngineError while it runs.
   */
  dispose(): void {
    if (this.#running) throw new EngineError('program', 'it cannot be disposed of while it runs');
    if (this.#disposed) return;
    this.#disposed = true;
    this.#runnable.dispose();
    for (const storage of this.#own) storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #begin(): void {
    if (this.#disposed) throw new EngineError('program', 'it was disposed of');
    if (this.#running) throw new EngineError('program', 'it runs already, and its storages are in use');
    // A storage that is gone has no address, and says so.
    for (const storage of this.#storages) void storage.address;
    this.#running = true;
  }
}

/**
 * Records the kernel calls of `body` instead of running them; work is divided among threads now. Storages must be there, with
 * weights packed and tables filled; what they hold otherwise may change between runs. JavaScript in `body` sees none of
 * the results.
 *
 * @param body - is given a function that names parts of the program.
 * @throws EngineError when a call looks at numbers of a storage in JavaScript (indices, weights to be packed), naming it; when
 * `body` is asynchronous, records nothing, disposes of a storage that its calls use or records another program; when there can be
 * no such number of threads; and whatever the calls throw.
 * @example
 * const program = recordProgram(() => {
 *   gemm({ a: x, b: w, c: hidden, m: 1, n: 64, k: 32, activation: { kind: 'relu' } });
 *   softmax({ x: hidden, y, outer: 1, size: 64, inner: 1 });
 * });
 * program.run();
 */
export function recordProgram(body: (label: Label) => void, options: RecordOptions = {}): Program {
  const real = executor();
  if (real instanceof Recorder) {
    throw new EngineError('recordProgram', 'a program cannot be recorded while another one is');
  }
  const threads = options.threads ?? real.threads;
  checkThreads('recordProgram', threads);
  if (threads > real.threads) {
    throw new EngineError('recordProgram', 'more threads than the engine has', real.threads, threads);
  }
  const recorder = new Recorder(real, threads);
  const result: unknown = guardingViews(refuseViews, () =>
    withExecutor(recorder, () => body((name) => recorder.label(name))),
  );
  if (result instanceof Promise) {
    throw new EngineError(
      'recordProgram',
      'its body is asynchronous, and what it calls later is not recorded',
    );
  }
  const recording = recorder.finish();
  for (const { disposed } of recording.storages) {
    if (disposed) throw new EngineError('recordProgram', 'a storage that its calls use was disposed of');
  }
  if (recording.sections.length === 0) {
    throw new EngineError('recordProgram', 'nothing was recorded', 'a call of a kernel at least', 'none');
  }
  return new Program(recording, real.program(recording));
}

/** Tables that kernels write into scratch stay there; anything else would be looked at now and not in each run. */
function refuseViews(storage: EngineStorage, viewer: 'kernel' | 'caller'): void {
  if (storage instanceof ScratchStorage) return;
  if (viewer === 'caller') {
    throw new EngineError(
      'recordProgram',
      'bytes() of a storage while a program is recorded; look at storages before and after',
    );
  }
  throw new EngineError(
    kernelAtWork(),
    'it cannot be part of a program, since it looks at numbers of a storage in JavaScript',
  );
}
