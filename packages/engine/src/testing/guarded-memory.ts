// A memory whose storages end (or start) exactly at a page that may not be touched: an access one byte outside ends the
// process. For programs in processes of their own.

import type { Memory, MemoryStatistics } from '../memory/memory.ts';
import { disposedError, EngineStorage } from '../memory/storage.ts';
import type { Koffi } from '../native/koffi.ts';
import type { Libc } from '../native/libc.ts';

const PAGE = 4096;

/** Which end of a storage lies at a forbidden page. */
export type GuardedEnd = 'start' | 'end';

/** Koffi with its views of foreign memory. */
export type ViewingKoffi = Koffi & { view(address: number, bytes: number): ArrayBuffer };

class GuardedStorage extends EngineStorage {
  readonly #pages: { readonly libc: Libc; readonly address: number; readonly bytes: number };
  readonly #address: number;
  readonly #buffer: ArrayBuffer;
  #disposed = false;

  constructor(memory: GuardedMemory, byteLength: number, koffi: ViewingKoffi, libc: Libc, end: GuardedEnd) {
    super(memory, byteLength);
    const inside = Math.max(PAGE, Math.ceil(byteLength / PAGE) * PAGE);
    const address = libc.map(inside + 2 * PAGE);
    libc.protect(address, PAGE, 'none');
    libc.protect(address + PAGE + inside, PAGE, 'none');
    this.#pages = { libc, address, bytes: inside + 2 * PAGE };
    this.#address = address + PAGE + (end === 'end' ? inside - byteLength : 0);
    this.#buffer = byteLength === 0 ? new ArrayBuffer(0) : koffi.view(this.#address, byteLength);
    // What a kernel must overwrite: NaN in every type of float.
    new Uint8Array(this.#buffer).fill(0xff);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  get address(): number {
    if (this.#disposed) throw disposedError();
    return this.#address;
  }

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  get byteOffset(): number {
    return 0;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const { libc, address, bytes } = this.#pages;
    libc.protect(address, bytes, 'none');
  }
}

/** Storages between forbidden pages; a disposed one may not be touched at all any more. */
export class GuardedMemory implements Memory {
  readonly #koffi: ViewingKoffi;
  readonly #libc: Libc;
  readonly #end: GuardedEnd;

  constructor(koffi: ViewingKoffi, libc: Libc, end: GuardedEnd) {
    this.#koffi = koffi;
    this.#libc = libc;
    this.#end = end;
  }

  allocate(byteLength: number): EngineStorage {
    return new GuardedStorage(this, byteLength, this.#koffi, this.#libc, this.#end);
  }

  borrow(byteLength: number): EngineStorage {
    return this.allocate(byteLength);
  }

  get statistics(): MemoryStatistics {
    return { allocated: 0, live: 0, peak: 0, free: 0 };
  }
}
