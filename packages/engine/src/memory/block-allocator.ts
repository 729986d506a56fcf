// Hands out blocks of one growing address space: small sizes from spans of equal slots, large sizes from
// free ranges that merge with their neighbours. It knows addresses only, not what lies there.

import { RangeAllocator } from './range-allocator.ts';

/** Every block starts at a multiple of this many bytes: a cache line, and the widest vector there is. */
const ALIGNMENT = 64;

/** Sizes up to this many bytes are served from spans of equal slots. */
const LARGEST_SMALL = 16 * 1024;
const SPAN_BYTES = 64 * 1024;

/** A run of equal slots; `live` tells when the whole span can go back to the ranges. */
interface Span {
  readonly start: number;
  readonly slotBytes: number;
  readonly free: number[];
  /** One byte for each slot: 1 while it is handed out. */
  readonly taken: Uint8Array;
  live: number;
}

/** Bytes in use and bytes under management, as {@link BlockAllocator.statistics} reports them. */
export interface BlockStatistics {
  /** Bytes of the address space under management. */
  readonly managed: number;
  /** Bytes inside blocks that are handed out, rounding included. */
  readonly used: number;
}

/**
 * Rounds a request up to its size class: multiples of 64 bytes up to 512, then four classes to each
 * doubling, so that at most a fifth of a block is unused.
 */
export function sizeClass(bytes: number): number {
  if (bytes <= 512) return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

/**
 * Size-class allocator over `[start, start + bytes)`, extended by {@link extend} as the memory grows.
 * Freed small slots are reused last in, first out, while they are still in the cache; large ranges are
 * taken best fit and merged with free neighbours.
 */
export class BlockAllocator {
  readonly #ranges: RangeAllocator = new RangeAllocator();
  /** Spans of a class that have a free slot. */
  readonly #open: Map<number, Set<Span>> = new Map();
  /** Span of each small slot handed out, by span number (address / SPAN_BYTES rounded down). */
  readonly #spans: Map<number, Span> = new Map();
  readonly #large: Map<number, number> = new Map();
  #used = 0;

  /** Adds a range to the managed space; a range that continues the last one merges with it. */
  extend(start: number, bytes: number): void {
    this.#ranges.extend(start, bytes);
  }

  /** An address for `bytes` bytes, or `undefined` when no free range is large enough. */
  allocate(bytes: number): number | undefined {
    const size = sizeClass(bytes);
    if (size > LARGEST_SMALL) {
      const length = blockBytes(bytes);
      let address = this.#ranges.take(length, ALIGNMENT);
      if (address === undefined) {
        this.#releaseEmptySpans();
        address = this.#ranges.take(length, ALIGNMENT);
        if (address === undefined) return undefined;
      }
      this.#large.set(address, length);
      this.#used += length;
      return address;
    }
    const span = this.#spanFor(size);
    if (span === undefined) return undefined;
    const address = span.free.pop()!;
    span.taken[(address - span.start) / size] = 1;
    span.live++;
    if (span.free.length === 0) this.#open.get(size)!.delete(span);
    this.#used += size;
    return address;
  }

  /** Gives a block back. Throws on an address that is not handed out: that is a bug of ours. */
  free(address: number): void {
    const length = this.#large.get(address);
    if (length !== undefined) {
      this.#large.delete(address);
      this.#used -= length;
      this.#ranges.release(address, length);
      return;
    }
    const span = this.#spans.get(Math.floor(address / SPAN_BYTES));
    const slot = span === undefined ? -1 : (address - span.start) / span.slotBytes;
    // A slot that is no whole number is no index either.
    if (span?.taken[slot] !== 1) {
      throw new Error(`internal: free of address ${address}, which is not handed out`);
    }
    span.taken[slot] = 0;
    span.free.push(address);
    span.live--;
    this.#used -= span.slotBytes;
    const open = this.#open.get(span.slotBytes)!;
    open.add(span);
    // One empty span stays for the next request of its class; more go back to the ranges.
    if (span.live === 0 && open.size > 1) this.#releaseSpan(span);
  }

  #releaseSpan(span: Span): void {
    this.#open.get(span.slotBytes)!.delete(span);
    this.#spans.delete(span.start / SPAN_BYTES);
    this.#ranges.release(span.start, SPAN_BYTES);
  }

  #releaseEmptySpans(): void {
    for (const open of this.#open.values()) {
      for (const span of [...open]) if (span.live === 0) this.#releaseSpan(span);
    }
  }

  /** Bytes at the end of the managed space that are free: growth adds to them. */
  get freeTail(): number {
    return this.#ranges.freeTail;
  }

  /** Bytes of the largest free range. */
  get largestFree(): number {
    return this.#ranges.largest;
  }

  get statistics(): BlockStatistics {
    return { managed: this.#ranges.managed, used: this.#used };
  }

  #spanFor(size: number): Span | undefined {
    let open = this.#open.get(size);
    if (open === undefined) {
      open = new Set();
      this.#open.set(size, open);
    }
    for (const span of open) return span;
    const start = this.#ranges.take(SPAN_BYTES, SPAN_BYTES);
    if (start === undefined) return undefined;
    const free: number[] = [];
    for (let at = start + SPAN_BYTES - (SPAN_BYTES % size) - size; at >= start; at -= size) free.push(at);
    const taken = new Uint8Array(free.length);
    const span: Span = { start, slotBytes: size, free, taken, live: 0 };
    this.#spans.set(start / SPAN_BYTES, span);
    open.add(span);
    return span;
  }
}

/** What a request needs of the ranges: growth must provide at least this much. */
export function blockBytes(bytes: number): number {
  const size = sizeClass(bytes);
  if (size <= LARGEST_SMALL) return 2 * SPAN_BYTES;
  // Large blocks are cut to whole cache lines only: classes would waste what merging makes unnecessary.
  return Math.ceil(bytes / 4096) * 4096;
}
