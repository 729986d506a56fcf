// The one growing WebAssembly memory that storages and kernels share.

import { OutOfMemoryError } from '../errors.ts';
import { BlockAllocator, blockBytes } from './block-allocator.ts';
import { collectedStorage, LinearStorage } from './linear-storage.ts';
import type { Memory, MemoryStatistics } from './memory.ts';
import { checkByteLength } from './storage.ts';

const PAGE = 64 * 1024;

/** The last page stays out of reach, so that the address just behind a block always fits 32 bits. */
const MAXIMUM_PAGES = 65535;

/** The first page is the kernels': address 0 belongs to no storage, argument blocks lie here. */
export const KERNEL_PAGE_BYTES: number = PAGE;

/** A shared memory is asked for with half as many pages as long as there are this many. */
const SMALLEST_SHARED = 4096;

/** Growth comes in steps of at least this many bytes, since each step detaches every view. */
const GROWTH_STEP = 16 * 1024 * 1024;

/** Options of a {@link LinearMemory}. */
export interface LinearMemoryOptions {
  /** Pages of 64 KiB that the memory may reach; 65535 at most, and unless given. */
  readonly maximumPages?: number;
  /** Whether threads share it; only where {@link whyUnshared} has no objection. Hosts may then allow fewer pages. */
  readonly shared?: boolean;
}

/** A WebAssembly memory with an allocator over it. The engine has one; tests make their own. */
export class LinearMemory implements Memory {
  readonly memory: WebAssembly.Memory;
  /** Whether threads share it. */
  readonly shared: boolean;
  readonly #blocks: BlockAllocator = new BlockAllocator();
  readonly #maximumPages: number;
  #pages: number;
  #peak = 0;

  /** @throws Error where the host has no room for even a small memory. */
  constructor({ maximumPages = MAXIMUM_PAGES, shared = false }: LinearMemoryOptions = {}) {
    this.shared = shared;
    this.#pages = 1 + KERNEL_PAGE_BYTES / PAGE;
    [this.memory, this.#maximumPages] = newMemory(this.#pages, Math.min(maximumPages, MAXIMUM_PAGES), shared);
    this.#blocks.extend(KERNEL_PAGE_BYTES, this.#pages * PAGE - KERNEL_PAGE_BYTES);
  }

  /** A storage that is freed when it is dropped. Finalizers run between tasks, so a long loop yields now and then. */
  allocate(byteLength: number): LinearStorage {
    checkByteLength(byteLength);
    return collectedStorage(this, this.reserve(byteLength), byteLength);
  }

  borrow(byteLength: number): LinearStorage {
    return new LinearStorage(this, this.reserve(byteLength), byteLength);
  }

  /**
   * The address of a new block of `bytes` bytes, aligned to 64. What lies there is unspecified.
   * @throws OutOfMemoryError before anything is touched, when neither the free blocks nor growth suffice.
   */
  reserve(bytes: number): number {
    let address = this.#blocks.allocate(bytes);
    if (address === undefined) {
      this.#grow(bytes);
      address = this.#blocks.allocate(bytes);
      if (address === undefined) throw new Error(`internal: no block of ${bytes} bytes after growth`);
    }
    this.#peak = Math.max(this.#peak, this.#blocks.statistics.used);
    return address;
  }

  /** Gives the block at `address` back. */
  release(address: number): void {
    this.#blocks.free(address);
  }

  get statistics(): MemoryStatistics {
    const live = this.#blocks.statistics.used;
    const allocated = this.#pages * PAGE;
    return { allocated, live, peak: this.#peak, free: allocated - live };
  }

  #grow(bytes: number): void {
    const tail = this.#blocks.freeTail;
    const missing = Math.ceil((blockBytes(bytes) - tail) / PAGE);
    const left = this.#maximumPages - this.#pages;
    const available = Math.max(this.#blocks.largestFree, tail + left * PAGE);
    if (!(missing <= left)) throw new OutOfMemoryError(bytes, available, undefined, ADVICE);
    const wanted = Math.max(missing, Math.ceil(GROWTH_STEP / PAGE), Math.floor(this.#pages / 8));
    const pages = Math.min(wanted, left);
    let cause: unknown;
    // The host may have less than the maximum: what is really needed is the last thing asked for.
    for (const step of pages === missing ? [missing] : [pages, missing]) {
      try {
        this.memory.grow(step);
      } catch (error) {
        cause = error;
        continue;
      }
      this.#blocks.extend(this.#pages * PAGE, step * PAGE);
      this.#pages += step;
      return;
    }
    throw new OutOfMemoryError(bytes, Math.max(this.#blocks.largestFree, tail), cause, ADVICE);
  }
}

/** The host tells of what was dropped between tasks only. */
const ADVICE =
  'What was dropped is given back between tasks only: a long loop must await a macrotask (setImmediate, setTimeout) now and then, or free what it made itself (dispose, scope)';

/** A memory and its maximum. Hosts set the addresses of a shared one aside at once, and may not have as many as asked for. */
function newMemory(initial: number, maximum: number, shared: boolean): [WebAssembly.Memory, number] {
  for (let pages = maximum; ; pages = Math.floor(pages / 2)) {
    try {
      return [new WebAssembly.Memory({ initial, maximum: pages, shared }), pages];
    } catch (error) {
      if (!shared || pages < SMALLEST_SHARED) throw error;
    }
  }
}

/** Why threads of this host cannot share a memory, if so. */
export function whyUnshared(): string | undefined {
  if (globalThis.crossOriginIsolated === false) {
    return 'the page is not cross-origin isolated, so threads can share no memory';
  }
  return typeof SharedArrayBuffer === 'undefined' ? 'the host has no SharedArrayBuffer' : undefined;
}
