// Where callers get storages from: the memory of the target that the engine runs on.

import { executor } from '../runtime/executor.ts';
import type { MemoryStatistics } from './memory.ts';
import type { Storage } from './storage.ts';

/**
 * Allocates a storage of `byteLength` bytes, aligned to 64. Its contents are unspecified: kernels write
 * their outputs fully, and whoever wants zeros fills them in.
 *
 * @throws OutOfMemoryError when there is not enough left; nothing is changed then.
 */
export function allocate(byteLength: number): Storage {
  return executor().memory.allocate(byteLength);
}

/** Figures of the engine's memory, in bytes. */
export function memoryStatistics(): MemoryStatistics {
  return executor().memory.statistics;
}
