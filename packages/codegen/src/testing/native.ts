/** Runs machine code in tests: maps it through koffi, executable but not writable, over memory of its own. */

import { readFileSync } from 'node:fs';
import type { X64Target } from '../x64/target.ts';

type Koffi = typeof import('koffi').default;

/** Executable code and memory at addresses. */
export interface NativeHost {
  /** Bytes that kernels may use, and the address of the first. */
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly address: number;
  /** Maps code and gives the function at its start, which takes an address and returns a number. */
  map(code: Uint8Array): (argument: number) => number;
  /** Maps code for other threads: its address. */
  mapAddress(code: Uint8Array): number;
  /** The address of a view's first byte, which must not be on V8's heap. */
  addressOf(view: Uint8Array<ArrayBufferLike>): number;
  /** Reserves pages of which the last cannot be touched; gives the address where those before it end. */
  guarded(bytes: number): { readonly view: Uint8Array<ArrayBuffer>; readonly end: number };
}

/** Why machine code cannot run here, or nothing. */
export const whyNoNative: string | undefined = await findReason();

async function findReason(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `machine code is for Linux on x86-64, this is ${process.platform} on ${process.arch}`;
  }
  try {
    (await import('koffi')).default.load('libc.so.6');
    return undefined;
  } catch (error) {
    return `koffi does not work here: ${(error as Error).message}`;
  }
}

/** Why a target cannot run here, or nothing. */
export function whyNot({ name, features }: X64Target): string | undefined {
  if (whyNoNative) return whyNoNative;
  const flags = /^flags\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  const missing = features.filter((feature) => !flags.includes(feature));
  return missing.length > 0 ? `this CPU has no ${missing.join(', ')}, which ${name} needs` : undefined;
}

const READ_WRITE = 3;
const READ_EXECUTE = 5;
const PRIVATE_ANONYMOUS = 0x22;
const PAGE = 4096;

let host: NativeHost | undefined;

/** The one host of this thread. */
export async function nativeHost(): Promise<NativeHost> {
  host ??= makeHost((await import('koffi')).default);
  return host;
}

function makeHost(koffi: Koffi): NativeHost {
  const libc = koffi.load('libc.so.6');
  const mmap = libc.func('void *mmap(void *, size_t, int, int, int, int64_t)');
  const mprotect = libc.func('int mprotect(void *, size_t, int)');
  const kernelType = koffi.proto('int64_t sconce_kernel(int64_t)');

  const pages = (bytes: number): unknown => {
    const at: unknown = mmap(null, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    if (Number(koffi.address(at)) < 0) throw new Error(`mmap of ${bytes} bytes failed`);
    return at;
  };
  const viewOf = (at: unknown, bytes: number): Uint8Array<ArrayBuffer> =>
    new Uint8Array(koffi.view(at, bytes) as ArrayBuffer);
  const mapCode = (code: Uint8Array): unknown => {
    const size = Math.ceil(code.length / PAGE) * PAGE;
    const at = pages(size);
    viewOf(at, size).set(code);
    if (mprotect(at, size, READ_EXECUTE) !== 0) throw new Error('mprotect refused to make code executable');
    return at;
  };

  const addressType = koffi.proto('int64_t sconce_address(void *)');
  // mov rax, rdi; ret
  const addressOf = koffi.decode(mapCode(Uint8Array.of(0x48, 0x89, 0xf8, 0xc3)), addressType) as (
    view: Uint8Array,
  ) => number | bigint;

  const size = 1 << 20;
  const memory = pages(size);
  return {
    memory: viewOf(memory, size),
    address: Number(koffi.address(memory)),
    map: (code) => {
      const call = koffi.decode(mapCode(code), kernelType) as (argument: number) => number | bigint;
      return (argument) => Number(call(argument));
    },
    mapAddress: (code) => Number(koffi.address(mapCode(code))),
    addressOf: (view) => Number(addressOf(view)),
    guarded: (bytes) => {
      const usable = Math.ceil(bytes / PAGE) * PAGE;
      const at = pages(usable + PAGE);
      const start = Number(koffi.address(at));
      if (mprotect(start + usable, PAGE, 0) !== 0) throw new Error('mprotect refused to guard a page');
      return { view: viewOf(at, usable), end: start + usable };
    },
  };
}
