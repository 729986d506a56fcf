// Node's side of a pool: worker threads, and whether a thread is still there.

import { nodeModule } from '../native/host.ts';
import type { Koffi } from '../native/koffi.ts';
import type { PoolHost } from './pool.ts';
import { workerSource } from './worker-source.ts';

/** Linux on x86-64. */
const TGKILL = 234;

/** Node as a {@link PoolHost}. @throws Error where it has no worker threads. */
export function nodePoolHost(koffi: Koffi): PoolHost {
  const threads = nodeModule<typeof import('node:worker_threads')>('node:worker_threads');
  const module = nodeModule<typeof import('node:module')>('node:module');
  if (threads === undefined || module === undefined) throw new Error('this host has no node:worker_threads');
  const path = module.createRequire(import.meta.url).resolve('koffi');
  const syscall = koffi.load(null).func('syscall', 'long', ['long', 'long', 'long', 'long']);
  return {
    start: (data, ended) => {
      const worker = new threads.Worker(workerSource, {
        eval: true,
        name: 'sconce',
        workerData: { ...data, koffi: path },
        // Options such as loaders are for the program, not for this script.
        execArgv: [],
      });
      let reason = 'a worker thread ended';
      worker.on('error', (error: Error) => {
        reason = `a worker thread failed: ${error.message}`;
      });
      worker.on('exit', () => ended(reason));
      worker.unref();
      return { terminate: () => void worker.terminate() };
    },
    // Signal 0 is sent to nobody; what counts is whether it could be.
    alive: (id) => Number(syscall(TGKILL, process.pid, id, 0)) === 0,
  };
}
