import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockSize, FreeList } from './free-list.ts';
import type { NativeBlock } from './native-storage.ts';

const block = (bytes: number): NativeBlock => ({
  buffer: new ArrayBuffer(bytes),
  byteOffset: 0,
  address: 0,
  bytes,
});

describe('blockSize', () => {
  it('gives whole cache lines and wastes an eighth at most', () => {
    expect([0, 1, 64, 65].map(blockSize)).toEqual([64, 64, 64, 128]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (bytes) => {
        const size = blockSize(bytes);
        expect(size % 64).toBe(0);
        expect(size).toBeGreaterThanOrEqual(bytes);
        expect(blockSize(size)).toBe(size);
        expect(size - bytes).toBeLessThanOrEqual(Math.max(63, size / 8));
      }),
    );
  });
});

describe('FreeList', () => {
  it('gives back what it was given, last in, first out, by size', () => {
    const list = new FreeList(1000);
    const [a, b, c] = [block(64), block(64), block(128)];
    for (const each of [a, b, c]) list.give(each);
    expect(list.bytes).toBe(256);
    expect(list.take(64)).toBe(b);
    expect(list.take(64)).toBe(a);
    expect(list.take(64)).toBeUndefined();
    expect(list.take(128)).toBe(c);
    expect(list.bytes).toBe(0);
  });

  it('drops what was used least recently when there is too much', () => {
    const list = new FreeList(400);
    const [old, kept, last] = [block(128), block(192), block(192)];
    list.give(old);
    list.give(kept);
    list.give(last);
    expect(list.bytes).toBe(384);
    expect(list.take(128)).toBeUndefined();
    list.give(block(1024));
    expect(list.bytes).toBe(384);
  });

  it('never gives a buffer that was transferred away', () => {
    const list = new FreeList(1000);
    const gone = block(64);
    list.give(gone);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(list.take(64)).toBeUndefined();
    list.give(gone);
    expect(list.bytes).toBe(0);
  });
});
