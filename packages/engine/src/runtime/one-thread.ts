// What executors that have one thread answer to questions about threads.

import { EngineError } from '../errors.ts';
import type { Memory } from '../memory/memory.ts';
import type { EngineStorage } from '../memory/storage.ts';
import type { Recording, Runnable } from '../program/recording.ts';
import { ReplayedProgram } from '../program/replayed-program.ts';
import type { Launchable } from './family.ts';

/** The part of an executor that is about threads, for targets that have one. */
export abstract class OneThread {
  readonly threads = 1;
  readonly defers = false;
  abstract readonly threadsReason: string;
  abstract readonly memory: Memory;

  abstract launch<V>(kernel: Launchable<V>, values: NoInfer<V>): void;

  setThreads(threads: number): void {
    if (threads !== 1) throw new EngineError('setNumThreads', this.threadsReason, 1, threads);
  }

  partsFor(_nanoseconds: number): number {
    return 1;
  }

  fork(parts: number, body: (part: number) => void): void {
    for (let part = 0; part < parts; part++) body(part);
  }

  alongNext(body: () => void): void {
    body();
  }

  borrow(byteLength: number): EngineStorage {
    return this.memory.borrow(byteLength);
  }

  /** A program is its launches in their order. */
  program(recording: Recording): Runnable {
    return new ReplayedProgram(recording, this);
  }

  release(storage: EngineStorage): void {
    storage.dispose();
  }
}
