// The native target's memory: ArrayBuffers of the collector's, made without clearing them, and free lists for what the
// engine knows to be dead.

import { OutOfMemoryError } from '../errors.ts';
import type { Memory, MemoryStatistics } from '../memory/memory.ts';
import { checkByteLength } from '../memory/storage.ts';
import { blockSize, FreeList } from './free-list.ts';
import { nodeModule } from './host.ts';
import { type NativeBlock, NativeStorage } from './native-storage.ts';

const MB = 1 << 20;

/** Storages start at multiples of this many bytes; the host's allocator aligns to less, so buffers are longer. */
const ALIGNMENT = 64;

/** Bytes kept in free lists at most. */
const FREE_LIMIT = 256 * MB;

/**
 * After this many fresh bytes the young part of the collector's heap is collected, so that what was dropped meanwhile is
 * used again while it is warm.
 */
const COLLECT_BYTES = 8 * MB;

/** The host, which takes long to answer, is asked again how much is left when this part of its last answer is taken. */
const ASK_PART = 1 / 8;

/** Up to this size the collector's own heap is marked at once (see {@link NativeHost.collect}). */
const SMALL_HEAP = 128 * MB;

/** What must stay available to everything else: the collector's own heap, the host's caches. */
const MARGIN = 64 * MB;

/** The host's side of a {@link NativeMemory}. */
export interface NativeHost {
  /** The address of a buffer's first byte. */
  addressOf(buffer: ArrayBuffer): number;
  /** A buffer whose bytes are unspecified. It throws a RangeError where there is no room. */
  newBuffer(bytes: number): ArrayBuffer;
  /** Bytes that the process may still take, limits of its container included. */
  availableMemory(): number;
  /** Bytes of all `ArrayBuffer`s of the process. It takes as long as a small kernel. */
  bufferBytes(): number;
  /** Bytes that V8 knows of outside its heap, `ArrayBuffer`s first of all; quick to ask for. */
  externalBytes(): number;
  /**
   * Frees what nothing refers to: of what is young, or of everything, which is then given back to the host.
   *
   * V8 begins to mark its heap step by step whenever buffers of some 30 to 60 MB are added, dropped ones not yet found
   * included, and the next collection of what is young has to finish that: each large result would cost a collection of
   * everything. While the heap is small there is little to mark, and marking in steps is left out.
   */
  collect(what: 'young' | 'everything'): void;
}

/** The collector's memory as the native target uses it. */
export class NativeMemory implements Memory {
  readonly #host: NativeHost;
  readonly #free: FreeList = new FreeList(FREE_LIMIT);
  /** Fresh bytes since the last collection. */
  #uncollected = 0;
  /** Fresh bytes until the host is asked again. */
  #room = 0;
  #peak = 0;
  #externalPeak = 0;

  constructor(host: NativeHost) {
    this.#host = host;
  }

  allocate(byteLength: number): NativeStorage {
    checkByteLength(byteLength);
    const size = blockSize(byteLength);
    const block = this.#free.take(size) ?? this.#fresh(size);
    return new NativeStorage(this, byteLength, block);
  }

  borrow(byteLength: number): NativeStorage {
    return this.allocate(byteLength);
  }

  /** Keeps the block of a storage that was disposed of for the next request of its size. */
  recycle(block: NativeBlock): void {
    this.#free.give(block);
  }

