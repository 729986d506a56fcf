// Natively a storage is a plain ArrayBuffer of the collector's, whose address is taken once.

import { DetachedStorageError } from '../errors.ts';
import { disposedError, EngineStorage } from '../memory/storage.ts';
import type { NativeMemory } from './native-memory.ts';

/** A buffer, and the part of it that starts at a multiple of 64 bytes. */
export interface NativeBlock {
  readonly buffer: ArrayBuffer;
  /** Where in the buffer the aligned part starts. */
  readonly byteOffset: number;
  /** The address of that place. */
  readonly address: number;
  /** Bytes from there on. */
  readonly bytes: number;
}

/** A storage in the collector's memory: dropping it is enough, the collector counts its bytes and frees them. */
export class NativeStorage extends EngineStorage {
  readonly #memory: NativeMemory;
  #block: NativeBlock | undefined;

  constructor(memory: NativeMemory, byteLength: number, block: NativeBlock) {
    super(memory, byteLength);
    this.#memory = memory;
    this.#block = block;
  }

  get disposed(): boolean {
    return this.#block === undefined;
  }

  /** @throws DetachedStorageError when the buffer was transferred away: its bytes belong to someone else then. */
  get address(): number {
    return this.#attached().address;
  }

  get buffer(): ArrayBuffer {
    return this.#attached().buffer;
  }

  get byteOffset(): number {
    return this.#attached().byteOffset;
  }

  dispose(): void {
    const block = this.#block;
    this.#block = undefined;
    if (block !== undefined) this.#memory.recycle(block);
  }

  #attached(): NativeBlock {
    if (this.#block === undefined) throw disposedError();
    if (this.#block.buffer.byteLength === 0) throw new DetachedStorageError(this.byteLength);
    return this.#block;
  }
}
