// The one growing WebAssembly memory that storages and kernels share.

import { OutOfMemoryError } from '../errors.ts';
import { BlockAllocator, blockBytes } from './block-allocator.ts';

const PAGE = 64 * 1024;

/** The last page stays out of reach, so that the address just behind a block always fits 32 bits. */
const MAXIMUM_PAGES = 65535;

/** The first page is the kernels': address 0 belongs to no storage, argument blocks lie here. */
export const KERNEL_PAGE_BYTES: number = PAGE;

/** Growth comes in steps of at least this many bytes, since each step detaches every view. */
const GROWTH_STEP = 16 * 1024 * 1024;

/** Figures of a memory in bytes. */
export interface MemoryStatistics {
  /** Bytes the engine holds from the host. They never shrink. */
  readonly allocated: number;
  /** Bytes in blocks that are in use, rounding included. */
  readonly live: number;
  /** The largest `live` there was. */
  readonly peak: number;
  /** Bytes held that no block uses: `allocated - live`. */
  readonly free: number;
}

/** A WebAssembly memory with an allocator over it. The engine has one; tests make their own. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly #blocks: BlockAllocator = new BlockAllocator();
  readonly #maximumPages: number;
  #pages: number;
  #peak = 0;
  #buffer: ArrayBuffer;
  #views: Views;

  /** @param maximumPages - pages of 64 KiB that the memory may reach; 65535 at most. */
  constructor(maximumPages: number = MAXIMUM_PAGES) {
    this.#maximumPages = Math.min(maximumPages, MAXIMUM_PAGES);
    this.#pages = 1 + KERNEL_PAGE_BYTES / PAGE;
    this.memory = new WebAssembly.Memory({ initial: this.#pages, maximum: this.#maximumPages });
    this.#blocks.extend(KERNEL_PAGE_BYTES, this.#pages * PAGE - KERNEL_PAGE_BYTES);
    this.#buffer = this.memory.buffer as ArrayBuffer;
    this.#views = viewsOf(this.#buffer);
  }

  /**
   * Views of the whole memory, valid until the next allocation: growth detaches them, so they are read
   * anew for every use.
   */
  get views(): Views {
    if (this.#buffer !== this.memory.buffer) {
      this.#buffer = this.memory.buffer as ArrayBuffer;
      this.#views = viewsOf(this.#buffer);
    }
    return this.#views;
  }

  /**
   * The address of a new block of `bytes` bytes, aligned to 64. What lies there is unspecified.
   * @throws OutOfMemoryError before anything is touched, when neither the free blocks nor growth suffice.
   */
  allocate(bytes: number): number {
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
  free(address: number): void {
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
    if (!(missing <= left)) throw new OutOfMemoryError(bytes, available);
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
    throw new OutOfMemoryError(bytes, Math.max(this.#blocks.largestFree, tail), cause);
  }
}

/** Typed arrays over a whole memory. */
export interface Views {
  readonly f32: Float32Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly u8: Uint8Array<ArrayBuffer>;
}

function viewsOf(buffer: ArrayBuffer): Views {
  return { f32: new Float32Array(buffer), i32: new Int32Array(buffer), u8: new Uint8Array(buffer) };
}
