// Buffers that the engine knows to be dead, kept for the next request of their size: memory that is warm in the caches,
// and that the collector need not find.

import type { NativeBlock } from './native-storage.ts';

/**
 * The size that a request is rounded up to: a multiple of 64 bytes, then eight sizes to each doubling, so that at most
 * an eighth of a block is unused.
 */
export function blockSize(bytes: number): number {
  const step = Math.max(64, 2 ** (Math.ceil(Math.log2(bytes)) - 4));
  return Math.max(1, Math.ceil(bytes / step)) * step;
}

/** Free blocks by size. What was used least recently goes first when there are too many. */
export class FreeList {
  /** Blocks of a size; the size used last stands last. */
  readonly #blocks: Map<number, NativeBlock[]> = new Map();
  readonly #limit: number;
  #bytes = 0;

  /** @param limit - bytes kept at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A block of exactly `size` bytes, if one is kept. */
  take(size: number): NativeBlock | undefined {
    const blocks = this.#blocks.get(size);
    if (blocks === undefined) return undefined;
    let block = blocks.pop();
    while (block !== undefined) {
      this.#bytes -= size;
      // Whoever kept a view may have transferred the buffer away.
      if (block.buffer.byteLength > 0) break;
      block = blocks.pop();
    }
    this.#blocks.delete(size);
    if (blocks.length > 0) this.#blocks.set(size, blocks);
    return block;
  }

  /** Keeps a block that nothing uses any more. */
  give(block: NativeBlock): void {
    if (block.buffer.byteLength === 0 || block.bytes > this.#limit) return;
    const blocks = this.#blocks.get(block.bytes) ?? [];
    blocks.push(block);
    this.#blocks.delete(block.bytes);
    this.#blocks.set(block.bytes, blocks);
    this.#bytes += block.bytes;
    for (const [size, oldest] of this.#blocks) {
      if (this.#bytes <= this.#limit) return;
      while (this.#bytes > this.#limit && oldest.shift() !== undefined) this.#bytes -= size;
      if (oldest.length === 0) this.#blocks.delete(size);
    }
  }

  /** Leaves everything to the collector. */
  clear(): void {
    this.#blocks.clear();
    this.#bytes = 0;
  }
}
