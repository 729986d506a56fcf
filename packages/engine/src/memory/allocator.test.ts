import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../errors.ts';
import { BlockAllocator, sizeClass } from './block-allocator.ts';
import { LinearMemory } from './linear-memory.ts';

const MB = 1024 * 1024;

describe('BlockAllocator', () => {
  it('hands out aligned blocks that never overlap, whatever is freed in between', () => {
    const sizes = fc.oneof(
      fc.integer({ min: 0, max: 700 }),
      fc.integer({ min: 0, max: 40_000 }),
      fc.integer({ min: 0, max: 900_000 }),
    );
    const steps = fc.array(fc.record({ bytes: sizes, free: fc.option(fc.nat()) }), { maxLength: 120 });
    const property = fc.property(steps, (script) => {
      const blocks = new BlockAllocator();
      blocks.extend(65536, 64 * MB);
      const live: { start: number; end: number }[] = [];
      for (const { bytes, free } of script) {
        if (free !== null && live.length > 0) {
          const [gone] = live.splice(free % live.length, 1);
          blocks.free(gone!.start);
        }
        const start = blocks.allocate(bytes);
        if (start === undefined) continue;
        const end = start + Math.max(1, bytes);
        expect(start % 64).toBe(0);
        expect(start >= 65536 && end <= 65536 + 64 * MB).toBe(true);
        expect(live.some((other) => start < other.end && other.start < end)).toBe(false);
        live.push({ start, end });
      }
      for (const { start } of live) blocks.free(start);
      expect(blocks.statistics.used).toBe(0);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('reuses a freed small block at once', () => {
    const blocks = new BlockAllocator();
    blocks.extend(0, MB);
    const first = blocks.allocate(100)!;
    blocks.free(first);
    expect(blocks.allocate(120)).toBe(first);
  });

  it('merges freed neighbours into one range', () => {
    const blocks = new BlockAllocator();
    blocks.extend(0, MB);
    const parts = [0, 1, 2, 3].map(() => blocks.allocate(MB / 4)!);
    expect(blocks.allocate(MB / 4)).toBeUndefined();
    for (const part of [1, 3, 0, 2]) blocks.free(parts[part]!);
    expect(blocks.allocate(MB)).toBe(0);
  });

  it('gives empty spans of small blocks back to the large ones', () => {
    const blocks = new BlockAllocator();
    blocks.extend(0, MB);
    const small = Array.from({ length: 4000 }, () => blocks.allocate(64)!);
    expect(blocks.allocate(900_000)).toBeUndefined();
    for (const address of small) blocks.free(address);
    expect(blocks.allocate(900_000)).toBeDefined();
  });

  it('refuses to free twice or what it never handed out', () => {
    const blocks = new BlockAllocator();
    blocks.extend(0, MB);
    const [small, large] = [blocks.allocate(64)!, blocks.allocate(100_000)!];
    blocks.free(small);
    blocks.free(large);
    for (const address of [small, large, 12_345])
      expect(() => blocks.free(address)).toThrow(/internal: free of address/);
  });

  it('wastes at most a fifth of a block beyond the smallest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 257, max: 2 ** 31 }), (bytes) => {
        expect(sizeClass(bytes)).toBeGreaterThanOrEqual(bytes);
        expect(sizeClass(bytes) % 64).toBe(0);
        expect((sizeClass(bytes) - bytes) / sizeClass(bytes)).toBeLessThanOrEqual(0.2);
      }),
    );
  });
});

describe('LinearMemory', () => {
  it('grows when the free blocks do not suffice and gives fresh views', () => {
    const memory = new LinearMemory({ maximumPages: 1024 });
    const before = new Uint8Array(memory.memory.buffer);
    const address = memory.reserve(10 * MB);
    expect(before.length).toBe(0);
    expect(memory.memory.buffer.byteLength).toBeGreaterThanOrEqual(address + 10 * MB);
    expect(memory.statistics.live).toBeGreaterThanOrEqual(10 * MB);
  });

  it('keeps views valid as it grows where threads share it', () => {
    const memory = new LinearMemory({ shared: true, maximumPages: 1024 });
    const before = new Uint8Array(memory.memory.buffer);
    const address = memory.reserve(10 * MB);
    expect(before.length).toBeGreaterThan(0);
    expect(memory.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.memory.buffer.byteLength).toBeGreaterThanOrEqual(address + 10 * MB);
    new Uint8Array(memory.memory.buffer)[0] = 9;
    expect(before[0]).toBe(9);
  });

  it('is content with fewer pages where the host has not as many to share', () => {
    const { Memory } = WebAssembly;
    const refuseOver = (limit: number) =>
      class extends Memory {
        constructor(description: WebAssembly.MemoryDescriptor) {
          if (description.maximum! > limit) throw new RangeError('no room');
          super(description);
        }
      };
    try {
      WebAssembly.Memory = refuseOver(10_000);
      const memory = new LinearMemory({ shared: true });
      expect(() => memory.reserve(600 * MB)).toThrow(OutOfMemoryError);
      expect(memory.reserve(400 * MB)).toBeGreaterThan(0);
      WebAssembly.Memory = refuseOver(1000);
      expect(() => new LinearMemory({ shared: true })).toThrow('no room');
    } finally {
      WebAssembly.Memory = Memory;
    }
  });

  it('refuses what the maximum cannot hold before touching anything', () => {
    const memory = new LinearMemory({ maximumPages: 256 });
    const kept = memory.reserve(4 * MB);
    const before = memory.statistics;
    const { buffer } = memory.memory;
    let error: unknown;
    try {
      memory.reserve(20 * MB);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(OutOfMemoryError);
    const { requested, available, message } = error as OutOfMemoryError;
    expect(requested).toBe(20 * MB);
    expect(message).toMatch(
      /^allocate: out of memory, expected a request of at most \d+ bytes, got 20971520 bytes\. What was dropped .* must await a macrotask .*$/,
    );
    expect(memory.statistics).toEqual(before);
    expect(memory.memory.buffer).toBe(buffer);
    expect(memory.reserve(available)).toBeGreaterThan(kept);
    expect(memory.statistics.allocated).toBe(256 * 65536);
  });

  it('keeps the peak when blocks are freed', () => {
    const memory = new LinearMemory({ maximumPages: 256 });
    const address = memory.reserve(2 * MB);
    memory.release(address);
    expect(memory.statistics.live).toBe(0);
    expect(memory.statistics.peak).toBe(2 * MB);
    expect(memory.statistics.free).toBe(memory.statistics.allocated);
  });
});
