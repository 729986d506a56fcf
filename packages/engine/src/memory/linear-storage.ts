// Storages in a WebAssembly memory: blocks that are freed when they are disposed of, or by a finalizer when the
// collector finds that nobody holds them any more.

import type { LinearMemory } from './linear-memory.ts';
import { disposedError, EngineStorage } from './storage.ts';

/**
 * Storages of at least this many bytes hold an untouched ArrayBuffer of their size, so that the collector
 * feels how much memory dropping them would free. Below it, making the buffer costs more than the storage
 * is worth; the bytes of small storages are gathered until they amount to this much, and every storage
 * that completes a gathering carries a buffer for all of it.
 */
export const PRESSURE_BYTES: number = 64 * 1024;

/** A storage in a {@link LinearMemory}. */
export class LinearStorage extends EngineStorage {
  readonly #memory: LinearMemory;
  readonly #address: number;
  #pressure: ArrayBuffer | undefined;
  #disposed = false;

  constructor(memory: LinearMemory, address: number, byteLength: number, pressure?: ArrayBuffer) {
    super(memory, byteLength);
    this.#memory = memory;
    this.#address = address;
    this.#pressure = pressure;
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
    if (this.#disposed) throw disposedError();
    return this.#address;
  }

  get buffer(): ArrayBufferLike {
    return this.#memory.memory.buffer;
  }

  get byteOffset(): number {
    return this.#address;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    // Detached, the buffer stops counting at once; merely dropped, it would count until the next collection and hasten it.
    this.#pressure?.transfer(0);
    this.#pressure = undefined;
    this.#memory.release(this.#address);
    dropped.unregister(this);
  }
}

interface Block {
  readonly memory: LinearMemory;
  readonly address: number;
}

const dropped: FinalizationRegistry<Block> = new FinalizationRegistry(({ memory, address }) =>
  memory.release(address),
);

let gathered = 0;

/** A storage over the block at `address` that frees it when it is dropped. */
export function collectedStorage(memory: LinearMemory, address: number, byteLength: number): LinearStorage {
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
