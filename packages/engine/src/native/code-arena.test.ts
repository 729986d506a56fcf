import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nativeBasis } from '../testing/native-basis.ts';
import { CodeArena } from './code-arena.ts';
import { openLibc } from './libc.ts';

const basis = nativeBasis();
const reason = typeof basis === 'string' ? basis : undefined;
const { koffi, libc } = typeof basis === 'string' ? ({} as Exclude<typeof basis, string>) : basis;

/** Permissions of the page at an address, as the kernel tells them: `r-xp`. */
function permissions(address: number): string | undefined {
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [, from, to, flags] = /^(\w+)-(\w+) (\S+)/.exec(line) ?? [];
    if (Number.parseInt(from!, 16) <= address && address < Number.parseInt(to!, 16)) return flags;
  }
  return undefined;
}

/** `mov eax, value; ret` */
const give = (value: number): Uint8Array => Uint8Array.of(0xb8, value, 0, 0, 0, 0xc3);

describe.skipIf(reason)(`CodeArena${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const call = (address: number): unknown => koffi.decode(address, koffi.proto('int', []))();

  it('makes code executable, several functions to a page, and no page writable and executable at once', () => {
    const arena = new CodeArena(libc);
    const first = arena.add([give(1), give(2)]);
    const [third] = arena.add([give(3)]) as [number];
    expect([...first, third].map(call)).toEqual([1, 2, 3]);
    expect(Math.floor(first[0]! / 4096)).toBe(Math.floor(first[1]! / 4096));
    for (const address of [...first, third]) {
      expect(address % 64).toBe(0);
      expect(permissions(address)).toBe('r-xp');
    }
    expect(permissions(third + 4096)).toBe('rw-p');
    expect(arena.mapped).toBe(1 << 20);
    arena.free();
  });

  it('takes code longer than a chunk and gives all pages back', () => {
    const arena = new CodeArena(libc);
    const long = new Uint8Array((1 << 20) + 5000);
    long.set(give(9));
    const [address] = arena.add([long]) as [number];
    expect(call(address)).toBe(9);
    arena.free();
    expect(permissions(address)).not.toBe('r-xp');
    expect(arena.mapped).toBe(0);
  });
});

describe.skipIf(reason)(`openLibc${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it('finds the functions in the process when no library has the name', () => {
    const other = openLibc(koffi, ['libc-that-is-not-there.so.6', null]);
    const address = other.map(4096);
    other.write(address, Uint8Array.of(7));
    expect(permissions(address)).toBe('rw-p');
    other.protect(address, 4096, 'none');
    expect(permissions(address)).toBe('---p');
    other.unmap(address, 4096);
  });

  it('says what was tried when there is no C library', () => {
    expect(() => openLibc(koffi, ['libc-that-is-not-there.so.6'])).toThrow(
      /^the C library cannot be loaded \(libc-that-is-not-there\.so\.6: /,
    );
  });

  it('does without mallopt and malloc_trim, as on musl', () => {
    const withoutThem = {
      ...koffi,
      load: (name: string | null) => {
        const library = koffi.load(name);
        return {
          func: (...signature: Parameters<typeof library.func>) => {
            if (signature[0].startsWith('mall')) throw new Error(`Cannot find function '${signature[0]}'`);
            return library.func(...signature);
          },
        };
      },
    };
    const other = openLibc(withoutThem);
    expect(() => other.keepFreed(1 << 30)).toThrow('the C library has no mallopt');
    other.trim();
  });
});
