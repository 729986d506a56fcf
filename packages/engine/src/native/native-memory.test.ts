import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { DetachedStorageError, EngineError, OutOfMemoryError } from '../errors.ts';
import { nativeBasis } from '../testing/native-basis.ts';
import { NativeCode } from './native-code.ts';
import { type NativeHost, NativeMemory, nodeHost } from './native-memory.ts';

const MB = 1 << 20;
const basis = nativeBasis();
const reason = typeof basis === 'string' ? basis : undefined;

describe.skipIf(reason)(`NativeMemory${reason ? ` (skipped: ${reason})` : ''}`, () => {
  if (typeof basis === 'string') return;
  const addressOf = new NativeCode(basis.koffi, basis.libc).addressFunction();
  const host = nodeHost(addressOf, basis.libc.trim);
  const memory = (changes: Partial<NativeHost> = {}): NativeMemory =>
    new NativeMemory({ ...host, ...changes });

  it('aligns storages to 64 bytes, whatever their size, and gives views of their own bytes only', () => {
    const own = memory();
    for (const bytes of [0, 1, 63, 64, 65, 1000, 100_000]) {
      const [a, b] = [own.allocate(bytes), own.allocate(bytes)];
      a.bytes().fill(1);
      b.bytes().fill(2);
      expect(a.bytes()).toEqual(new Uint8Array(bytes).fill(1));
      expect(a.address % 64).toBe(0);
      expect(a.address).toBe(addressOf(a.buffer) + a.byteOffset);
    }
  });

  it('uses the bytes of a disposed storage again, and refuses the storage itself', () => {
    const own = memory();
    const storage = own.allocate(MB);
    const { address } = storage;
    storage.dispose();
    storage.dispose();
    expect(storage.disposed).toBe(true);
    expect(() => storage.bytes()).toThrow(EngineError);
    expect(() => storage.address).toThrow(/disposed of/);
    expect(own.statistics.free).toBe(MB);
    expect(own.allocate(MB - 5).address).toBe(address);
    expect(own.statistics.free).toBe(0);
  });

  it('makes an error of a buffer that was transferred away, and never uses it again', () => {
    const own = memory();
    const storage = own.allocate(1000);
    const { buffer } = storage.bytes();
    structuredClone(buffer, { transfer: [buffer] });
    expect(() => storage.bytes()).toThrow(DetachedStorageError);
    expect(() => storage.address).toThrow(/transferred away, expected 1000 bytes, got a detached buffer/);
    storage.dispose();
    expect(own.statistics.free).toBe(0);
  });

  it('refuses sizes that are no sizes', () => {
    for (const size of [-1, 1.5, Number.NaN]) expect(() => memory().allocate(size)).toThrow(/invalid size/);
  });

  it('refuses what the host has no room for before asking for it, after a collection has not helped', () => {
    const events: string[] = [];
    const own = memory({
      availableMemory: () => 100 * MB,
      collect: (what) => void events.push(what),
      newBuffer: (bytes) => {
        events.push('buffer');
        return host.newBuffer(bytes);
      },
    });
    let error: unknown;
    try {
      own.allocate(200 * MB);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect((error as OutOfMemoryError).available).toBe(36 * MB);
    expect(events).toEqual(['young', 'everything']);
    own.allocate(20 * MB);
    expect(events).toEqual(['young', 'everything', 'young', 'buffer']);
  });

  it('asks the host again only when a part of what it had left is taken', () => {
    let asked = 0;
    const own = memory({
      availableMemory: () => {
        asked++;
        return 64 * MB + 160 * MB;
      },
    });
    for (let i = 0; i < 19; i++) own.allocate(MB);
    expect(asked).toBe(1);
    for (let i = 0; i < 4; i++) own.allocate(MB);
    expect(asked).toBe(2);
    expect(() => own.allocate(161 * MB)).toThrow(OutOfMemoryError);
  });

  it('goes on when a collection makes room', () => {
    let available = 70 * MB;
    const own = memory({
      availableMemory: () => available,
      collect: (what) => {
        if (what === 'everything') available = 200 * MB;
      },
    });
    expect(own.allocate(40 * MB).byteLength).toBe(40 * MB);
  });

  it('refuses more than there is on this very host', () => {
    expect(() => memory().allocate(2 ** 44)).toThrow(OutOfMemoryError);
  });

  it('makes an out-of-memory error of a host that refuses the buffer', () => {
    const own = memory({
      newBuffer: () => {
        throw new RangeError('Array buffer allocation failed');
      },
    });
    expect(() => own.allocate(1000)).toThrow(OutOfMemoryError);
  });

  it.each([
    ['with V8 flags set', true],
    ['with its flags as they are', false],
  ])('leaves dropped storages to the collector, also inside a synchronous loop, %s', (_, setFlags) => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const own = new NativeMemory(nodeHost(addressOf, basis.libc.trim, setFlags));
    gc();
    const before = own.statistics.live;
    for (let i = 0; i < 2000; i++) own.allocate(4 * MB).bytes()[0] = i;
    expect(own.statistics.peak - before).toBeLessThan(500 * MB);
    gc();
    gc();
    expect(own.statistics.live - before).toBeLessThan(16 * MB);
  });
});
