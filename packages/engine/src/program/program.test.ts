import { programStatus } from '@sconce/codegen';
import { afterAll, describe, expect, it } from 'vitest';
import { DetachedStorageError, EngineError } from '../errors.ts';
import { packConv2dWeights } from '../kernels/blocked/pack.ts';
import { elementwise } from '../kernels/elementwise.ts';
import { gatherRows } from '../kernels/gather-rows.ts';
import { gemm } from '../kernels/gemm.ts';
import { pool2d } from '../kernels/pool2d.ts';
import { softmax } from '../kernels/softmax.ts';
import { allocate } from '../memory/allocate.ts';
import { NativeCode } from '../native/native-code.ts';
import { NativeExecutor } from '../native/native-executor.ts';
import { nodeHost } from '../native/native-memory.ts';
import { withExecutor } from '../runtime/executor.ts';
import { ChurningMemory } from '../testing/churning-memory.ts';
import { nativeBasis } from '../testing/native-basis.ts';
import { numbers } from '../testing/operands.ts';
import { closeProgramTargets, makeProgramTargets } from '../testing/program-targets.ts';
import { setNumThreads } from '../threads/num-threads.ts';
import type { Together } from '../threads/pool.ts';
import type { ThreadTeam } from '../threads/team.ts';
import type { Slice } from '../types.ts';
import { NativeProgram } from './native-program.ts';
import { recordProgram } from './program.ts';
import { Recorder } from './recorder.ts';

const made = makeProgramTargets();
afterAll(() => closeProgramTargets(made));
const native = made.filter(({ executor }) => executor instanceof NativeExecutor);

function slice(values: Float32Array): Slice {
  const storage = allocate(values.byteLength);
  storage.bytes().set(new Uint8Array(values.buffer));
  return { storage, offset: 0 };
}

const zeros = (elements: number): Slice => slice(new Float32Array(elements));
const read = ({ storage }: Slice): Float32Array => new Float32Array(storage.bytes().slice().buffer);

const [rows, columns, depth] = [150, 180, 120];

/** A product, a sum and a softmax: large enough to be divided. */
function chain(seed = 1) {
  const x = slice(numbers(seed, rows * depth));
  const [w, bias] = [slice(numbers(seed + 1, depth * columns)), slice(numbers(seed + 2, columns))];
  const [product, sum, y] = [zeros(rows * columns), zeros(rows * columns), zeros(rows * columns)];
  const strides = [columns, 1];
  return {
    x,
    y,
    run: (label: (name: string) => void = () => {}): void => {
      label('product');
      gemm({ a: x, b: w, c: product, m: rows, n: columns, k: depth });
      label('sum');
      elementwise({
        op: 'add',
        inputs: [
          { ...product, strides },
          { ...bias, strides: [0, 1] },
        ],
        output: { ...sum, strides },
        shape: [rows, columns],
      });
      label('softmax');
      softmax({ x: sum, y, outer: rows, size: columns, inner: 1 });
    },
  };
}

