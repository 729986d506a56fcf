// What a worker runs, as the text of a script: nothing that a bundler would have to find, and no file to load.

import { CLAIM_BITS, WORKER_STRIDE, words, workerWords } from './control-block.ts';

/** What a worker is given as `workerData`. */
export interface WorkerData {
  readonly buffer: SharedArrayBuffer;
  readonly offsets: { readonly ends: number; readonly tasks: number };
  /** Which worker this is, from 0 on. */
  readonly index: number;
  /** Where koffi lies. */
  readonly koffi: string;
  /** Microseconds that a worker without work spins before it sleeps. */
  readonly spin: number;
}

/** Linux on x86-64. */
const GETTID = 186;

/**
 * Waits for work, spinning first and then asleep; takes parts of it until none is left; waits again. Koffi loads a library
 * before it calls an address, which its state in a new thread needs.
 */
export const workerSource: string = `
const { workerData } = require('node:worker_threads');
const koffi = require(workerData.koffi);
const syscall = koffi.load(null).func('syscall', 'long', ['long']);
const kernelType = koffi.proto('void', ['uintptr_t']);
const { buffer, offsets, index, spin } = workerData;
const words = new Int32Array(buffer, 0, offsets.ends / 4);
const ends = new Int32Array(buffer, offsets.ends, (offsets.tasks - offsets.ends) / 4);
const tasks = new Float64Array(buffer, offsets.tasks);
const own = ${words.workers} + index * ${WORKER_STRIDE};
const kernels = new Map();

function kernelAt(address) {
  let kernel = kernels.get(address);
  if (kernel === undefined) {
    kernel = koffi.decode(address, kernelType);
    kernels.set(address, kernel);
  }
  return kernel;
}

function takePart() {
  for (;;) {
    const claim = Atomics.load(words, ${words.claim});
    const left = claim & ${(1 << CLAIM_BITS) - 1};
    if (left === 0) return -1;
    if (Atomics.compareExchange(words, ${words.claim}, claim, claim - 1) === claim) return left - 1;
  }
}

function work() {
  Atomics.store(words, own + ${workerWords.active}, 1);
  for (let part = takePart(); part >= 0; part = takePart()) {
    const end = ends[part];
    for (let task = part === 0 ? 0 : ends[part - 1]; task < end; task++) {
      kernelAt(tasks[2 * task])(tasks[2 * task + 1]);
    }
    Atomics.add(words, ${words.done}, 1);
    if (Atomics.load(words, ${words.waiting}) !== 0) Atomics.notify(words, ${words.done});
  }
  Atomics.store(words, own + ${workerWords.active}, 0);
}

function nextTicket(seen) {
  const until = performance.now() + spin / 1000;
  do {
    for (let i = 0; i < 64; i++) {
      const ticket = Atomics.load(words, ${words.ticket});
      if (ticket !== seen) return ticket;
    }
  } while (performance.now() < until);
  Atomics.add(words, ${words.asleep}, 1);
  Atomics.wait(words, ${words.ticket}, seen);
  Atomics.sub(words, ${words.asleep}, 1);
  return Atomics.load(words, ${words.ticket});
}

Atomics.store(words, own + ${workerWords.id}, Number(syscall(${GETTID})));
let ticket = Atomics.load(words, ${words.ticket});
Atomics.add(words, ${words.ready}, 1);
Atomics.notify(words, ${words.ready});
while (Atomics.load(words, ${words.closing}) === 0) {
  work();
  ticket = nextTicket(ticket);
}
`;
