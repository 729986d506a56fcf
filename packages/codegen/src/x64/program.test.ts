import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { inout, input, integer, type Kernel, kernel, writeArguments } from '../index.ts';
import { nativeHost, whyNot } from '../testing/native.ts';
import {
  compileProgram,
  compilePrograms,
  controlBytes,
  controlWords,
  type ProgramStep,
  programSlots,
  programStatus,
} from './program.ts';
import { avx2Target, avx512Target, type X64Target } from './target.ts';

/** `y[i] += x[i] + 1`, with enough live values that the frame is in use between kernels. */
const addOne = kernel('addOne', { x: input('f32'), y: inout('f32'), vectors: integer() }, (k) => {
  const [x, y, lanes] = [k.pointer('x'), k.pointer('y'), k.lanes('f32')];
  k.loop(k.integer('vectors'), () => {
    const sums = Array.from({ length: 40 }, (_, i) => k.add(k.load(x), i));
    const total = sums.reduce((a, b) => k.add(a, b));
    const rest = sums.reduceRight((a, b) => k.add(a, b));
    k.store(k.add(k.load(y), k.add(k.add(k.load(x), 1), k.sub(total, rest))), y);
    k.advance(x, lanes);
    k.advance(y, lanes);
  });
});
const double = kernel('double', { y: inout('f32'), vectors: integer() }, (k) => {
  const [y, lanes] = [k.pointer('y'), k.lanes('f32')];
  k.loop(k.integer('vectors'), () => {
    k.store(k.mul(k.load(y), 2), y);
    k.advance(y, lanes);
  });
});

/** `y[i] = x[i] + 1`. */
const nextOf = kernel('nextOf', { x: input('f32'), y: inout('f32'), vectors: integer() }, (k) => {
  const [x, y, lanes] = [k.pointer('x'), k.pointer('y'), k.lanes('f32')];
  k.loop(k.integer('vectors'), () => {
    k.store(k.add(k.load(x), 1), y);
    k.advance(x, lanes);
    k.advance(y, lanes);
  });
});

/** Where things lie in the memory of a test. */
const at = { control: 0, base: 256, blocks: 512, x: 8192, y: 16384 };
const patience = 3e9;

/** Writes the slots of a program and the argument blocks of its steps. */
function prepare(
  memory: Uint8Array<ArrayBufferLike>,
  address: number,
  base: number,
  threads: number,
  blocks: readonly { kernel: Kernel; at: number; values: Readonly<Record<string, number>> }[],
  ticks = patience,
): void {
  const view = new DataView(memory.buffer, memory.byteOffset);
  view.setBigInt64(base + 8 * programSlots.control, BigInt(address + at.control), true);
  view.setBigInt64(base + 8 * programSlots.threads, BigInt(threads), true);
  view.setBigInt64(base + 8 * programSlots.patience, BigInt(ticks), true);
  for (const { kernel, at: block, values } of blocks)
    writeArguments(kernel.contract, view, base + block, values);
}

const targets = [avx512Target, avx2Target];

