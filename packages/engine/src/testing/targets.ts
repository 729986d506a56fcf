// The executors that every kernel is tested on: WebAssembly with and without relaxed SIMD, and the checking
// interpreter with vectors of two lengths.

import { hasRelaxedSimd, interpret, type Target, wasmTarget } from '@sconce/codegen';
import { engineMemory } from '../memory/storage.ts';
import type { Executor } from '../runtime/executor.ts';
import type { Launchable, Region } from '../runtime/family.ts';
import { WasmExecutor } from '../runtime/wasm-executor.ts';

/** Runs kernels on the interpreter: each pointer may reach its region and nothing else. */
class InterpreterExecutor implements Executor {
  readonly target: Target;
  readonly memory = engineMemory;
  readonly #vectorBytes: 16 | 64;

  constructor(vectorBytes: 16 | 64) {
    this.#vectorBytes = vectorBytes;
    this.target = {
      ...wasmTarget,
      name: 'interpreter',
      vectorBytes,
      lanes: (type) => vectorBytes / (type === 'f64' ? 8 : 4),
    };
  }

  launch<V>({ kernel }: Launchable<V>, values: NoInfer<V>): void {
    const buffer = this.memory.memory.buffer;
    const entries = Object.entries(values as Readonly<Record<string, Region | number>>).map(
      ([name, value]) => [
        name,
        typeof value === 'number' ? value : new Uint8Array(buffer, value.address, value.bytes),
      ],
    );
    interpret(kernel, Object.fromEntries(entries), { vectorBytes: this.#vectorBytes });
  }
}

/** A target to test on; `small` asks for small shapes, since the interpreter is slow. */
export interface TestTarget {
  readonly name: string;
  readonly executor: Executor;
  readonly small: boolean;
}

/** All targets that this host can run. */
export const targets: readonly TestTarget[] = [
  ...(hasRelaxedSimd()
    ? [{ name: 'wasm with relaxed SIMD', executor: new WasmExecutor(engineMemory, true), small: false }]
    : []),
  { name: 'wasm without relaxed SIMD', executor: new WasmExecutor(engineMemory, false), small: false },
  { name: 'interpreter with 4 lanes', executor: new InterpreterExecutor(16), small: true },
  { name: 'interpreter with 16 lanes', executor: new InterpreterExecutor(64), small: true },
];
