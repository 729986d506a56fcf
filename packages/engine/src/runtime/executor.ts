// What stands between kernels and the targets that run them: one executor per target, and the one in use.

import type { Target } from '@sconce/codegen';
import type { Memory } from '../memory/memory.ts';
import type { EngineStorage } from '../memory/storage.ts';
import type { Recording, Runnable } from '../program/recording.ts';
import { chooseExecutor } from './choose.ts';
import type { Launchable } from './family.ts';
import { type Region, wholeOf } from './region.ts';

/** Runs kernels on one target, over one memory. */
export interface Executor {
  readonly target: Target;
  readonly memory: Memory;
  /** Runs a kernel, compiling it at its first use. */
  launch<V>(kernel: Launchable<V>, values: NoInfer<V>): void;
  /** Threads that work is divided among. */
  readonly threads: number;
  /** Why there are as many, in words. */
  readonly threadsReason: string;
  /** @throws EngineError when there can be no such number. */
  setThreads(threads: number): void;
  /** Parts that work of so many nanoseconds on one thread is to be divided into; 1 where that does not pay. */
  partsFor(nanoseconds: number): number;
  /**
   * Calls `body` for each part, and runs what it launches: a part's launches in their order, the parts side by side. They
   * have run when `fork` returns, not when `body` does.
   * @throws EngineError when a thread ended in the middle.
   */
  fork(parts: number, body: (part: number) => void): void;
  /**
   * Calls `body`, whose launches touch nothing that the launch or fork behind it touches: where launches are recorded, no
   * thread waits between the two.
   */
  alongNext(body: () => void): void;
  /** Whether what is launched now runs later: inside of {@link fork}, and while a program is recorded. */
  readonly defers: boolean;
  /** A storage for kernels' own use, which {@link release} takes back. */
  borrow(byteLength: number): EngineStorage;
  /** Gives a borrowed storage back, as soon as nothing that was launched uses it. */
  release(storage: EngineStorage): void;
  /** Makes a recording runnable. */
  program(recording: Recording): Runnable;
}

let current: Executor | undefined;

/**
 * The executor that kernels run on, chosen at the first call.
 * @throws EngineError when a target was asked for that cannot run here.
 */
export function executor(): Executor {
  current ??= chooseExecutor().executor;
  return current;
}

/** Runs `body` with another executor in place; tests judge every target through the same kernel functions. */
export function withExecutor<T>(other: Executor, body: () => T): T {
  const before = current;
  current = other;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** Borrows a block of the executor's memory for the time of `body`: packed operands, padded planes, tables. */
export function withScratch<T>(elements: number, body: (scratch: Region) => T): T {
  const storage = executor().borrow(elements * 4);
  try {
    return body(wholeOf(storage));
  } finally {
    executor().release(storage);
  }
}
