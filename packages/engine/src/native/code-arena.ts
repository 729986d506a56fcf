// Where machine code lies: pages that are written first and made executable after, never both at once.

import type { Libc } from './libc.ts';

const PAGE = 4096;

/** Pages are mapped this many bytes at a time, so that code lies close together. */
const CHUNK = 1 << 20;

/** Functions start at multiples of this many bytes. */
const ALIGNMENT = 64;

interface Chunk {
  readonly address: number;
  readonly bytes: number;
}

/**
 * Pages of machine code. Code that is added together shares pages; a page that has become executable is not written
 * again, since another thread may be running what lies in it.
 */
export class CodeArena {
  readonly #libc: Libc;
  readonly #chunks: Chunk[] = [];
  #next = 0;
  #end = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Bytes of the pages that were mapped. */
  get mapped(): number {
    return this.#chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Makes functions of machine code executable and gives the address of each.
   * @throws Error when the host has no pages left or refuses to make them executable.
   */
  add(functions: readonly Uint8Array[]): number[] {
    const offsets: number[] = [];
    let length = 0;
    for (const { length: bytes } of functions) {
      offsets.push(length);
      length += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    }
    const bytes = Math.max(PAGE, Math.ceil(length / PAGE) * PAGE);
    if (this.#end - this.#next < bytes) this.#mapChunk(bytes);
    const start = this.#next;
    functions.forEach((code, i) => void this.#libc.write(start + offsets[i]!, code));
    this.#libc.protect(start, bytes, 'execute');
    this.#next += bytes;
    return offsets.map((offset) => start + offset);
  }

  /** Gives all pages back; none of the functions may be called any more. */
  free(): void {
    for (const { address, bytes } of this.#chunks.splice(0)) this.#libc.unmap(address, bytes);
    this.#next = 0;
    this.#end = 0;
  }

  #mapChunk(bytes: number): void {
    const size = Math.max(CHUNK, bytes);
    const address = this.#libc.map(size);
    this.#chunks.push({ address, bytes: size });
    this.#next = address;
    this.#end = address + size;
  }
}
