import { describe, expect, it } from 'vitest';
import { kept } from './kept.ts';

describe('kept', () => {
  it('makes a value once for each key, and again when too many have been made since', () => {
    const made: number[] = [];
    const square = kept((n: number) => {
      made.push(n);
      return n * n;
    });
    expect([square('3', 3), square('3', 3), square('4', 4)]).toEqual([9, 9, 16]);
    expect(made).toEqual([3, 4]);
    for (let n = 5; n < 1000; n++) square(String(n), n);
    expect(square('3', 3)).toBe(9);
    expect(made.filter((n) => n === 3)).toHaveLength(2);
  });

  it('keeps nothing of what fails', () => {
    const failing = kept((fail: boolean) => {
      if (fail) throw new Error('refused');
      return 1;
    });
    expect(() => failing('a', true)).toThrow('refused');
    expect(failing('a', false)).toBe(1);
  });
});
