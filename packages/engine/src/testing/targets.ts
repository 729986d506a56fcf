// The executors that every kernel is tested on: machine code, WebAssembly with and without relaxed SIMD, and the
// checking interpreter with vectors of two lengths.

import { hasRelaxedSimd, interpret, type Target, wasmTarget } from '@sconce/codegen';
import { LinearMemory } from '../memory/linear-memory.ts';
import { messageOf } from '../native/host.ts';
import { type NativeTargetName, startNative } from '../native/start.ts';
import type { Executor } from '../runtime/executor.ts';
import type { Launchable } from '../runtime/family.ts';
import { OneThread } from '../runtime/one-thread.ts';
import { bytesOf, type Region } from '../runtime/region.ts';
import { WasmExecutor } from '../runtime/wasm-executor.ts';

/** One memory for all targets that do without machine code. */
const linear = new LinearMemory();

/** Runs kernels on the interpreter: each pointer may reach its region and nothing else. */
class InterpreterExecutor extends OneThread implements Executor {
  readonly threadsReason = 'the interpreter runs on one thread';
  readonly target: Target;
  readonly memory = linear;
  readonly #vectorBytes: 16 | 64;

  constructor(vectorBytes: 16 | 64) {
    super();
    this.#vectorBytes = vectorBytes;
    this.target = {
      ...wasmTarget,
      name: 'interpreter',
      vectorBytes,
      lanes: (type) => vectorBytes / (type === 'f64' || type === 'i64' ? 8 : 4),
    };
  }

  launch<V>({ kernel }: Launchable<V>, values: NoInfer<V>): void {
    const entries = Object.entries(values as Readonly<Record<string, Region | number | bigint>>).map(
      ([name, value]) => [name, typeof value === 'object' ? bytesOf(value) : value],
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

/** A target that this host cannot run, and why. */
export interface AbsentTarget {
  readonly name: string;
  readonly reason: string;
}

const present: TestTarget[] = [];
const absent: AbsentTarget[] = [];

function add(name: string, small: boolean, start: () => Executor): void {
  try {
    present.push({ name, executor: start(), small });
  } catch (error) {
    absent.push({ name, reason: messageOf(error) });
  }
}

const native: readonly NativeTargetName[] = ['avx512', 'avx2'];
for (const name of native) add(name, false, () => startNative(name).executor);
add('wasm with relaxed SIMD', false, () => {
  if (!hasRelaxedSimd()) throw new Error('the host has no relaxed SIMD');
  return new WasmExecutor(linear, true);
});
add('wasm without relaxed SIMD', false, () => new WasmExecutor(linear, false));
add('interpreter with 4 lanes', true, () => new InterpreterExecutor(16));
add('interpreter with 16 lanes', true, () => new InterpreterExecutor(64));

/** All targets that this host can run. */
export const targets: readonly TestTarget[] = present;

/** The others; each is reported as a skipped test. */
export const absentTargets: readonly AbsentTarget[] = absent;
