// The number of threads, as PyTorch's set_num_threads and get_num_threads.

import { executor } from '../runtime/executor.ts';
import { checkThreads } from './number.ts';

/**
 * Sets the number of threads that kernels run on from now on, the caller's included. Results are the same bits for every
 * number. Threads start when there is work that repays it.
 * @throws EngineError when it is no whole number from 1 to 128, or more than one where the target has one thread.
 */
export function setNumThreads(threads: number): void {
  checkThreads('setNumThreads', threads);
  executor().setThreads(threads);
}

/** The number of threads that kernels run on. */
export function getNumThreads(): number {
  return executor().threads;
}
