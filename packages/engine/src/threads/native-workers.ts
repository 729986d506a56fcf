// Workers that run machine code: threads of Node's, each with koffi, and whether such a thread is still there.

import { nodeModule } from '../native/host.ts';
import type { Koffi } from '../native/koffi.ts';
import type { NativeCode } from '../native/native-code.ts';
import { atProcessExit, startNodeWorker } from './node-workers.ts';
import type { PoolHost } from './pool.ts';
import { serveSource } from './worker-source.ts';

/** Numbers of system calls of Linux on x86-64. */
const GETTID = 186;
const TGKILL = 234;

/**
 * A worker that runs machine code; its `workerData` is {@link WorkerData}, `koffi`, the path of that package, and `caller`, the
 * address of {@link NativeCode.callerAddress}. All code is called through that one function, which is made before there is work:
 * koffi ends the process when it makes one in a thread that is being stopped. It loads a library before it calls an address,
 * which its state in a new thread needs. What code returns is its lower 32 bits.
 */
const workerSource = `${serveSource}
const { workerData } = require('node:worker_threads');
const koffi = require(workerData.koffi);
const syscall = koffi.load(null).func('syscall', 'long', ['long']);
const call = koffi.decode(workerData.caller, koffi.proto('int', ['uintptr_t', 'uintptr_t']));
serve(workerData, Number(syscall(${GETTID})), call);
`;

/**
 * The host of a pool for machine code.
 * @param code - must not be freed while workers run.
 * @throws Error where Node cannot find modules.
 */
export function nativePoolHost(koffi: Koffi, code: NativeCode): PoolHost {
  const module = nodeModule<typeof import('node:module')>('node:module');
  if (module === undefined) throw new Error('this host has no node:module');
  const path = module.createRequire(import.meta.url).resolve('koffi');
  const syscall = koffi.load(null).func('syscall', 'long', ['long', 'long', 'long', 'long']);
  const caller = code.callerAddress();
  return {
    start: (data, ended) => startNodeWorker(workerSource, { ...data, koffi: path, caller }, ended),
    // Signal 0 is sent to nobody; what counts is whether it could be.
    alive: (id) => Number(syscall(TGKILL, process.pid, id, 0)) === 0,
    callerSleeps: true,
    atExit: atProcessExit,
  };
}
