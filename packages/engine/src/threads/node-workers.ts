// Node's worker threads as a pool sees them.

import { messageOf, nodeModule } from '../native/host.ts';
import type { WorkerHandle } from './pool.ts';

/**
 * Starts a worker thread that keeps no process alive; `ended` is called once it has ended.
 * @param source - the text of a CommonJS script.
 * @throws Error where the host refuses.
 */
export function startNodeWorker(
  source: string,
  workerData: object,
  ended: (reason: string) => void,
): WorkerHandle {
  const threads = nodeModule<typeof import('node:worker_threads')>('node:worker_threads');
  if (threads === undefined) throw new Error('this host has no node:worker_threads');
  const worker = new threads.Worker(source, {
    eval: true,
    name: 'sconce',
    workerData,
    // Options such as loaders are for the program, not for this script.
    execArgv: [],
  });
  let reason = 'a worker thread ended';
  worker.on('error', (error: Error) => {
    reason = `a worker thread failed: ${messageOf(error)}`;
  });
  worker.on('exit', () => ended(reason));
  worker.unref();
  return { terminate: () => void worker.terminate() };
}

/** Calls `callback` when the process exits, unless the function that it gives is called before. */
export function atProcessExit(callback: () => void): () => void {
  process.once('exit', callback);
  return () => process.off('exit', callback);
}
