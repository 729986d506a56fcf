import { describe, expect, it } from 'vitest';
import { runChild, viewFloats, watchWorkers } from '../testing/child.ts';
import { targets } from '../testing/targets.ts';

const native = targets.some(({ name }) => name === 'avx2' || name === 'avx512');

/** Programs of products that take some milliseconds each. */
const prepareFor = (size: number): string => `
  ${watchWorkers}
  const { allocate, gemm, recordProgram } = await import('./src/index.ts');
  const { executor } = await import('./src/runtime/executor.ts');
  const size = ${size};
  ${viewFloats}
  const slice = (value) => {
    const made = { storage: allocate(size * size * 4), offset: 0 };
    view(made).fill(value);
    return made;
  };
  const [a, b, c] = [slice(1), slice(2), slice(0)];
  const record = (count) =>
    recordProgram(() => {
      for (let i = 0; i < count; i++) gemm({ a, b, c, m: size, n: size, k: size });
    });
  const ready = () => {
    if (!executor().team.pool().waitUntilReady(20_000)) throw new Error('no workers');
  };
  const isRight = () => view(c).every((x) => x === 2 * size);
`;
const prepare = prepareFor(500);

describe.skipIf(!native)('a program and its process', () => {
  const env = { SCONCE_THREADS: '2' };

  it('tells when a worker is killed in the middle, and runs on others after', async () => {
    const source = `${prepare}
      const program = record(300);
      ready();
      setTimeout(() => workers.at(-1).terminate(), 50);
      const started = performance.now();
      try {
        await program.runAsync();
        console.log('nothing was thrown');
      } catch (error) {
        console.log(String(error));
      }
      console.log(performance.now() - started < 9000);
      view(c).fill(0);
      program.run();
      console.log(isRight());
      ready();
      view(c).fill(0);
      await program.runAsync();
      console.log(isRight(), workers.length);
    `;
    const outcome = await runChild(source, { env });
    expect(outcome).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(outcome.stdout).toBe(
      'EngineError: threads: a worker thread ended in the middle of its work, whose results are incomplete\n' +
        'true\ntrue\ntrue 2\n',
    );
  }, 60_000);

  it('runs on one thread when its worker was killed before', async () => {
    const source = `${prepare}
      const program = record(3);
      ready();
      await workers.at(-1).terminate();
      program.run();
      console.log(isRight());
    `;
    const outcome = await runChild(source, { env });
    expect(outcome).toMatchObject({ code: 0, signal: null, stdout: 'true\n', stderr: '' });
  }, 60_000);

  it.each([1, 2])(
    'end together when the process exits while %i threads run it',
    async (threads) => {
      // Without an end it would take more than twenty seconds.
      const source = `${prepareFor(1000)}
      const program = record(2000);
      if (${threads} > 1) ready();
      const started = performance.now();
      setTimeout(() => process.exit(7), 100);
      process.on('exit', () => console.log(performance.now() - started < 5000));
      await program.runAsync();
      console.log('not reached');
    `;
      const started = performance.now();
      const outcome = await runChild(source, { env: { SCONCE_THREADS: `${threads}` } });
      expect(outcome).toMatchObject({ code: 7, signal: null, stdout: 'true\n', stderr: '' });
      expect(performance.now() - started).toBeLessThan(15_000);
    },
    60_000,
  );

  it('keeps no process alive after it has run', async () => {
    const source = `${prepare}
      const program = record(3);
      ready();
      await program.runAsync();
      program.run();
      console.log(isRight());
    `;
    const outcome = await runChild(source, { env });
    expect(outcome).toMatchObject({ code: 0, signal: null, stdout: 'true\n', stderr: '' });
  }, 60_000);
});

if (!native) it.skip('a program and its process (no native target runs here)', () => {});
