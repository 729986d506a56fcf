import { describe, expect, it } from 'vitest';
import {
  assembleWasm,
  compileWasm,
  hasRelaxedSimd,
  input,
  integer,
  kernel,
  output,
  wasmTarget,
  writeArguments,
} from '../index.ts';
import { signed, unsigned } from './assembler.ts';

const axpy = kernel('axpy', { x: input('f32'), y: output('f32'), n: integer() }, (k) => {
  const [x, y] = [k.pointer('x'), k.pointer('y')];
  k.loop(k.integer('n'), () => {
    k.store(k.fma(k.load(x), 3, 0.5), y);
    k.advance(x, 4);
    k.advance(y, 4);
  });
});

/** Whether the bytes hold the given ones in a row. */
function holds(bytes: Uint8Array, part: readonly number[]): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (part.every((byte, i) => bytes[at + i] === byte)) count++;
  return count;
}

const relaxedMadd = [0xfd, 0x85, 0x02];
const vectorConst = [0xfd, 0x0c];

describe('the WebAssembly target', () => {
  it('makes valid modules with relaxed SIMD and without', () => {
    expect(hasRelaxedSimd()).toBe(true);
    const [relaxed, plain] = [
      assembleWasm(axpy, { relaxedSimd: true }),
      assembleWasm(axpy, { relaxedSimd: false }),
    ];
    expect(WebAssembly.validate(relaxed)).toBe(true);
    expect(WebAssembly.validate(plain)).toBe(true);
    expect(holds(relaxed, relaxedMadd)).toBe(1);
    expect(holds(plain, relaxedMadd)).toBe(0);
  });

  it('tells kernels whether multiply-add is one instruction', () => {
    const told: boolean[] = [];
    const ask = kernel('ask', {}, (k) => void told.push(k.target.fusedMultiplyAdd));
    assembleWasm(ask, { relaxedSimd: true });
    assembleWasm(ask, { relaxedSimd: false });
    expect(told).toEqual([true, false]);
    expect(wasmTarget.fusedMultiplyAdd).toBe(hasRelaxedSimd());
  });

  it('makes constants once, in front of loops', () => {
    const bytes = assembleWasm(axpy);
    expect(holds(bytes, vectorConst)).toBe(2);
    const code = [...bytes];
    const lastConstant = code.findLastIndex((_, at) => vectorConst.every((byte, i) => code[at + i] === byte));
    const loop = code.findIndex((byte, at) => byte === 0x03 && code[at + 1] === 0x40);
    expect(lastConstant).toBeLessThan(loop);
  });

  it('runs over shared memories', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
    new Float32Array(memory.buffer, 1024, 8).set([1, 2, 3, 4, 5, 6, 7, 8]);
    writeArguments(axpy.contract, new DataView(memory.buffer), 0, { x: 1024, y: 2048, n: 2 });
    compileWasm(axpy, memory)(0);
    expect([...new Float32Array(memory.buffer, 2048, 8)]).toEqual([
      3.5, 6.5, 9.5, 12.5, 15.5, 18.5, 21.5, 24.5,
    ]);
  });

  it('sees a memory that has grown', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const run = compileWasm(axpy, memory);
    memory.grow(1);
    writeArguments(axpy.contract, new DataView(memory.buffer), 0, { x: 1024, y: 70000, n: 1 });
    run(0);
    expect([...new Float32Array(memory.buffer, 70000, 4)]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });
});

describe('LEB128', () => {
  it('writes unsigned numbers', () => {
    expect(unsigned(0)).toEqual([0]);
    expect(unsigned(127)).toEqual([127]);
    expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]);
    expect(unsigned(2 ** 32 - 1)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  });

  it('writes signed numbers', () => {
    expect(signed(63)).toEqual([63]);
    expect(signed(64)).toEqual([0xc0, 0]);
    expect(signed(-1)).toEqual([0x7f]);
    expect(signed(-123456)).toEqual([0xc0, 0xbb, 0x78]);
    expect(signed(-(2 ** 31))).toEqual([0x80, 0x80, 0x80, 0x80, 0x78]);
  });
});