describe.each(made)('a program on $name', ({ executor, threads }) => {
  const inside = <T>(body: () => T): T => withExecutor(executor, body);

  it('runs on what its storages hold at the time, again and again', () =>
    inside(() => {
      const { x, y, run } = chain();
      using program = recordProgram(run);
      expect(program.threads).toBe(threads);
      expect(read(y)).toEqual(new Float32Array(rows * columns));
      for (let seed = 10; seed < 20; seed++) {
        x.storage.bytes().set(new Uint8Array(numbers(seed, rows * depth).buffer));
        run();
        const expected = read(y);
        y.storage.bytes().fill(0);
        program.run();
        expect(read(y)).toEqual(expected);
      }
    }));

  it('runs beside the event loop', async () => {
    const { y, run } = inside(() => chain());
    inside(run);
    const expected = read(y);
    const program = inside(() => recordProgram(() => Array.from({ length: 100 }, () => run())));
    y.storage.bytes().fill(0);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const running = program.runAsync();
    expect(() => program.run()).toThrow('program: it runs already, and its storages are in use');
    expect(() => program.dispose()).toThrow('program: it cannot be disposed of while it runs');
    await running;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
    expect(read(y)).toEqual(expected);
    program.run();
    program.dispose();
  });

  it('ends early when its signal is aborted, and runs again after', async () => {
    const { y, run } = inside(() => chain());
    inside(run);
    const expected = read(y);
    // The last call is the only one that writes y.
    const { run: other } = inside(() => chain(5));
    const program = inside(() =>
      recordProgram(() => {
        for (let i = 0; i < 400; i++) other();
        run();
      }),
    );
    y.storage.bytes().fill(0);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    await expect(program.runAsync({ signal: controller.signal })).rejects.toThrow(
      'program: the run was aborted',
    );
    expect(read(y)).toEqual(new Float32Array(rows * columns));
    await expect(program.runAsync({ signal: AbortSignal.abort() })).rejects.toThrow(EngineError);
    await program.runAsync({ signal: new AbortController().signal });
    expect(read(y)).toEqual(expected);
    program.dispose();
  }, 60_000);

  it('tells how long its parts took', () =>
    inside(() => {
      const { y, run } = chain();
      run();
      const expected = read(y);
      using program = recordProgram(run);
      for (let round = 0; round < 2; round++) {
        y.storage.bytes().fill(0);
        const times = program.profile();
        expect(times.map(({ label }) => label)).toEqual(['product', 'sum', 'softmax']);
        for (const { milliseconds } of times) expect(milliseconds).toBeGreaterThan(0);
        expect(read(y)).toEqual(expected);
      }
    }));

  it('gives its memory back once, and does not run after', () =>
    inside(() => {
      const { y, run } = chain();
      const program = recordProgram(run);
      program.run();
      program.dispose();
      program.dispose();
      for (const use of [() => program.run(), () => program.profile()]) {
        expect(use).toThrow('program: it was disposed of');
      }
      expect(y.storage.disposed).toBe(false);
    }));

  it('does not run when a storage of its own is gone', () =>
    inside(() => {
      const { x, run } = chain();
      using program = recordProgram(run);
      x.storage.dispose();
      expect(() => program.run()).toThrow('storage: it was disposed of');
    }));

  it('refuses calls that look at numbers in JavaScript, naming them', () =>
    inside(() => {
      const indices = { storage: allocate(16), offset: 0 };
      indices.storage.bytes().fill(0);
      const [x, y] = [zeros(64), zeros(64)];
      const refused = (name: string, body: () => void): void =>
        expect(() => recordProgram(body)).toThrow(
          `${name}: it cannot be part of a program, since it looks at numbers of a storage in JavaScript`,
        );
      const gather = { x, y, indices, outer: 1, rows: 4, count: 2, inner: 4, elementBytes: 4 } as const;
      refused('gatherRows', () => gatherRows(gather));
      const image = { inHeight: 4, inWidth: 4, outHeight: 2, outWidth: 2 };
      const windows = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] } as const;
      const positions = { storage: allocate(32), offset: 0 };
      refused('pool2d', () =>
        pool2d({ kind: 'max', x, y, indices: positions, planes: 1, ...image, ...windows }),
      );
      const shape = { batch: 1, inChannels: 4, outChannels: 4, groups: 1, ...image };
      const convolution = { ...shape, ...windows, dilation: [1, 1] } as const;
      refused('packConv2dWeights', () => void packConv2dWeights({ ...convolution, w: x }));
      expect(() => recordProgram(() => x.storage.bytes())).toThrow('recordProgram: bytes() of a storage');
      // None of this has left anything behind.
      expect(x.storage.bytes()).toHaveLength(256);
    }));

  it('refuses what is no recording', () =>
    inside(() => {
      const { run } = chain();
      expect(() => recordProgram(() => {})).toThrow(
        'recordProgram: nothing was recorded, expected a call of a kernel at least, got none',
      );
      expect(() => recordProgram(async () => run())).toThrow('recordProgram: its body is asynchronous');
      expect(() => recordProgram(() => recordProgram(run))).toThrow(
        'recordProgram: a program cannot be recorded while another one is',
      );
      expect(() => recordProgram(() => setNumThreads(1))).toThrow(
        'it cannot change while a program is recorded',
      );
      expect(() => recordProgram(run, { threads: threads + 1 })).toThrow(
        `recordProgram: more threads than the engine has, expected ${threads}, got ${threads + 1}`,
      );
      expect(() => recordProgram(run, { threads: 0 })).toThrow('invalid number of threads');
      expect(() =>
        recordProgram(() => {
          const storage = allocate(256);
          softmax({ x: { storage, offset: 0 }, y: { storage, offset: 0 }, outer: 1, size: 64, inner: 1 });
          storage.dispose();
        }),
      ).toThrow('recordProgram: a storage that its calls use was disposed of');
      const thrown = new Error('thrown by the body');
      expect(() =>
        recordProgram(() => {
          throw thrown;
        }),
      ).toThrow(thrown);
    }));
});

