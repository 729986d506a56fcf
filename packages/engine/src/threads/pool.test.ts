import { afterEach, describe, expect, it } from 'vitest';
import { EngineError } from '../errors.ts';
import { NativeCode } from '../native/native-code.ts';
import { nativeBasis } from '../testing/native-basis.ts';
import { words as controlWords } from './control-block.ts';
import { nativePoolHost } from './native-workers.ts';
import { type PoolHost, ThreadPool, type Work, type WorkerHandle } from './pool.ts';

const basis = nativeBasis();

/** `mov rcx, [rdi]; dec rcx; jnz -5; mov qword [rdi + 8], 1; ret`: counts down, then says so. */
const COUNT_DOWN = Uint8Array.of(
  ...[0x48, 0x8b, 0x0f, 0x48, 0xff, 0xc9, 0x75, 0xfb],
  ...[0x48, 0xc7, 0x47, 0x08, 0x01, 0x00, 0x00, 0x00, 0xc3],
);

const SLOTS = 16;

describe.skipIf(typeof basis === 'string')('a pool of threads', () => {
  if (typeof basis === 'string') return;
  const code = new NativeCode(basis.koffi, basis.libc);
  const { address, run } = code.kernel(COUNT_DOWN);
  const addressOf = code.addressFunction();
  const pools: ThreadPool[] = [];

  /** Parts that count down from `rounds`, and a look at which of them are done. */
  function counting(parts: number, rounds: number, before: (part: number) => void = () => {}) {
    const block = new ArrayBuffer(parts * SLOTS * 8);
    const words = new Int32Array(block);
    const first = addressOf(block);
    const tasks = new Float64Array(2 * parts);
    for (let part = 0; part < parts; part++) {
      words.set([rounds, Math.floor(rounds / 2 ** 32)], 2 * part * SLOTS);
      tasks.set([address, first + part * SLOTS * 8], 2 * part);
    }
    const mine: number[] = [];
    const work: Work = {
      parts,
      ends: Int32Array.from({ length: parts }, (_, part) => part + 1),
      tasks,
      runPart: (part) => {
        mine.push(part);
        before(part);
        run(tasks[2 * part + 1]);
      },
    };
    const isDone = (part: number): boolean => Atomics.load(words, 2 * part * SLOTS + 2) === 1;
    return { work, mine, isDone, allDone: () => [...Array(parts).keys()].every(isDone) };
  }

  function start(
    threads: number,
    host: PoolHost = nativePoolHost(basisKoffi, code),
    ended = (_: string) => {},
  ) {
    const pool = new ThreadPool(host, threads, ended);
    pools.push(pool);
    expect(pool.waitUntilReady(20_000)).toBe(true);
    return pool;
  }
  const basisKoffi = basis.koffi;

  /** A host, and the workers that it has started. */
  function watched(): { host: PoolHost; workers: WorkerHandle[] } {
    const host = nativePoolHost(basisKoffi, code);
    const workers: WorkerHandle[] = [];
    const start: PoolHost['start'] = (data, ended) => {
      const worker = host.start(data, ended);
      workers.push(worker);
      return worker;
    };
    return { host: { ...host, start }, workers };
  }

  /** Waits for a condition without giving way to the event loop. */
  function waitFor(condition: () => boolean): void {
    const until = performance.now() + 10_000;
    while (!condition()) if (performance.now() > until) throw new Error('waited in vain');
  }

  afterEach(() => {
    for (const pool of pools.splice(0)) pool.close();
  });

  it('runs every part once, on the caller and on workers', () => {
    const pool = start(3);
    for (let round = 0; round < 200; round++) {
      const { work, allDone } = counting(1 + (round % 40), 100);
      pool.run(work, true);
      expect(allDone()).toBe(true);
    }
    // The caller holds its part until workers have done the others.
    const { work, mine, isDone } = counting(5, 100, (part) =>
      waitFor(() => [0, 1, 2, 3, 4].every((other) => other === part || isDone(other))),
    );
    pool.run(work, true);
    expect(mine.length).toBeLessThanOrEqual(1);
  });

  it('sleeps when there is nothing to do, and does all on the caller unless woken', async () => {
    const pool = start(2);
    await expect.poll(() => pool.awake, { timeout: 10_000 }).toBe(0);
    const { work, mine, allDone } = counting(4, 100);
    pool.run(work, false);
    expect(mine).toHaveLength(4);
    expect(allDone()).toBe(true);
  });

  it('finishes what was begun when the caller throws in its part', () => {
    const pool = start(2);
    const attempt = (): boolean => {
      const { work, mine, isDone } = counting(2, 10_000_000, (part) => {
        waitFor(() => isDone(1 - part));
        throw new Error('thrown by the caller');
      });
      try {
        pool.run(work, true);
      } catch (error) {
        expect(String(error)).toBe('Error: thrown by the caller');
        expect(mine).toHaveLength(1);
        return true;
      }
      return false;
    };
    // The worker may be quick enough to take both parts.
    waitFor(attempt);
    const next = counting(3, 10);
    pool.run(next.work, true);
    expect(next.allDone()).toBe(true);
  });

  it('makes the end of a worker in the middle of its part an error, and is closed then', async () => {
    const { host, workers } = watched();
    const pool = start(2, host);
    // The worker holds the other part for a second or more.
    const { work, isDone } = counting(2, 4_000_000_000);
    let mine = -1;
    const ending: Work = {
      ...work,
      runPart: (part) => {
        mine = part;
        const until = performance.now() + 500;
        while (performance.now() < until);
        workers[0]!.terminate();
      },
    };
    const started = performance.now();
    expect(() => pool.run(ending, true)).toThrow(EngineError);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(isDone(1 - mine)).toBe(true);
    expect(pool.closed).toBe(true);
  });

  it('tells when a worker ends that was not told to', async () => {
    const { host, workers } = watched();
    const reasons: string[] = [];
    const pool = start(2, host, (reason) => reasons.push(reason));
    workers[0]!.terminate();
    await expect.poll(() => reasons, { timeout: 10_000 }).toEqual(['a worker thread ended']);
    const { work, allDone } = counting(3, 10);
    pool.run(work, true);
    expect(allDone()).toBe(true);
  });

  /** `mov eax, [rdi]; ret`: gives what the block begins with. */
  const give = code.kernel(Uint8Array.of(0x8b, 0x07, 0xc3));
  /** Waits until `[rdi]` is no longer zero, and gives it: `mov eax, [rdi]; test eax, eax; jz -6; ret`. */
  const waitAndGive = code.kernel(Uint8Array.of(0x8b, 0x07, 0x85, 0xc0, 0x74, 0xfa, 0xc3));

  /** Blocks of a word each, with addresses as tasks want them. */
  function together({ address }: { address: number }, ...values: number[]) {
    const block = new ArrayBuffer(128 * values.length);
    const words = values.map((value, i) => {
      const word = new Int32Array(block, 128 * i, 1);
      word[0] = value;
      return word;
    });
    const first = addressOf(block);
    const tasks = Float64Array.from(values.flatMap((_, i) => [address, first + 128 * i]));
    let aborts = 0;
    const abort = () => {
      aborts++;
      for (const word of words) word[0] = -1;
    };
    return { words, tasks, abort, aborted: () => aborts };
  }

  it('runs one function on each thread at the same time, and gives what they returned', () => {
    const pool = start(3);
    const { words, tasks, abort, aborted } = together(waitAndGive, 0, 0);
    const runOwn = () => {
      // Both are waiting now; neither could run behind the other.
      words[0]![0] = 5;
      words[1]![0] = 6;
      return 7;
    };
    expect([...pool.runTogether({ tasks, abort, runOwn })!]).toEqual([5, 6, 7]);
    expect(aborted()).toBe(0);
    const { work, allDone } = counting(3, 10);
    pool.run(work, true);
    expect(allDone()).toBe(true);
  });

  it('runs nothing together unless all threads are there, and tells those that came to give up', () => {
    const { host } = watched();
    // Of three threads one is said to be ready that is not.
    const starting: PoolHost['start'] = (data, ended) => {
      if (data.index === 0) return host.start(data, ended);
      Atomics.add(new Int32Array(data.buffer), controlWords.ready, 1);
      return { terminate: () => {} };
    };
    const pool = start(3, { ...host, start: starting });
    const { tasks, abort, aborted } = together(waitAndGive, 0, 0);
    expect(pool.runTogether({ tasks, abort, runOwn: () => expect.fail('it ran') })).toBeUndefined();
    expect(aborted()).toBe(1);
    expect(pool.busy).toBe(false);
  });

  it('leaves the event loop free and does other work alone while functions run aside', async () => {
    const pool = start(2);
    const { words, tasks, abort } = together(waitAndGive, 0);
    const running = pool.runTogetherAside({
      tasks,
      abort,
      runOwn: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        words[0]![0] = 3;
        return 4;
      },
    });
    expect(pool.busy).toBe(true);
    const { work, mine, allDone } = counting(3, 10);
    pool.run(work, true);
    expect(mine).toHaveLength(3);
    expect(allDone()).toBe(true);
    expect(pool.runTogether({ tasks, abort, runOwn: () => 0 })).toBeUndefined();
    expect([...(await running)!]).toEqual([3, 4]);
    expect(pool.busy).toBe(false);
    expect([...pool.runTogether({ ...together(give, 8), runOwn: () => 9 })!]).toEqual([8, 9]);
  });

  it("aborts the others when the caller's function throws", async () => {
    const pool = start(2);
    const fails = () => {
      throw new Error('thrown by the caller');
    };
    const first = together(waitAndGive, 0);
    expect(() => pool.runTogether({ ...first, runOwn: fails })).toThrow('thrown by the caller');
    const second = together(waitAndGive, 0);
    await expect(pool.runTogetherAside({ ...second, runOwn: async () => fails() })).rejects.toThrow(
      'thrown by the caller',
    );
    expect([first.aborted(), second.aborted(), pool.busy, pool.closed]).toEqual([1, 1, false, false]);
  });

  it('makes the end of a worker while functions run together an error', async () => {
    const { host, workers } = watched();
    const pool = start(2, host);
    const { words, tasks, abort } = together(waitAndGive, 0);
    const kill = () => {
      workers[0]!.terminate();
      const until = performance.now() + 300;
      while (performance.now() < until);
      words[0]![0] = 1;
      return 1;
    };
    expect(() => pool.runTogether({ tasks, abort, runOwn: kill })).toThrow(EngineError);
    expect(pool.closed).toBe(true);
    const aside = start(2, host);
    const next = together(waitAndGive, 0);
    const killAside = async () => {
      workers[1]!.terminate();
      await new Promise((resolve) => setTimeout(resolve, 300));
      next.words[0]![0] = 1;
      return 1;
    };
    await expect(aside.runTogetherAside({ ...next, runOwn: killAside })).rejects.toThrow(EngineError);
    expect([aside.closed, aside.busy]).toEqual([true, false]);
  });
});

if (typeof basis === 'string') it.skip(`a pool of threads (${basis})`, () => {});
