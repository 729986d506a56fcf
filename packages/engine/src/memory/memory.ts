// What the engine asks of a memory, whichever target it belongs to.

import type { EngineStorage } from './storage.ts';

/** Figures of a memory in bytes. */
export interface MemoryStatistics {
  /**
   * Bytes the engine holds from the host. In WebAssembly the memory's size, which never shrinks; natively all of the
   * process's `ArrayBuffer`s, dropped ones included until the collector has found them.
   */
  readonly allocated: number;
  /** Bytes that are in use, rounding included: `allocated - free`. */
  readonly live: number;
  /** The largest `live` there was; natively, the largest that was seen (it is looked at every few megabytes). */
  readonly peak: number;
  /** Bytes held that nothing uses and the next request may get. */
  readonly free: number;
}

/** Where an executor's storages lie. */
export interface Memory {
  /**
   * A storage of `byteLength` bytes, aligned to 64; what it holds is unspecified.
   * @throws OutOfMemoryError before anything is touched.
   */
  allocate(byteLength: number): EngineStorage;
  /** As {@link allocate}, for the engine's own use: whoever asked gives it back by `dispose`. */
  borrow(byteLength: number): EngineStorage;
  readonly statistics: MemoryStatistics;
}
