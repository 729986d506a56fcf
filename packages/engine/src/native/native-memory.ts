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
 * used again while it is warm, and the host is asked how much is left: both take longer than a small allocation.
 */
const CHECK_BYTES = 8 * MB;

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
  /** Bytes of all `ArrayBuffer`s of the process. */
  bufferBytes(): number;
  /** Frees what nothing refers to: of what is young, or of everything, which is then given back to the host. */
  collect(what: 'young' | 'everything'): void;
}

/** The collector's memory as the native target uses it. */
export class NativeMemory implements Memory {
  readonly #host: NativeHost;
  readonly #free: FreeList = new FreeList(FREE_LIMIT);
  #unchecked = 0;
  #peak = 0;

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
    this.#unchecked += bytes;
    if (this.#unchecked >= CHECK_BYTES) this.#check(bytes);
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

  /** Refuses what the host has no room for. What nobody holds any more is freed first, since it counts as taken. */
  #check(bytes: number): void {
    this.#peak = Math.max(this.#peak, this.#host.bufferBytes() - this.#free.bytes);
    this.#host.collect('young');
    if (bytes > this.#left()) {
      this.#free.clear();
      this.#host.collect('everything');
      const left = this.#left();
      if (bytes > left) throw new OutOfMemoryError(bytes, left);
    }
    this.#unchecked = 0;
  }

  #left(): number {
    return Math.max(0, this.#host.availableMemory() - MARGIN);
  }
}

/** Node as a {@link NativeHost}. @throws Error where Node lacks what is needed. */
export function nodeHost(addressOf: NativeHost['addressOf'], trim: () => void): NativeHost {
  const buffer = nodeModule<typeof import('node:buffer')>('node:buffer');
  if (buffer === undefined || typeof process.availableMemory !== 'function') {
    throw new Error('this host has no node:buffer or no process.availableMemory');
  }
  const { Buffer } = buffer;
  let gc: Collect | undefined;
  return {
    addressOf,
    newBuffer: (bytes) => Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer,
    availableMemory: () => process.availableMemory(),
    bufferBytes: () => process.memoryUsage().arrayBuffers,
    collect: (what) => {
      gc ??= collector();
      if (what === 'young') {
        gc({ type: 'minor', execution: 'sync' });
        return;
      }
      // Buffers are swept beside the program; the second collection waits for what the first one found.
      gc();
      gc();
      trim();
    },
  };
}

type Collect = (options?: { type: 'minor'; execution: 'sync' }) => void;

/** The collector, to be run on demand: V8 gives it to contexts that are made while the flag is set, and to no others. */
function collector(): Collect {
  const v8 = nodeModule<typeof import('node:v8')>('node:v8');
  const vm = nodeModule<typeof import('node:vm')>('node:vm');
  if (v8 === undefined || vm === undefined) return () => {};
  v8.setFlagsFromString('--expose-gc');
  const gc: unknown = vm.runInNewContext('gc');
  if (!process.execArgv.includes('--expose-gc')) v8.setFlagsFromString('--no-expose-gc');
  return typeof gc === 'function' ? (gc as Collect) : () => {};
}