describe.skipIf(native.length === 0)('a native program', () => {
  it.each(native)('on $name refuses storages whose buffer was transferred away', ({ executor }) =>
    withExecutor(executor, () => {
      const { x, run } = chain();
      using program = recordProgram(run);
      structuredClone(x.storage.bytes().buffer, { transfer: [x.storage.bytes().buffer as ArrayBuffer] });
      expect(() => program.run()).toThrow(DetachedStorageError);
    }),
  );

  it.each(native.filter(({ threads }) => threads > 1))(
    'on $name gives the same bits where its threads are not there',
    ({ executor, team, threads }) =>
      withExecutor(executor, () => {
        const { y, run } = chain();
        using program = recordProgram(run);
        program.run();
        const expected = read(y);
        try {
          for (const count of [1, threads + 1]) {
            team!.setCount(count, 'a test asks for them');
            y.storage.bytes().fill(0);
            program.run();
            expect(read(y)).toEqual(expected);
          }
        } finally {
          team!.setCount(threads, 'a test asks for them');
          team!.pool().waitUntilReady(20_000);
        }
      }),
  );

  it.each(native.filter(({ threads }) => threads > 1))(
    'on $name gives up at a barrier where a thread does not come, and tells',
    ({ executor, threads }) => {
      if (!(executor instanceof NativeExecutor)) throw new Error('skipped above');
      const basis = nativeBasis();
      if (typeof basis === 'string') throw new Error(basis);
      // Threads that say that they come and never do.
      const team = {
        together: threads,
        runTogether: ({ runOwn }: Together<number>) => Int32Array.of(programStatus.done, runOwn()),
      } as unknown as ThreadTeam;
      const recorder = new Recorder(executor, threads);
      withExecutor(executor, () => {
        const { run } = chain();
        withExecutor(recorder, () => run());
      });
      const code = new NativeCode(basis.koffi, basis.libc);
      const { target, memory } = executor;
      const program = new NativeProgram(recorder.finish(), { target, code, memory, team }, 30e6);
      expect(() => program.run()).toThrow(
        'program: a thread did not come to a barrier in time, and outputs are incomplete',
      );
      program.dispose();
    },
  );

  it.each(native)(
    'on $name keeps all that it uses from a collector that runs all the time',
    ({ executor, team, threads }) => {
      const basis = nativeBasis();
      if (typeof basis === 'string' || !(executor instanceof NativeExecutor))
        throw new Error('skipped above');
      const code = new NativeCode(basis.koffi, basis.libc);
      const memory = new ChurningMemory(nodeHost(code.addressFunction(), basis.libc.trim));
      const churning = new NativeExecutor(executor.target, code, memory, team);
      const expected = withExecutor(executor, () => {
        const { y, run } = chain(3);
        run();
        return read(y);
      });
      withExecutor(churning, () => {
        // Nobody holds the operands but the program.
        const record = () => {
          const { y, run } = chain(3);
          return { y, program: recordProgram(run) };
        };
        const { y, program } = record();
        expect(program.threads).toBe(threads);
        for (let round = 0; round < 5; round++) {
          memory.churn();
          y.storage.bytes().fill(0);
          program.run();
          expect(read(y)).toEqual(expected);
        }
        program.dispose();
      });
      churning.dispose();
    },
  );
});
