// Keeps the free ranges of an address space in bins by size and merges neighbours, for blocks too large
// to share a span.

/** Free ranges, found by start, by end, and by size (four bins to each doubling). */
export class RangeAllocator {
  readonly #lengthAt: Map<number, number> = new Map();
  readonly #startOf: Map<number, number> = new Map();
  readonly #bins: Set<number>[] = [];
  #end = 0;
  #managed = 0;

  /** Adds `[start, start + bytes)` as free space. */
  extend(start: number, bytes: number): void {
    this.#managed += bytes;
    this.#end = Math.max(this.#end, start + bytes);
    this.release(start, bytes);
  }

  /** Cuts `bytes` at a multiple of `alignment` out of the smallest range found that holds them. */
  take(bytes: number, alignment: number): number | undefined {
    for (let bin = binOf(bytes); bin < this.#bins.length; bin++) {
      let best: number | undefined;
      let bestLength = Number.POSITIVE_INFINITY;
      for (const start of this.#bins[bin] ?? []) {
        const length = this.#lengthAt.get(start)!;
        const at = Math.ceil(start / alignment) * alignment;
        if (at + bytes <= start + length && length < bestLength) {
          best = start;
          bestLength = length;
        }
      }
      if (best === undefined) continue;
      this.#remove(best, bestLength);
      const at = Math.ceil(best / alignment) * alignment;
      if (at > best) this.#insert(best, at - best);
      if (at + bytes < best + bestLength) this.#insert(at + bytes, best + bestLength - at - bytes);
      return at;
    }
    return undefined;
  }

  /** Makes `[start, start + bytes)` free again, merged with the free ranges it touches. */
  release(start: number, bytes: number): void {
    let from = start;
    let length = bytes;
    const following = this.#lengthAt.get(start + bytes);
    if (following !== undefined) {
      this.#remove(start + bytes, following);
      length += following;
    }
    const preceding = this.#startOf.get(start);
    if (preceding !== undefined) {
      const before = this.#lengthAt.get(preceding)!;
      this.#remove(preceding, before);
      from = preceding;
      length += before;
    }
    this.#insert(from, length);
  }

  /** Bytes of the free range that ends where the managed space ends. */
  get freeTail(): number {
    const start = this.#startOf.get(this.#end);
    return start === undefined ? 0 : this.#end - start;
  }

  /** Bytes of the largest free range. */
  get largest(): number {
    let largest = 0;
    for (const length of this.#lengthAt.values()) largest = Math.max(largest, length);
    return largest;
  }

  /** Bytes of all ranges ever added. */
  get managed(): number {
    return this.#managed;
  }

  #insert(start: number, length: number): void {
    this.#lengthAt.set(start, length);
    this.#startOf.set(start + length, start);
    const bin = binOf(length);
    while (this.#bins.length <= bin) this.#bins.push(new Set());
    this.#bins[bin]!.add(start);
  }

  #remove(start: number, length: number): void {
    this.#lengthAt.delete(start);
    this.#startOf.delete(start + length);
    this.#bins[binOf(length)]!.delete(start);
  }
}

function binOf(length: number): number {
  return Math.max(0, Math.floor(Math.log2(length) * 4));
}
