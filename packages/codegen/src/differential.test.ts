import { describe, expect, it } from 'vitest';
import { interpret, type KernelArguments } from './index.ts';
import { arrayOf, type Comparable, expectSame } from './testing/numbers.ts';
import {
  bufferVectors,
  type RandomContract,
  randomKernel,
  resultIntegers,
  resultVectors,
} from './testing/random-kernel.ts';
import { compiledRunners, skipped, vectorBytesOf } from './testing/run.ts';

/** Arguments for vectors of some length; the same each time. */
function argumentsFor(vectorBytes: number, seed: number) {
  const numbers = (length: number, at: (i: number) => number): number[] =>
    Array.from({ length }, (_, i) => at(i));
  const lanes32 = (bufferVectors * vectorBytes) / 4;
  const lanes64 = (bufferVectors * vectorBytes) / 8;
  const mixed = (i: number): number =>
    i % 11 === 10
      ? Number.NaN
      : i % 13 === 12
        ? Infinity
        : Math.sin(i * 12.9898 + seed) * 10 ** ((i % 7) - 2);
  return {
    f32: Float32Array.from(numbers(lanes32, mixed)),
    f64: Float64Array.from(numbers(lanes64, mixed)),
    i32: Int32Array.from(numbers(lanes32, (i) => Math.imul(i + seed + 1, 0x9e3779b1) >> (i % 29))),
    bytes: Int8Array.from(numbers(64, (i) => i * 37)),
    work32: Float32Array.from(numbers(lanes32, mixed)),
    work64: Float64Array.from(numbers(lanes64, mixed)),
    i64: BigInt64Array.from(
      numbers(lanes64, (i) => i).map(
        (i) => BigInt.asIntN(64, BigInt(i + seed + 1) * 0x9e3779b97f4a7c15n) >> BigInt((i * 7) % 61),
      ),
    ),
    i8: Int8Array.from(numbers(lanes32, (i) => i * 73 + seed)),
    u16: Uint16Array.from(numbers(lanes32, (i) => i * 12347 + seed)),
    // finite: the highest exponent is left out
    f16: Uint16Array.from(numbers(lanes32, (i) => (i * 7919 + seed * 31) & 0xbbff)),
    bf16: Uint16Array.from(numbers(lanes32, (i) => (i * 7919 + seed * 31) & 0xbfff)),
    work_i8: new Int8Array(lanes32).fill(-3),
    work_u8: new Uint8Array(lanes32).fill(200),
    work_i16: new Int16Array(lanes32).fill(-300),
    work_f16: new Uint16Array(lanes32).fill(0x3555),
    work_bf16: new Uint16Array(lanes32).fill(0x4049),
    out_f32: new arrayOf.f32((resultVectors * vectorBytes) / 4),
    out_f64: new arrayOf.f64((resultVectors * vectorBytes) / 8),
    out_i32: new arrayOf.i32((resultVectors * vectorBytes) / 4),
    out_i64: new BigInt64Array((resultVectors * vectorBytes) / 8),
    integers: new Int32Array(resultIntegers),
    n: seed % 19,
    m: (seed * 7) % 31,
    a: 0.75,
    b: -1.25,
  } satisfies KernelArguments<RandomContract>;
}

const outputs = ['out_f32', 'out_f64', 'out_i32', 'out_i64', 'integers', 'work32', 'work64'] as const;
const narrowOutputs = ['work_i8', 'work_u8', 'work_i16', 'work_f16', 'work_bf16'] as const;
const batches = Array.from({ length: 10 }, (_, i) => i);
const batchSize = 20;

describe.each(compiledRunners)('on %s', (name, run) => {
  it.each(batches)('random kernels give the interpreter’s bits (batch %i)', (batch) => {
    const vectorBytes = vectorBytesOf(name);
    for (let seed = batch * batchSize; seed < (batch + 1) * batchSize; seed++) {
      const subject = randomKernel(seed);
      const [expected, got] = [argumentsFor(vectorBytes, seed), argumentsFor(vectorBytes, seed)];
      interpret(subject, expected, { vectorBytes });
      run(subject, got);
      for (const output of [...outputs, ...narrowOutputs]) {
        try {
          expectSame(got[output] as Comparable, expected[output] as Comparable);
        } catch (error) {
          throw new Error(`seed ${seed}, ${output}`, { cause: error });
        }
      }
    }
  });
});

describe('targets that this host cannot run', () => {
  for (const [name, reason] of skipped) it.skip(`${name}: ${reason}`, () => {});
  it('are among those that need a processor of their own', () => {
    expect(['avx512', 'avx2']).toEqual(expect.arrayContaining(skipped.map(([name]) => name)));
  });
});
