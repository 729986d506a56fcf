// Storages: what tensors hold. A storage is a block of the engine's memory that is freed when it is
// disposed of or when the garbage collector finds that nobody holds it any more.

import { EngineError } from '../errors.ts';
import { LinearMemory, type MemoryStatistics } from './linear-memory.ts';

/** A run of bytes in the engine's memory. */
export interface Storage {
  /** Size in bytes, as it was asked for. */
  readonly byteLength: number;
  /** Whether {@link dispose} was called; any other use of a disposed storage throws. */
  readonly disposed: boolean;
  /**
   * A fresh view of the bytes. It must not be kept across an allocation: growth of the memory detaches
   * it, and it does not keep the storage alive.
   */
  bytes(): Uint8Array<ArrayBuffer>;
  /** Frees the bytes now. Calling it again does nothing. */
  dispose(): void;
}

/**
 * Storages of at least this many bytes hold an untouched ArrayBuffer of their size, so that the collector
 * feels how much memory dropping them would free. Below it, making the buffer costs more than the storage
 * is worth; the bytes of small storages are gathered until they amount to this much, and every storage
 * that completes a gathering carries a buffer for all of it.
 */
export const PRESSURE_BYTES: number = 64 * 1024;

/** A storage in a {@link LinearMemory}. Addresses stay inside the engine. */
export class LinearStorage implements Storage {
  readonly byteLength: number;
  readonly #memory: LinearMemory;
  #address: number;
  #pressure: ArrayBuffer | undefined;
  #disposed = false;

  constructor(memory: LinearMemory, address: number, byteLength: number, pressure: ArrayBuffer | undefined) {
    this.#memory = memory;
    this.#address = address;
    this.#pressure = pressure;
    this.byteLength = byteLength;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Whether this storage carries a buffer that makes the collector feel its size. */
  get pressed(): boolean {
    return this.#pressure !== undefined;
  }

  /**
   * Address of the first byte. It is safe to use until the current synchronous work ends, even when the
   * storage is dropped meanwhile: blocks of dropped storages are freed by a finalizer, which runs in a task
   * of its own.
   */
  get address(): number {
    if (this.#disposed) throw new EngineError('storage', 'it was disposed of and holds no memory any more');
    return this.#address;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.memory.buffer as ArrayBuffer, this.address, this.byteLength);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#pressure = undefined;
    this.#memory.free(this.#address);
    dropped.unregister(this);
  }
}

interface Block {
  readonly memory: LinearMemory;
  readonly address: number;
}

const dropped: FinalizationRegistry<Block> = new FinalizationRegistry(({ memory, address }) =>
  memory.free(address),
);

let gathered = 0;

/** A storage of `byteLength` bytes in `memory`; what it holds is unspecified. */
export function allocateIn(memory: LinearMemory, byteLength: number): LinearStorage {
  if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
    throw new EngineError('allocate', 'invalid size', 'a whole number of bytes >= 0', byteLength);
  }
  const address = memory.allocate(byteLength);
  gathered += byteLength;
  let pressure: ArrayBuffer | undefined;
  if (gathered >= PRESSURE_BYTES) {
    pressure = pressureBuffer(gathered);
    gathered = 0;
  }
  const storage = new LinearStorage(memory, address, byteLength, pressure);
  dropped.register(storage, { memory, address }, storage);
  return storage;
}

/**
 * The buffer is resizable because such a one is mapped, not cleared: the host backs it with no memory as
 * long as nobody touches it. Where the host refuses one, the collector only comes later.
 */
function pressureBuffer(bytes: number): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(bytes, { maxByteLength: bytes });
  } catch {
    return undefined;
  }
}

/** The engine's own memory. */
export const engineMemory: LinearMemory = new LinearMemory();

/**
 * Allocates a storage of `byteLength` bytes, aligned to 64. Its contents are unspecified: kernels write
 * their outputs fully, and whoever wants zeros fills them in.
 *
 * @throws OutOfMemoryError when the memory cannot grow enough; nothing is changed then.
 */
export function allocate(byteLength: number): Storage {
  return allocateIn(engineMemory, byteLength);
}

/** Figures of the engine's memory, in bytes. */
export function memoryStatistics(): MemoryStatistics {
  return engineMemory.statistics;
}
