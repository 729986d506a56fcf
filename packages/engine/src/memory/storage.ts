// Storages: what tensors hold. One face for every target; each target's memory has a class of its own below it.

import { EngineError } from '../errors.ts';
import type { Memory } from './memory.ts';

/** A run of bytes in the engine's memory. */
export interface Storage {
  /** Size in bytes, as it was asked for. */
  readonly byteLength: number;
  /** Whether {@link dispose} was called; any other use of a disposed storage throws. */
  readonly disposed: boolean;
  /**
   * A fresh view of the bytes. It must not be kept across an allocation (growth of a WebAssembly memory detaches it)
   * or beyond {@link dispose} (the bytes are used again).
   * @throws EngineError when the storage was disposed of.
   * @throws DetachedStorageError when its buffer was transferred away.
   */
  bytes(): Uint8Array<ArrayBuffer>;
  /** Gives the bytes back now. Calling it again does nothing. */
  dispose(): void;
}

/** A storage as the engine's inside sees it. Addresses stay there. */
export abstract class EngineStorage implements Storage {
  readonly byteLength: number;
  /** The memory it lies in: a kernel takes storages of its executor's memory only. */
  readonly memory: Memory;

  constructor(memory: Memory, byteLength: number) {
    this.memory = memory;
    this.byteLength = byteLength;
  }

  abstract get disposed(): boolean;
  /** Address of the first byte, as the target's kernels understand it. It is good for as long as the storage is held. */
  abstract get address(): number;
  /** The buffer that holds the bytes, valid until the next allocation. */
  abstract get buffer(): ArrayBuffer;
  /** Where in {@link buffer} the bytes start. */
  abstract get byteOffset(): number;
  abstract dispose(): void;

  bytes(): Uint8Array<ArrayBuffer> {
    const { address: _alive } = this;
    return new Uint8Array(this.buffer, this.byteOffset, this.byteLength);
  }
}

/** @throws EngineError unless `byteLength` is a size. */
export function checkByteLength(byteLength: number): void {
  if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
    throw new EngineError('allocate', 'invalid size', 'a whole number of bytes >= 0', byteLength);
  }
}

/** The error of using what was given back. */
export function disposedError(): EngineError {
  return new EngineError('storage', 'it was disposed of and holds no memory any more');
}
