import { describe, expect, it } from 'vitest';
import { chainOperand, makeChains, newChain } from './chains.ts';

const floats = ({ storage }: ReturnType<typeof chainOperand>): Float32Array => {
  const bytes = storage.bytes();
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
};

describe('newChain', () => {
  it('makes a kernel with a constant of its own each time', () => {
    const [x, y] = [chainOperand(), chainOperand()];
    floats(x).fill(1);
    const results = Array.from({ length: 3 }, () => {
      newChain(x, y)();
      return floats(y)[0]!;
    });
    expect(new Set(results).size).toBe(3);
    for (const result of results) expect(result).toBeGreaterThan(2);
  });
});

describe('makeChains', () => {
  it('gives a time for each kernel', () => {
    const times = makeChains(3);
    expect(times).toHaveLength(3);
    expect(times.some((ms) => ms > 0)).toBe(true);
  });
});
