// The C library's functions that the engine calls: pages of memory, and the allocator's thresholds.

import { messageOf } from './host.ts';
import type { Koffi, Library } from './koffi.ts';

/** Names of the C library, glibc's first, then musl's; `null` finds it among what the process has loaded already. */
const NAMES: readonly (string | null)[] = ['libc.so.6', 'libc.musl-x86_64.so.1', null];

const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** From glibc's malloc.h. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;

/** What a page may be used for. A page is never writable and executable at once. */
type Protection = 'none' | 'write' | 'execute';

const protections: Readonly<Record<Protection, number>> = {
  none: 0,
  write: PROT_READ | PROT_WRITE,
  execute: PROT_READ | PROT_EXEC,
};

/** Functions of the C library. Addresses are numbers. */
export interface Libc {
  /** Maps fresh pages, zeroed and writable. @throws Error when there are none. */
  map(bytes: number): number;
  /** @throws Error when the host refuses, as hardened ones do for `execute`. */
  protect(address: number, bytes: number, protection: Protection): void;
  unmap(address: number, bytes: number): void;
  /** Copies bytes to an address. */
  write(address: number, bytes: Uint8Array): void;
  /**
   * Keeps freed blocks of up to `bytes` bytes in the process instead of giving each back to the host, which would clear
   * it before the next use.
   * @throws Error where the C library has no `mallopt` (musl) or refuses.
   */
  keepFreed(bytes: number): void;
  /** Gives what {@link keepFreed} kept back to the host; does nothing where there is no `malloc_trim`. */
  trim(): void;
}

/**
 * Finds the C library.
 * @param names - tried in this order.
 * @throws Error when none of them can be loaded or lacks a function that nothing replaces.
 */
export function openLibc(koffi: Koffi, names: readonly (string | null)[] = NAMES): Libc {
  const library = firstOf(koffi, names);
  const mmap = library.func('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'long']);
  const mprotect = library.func('mprotect', 'int', ['uintptr_t', 'size_t', 'int']);
  const munmap = library.func('munmap', 'int', ['uintptr_t', 'size_t']);
  const memcpy = library.func('memcpy', 'uintptr_t', ['uintptr_t', 'void *', 'size_t']);
  const mallopt = optional(library, 'mallopt', 'int', ['int', 'int']);
  const mallocTrim = optional(library, 'malloc_trim', 'int', ['size_t']);
  return {
    map: (bytes) => {
      const address = Number(mmap(0, bytes, protections.write, MAP_PRIVATE_ANONYMOUS, -1, 0));
      if (address === -1) throw new Error(`mmap refused ${bytes} bytes`);
      return address;
    },
    protect: (address, bytes, protection) => {
      if (mprotect(address, bytes, protections[protection]) !== 0) {
        throw new Error(`mprotect refused to make ${bytes} bytes '${protection}'`);
      }
    },
    unmap: (address, bytes) => {
      if (munmap(address, bytes) !== 0) throw new Error(`munmap refused ${bytes} bytes`);
    },
    write: (address, bytes) => void memcpy(address, bytes, bytes.length),
    keepFreed: (bytes) => {
      if (mallopt === undefined) throw new Error('the C library has no mallopt');
      const done = [M_MMAP_THRESHOLD, M_TRIM_THRESHOLD].every((parameter) => mallopt(parameter, bytes) === 1);
      if (!done) throw new Error('mallopt refused the thresholds');
    },
    trim: () => void mallocTrim?.(0),
  };
}

function firstOf(koffi: Koffi, names: readonly (string | null)[]): Library {
  const reasons: string[] = [];
  for (const name of names) {
    try {
      const library = koffi.load(name);
      library.func('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'long']);
      return library;
    } catch (error) {
      reasons.push(`${name ?? 'the process itself'}: ${messageOf(error)}`);
    }
  }
  throw new Error(`the C library cannot be loaded (${reasons.join('; ')})`);
}

function optional(
  ...[library, ...signature]: [Library, ...Parameters<Library['func']>]
): ReturnType<Library['func']> | undefined {
  try {
    return library.func(...signature);
  } catch {
    return undefined;
  }
}
