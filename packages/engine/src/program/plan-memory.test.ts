import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MemoryRequest, planMemory } from './plan-memory.ts';

const request = fc
  .record({ bytes: fc.integer({ min: 0, max: 5000 }), first: fc.nat(20), length: fc.nat(6) })
  .map(({ bytes, first, length }): MemoryRequest => ({ bytes, first, last: first + length }));

describe('planMemory', () => {
  it('gives the bytes of what is over to what comes later', () => {
    const requests = [
      { bytes: 256, first: 0, last: 1 },
      { bytes: 128, first: 1, last: 2 },
      { bytes: 256, first: 2, last: 3 },
    ];
    expect(planMemory(requests)).toEqual({ offsets: [0, 256, 0], bytes: 384 });
    expect(planMemory([])).toEqual({ offsets: [], bytes: 0 });
  });

  it('gives no byte to two at a time, aligns every place, and takes no more than all together', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 30 }), (requests) => {
        const { offsets, bytes } = planMemory(requests);
        const end = (i: number): number => offsets[i]! + requests[i]!.bytes;
        for (const [i, a] of requests.entries()) {
          expect(offsets[i]! % 64).toBe(0);
          expect(end(i)).toBeLessThanOrEqual(bytes);
          for (const [j, b] of requests.entries()) {
            if (i >= j || a.last < b.first || b.last < a.first || a.bytes * b.bytes === 0) continue;
            expect(end(i) <= offsets[j]! || end(j) <= offsets[i]!).toBe(true);
          }
        }
        const all = requests.reduce((sum, one) => sum + Math.ceil(one.bytes / 64) * 64, 0);
        expect(bytes).toBeLessThanOrEqual(all);
      }),
    );
  });
});
