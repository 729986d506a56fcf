// What all workers run, as the text of a script: nothing that a bundler would have to find, and no file to load.

import { CLAIM_BITS, type ControlOffsets, WORKER_STRIDE, words, workerWords } from './control-block.ts';

/** What every worker is given. */
export interface WorkerData {
  readonly buffer: SharedArrayBuffer;
  readonly offsets: ControlOffsets;
  /** Which worker this is, from 0 on. */
  readonly index: number;
  /** Microseconds that a worker without work spins before it sleeps. */
  readonly spin: number;
}

/**
 * `serve(data, id, run)`: waits for work, spinning first and then asleep; takes parts of it until none is left; waits again.
 * `run(address, block)` runs a task's code on its argument block. A task that throws is told to the caller.
 */
export const serveSource: string = `
function serve({ buffer, offsets, index, spin }, id, run) {
  const words = new Int32Array(buffer, 0, offsets.ends / 4);
  const ends = new Int32Array(buffer, offsets.ends, (offsets.statuses - offsets.ends) / 4);
  const statuses = new Int32Array(buffer, offsets.statuses, (offsets.text - offsets.statuses) / 4);
  const text = new Uint16Array(buffer, offsets.text, (offsets.tasks - offsets.text) / 2);
  const tasks = new Float64Array(buffer, offsets.tasks);
  const own = ${words.workers} + index * ${WORKER_STRIDE};

  function takePart() {
    for (;;) {
      const claim = Atomics.load(words, ${words.claim});
      const first = (claim >> ${CLAIM_BITS}) & ${(1 << CLAIM_BITS) - 1};
      if (first === (claim & ${(1 << CLAIM_BITS) - 1})) return -1;
      const taken = claim + ${1 << CLAIM_BITS};
      if (Atomics.compareExchange(words, ${words.claim}, claim, taken) === claim) return first;
    }
  }

  function tell(error) {
    const message = String(error).slice(0, text.length);
    for (let i = 0; i < message.length; i++) text[i] = message.charCodeAt(i);
    Atomics.store(words, ${words.failure}, message.length);
  }

  function work() {
    Atomics.store(words, own + ${workerWords.active}, 1);
    for (let part = takePart(); part >= 0; part = takePart()) {
      try {
        const end = ends[part];
        for (let task = part === 0 ? 0 : ends[part - 1]; task < end; task++) {
          statuses[part] = run(tasks[2 * task], tasks[2 * task + 1]);
        }
      } catch (error) {
        tell(error);
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

  Atomics.store(words, own + ${workerWords.id}, id);
  let ticket = Atomics.load(words, ${words.ticket});
  Atomics.add(words, ${words.ready}, 1);
  Atomics.notify(words, ${words.ready});
  while (Atomics.load(words, ${words.closing}) === 0) {
    work();
    ticket = nextTicket(ticket);
  }
}
`;
