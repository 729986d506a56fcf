import { describe, expect, it } from 'vitest';
import { allocate } from '../../memory/allocate.ts';
import { withExecutor } from '../../runtime/executor.ts';
import { targets } from '../../testing/targets.ts';
import type { Slice } from '../../types.ts';
import { randomBernoulli } from './bernoulli.ts';
import { mersenneTwister } from './mersenne-twister.ts';
import { randomNormal } from './normal.ts';
import { randomUniform } from './uniform.ts';

const SIZE = 624;

/** Storage of so many 32-bit words with room behind that must stay as it is. */
function memory(words: number): Slice & { read(): Uint32Array; checkRoom(): void } {
  const storage = allocate(4 * words + 64);
  storage.bytes().fill(0xa5);
  return {
    storage,
    offset: 0,
    read: () => new Uint32Array(storage.bytes().slice(0, 4 * words).buffer),
    checkRoom: () => expect([...storage.bytes().slice(4 * words)].every((byte) => byte === 0xa5)).toBe(true),
  };
}

/** Draws of mt19937 after a seed. */
function draws(seed: number, blocks: number): Slice & { read(): Uint32Array } {
  const state = memory(2 * SIZE);
  const words = new Uint32Array(SIZE);
  words[0] = seed;
  for (let i = 1; i < SIZE; i++) {
    const last = words[i - 1]!;
    words[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
  }
  state.storage.bytes().set(new Uint8Array(words.buffer));
  const made = memory(SIZE * blocks);
  mersenneTwister({ state, words: made, blocks });
  made.checkRoom();
  state.checkRoom();
  return made;
}

const hex = (values: Uint32Array): string[] => Array.from(values, (v) => v.toString(16).padStart(8, '0'));

// Real PyTorch's numbers after the seed 0, and the number that the C++ standard names.
for (const { name, executor } of targets) {
  describe(`random numbers on ${name}`, () => {
    it('draws what mt19937 draws', () =>
      withExecutor(executor, () => {
        expect([...draws(0, 1).read().slice(0, 4)]).toEqual([2357136044, 2546248239, 3071714933, 3626093760]);
        expect(draws(5489, 17).read()[9999]).toBe(4123659995);
      }));

    it('makes uniform numbers, each rounded once, tails included', () =>
      withExecutor(executor, () => {
        const words = draws(0, 1);
        const y = memory(21);
        const bound = 1 / 28;
        randomUniform({ dtype: 'float32', words, y, count: 4, low: 0, high: 1 });
        expect(hex(y.read()).slice(0, 4)).toEqual(['3efe1558', '3f44aa2f', '3db533a8', '3e073300']);
        randomUniform({ dtype: 'float32', words, y, count: 21, low: -bound, high: bound });
        expect(hex(y.read()).slice(0, 4)).toEqual(['b98c3000', '3c9cf2b5', 'bcf0ccac', 'bcd75093']);
        y.checkRoom();
        const doubles = memory(2 * 11);
        randomUniform({ dtype: 'float64', words, y: doubles, count: 11, low: 0, high: 1 });
        const [low0, high0, low1, high1] = hex(doubles.read());
        expect([high0, low0, high1, low1]).toEqual(['3fef0aac', '97c4aa2f', '3fe6a675', 'd821ccc0']);
        doubles.checkRoom();
      }));

    it('makes normal numbers of even and odd numbers of blocks', () =>
      withExecutor(executor, () => {
        const expected =
          'bf901b85 bf93808a be804bd6 bede255d 3f594515 3f312783 bea1cc6d c0075fc1 3ea50138 bfa1b4f4 3eb330ff 3e9dc3bb 3df56f77 3f9e6b93 3f8ef28e be7d367c';
        const all = memory(48);
        randomUniform({ dtype: 'float32', words: draws(0, 1), y: all, count: 48, low: 0, high: 1 });
        const uniform = all.storage.bytes().slice(0, 192);
        randomNormal({ y: all, blocks: 3, mean: 0, std: 1 });
        expect(hex(all.read()).slice(0, 16).join(' ')).toBe(expected);
        all.checkRoom();
        // Blocks do not depend on each other.
        const one = memory(16);
        for (let block = 0; block < 3; block++) {
          one.storage.bytes().set(uniform.slice(64 * block, 64 * block + 64));
          randomNormal({ y: one, blocks: 1, mean: 0, std: 1 });
          expect(hex(one.read())).toEqual(hex(all.read().slice(16 * block, 16 * block + 16)));
          one.checkRoom();
        }
      }));

    it('rounds alike on all targets', () =>
      withExecutor(executor, () => {
        const words = draws(1, 4);
        const y = memory(1024);
        const checksum = (): number => y.read().reduce((sum, word) => Math.imul(sum, 31) + word, 0) >>> 0;
        randomUniform({ dtype: 'float32', words, y, count: 1024, low: 0, high: 1 });
        randomNormal({ y, blocks: 64, mean: 0.3, std: 1.7 });
        const normal = checksum();
        randomUniform({ dtype: 'float64', words, y, count: 512, low: -0.1, high: 0.7 });
        expect([normal, checksum()]).toEqual([1669357354, 2079584397]);
      }));

    it('compares 53 bits with a probability', () =>
      withExecutor(executor, () => {
        const words = draws(0, 1);
        const y = memory(29);
        const ones = (p: number, count: number): string => {
          randomBernoulli({ words, y, count, p });
          return [...new Float32Array(y.read().buffer).slice(0, count)].join('');
        };
        expect(ones(0.3, 12)).toBe('000000100101');
        expect(ones(0, 29)).toBe('0'.repeat(29));
        expect(ones(1, 29)).toBe('1'.repeat(29));
        // 0.7078... is the second number: it is not below itself, but below the next.
        const second = ((words.read()[2]! % 2 ** 21) * 2 ** 32 + words.read()[3]!) * 2 ** -53;
        expect(ones(second, 2)[1]).toBe('0');
        expect(ones(second + 2 ** -53, 2)[1]).toBe('1');
        y.checkRoom();
      }));
  });
}
