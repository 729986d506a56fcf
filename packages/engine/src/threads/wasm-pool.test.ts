import { afterEach, describe, expect, it } from 'vitest';
import { EngineError } from '../errors.ts';
import { CLAIM_BITS, WORKER_STRIDE, words, workerWords } from './control-block.ts';
import { type PoolHost, ThreadPool, type Work } from './pool.ts';
import { wasmPoolHost } from './wasm-workers.ts';

/** Exports `run(block)`, which stores 1 at `block`. */
const STORE = module([0x20, 0x00, 0x41, 0x01, 0x36, 0x02, 0x00]);

/** Exports `run(block)`, which traps. */
const TRAP = module([0x00]);

function module(code: readonly number[]): Uint8Array<ArrayBuffer> {
  const text = (value: string) => [value.length, ...Buffer.from(value)];
  const section = (id: number, content: readonly number[]) => [id, content.length, ...content];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 1, 0x7f, 0]),
    ...section(2, [1, ...text('env'), ...text('memory'), 0x02, 0x03, 0, 16]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('run'), 0x00, 0]),
    ...section(10, [1, code.length + 2, 0, ...code, 0x0b]),
  ]);
}

const memory = new WebAssembly.Memory({ initial: 1, maximum: 16, shared: true });
const pools: ThreadPool[] = [];
afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
});

/** Where a module lies for workers. */
function placed(bytes: Uint8Array, address: number): number {
  new Int32Array(memory.buffer, address, 1)[0] = bytes.length;
  new Uint8Array(memory.buffer, address + 4).set(bytes);
  return address;
}

/** Parts of one task each; the caller leaves each until workers have taken the others. */
function workOf(code: number, blocks: readonly number[], runOwn: () => void): Work {
  return {
    parts: blocks.length,
    ends: Int32Array.from(blocks, (_, part) => part + 1),
    tasks: Float64Array.from(blocks.flatMap((block) => [code, block])),
    runPart: runOwn,
  };
}

function waitFor(condition: () => boolean): void {
  const until = performance.now() + 10_000;
  while (!condition()) if (performance.now() > until) throw new Error('waited in vain');
}

describe('a pool of threads for WebAssembly', () => {
  const host = wasmPoolHost(memory) as PoolHost;
  const start = () => {
    const pool = new ThreadPool(host, 2, () => {});
    pools.push(pool);
    expect(pool.waitUntilReady(20_000)).toBe(true);
    return pool;
  };

  it('gets to kernels that are new to it, and to memory that has grown', () => {
    const pool = start();
    const stored = (block: number) => new Int32Array(memory.buffer, block, 1)[0];
    const code = placed(STORE, 4096);
    pool.run(
      workOf(code, [8, 16], () => waitFor(() => stored(8) === 1 || stored(16) === 1)),
      true,
    );
    memory.grow(2);
    const far = placed(STORE, 70_000);
    const [one, other] = [100_000, 100_008];
    pool.run(
      workOf(far, [one, other], () => waitFor(() => stored(one) === 1 || stored(other) === 1)),
      true,
    );
  });

  it('makes a trap in a worker an error that says what it was, and is closed then', () => {
    const pool = start();
    const code = placed(TRAP, 8192);
    const work = workOf(code, [32, 40], () => {
      // The worker has the other part by then.
      const until = performance.now() + 500;
      while (performance.now() < until);
    });
    expect(() => pool.run(work, true)).toThrow(
      new EngineError('threads', 'a worker failed: RuntimeError: unreachable'),
    );
    expect(pool.closed).toBe(true);
  });
});

describe('a pool on a host that does not tell whether its workers are there', () => {
  /** Takes a part of the first work and never does it. */
  const stuck = (callerSleeps: boolean) => {
    let control: Int32Array | undefined;
    const host: PoolHost = {
      start: ({ buffer }) => {
        control = new Int32Array(buffer);
        Atomics.add(control, words.ready, 1);
        return { terminate: () => {} };
      },
      alive: () => true,
      callerSleeps,
      atExit: () => () => {},
    };
    const take = () => {
      Atomics.store(control!, words.workers + 0 * WORKER_STRIDE + workerWords.active, 1);
      const claim = Atomics.load(control!, words.claim);
      // The first of two parts, if the caller has taken the other one.
      if ((claim & ((2 << CLAIM_BITS) - 1)) === 1)
        Atomics.store(control!, words.claim, claim + (1 << CLAIM_BITS));
    };
    return { host, take };
  };

  it.each([true, false])('gives up in the end (the caller may sleep: %s)', (callerSleeps) => {
    const { host, take } = stuck(callerSleeps);
    const pool = new ThreadPool(host, 2, () => {}, 200);
    expect(pool.waitUntilReady(10)).toBe(true);
    const started = performance.now();
    expect(() => pool.run(workOf(0, [0, 8], take), true)).toThrow(
      new EngineError('threads', 'a worker has not done its part within 0.2 seconds; results are incomplete'),
    );
    expect(performance.now() - started).toBeGreaterThanOrEqual(200);
    expect(pool.closed).toBe(true);
  });
});