  get statistics(): MemoryStatistics {
    const allocated = this.#host.bufferBytes();
    const free = this.#free.bytes;
    const live = Math.max(0, allocated - free);
    this.#peak = Math.max(this.#peak, live);
    return { allocated, live, peak: this.#peak, free };
  }

  #fresh(size: number): NativeBlock {
    const bytes = size + ALIGNMENT;
    this.#uncollected += bytes;
    this.#room -= bytes;
    if (this.#uncollected >= COLLECT_BYTES) this.#collect();
    if (this.#room < 0) this.#check(bytes);
    let buffer: ArrayBuffer;
    try {
      buffer = this.#host.newBuffer(bytes);
    } catch (cause) {
      throw new OutOfMemoryError(size, this.#left(), cause);
    }
    const start = this.#host.addressOf(buffer);
    const address = Math.ceil(start / ALIGNMENT) * ALIGNMENT;
    return { buffer, byteOffset: address - start, address, bytes: size };
  }

  #collect(): void {
    this.#uncollected = 0;
    const external = this.#host.externalBytes();
    if (external > this.#externalPeak) {
      this.#externalPeak = external;
      this.#peak = Math.max(this.#peak, this.#host.bufferBytes() - this.#free.bytes);
    }
    this.#host.collect('young');
  }

  /** Refuses what the host has no room for. What nobody holds any more is freed first, since it counts as taken. */
  #check(bytes: number): void {
    let left = this.#left();
    if (bytes > left) {
      this.#free.clear();
      this.#host.collect('everything');
      left = this.#left();
      if (bytes > left) throw new OutOfMemoryError(bytes, left);
    }
    this.#room = Math.floor(left * ASK_PART);
  }

  #left(): number {
    return Math.max(0, this.#host.availableMemory() - MARGIN);
  }
}

/**
 * Node as a {@link NativeHost}.
 * @param setFlags - whether V8's flags may be set, for the whole process.
 * @throws Error where Node lacks what is needed.
 */
export function nodeHost(
  addressOf: NativeHost['addressOf'],
  trim: () => void,
  setFlags: boolean = true,
): NativeHost {
  const buffer = nodeModule<typeof import('node:buffer')>('node:buffer');
  if (buffer === undefined || typeof process.availableMemory !== 'function') {
    throw new Error('this host has no node:buffer or no process.availableMemory');
  }
  const { Buffer } = buffer;
  const v8 = nodeModule<typeof import('node:v8')>('node:v8');
  let collector: Collector | undefined;
  return {
    addressOf,
    newBuffer: (bytes) => Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer,
    availableMemory: () => process.availableMemory(),
    bufferBytes: () => process.memoryUsage().arrayBuffers,
    externalBytes: () => v8?.getHeapStatistics().external_memory ?? process.memoryUsage().external,
    collect: (what) => {
      collector ??= collectorOf(setFlags);
      collector[what]();
      if (what === 'everything') trim();
    },
  };
}

type Collector = Readonly<Record<'young' | 'everything', () => void>>;
type Gc = (options?: { type: 'minor'; execution: 'sync' }) => void;

/** The collector, to be run on demand: V8 gives it to contexts that are made while the flag is set, and to no others. */
function collectorOf(setFlags: boolean): Collector {
  const v8 = nodeModule<typeof import('node:v8')>('node:v8');
  const vm = nodeModule<typeof import('node:vm')>('node:vm');
  const nothing = (): void => {};
  if (v8 === undefined || vm === undefined) return { young: nothing, everything: nothing };
  v8.setFlagsFromString('--expose-gc');
  const found: unknown = vm.runInNewContext('gc');
  if (!process.execArgv.includes('--expose-gc')) v8.setFlagsFromString('--no-expose-gc');
  if (typeof found !== 'function') return { young: nothing, everything: nothing };
  const gc = found as Gc;
  const collectYoung = (): void => gc({ type: 'minor', execution: 'sync' });
  let inSteps = true;
  return {
    young: () => {
      if (!setFlags) {
        collectYoung();
        return;
      }
      const wanted = v8.getHeapStatistics().used_heap_size > SMALL_HEAP;
      if (wanted !== inSteps) {
        inSteps = wanted;
        v8.setFlagsFromString(wanted ? '--incremental-marking' : '--no-incremental-marking');
      }
      // Dropped buffers are freed before it returns, not beside the program: the next one takes their place.
      v8.setFlagsFromString('--no-concurrent-array-buffer-sweeping');
      collectYoung();
      v8.setFlagsFromString('--concurrent-array-buffer-sweeping');
    },
    everything: () => {
      // Buffers are swept beside the program; the second collection waits for what the first one found.
      gc();
      gc();
    },
  };
}
