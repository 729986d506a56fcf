import { describe, expect, it } from 'vitest';
import { runChild } from '../testing/child.ts';
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

describe.skipIf(!native)('threads and their process', () => {
  const env = { SCONCE_THREADS: '2' };

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
      multiply();
      console.log('not reached');
    `;
    const outcome = await runChild(source, { env });
    expect(outcome).toMatchObject({ code: 7, signal: null, stdout: '', stderr: '' });
  });

  it('are an error at the caller when they are killed in the middle, and later calls run', async () => {
    const source = `
      const module = process.getBuiltinModule('node:worker_threads');
      const workers = [];
      module.Worker = class extends module.Worker {
        constructor(...values) {
          super(...values);
          workers.push(this);
        }
      };
      const { allocate, gemm, setNumThreads } = await import('./src/index.ts');
      const { executor } = await import('./src/runtime/executor.ts');
      // Tall, so that there is one piece of work and its parts are long.
      const size = 1000;
      const view = ({ storage }) => {
        const { buffer, byteOffset, byteLength } = storage.bytes();
        return new Float32Array(buffer, byteOffset, byteLength / 4);
      };
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

describe('the number of threads', () => {
  const tell = `
    import { configureEngine, engineInfo, getNumThreads, setNumThreads } from './src/index.ts';
    const tell = () => console.log(engineInfo().threads, getNumThreads(), engineInfo().threadsReason);
    const refused = (body) => { try { body(); } catch (error) { console.log(String(error)); } };
  `;

  it.runIf(native)(
    'is what options, the environment or a call ask for, else the number of cores',
    async () => {
      const { availableParallelism } = await import('node:os');
      expect((await runChild(`${tell} tell();`)).stdout).toBe(
        `${availableParallelism()} ${availableParallelism()} one for each core that the process may use\n`,
      );
      const env = { SCONCE_THREADS: '3' };
      expect((await runChild(`${tell} tell();`, { env })).stdout).toBe('3 3 asked for by SCONCE_THREADS\n');
      const source = `${tell} configureEngine({ threads: 5 }); tell(); setNumThreads(4); tell();`;
      expect((await runChild(source, { env })).stdout).toBe(
        '5 5 asked for by configureEngine\n4 4 asked for by setNumThreads\n',
      );
    },
  );

  it('is one on WebAssembly, which says so', async () => {
    const source = `${tell} tell(); refused(() => setNumThreads(2)); setNumThreads(1);`;
    const env = { SCONCE_ENGINE: 'wasm', SCONCE_THREADS: '2' };
    expect((await runChild(source, { env })).stdout).toBe(
      '1 1 WebAssembly runs on one thread\n' +
        'EngineError: setNumThreads: WebAssembly runs on one thread, expected 1, got 2\n',
    );
  });

  it('is a whole number from 1 to 128', async () => {
    const source = `${tell}
      for (const threads of [0, 1.5, 129]) refused(() => setNumThreads(threads));
      tell();
    `;
    const refusal = 'setNumThreads: invalid number of threads, expected a whole number from 1 to 128, got';
    const { stdout } = await runChild(source, { env: { SCONCE_ENGINE: 'wasm' } });
    expect(stdout).toBe(
      `EngineError: ${refusal} 0\nEngineError: ${refusal} 1.5\nEngineError: ${refusal} 129\n1 1 WebAssembly runs on one thread\n`,
    );
    const { code, stderr } = await runChild(`${tell} tell();`, { env: { SCONCE_THREADS: 'two' } });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'EngineError: SCONCE_THREADS: invalid number of threads, expected a whole number from 1 to 128, got NaN',
    );
  });
});

if (typeof basis === 'string') it.skip(`native targets (${basis})`, () => {});
