// The number of threads that kernels run on, as users set it.

import { EngineError } from '../errors.ts';
import { environment, nodeModule } from '../native/host.ts';

/** Threads that may be asked for at most. */
const MAXIMUM_THREADS = 128;

/** A number of threads, and where it comes from. */
export interface ThreadRequest {
  readonly count: number;
  readonly by: string;
}

/** @throws EngineError unless `threads` is a number of threads. */
export function checkThreads(where: string, threads: number): void {
  if (!Number.isSafeInteger(threads) || threads < 1 || threads > MAXIMUM_THREADS) {
    throw new EngineError(
      where,
      'invalid number of threads',
      `a whole number from 1 to ${MAXIMUM_THREADS}`,
      threads,
    );
  }
}

/** The number that the environment asks for, else that of the cores this process may use. */
export function defaultThreads(): ThreadRequest {
  const asked = environment('SCONCE_THREADS');
  if (asked !== undefined) {
    const count = Number(asked);
    checkThreads('SCONCE_THREADS', count);
    return { count, by: 'asked for by SCONCE_THREADS' };
  }
  const cores =
    nodeModule<typeof import('node:os')>('node:os')?.availableParallelism() ??
    globalThis.navigator?.hardwareConcurrency ??
    1;
  return { count: Math.min(cores, MAXIMUM_THREADS), by: 'one for each core that the process may use' };
}
