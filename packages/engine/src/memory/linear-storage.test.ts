import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../errors.ts';
import { LinearMemory } from './linear-memory.ts';
import { PRESSURE_BYTES } from './linear-storage.ts';

const MB = 1024 * 1024;

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('LinearStorage', () => {
  it('gives views of its own bytes only', () => {
    const memory = new LinearMemory();
    const [a, b] = [memory.allocate(10), memory.allocate(10)];
    a.bytes().fill(1);
    b.bytes().fill(2);
    expect([...a.bytes()]).toEqual(Array(10).fill(1));
    expect(a.bytes().byteOffset % 64).toBe(0);
    expect(memory.allocate(0).bytes().length).toBe(0);
  });

  it('keeps its contents while the memory grows', () => {
    const memory = new LinearMemory({ maximumPages: 2048 });
    const storage = memory.allocate(100);
    storage.bytes().fill(7);
    const stale = storage.bytes();
    memory.allocate(40 * MB);
    expect(stale.length).toBe(0);
    expect([...storage.bytes()]).toEqual(Array(100).fill(7));
  });

  it('is gone once disposed of: its bytes are reused, and using it is an error', () => {
    const memory = new LinearMemory();
    const storage = memory.allocate(MB);
    const at = storage.bytes().byteOffset;
    storage.dispose();
    storage.dispose();
    expect(storage.disposed).toBe(true);
    expect(memory.statistics.live).toBe(0);
    expect(() => storage.bytes()).toThrow(EngineError);
    expect(memory.allocate(MB).bytes().byteOffset).toBe(at);
  });

  it('refuses sizes that are no sizes', () => {
    const memory = new LinearMemory();
    for (const size of [-1, 1.5, Number.NaN])
      expect(() => memory.allocate(size)).toThrow(/allocate: invalid size/);
  });

  it('carries a buffer that presses the collector once enough bytes have gathered', () => {
    const memory = new LinearMemory();
    expect(memory.allocate(PRESSURE_BYTES).pressed).toBe(true);
    const small = Array.from({ length: 64 }, () => memory.allocate(PRESSURE_BYTES / 64));
    expect(small.filter((storage) => storage.pressed).length).toBe(1);
  });

  it('is freed when the collector finds it dropped', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const memory = new LinearMemory();
    const kept = memory.allocate(MB);
    for (let i = 0; i < 20; i++) memory.allocate(MB);
    expect(memory.statistics.live).toBe(21 * MB);
    for (let i = 0; i < 10 && memory.statistics.live > MB; i++) {
      gc();
      await macrotask();
    }
    expect(memory.statistics.live).toBe(MB);
    expect(kept.disposed).toBe(false);
  });

  it('stays in bounded memory when storages are dropped in a loop that yields, without asking for collection', async () => {
    const memory = new LinearMemory();
    for (let i = 0; i < 600; i++) {
      memory.allocate(4 * MB);
      if (i % 4 === 3) await macrotask();
    }
    expect(memory.statistics.peak).toBeLessThan(1200 * MB);
  });
});
