// Storages: what tensors hold. One face for every target; each target's memory has a class of its own below it.

import { EngineError } from '../errors.ts';
import type { Memory } from './memory.ts';

/** A run of bytes in the engine's memory. */
export interface Storage {
  /** Size in bytes, as it was asked for. */
  readonly byteLength: number;
  /** Whether {@link dispose} was called; any other use of a disposed storage throws. */
  readonly disposed: boolean;
  /** Counts changes of the contents, for whoever must know about them. The engine itself never counts. */
  version: number;
  /**
   * A fresh view of the bytes. It must not be kept across an allocation (growth of a WebAssembly memory detaches it)
   * or beyond {@link dispose} (the bytes are used again). Where threads share a WebAssembly memory, the view's buffer is a
   * `SharedArrayBuffer`, which some of the host's functions refuse (`TextDecoder`, `ImageData`, `crypto`): `slice()` gives
   * them a copy.
   * @throws EngineError when the storage was disposed of.
   * @throws DetachedStorageError when its buffer was transferred away.
   */
  bytes(): Uint8Array;
  /** Gives the bytes back now. Calling it again does nothing. */
  dispose(): void;
}

/** Who gets a view of a storage's bytes: a kernel's JavaScript, or the engine's caller. */
export type Viewer = 'kernel' | 'caller';

type ViewGuard = (storage: EngineStorage, viewer: Viewer) => void;

let viewGuard: ViewGuard | undefined;

/** Runs `body`; `guard` is told before anyone gets a view of a storage's bytes, and may refuse by throwing. */
export function guardingViews<T>(guard: ViewGuard, body: () => T): T {
  const before = viewGuard;
  viewGuard = guard;
  try {
    return body();
  } finally {
    viewGuard = before;
  }
}

/** To be called before a view is given out. */
export function beforeView(storage: EngineStorage, viewer: Viewer): void {
  viewGuard?.(storage, viewer);
}

/** A storage as the engine's inside sees it. Addresses stay there. */
export abstract class EngineStorage implements Storage {
  readonly byteLength: number;
  /** The memory it lies in: a kernel takes storages of its executor's memory only. */
  readonly memory: Memory;
  version = 0;

  constructor(memory: Memory, byteLength: number) {
    this.memory = memory;
    this.byteLength = byteLength;
  }

  abstract get disposed(): boolean;
  /** Address of the first byte, as the target's kernels understand it. It is good for as long as the storage is held. */
  abstract get address(): number;
  /** The buffer that holds the bytes, valid until the next allocation. */
  abstract get buffer(): ArrayBufferLike;
  /** Where in {@link buffer} the bytes start. */
  abstract get byteOffset(): number;
  abstract dispose(): void;

  bytes(): Uint8Array {
    const { address: _alive } = this;
    beforeView(this, 'caller');
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
