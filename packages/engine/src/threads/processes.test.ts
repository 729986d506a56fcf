import { describe, expect, it } from 'vitest';
import { runChild, viewFloats, watchWorkers } from '../testing/child.ts';
import { nativeBasis } from '../testing/native-basis.ts';
import { targets } from '../testing/targets.ts';

const basis = nativeBasis();
const native = targets.some(({ name }) => name === 'avx2' || name === 'avx512');

/** A product that takes a while, and how to run it. */
const product = `
  import { allocate, engineInfo, gemm, getNumThreads, setNumThreads } from './src/index.ts';
  import { executor } from './src/runtime/executor.ts';
  const size = 700;
  const slice = () => {
    const storage = allocate(size * size * 4);
    storage.bytes().fill(0);
    return { storage, offset: 0 };
  };
  const [a, b, c] = [slice(), slice(), slice()];
  const multiply = () => gemm({ a, b, c, m: size, n: size, k: size });
  const ready = () => {
    multiply();
    if (!executor().team.pool().waitUntilReady(20_000)) throw new Error('no workers');
    multiply();
  };
`;

describe.each(native ? ['', 'wasm'] : ['wasm'])('threads and their process (engine %j)', (engine) => {
  const env = { SCONCE_THREADS: '2', SCONCE_ENGINE: engine };

  it('never keep it alive, asleep or awake', async () => {
    const started = performance.now();
    const outcome = await runChild(`${product} ready(); console.log(getNumThreads());`, { env });
    expect(outcome).toMatchObject({ code: 0, signal: null, stdout: '2\n', stderr: '' });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('end with it when it exits while they work', async () => {
    const source = `${product}
      ready();
      const team = executor().team;
      const run = team.run.bind(team);
      team.run = (work) => run({
        parts: work.parts,
        ends: work.ends,
        tasks: work.tasks,
        runPart: () => process.exit(7),
      });
      // One alone may find a worker that is late with the call before, and is not divided then.
      for (let call = 0; call < 100; call++) multiply();
      console.log('not reached');
    `;
    const outcome = await runChild(source, { env });
    expect(outcome).toMatchObject({ code: 7, signal: null, stdout: '', stderr: '' });
  });

  it('are an error at the caller when they are killed in the middle, and later calls run', async () => {
    const source = `
      ${watchWorkers}
      const { allocate, gemm, setNumThreads } = await import('./src/index.ts');
      const { executor } = await import('./src/runtime/executor.ts');
      // Tall, so that there is one piece of work and its parts are long.
      const size = 1000;
      ${viewFloats}
      const slice = (rows, value) => {
        const made = { storage: allocate(rows * size * 4), offset: 0 };
        view(made).fill(value);
        return made;
      };
      const [a, b, c] = [slice(2 * size, 1), slice(size, 2), slice(2 * size, 0)];
      const multiply = () => {
        view(c).fill(0);
        gemm({ a, b, c, m: 2 * size, n: size, k: size });
        return view(c).every((x) => x === 2 * size);
      };
      const team = executor().team;
      const { run } = team;
      let killing = 0;
      team.run = (work) => {
        const runPart = (part) => {
          const until = performance.now() + killing;
          while (performance.now() < until);
          if (killing > 0) for (const worker of workers.splice(0)) worker.terminate();
          work.runPart(part);
        };
        run.call(team, { parts: work.parts, ends: work.ends, tasks: work.tasks, runPart });
      };
      // A worker that has no part yet when it is killed does no harm: then once more.
      let failure;
      for (let attempt = 0; attempt < 100 && failure === undefined; attempt++) {
        setNumThreads(1);
        setNumThreads(2);
        multiply();
        if (!team.pool().waitUntilReady(20_000)) throw new Error('no workers');
        killing = 1 + ((attempt * 3) % 20);
        try {
          multiply();
        } catch (error) {
          failure = String(error);
        }
        killing = 0;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      console.log(failure);
      console.log(multiply(), team.pool().waitUntilReady(20_000), multiply());
    `;
    const outcome = await runChild(source, { env });
    expect(outcome).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(outcome.stdout).toBe(
      'EngineError: threads: a worker thread ended in the middle of its work, whose results are incomplete\n' +
        'true true true\n',
    );
  }, 120_000);

  it('are not started when there is one; where the host refuses more, work is done alone and the engine says so', async () => {
    const source = `${product}
      const module = process.getBuiltinModule('node:worker_threads');
      module.Worker = class {
        constructor() {
          throw new Error('no more threads');
        }
      };
      const tell = () => console.log(engineInfo().threads, engineInfo().threadsReason);
      setNumThreads(1);
      multiply();
      tell();
      setNumThreads(2);
      multiply();
      tell();
      multiply();
    `;
    expect(await runChild(source, { env })).toMatchObject({
      code: 0,
      stdout: '1 asked for by setNumThreads\n1 workers fail: no more threads\n',
      stderr: '',
    });
  });
});

describe.skipIf(!native)('functions that run together', () => {
  it('give up when the process exits while they wait for each other', async () => {
    const source = `
      import { loadKoffi } from './src/native/koffi.ts';
      import { openLibc } from './src/native/libc.ts';
      import { NativeCode } from './src/native/native-code.ts';
      import { nativePoolHost } from './src/threads/native-workers.ts';
      import { ThreadPool } from './src/threads/pool.ts';
      const koffi = loadKoffi();
      const code = new NativeCode(koffi, openLibc(koffi));
      // Returns when what its block begins with is no longer zero: mov eax, [rdi]; test eax, eax; jz -6; ret
      const { address } = code.kernel(Uint8Array.of(0x8b, 0x07, 0x85, 0xc0, 0x74, 0xfa, 0xc3));
      const block = new Int32Array(new ArrayBuffer(128));
      const tasks = Float64Array.of(address, code.addressFunction()(block.buffer));
      const pool = new ThreadPool(nativePoolHost(koffi, code), 2, () => {});
      if (!pool.waitUntilReady(20_000)) throw new Error('no worker');
      void pool.runTogetherAside({ tasks, runOwn: () => new Promise(() => {}), abort: () => { block[0] = 1; } });
      setTimeout(() => process.exit(pool.busy ? 7 : 1), 50);
    `;
    const started = performance.now();
    expect(await runChild(source)).toMatchObject({ code: 7, signal: null, stderr: '' });
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('the number of threads', () => {
  const tell = `
    import { configureEngine, engineInfo, getNumThreads, setNumThreads } from './src/index.ts';
    const tell = () => console.log(engineInfo().threads, getNumThreads(), engineInfo().threadsReason);
    const refused = (body) => { try { body(); } catch (error) { console.log(String(error)); } };
  `;

  it.each(native ? ['', 'wasm'] : ['wasm'])(
    'is what options, the environment or a call ask for, else the number of cores (engine %j)',
    async (engine) => {
      const { availableParallelism } = await import('node:os');
      const env = { SCONCE_ENGINE: engine };
      expect((await runChild(`${tell} tell();`, { env })).stdout).toBe(
        `${availableParallelism()} ${availableParallelism()} one for each core that the process may use\n`,
      );
      const three = { ...env, SCONCE_THREADS: '3' };
      expect((await runChild(`${tell} tell();`, { env: three })).stdout).toBe(
        '3 3 asked for by SCONCE_THREADS\n',
      );
      const source = `${tell} configureEngine({ threads: 5 }); tell(); setNumThreads(4); tell();`;
      expect((await runChild(source, { env: three })).stdout).toBe(
        '5 5 asked for by configureEngine\n4 4 asked for by setNumThreads\n',
      );
    },
  );

  it.each([
    ['delete globalThis.SharedArrayBuffer;', 'the host has no SharedArrayBuffer'],
    [
      'globalThis.crossOriginIsolated = false;',
      'the page is not cross-origin isolated, so threads can share no memory',
    ],
    [
      `const { Memory } = WebAssembly;
      WebAssembly.Memory = class extends Memory {
        constructor(description) {
          if (description.shared) throw new RangeError('no room');
          super(description);
        }
      };`,
      'the host gives no memory that threads can share: no room',
    ],
    ['process.getBuiltinModule = () => undefined; delete globalThis.Worker;', 'this host has no workers'],
  ])('is one on WebAssembly where threads cannot share memory, which says so (%s)', async (host, reason) => {
    const source = `
      ${host}
      const { allocate, engineInfo, elementwise, getNumThreads, setNumThreads } = await import('./src/index.ts');
      console.log(engineInfo().threads, getNumThreads(), engineInfo().threadsReason);
      try { setNumThreads(2); } catch (error) { console.log(String(error)); }
      setNumThreads(1);
      const storage = allocate(1 << 20);
      const all = { storage, offset: 0, strides: [1] };
      storage.bytes().fill(0);
      elementwise({ op: 'exp', inputs: [all], output: all, shape: [1 << 18] });
      const { buffer, byteOffset } = storage.bytes();
      console.log(buffer.constructor.name, new Float32Array(buffer, byteOffset, 1 << 18).every((x) => x === 1));
    `;
    const env = { SCONCE_ENGINE: 'wasm', SCONCE_THREADS: '2' };
    expect(await runChild(source, { env })).toMatchObject({
      stdout: `1 1 ${reason}\nEngineError: setNumThreads: ${reason}, expected 1, got 2\nArrayBuffer true\n`,
      stderr: '',
    });
  });

  it('is a whole number from 1 to 128', async () => {
    const source = `${tell}
      for (const threads of [0, 1.5, 129]) refused(() => setNumThreads(threads));
      tell();
    `;
    const refusal = 'setNumThreads: invalid number of threads, expected a whole number from 1 to 128, got';
    const env = { SCONCE_ENGINE: 'wasm', SCONCE_THREADS: '4' };
    const { stdout } = await runChild(source, { env });
    expect(stdout).toBe(
      `EngineError: ${refusal} 0\nEngineError: ${refusal} 1.5\nEngineError: ${refusal} 129\n4 4 asked for by SCONCE_THREADS\n`,
    );
    const { code, stderr } = await runChild(`${tell} tell();`, { env: { SCONCE_THREADS: 'two' } });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'EngineError: SCONCE_THREADS: invalid number of threads, expected a whole number from 1 to 128, got NaN',
    );
  });
});

if (typeof basis === 'string') it.skip(`native targets (${basis})`, () => {});
