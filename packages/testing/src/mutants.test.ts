import { expect, test } from 'vitest';
import { countRefused, mutants } from './index.ts';

const file = Uint8Array.from({ length: 200 }, (_, i) => i);

test('a seed gives the same damage every time, another seed other damage', () => {
  expect([...mutants(file, 20, 1)]).toEqual([...mutants(file, 20, 1)]);
  expect([...mutants(file, 20, 1)]).not.toEqual([...mutants(file, 20, 2)]);
});

test('mutants are shorter, longer, or of equal length and changed, and the file stays as it is', () => {
  const before = file.slice();
  const lengths = new Set([...mutants(file, 100)].map((mutant) => Math.sign(mutant.length - file.length)));
  expect(lengths).toEqual(new Set([-1, 0, 1]));
  expect(file).toEqual(before);
});

test('refusals are counted; any other error is passed on', () => {
  const read = (bytes: Uint8Array): void => {
    if (bytes.length < 2) throw new RangeError('too short');
    if (bytes.length > 3) throw new TypeError('too long');
  };
  const files = [1, 2, 3, 1].map((length) => new Uint8Array(length));
  expect(countRefused(files, RangeError, read)).toBe(2);
  expect(() => countRefused([new Uint8Array(4)], RangeError, read)).toThrow('too long');
});