describe.each(targets)('a program for $name', (target) => {
  const reason = whyNot(target);
  const test = reason ? it.skip : it;
  const note = reason ? ` (skipped: ${reason})` : '';

  test(`runs its kernels in order, each over its own block${note}`, async () => {
    const { memory, address, map } = await nativeHost();
    memory.fill(0, 0, 1 << 16);
    const [x, y] = [new Float32Array(memory.buffer, at.x, 64), new Float32Array(memory.buffer, at.y, 64)];
    x.forEach((_, i) => {
      x[i] = i;
    });
    const vectors = 64 / target.lanes('f32');
    const steps: ProgramStep[] = [
      { kernel: addOne, block: at.blocks },
      { kernel: double, block: at.blocks + 64 },
      'barrier',
      { kernel: addOne, block: at.blocks },
      { kernel: addOne, block: at.blocks + 128 },
    ];
    prepare(memory, address, at.base, 1, [
      { kernel: addOne, at: at.blocks, values: { x: address + at.x, y: address + at.y, vectors } },
      { kernel: double, at: at.blocks + 64, values: { y: address + at.y, vectors } },
      { kernel: addOne, at: at.blocks + 128, values: { x: address + at.y, y: address + at.x, vectors } },
    ]);
    expect(map(compileProgram(steps, target).code)(address + at.base)).toBe(programStatus.done);
    expect([...y]).toEqual(Array.from({ length: 64 }, (_, i) => 3 * (i + 1)));
    expect([...x]).toEqual(Array.from({ length: 64 }, (_, i) => i + 3 * (i + 1) + 1));
  });

  test(`holds the code of each kernel once${note}`, () => {
    const length = (times: number): number => {
      const steps = Array.from({ length: times }, () => ({ kernel: addOne, block: at.blocks }));
      return compileProgram(steps, target).instructionBytes;
    };
    expect(length(11) - length(1)).toBeLessThan(10 * 40);
  });

  test(`starts several programs that share the code of their kernels, and stores the time${note}`, async () => {
    const { memory, address, map } = await nativeHost();
    memory.fill(0, 0, 1 << 16);
    const y = new Float32Array(memory.buffer, at.y, 64).fill(1);
    const vectors = 64 / target.lanes('f32');
    prepare(memory, address, at.base, 1, [
      { kernel: double, at: at.blocks, values: { y: address + at.y, vectors } },
    ]);
    const step = { kernel: double, block: at.blocks };
    const clocks = [4096, 4104] as const;
    const programs = [[step], [{ clock: clocks[0] }, step, step, { clock: clocks[1] }]];
    const { code, entries, instructionBytes } = compilePrograms(programs, target);
    expect(instructionBytes).toBeLessThan(compileProgram([step], target).instructionBytes + 300);
    for (const [i, times] of [2, 4].entries()) {
      // jmp rel32, in front of the code
      const started = new Uint8Array(64 + code.length);
      started.set(code, 64);
      started[0] = 0xe9;
      new DataView(started.buffer).setInt32(1, 64 + entries[i]! - 5, true);
      y.fill(1);
      expect(map(started)(address + at.base)).toBe(programStatus.done);
      expect([...new Set(y)]).toEqual([times]);
    }
    const [began, ended] = clocks.map((clock) => new BigUint64Array(memory.buffer, at.base + clock, 1)[0]!);
    expect(began).toBeGreaterThan(0n);
    expect(ended).toBeGreaterThan(began!);
  });

  test(`gives up at a barrier where nobody else arrives, and tells the others${note}`, async () => {
    const { memory, address, map } = await nativeHost();
    memory.fill(0, 0, 1 << 16);
    prepare(memory, address, at.base, 2, [], 20e6);
    const control = new Int32Array(memory.buffer, at.control, controlBytes / 4);
    const run = map(compileProgram(['barrier'], target).code);
    expect(run(address + at.base)).toBe(programStatus.expired);
    expect(control[controlWords.abort / 4]).toBe(1);
    control[controlWords.arrived / 4] = 0;
    expect(run(address + at.base)).toBe(programStatus.aborted);
  });

  test(`meets a second thread at every barrier${note}`, () => meet(target), 20_000);
});

/** Two threads hand numbers to each other, round after round: each writes one more than what the other wrote before. */
async function meet(target: X64Target): Promise<void> {
  const { map, mapAddress, addressOf } = await nativeHost();
  const shared = new SharedArrayBuffer(1 << 16);
  const memory = new Uint8Array(shared);
  const address = addressOf(memory);
  const vectors = 16;
  const rounds = 300;
  const bytes = vectors * target.vectorBytes;
  // thread t has the buffer at y + t * bytes, and reads the other's in every round
  const codes = [0, 1].map((thread) => {
    const own = address + at.y + thread * 2 * bytes;
    const other = address + at.y + (1 - thread) * 2 * bytes;
    const base = at.base + thread * 2048;
    const block = (write: number, read: number) => ({ x: read, y: write, vectors });
    // even rounds write the first half from the other's second half, odd rounds the other way round
    prepare(memory, address, base, 2, [
      { kernel: nextOf, at: 64, values: block(own, other + bytes) },
      { kernel: nextOf, at: 128, values: block(own + bytes, other) },
    ]);
    const steps = Array.from({ length: rounds }, (_, round): ProgramStep[] => [
      { kernel: nextOf, block: round % 2 === 0 ? 64 : 128 },
      'barrier',
    ]).flat();
    return { code: compileProgram(steps, target).code, base: address + base };
  });
  const koffi = createRequire(import.meta.url).resolve('koffi');
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const koffi = require(workerData.koffi);
     koffi.load('libc.so.6');
     const run = koffi.decode(workerData.code, koffi.proto('int64_t program(int64_t)'));
     parentPort.on('message', () => { parentPort.postMessage(Number(run(workerData.base))); process.exit(0); });
     parentPort.postMessage('ready');`,
    { eval: true, workerData: { koffi, code: mapAddress(codes[1]!.code), base: codes[1]!.base } },
  );
  const message = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  await message();
  const finished = message();
  worker.postMessage('go');
  const own = map(codes[0]!.code)(codes[0]!.base);
  expect([own, await finished]).toEqual([programStatus.done, programStatus.done]);
  const last = new Float32Array(shared, at.y + (rounds % 2 === 0 ? bytes : 0), bytes / 4);
  expect([...new Set(last)]).toEqual([rounds]);
}
