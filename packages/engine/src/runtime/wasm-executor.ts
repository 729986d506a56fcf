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
import { KERNEL_PAGE_BYTES, type LinearMemory } from '../memory/linear-memory.ts';
import { engineMemory } from '../memory/storage.ts';
import type { Executor } from './executor.ts';
import type { Launchable, Region } from './family.ts';

/** Where the argument block lies: in the page that belongs to no storage, away from address 0. */
const ARGUMENT_BLOCK = 1024;

interface Prepared {
  readonly run: CompiledKernel;
  /** Arguments in the order of their slots. */
  readonly slots: readonly { readonly name: string; readonly kind: 'pointer' | 'integer' | 'f32' }[];
}

/** The WebAssembly target over one memory. */
export class WasmExecutor implements Executor {
  readonly target: Target;
  readonly memory: LinearMemory;
  readonly #relaxedSimd: boolean;
  readonly #prepared: Map<Kernel, Prepared> = new Map();

  /** @param relaxedSimd - forces relaxed SIMD on or off; what the host has, unless given. */
  constructor(memory: LinearMemory = engineMemory, relaxedSimd: boolean = hasRelaxedSimd()) {
    this.target = { ...wasmTarget, fusedMultiplyAdd: relaxedSimd };
    this.memory = memory;
    this.#relaxedSimd = relaxedSimd;
  }

  launch<V>({ kernel }: Launchable<V>, values: NoInfer<V>): void {
    const prepared = this.#prepared.get(kernel) ?? this.#prepare(kernel);
    const { f32, i32 } = this.memory.views;
    let at = ARGUMENT_BLOCK / 4;
    for (const { name, kind } of prepared.slots) {
      const value = (values as Readonly<Record<string, Region | number>>)[name];
      if (kind === 'f32') f32[at] = value as number;
      else if (kind === 'pointer') i32[at] = (value as Region).address;
      else i32[at] = value as number;
      at += 2;
    }
    prepared.run(ARGUMENT_BLOCK);
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
