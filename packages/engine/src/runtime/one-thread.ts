// What executors that have one thread answer to questions about threads.

import { EngineError } from '../errors.ts';
import type { EngineStorage } from '../memory/storage.ts';

/** The part of an executor that is about threads, for targets that have one. */
export abstract class OneThread {
  readonly threads = 1;
  readonly defers = false;
  abstract readonly threadsReason: string;

  setThreads(threads: number): void {
    if (threads !== 1) throw new EngineError('setNumThreads', this.threadsReason, 1, threads);
  }

  partsFor(_nanoseconds: number): number {
    return 1;
  }

  fork(parts: number, body: (part: number) => void): void {
    for (let part = 0; part < parts; part++) body(part);
  }

  release(storage: EngineStorage): void {
    storage.dispose();
  }
}
