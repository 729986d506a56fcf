// Workers that run WebAssembly over one shared memory: threads of Node's, or workers of a browser's.

import { nodeModule } from '../native/host.ts';
import { atProcessExit, startNodeWorker } from './node-workers.ts';
import type { PoolHost, WorkerHandle } from './pool.ts';
import { serveSource } from './worker-source.ts';

/**
 * A worker that runs WebAssembly, in Node or in a browser; it is given {@link WorkerData} and `memory`. The address of a kernel is
 * that of its module in the memory: the number of its bytes, then the bytes. So a new kernel needs no message, which a worker
 * that waits for work would never look at.
 */
const workerSource = `${serveSource}
function start(data, id) {
  const { memory } = data;
  const known = new Map();
  serve(data, id, (address, block) => {
    let kernel = known.get(address);
    if (kernel === undefined) {
      const [length] = new Int32Array(memory.buffer, address, 1);
      // Compilers take no shared bytes.
      const bytes = new Uint8Array(memory.buffer, address + 4, length).slice();
      kernel = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports.run;
      known.set(address, kernel);
    }
    return kernel(block);
  });
}

/** The number of this thread where the host tells it, else zero. */
function threadId() {
  try {
    return Number(process.getBuiltinModule('node:fs').readlinkSync('/proc/thread-self').split('/').pop()) | 0;
  } catch {
    return 0;
  }
}

const node = typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined;
if (node) start(node.workerData, threadId());
else {
  onmessage = ({ data }) => {
    start(data, 0);
    close();
  };
}
`;

/** The host of a pool over `memory`, or why there is none. */
export function wasmPoolHost(memory: WebAssembly.Memory): PoolHost | string {
  if (nodeModule('node:worker_threads') !== undefined) {
    const fs = nodeModule<typeof import('node:fs')>('node:fs');
    return {
      start: (data, ended) => startNodeWorker(workerSource, { ...data, memory }, ended),
      // Workers know their number only where there is such a folder.
      alive: (id) => fs?.existsSync(`/proc/self/task/${id}`) ?? true,
      callerSleeps: true,
      atExit: atProcessExit,
    };
  }
  if (typeof Worker === 'undefined') return 'this host has no workers';
  return {
    start: (data, ended) => startBrowserWorker({ ...data, memory }, ended),
    alive: () => true,
    callerSleeps: mayWait(),
    // Workers end with their page.
    atExit: () => () => {},
  };
}

/** The script's address: a URL of its own text, which no server has to know. */
let scriptUrl: string | undefined;

/** Starts a worker of the page's. Nothing but an error tells of its end. */
function startBrowserWorker(data: object, ended: (reason: string) => void): WorkerHandle {
  scriptUrl ??= URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
  const worker = new Worker(scriptUrl, { name: 'sconce' });
  worker.onerror = (event) => {
    event.preventDefault();
    ended(`a worker failed: ${event.message || 'its script was refused'}`);
  };
  worker.postMessage(data);
  return { terminate: () => worker.terminate() };
}

/** Whether this thread may sleep: the one that a page lives on may not. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
