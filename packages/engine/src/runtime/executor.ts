// What stands between kernels and the targets that run them: one executor per target, and the one in use.

import type { Target } from '@sconce/codegen';
import type { LinearMemory } from '../memory/linear-memory.ts';
import type { Launchable, Region } from './family.ts';
import { WasmExecutor } from './wasm-executor.ts';

export type { Region } from './family.ts';

/** Runs kernels on one target, over one memory. */
export interface Executor {
  readonly target: Target;
  readonly memory: LinearMemory;
  /** Runs a kernel, compiling it at its first use. */
  launch<V>(kernel: Launchable<V>, values: NoInfer<V>): void;
}

let current: Executor | undefined;

/** The executor that kernels run on: WebAssembly over the engine's memory. */
export function executor(): Executor {
  current ??= new WasmExecutor();
  return current;
}

/** Runs `body` with another executor in place; tests judge every target through the same kernel functions. */
export function withExecutor<T>(other: Executor, body: () => T): T {
  const before = current;
  current = other;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** The region of an argument that a kernel of this spec does not touch. */
export const nothing: Region = { address: 0, bytes: 0 };

/** `elements` elements from `address` on. */
export function region(address: number, elements: number, elementBytes: number = 4): Region {
  return { address, bytes: elements * elementBytes };
}

/** Borrows a block of the executor's memory for the time of `body`: packed operands, padded planes, tables. */
export function withScratch<T>(elements: number, body: (scratch: Region) => T): T {
  const { memory } = executor();
  const scratch = region(memory.allocate(elements * 4), elements);
  try {
    return body(scratch);
  } finally {
    memory.free(scratch.address);
  }
}
