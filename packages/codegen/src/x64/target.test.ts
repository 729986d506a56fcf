import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inout, input, integer, kernel, output, scalar, writeArguments } from '../index.ts';
import { nativeHost, whyNoNative, whyNot } from '../testing/native.ts';
import { cpuidStub, xgetbvStub } from './stubs.ts';
import { avx2Target, avx512Target, compileX64 } from './target.ts';

const targets = [avx512Target, avx2Target];
const child = fileURLToPath(new URL('../testing/guard-child.ts', import.meta.url));

describe.each(targets)('the $name target', (target) => {
  const reason = whyNot(target);
  const test = reason ? it.skip : it;
  const note = reason ? ` (skipped: ${reason})` : '';

  test(`sends values to memory when registers run out${note}`, async () => {
    const { memory, address, map } = await nativeHost();
    const many = kernel('many', { x: input('f32'), y: inout('f32') }, (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      const values = Array.from({ length: 100 }, (_, i) => k.mul(k.load(x), i + 1));
      const sum = k.zero('f32');
      k.loop(3, () => {
        for (const value of values) k.assign(sum, k.add(sum, value));
      });
      k.store(sum, y);
    });
    const x = new Float32Array(memory.buffer, 4096, 16).fill(1);
    const y = new Float32Array(memory.buffer, 8192, 16).fill(0);
    const block = new DataView(memory.buffer, memory.byteOffset);
    writeArguments(many.contract, block, 0, { x: address + 4096, y: address + 8192 });
    map(compileX64(many, target).code)(address);
    expect([...new Set(y.subarray(0, target.lanes('f32')))]).toEqual([3 * 5050]);
    expect(x[0]).toBe(1);
  });

  test(`keeps callee-saved registers and the stack${note}`, async () => {
    // koffi's own code lives in those registers: calls that changed them would not come back to JavaScript unharmed
    const { memory, address, map } = await nativeHost();
    const busy = kernel('busy', { n: integer(), y: output('i32') }, (k) => {
      const integers = Array.from({ length: 30 }, (_, i) => k.variable(i));
      k.loop(k.integer('n'), () => integers.forEach((value, i) => void k.increment(value, i)));
      const sum = k.variable(0);
      for (const value of integers) k.increment(sum, value);
      k.storeInteger(sum, k.pointer('y'));
    });
    const block = new DataView(memory.buffer, memory.byteOffset);
    const run = map(compileX64(busy, target).code);
    for (let n = 0; n < 50; n++) {
      writeArguments(busy.contract, block, 0, { n, y: address + 4096 });
      run(address);
      expect(block.getInt32(4096, true)).toBe(435 + n * 435);
    }
  });

  test(`touches no byte behind its buffers, which end where a guarded page begins${note}`, () => {
    const run = (excess: number) =>
      spawnSync(
        process.execPath,
        ['--no-warnings', '--experimental-strip-types', child, target.name, `${excess}`],
        {
          encoding: 'utf8',
        },
      );
    expect(run(0)).toMatchObject({ stdout: 'done\n', status: 0 });
    expect(run(1).signal).toBe('SIGSEGV');
  });

  it('keeps unchanged arguments in the block and constants behind the code', () => {
    const subject = kernel('subject', { x: inout('f32'), a: scalar('f32'), n: integer() }, (k) => {
      const [x, a] = [k.pointer('x'), k.scalar('a')];
      k.loop(k.integer('n'), () => {
        k.store(k.fma(k.load(x), a, 0.5), x);
        k.advance(x, k.lanes('f32'));
      });
    });
    const { code, instructionBytes } = compileX64(subject, target);
    const constant = [...new Uint8Array(Float32Array.of(0.5).buffer)].join();
    const pool = code.subarray(Math.ceil(instructionBytes / 64) * 64);
    expect([...pool].join()).toBe(constant);
    expect(instructionBytes).toBeLessThan(200);
  });

  it('makes code that is the same each time', () => {
    const subject = kernel('subject', { x: inout('f32') }, (k) => {
      k.store(k.neg(k.load(k.pointer('x'))), k.pointer('x'));
    });
    expect(compileX64(subject, target).code).toEqual(compileX64(subject, target).code);
  });

  it('refuses a frame that would not fit on small stacks', () => {
    const subject = kernel('subject', { x: input('f32'), y: output('f32') }, (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      const values = Array.from({ length: 9000 }, (_, i) => k.load(x, i));
      k.when(k.variable(1), '>', 0, () => values.forEach((value, i) => void k.store(value, y, i)));
    });
    expect(() => compileX64(subject, target)).toThrow(
      'frame: too many values in memory, expected 262144 bytes',
    );
  });
});

describe.skipIf(whyNoNative !== undefined)('the stubs', () => {
  it('read the CPU’s vendor and the registers that the operating system saves', async () => {
    const { memory, address, map } = await nativeHost();
    const words = new Uint32Array(memory.buffer, 0, 4);
    words.set([0, 0]);
    map(cpuidStub())(address);
    const vendor = String.fromCharCode(
      ...new Uint8Array(Uint32Array.of(words[1]!, words[3]!, words[2]!).buffer),
    );
    expect(vendor).toMatch(/^[A-Za-z ]{12}$/);
    map(xgetbvStub())(address);
    // x87 and SSE at least
    expect(words[0]! & 3).toBe(3);
  });
});
