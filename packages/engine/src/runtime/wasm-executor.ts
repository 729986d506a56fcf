// Runs kernels as WebAssembly over the engine's memory: compiled at first use, kept by name.

import {
  argumentBytes,
  type CompiledKernel,
  compileWasm,
  hasRelaxedSimd,
  type Kernel,
  type Target,
  wasmTarget,
} from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { KERNEL_PAGE_BYTES, LinearMemory } from '../memory/linear-memory.ts';
import type { Executor } from './executor.ts';
import type { Launchable, Region } from './family.ts';
import { OneThread } from './one-thread.ts';

/** Where the argument block lies: in the page that belongs to no storage, away from address 0. */
const ARGUMENT_BLOCK = 1024;

interface Prepared {
  readonly run: CompiledKernel;
  /** Arguments in the order of their slots. */
  readonly slots: readonly { readonly name: string; readonly kind: 'pointer' | 'integer' | 'f32' }[];
}

interface ArgumentViews {
  readonly i32: Int32Array;
  readonly f32: Float32Array;
}

/** The WebAssembly target over one memory. */
export class WasmExecutor extends OneThread implements Executor {
  readonly threadsReason = 'WebAssembly runs on one thread';
  readonly target: Target;
  readonly memory: LinearMemory;
  readonly #relaxedSimd: boolean;
  readonly #prepared: Map<Kernel, Prepared> = new Map();
  #views: ArgumentViews | undefined;

  /** @param relaxedSimd - forces relaxed SIMD on or off; what the host has, unless given. */
  constructor(memory: LinearMemory = new LinearMemory(), relaxedSimd: boolean = hasRelaxedSimd()) {
    super();
    this.target = { ...wasmTarget, fusedMultiplyAdd: relaxedSimd };
    this.memory = memory;
    this.#relaxedSimd = relaxedSimd;
  }

  launch<V>({ kernel }: Launchable<V>, values: NoInfer<V>): void {
    const prepared = this.#prepared.get(kernel) ?? this.#prepare(kernel);
    const { f32, i32 } = this.#block();
    let at = 0;
    for (const { name, kind } of prepared.slots) {
      const value = (values as Readonly<Record<string, Region | number>>)[name];
      if (kind === 'f32') f32[at] = value as number;
      else if (kind === 'pointer') i32[at] = (value as Region).address;
      else i32[at] = value as number;
      at += 2;
    }
    prepared.run(ARGUMENT_BLOCK);
  }

  /** The argument block, viewed anew after the memory has grown. */
  #block(): ArgumentViews {
    const buffer = this.memory.memory.buffer as ArrayBuffer;
    if (this.#views?.i32.buffer !== buffer) {
      const length = (KERNEL_PAGE_BYTES - ARGUMENT_BLOCK) / 4;
      const views = [
        new Int32Array(buffer, ARGUMENT_BLOCK, length),
        new Float32Array(buffer, ARGUMENT_BLOCK, length),
      ] as const;
      this.#views = { i32: views[0], f32: views[1] };
    }
    return this.#views;
  }

  #prepare(kernel: Kernel): Prepared {
    if (ARGUMENT_BLOCK + argumentBytes(kernel.contract) > KERNEL_PAGE_BYTES) {
      throw new EngineError(kernel.name, 'internal: too many arguments for the argument block');
    }
    const slots = Object.entries(kernel.contract).map(([name, argument]) => {
      if (argument.kind !== 'scalar') return { name, kind: argument.kind };
      if (argument.type === 'f32') return { name, kind: argument.type };
      throw new EngineError(kernel.name, `internal: argument ${name} has type ${argument.type}`);
    });
    const prepared = {
      run: compileWasm(kernel, this.memory.memory, { relaxedSimd: this.#relaxedSimd }),
      slots,
    };
    this.#prepared.set(kernel, prepared);
    return prepared;
  }
}
