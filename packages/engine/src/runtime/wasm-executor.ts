// Runs kernels as WebAssembly over the engine's memory: compiled at first use, kept by kernel.

import {
  assembleWasm,
  type CompiledKernel,
  hasRelaxedSimd,
  instantiateWasm,
  type Kernel,
  type Target,
  wasmTarget,
} from '@sconce/codegen';
import { KERNEL_PAGE_BYTES, LinearMemory } from '../memory/linear-memory.ts';
import type { Recording, Runnable } from '../program/recording.ts';
import { ReplayedProgram } from '../program/replayed-program.ts';
import type { TaskMemory } from '../threads/task-list.ts';
import type { ThreadTeam } from '../threads/team.ts';
import {
  ARGUMENT_BYTES,
  type ArgumentViews,
  type Slots,
  slotsOf,
  viewArguments,
  writeArguments,
} from './arguments.ts';
import type { Launchable } from './family.ts';
import { type Prepared, Threaded } from './threaded.ts';

/** Where the argument block lies: in the page that belongs to no storage, away from address 0. */
const ARGUMENT_BLOCK = 1024;

/** Where the argument blocks of one fork lie: the rest of that page. */
const TASK_BLOCK: number = ARGUMENT_BLOCK + ARGUMENT_BYTES;

/** How much longer kernels take here than estimates say, which are made for machine code. */
const SLOWNESS = 2;

/** A kernel's function here, and its module, which other threads find in the memory once they need it. */
class WasmKernel implements Prepared {
  readonly run: CompiledKernel;
  readonly slots: Slots;
  readonly #module: Uint8Array<ArrayBuffer>;
  readonly #memory: LinearMemory;
  #address: number | undefined;

  constructor(kernel: Kernel, memory: LinearMemory, relaxedSimd: boolean) {
    this.slots = slotsOf(kernel);
    this.#module = assembleWasm(kernel, { relaxedSimd, sharedMemory: memory.shared });
    this.#memory = memory;
    this.run = instantiateWasm(kernel, this.#module, memory.memory);
  }

  get address(): number {
    if (this.#address === undefined) {
      const bytes = this.#module;
      this.#address = this.#memory.reserve(4 + bytes.length);
      const { buffer } = this.#memory.memory;
      new Int32Array(buffer, this.#address, 1)[0] = bytes.length;
      new Uint8Array(buffer, this.#address + 4).set(bytes);
    }
    return this.#address;
  }
}

/** The WebAssembly target over one memory. */
export class WasmExecutor extends Threaded {
  readonly target: Target;
  readonly memory: LinearMemory;
  readonly #relaxedSimd: boolean;
  readonly #alone: string;
  readonly #prepared: Map<Kernel, WasmKernel> = new Map();
  #views: ArgumentViews | undefined;

  /**
   * @param relaxedSimd - forces relaxed SIMD on or off; what the host has, unless given.
   * @param team - threads over the same memory, or why there are none.
   */
  constructor(
    memory: LinearMemory = new LinearMemory(),
    relaxedSimd: boolean = hasRelaxedSimd(),
    team: ThreadTeam | string = 'it was made without others',
  ) {
    super(typeof team === 'string' ? undefined : team);
    this.target = { ...wasmTarget, fusedMultiplyAdd: relaxedSimd };
    this.memory = memory;
    this.#relaxedSimd = relaxedSimd;
    this.#alone = typeof team === 'string' ? team : '';
  }

  override get threadsReason(): string {
    return this.team?.reason ?? this.#alone;
  }

  override partsFor(nanoseconds: number): number {
    return super.partsFor(nanoseconds * SLOWNESS);
  }

  launch<V>({ kernel }: Launchable<V>, values: NoInfer<V>): void {
    const prepared = this.#prepared.get(kernel) ?? this.#prepare(kernel);
    if (this.defer(prepared, values)) return;
    writeArguments(this.#block(), 0, prepared.slots, values);
    prepared.run(ARGUMENT_BLOCK);
  }

  /** A program is its launches in their order; what was divided among threads is one fork for each section. */
  program(recording: Recording): Runnable {
    return new ReplayedProgram(recording, this);
  }

  /** The page is behind the same buffer forever where threads share it: growth makes a new one and leaves the old. */
  protected taskMemory(): TaskMemory {
    const { buffer } = this.memory.memory;
    return {
      buffer,
      byteOffset: TASK_BLOCK,
      byteLength: KERNEL_PAGE_BYTES - TASK_BLOCK,
      address: TASK_BLOCK,
    };
  }

  /** Finalizers, which give memory back, run in tasks of their own, and so not meanwhile. */
  protected holding(_values: unknown, body: () => void): void {
    body();
  }

  /** The argument block, viewed anew after the memory has grown. */
  #block(): ArgumentViews {
    const { buffer } = this.memory.memory;
    if (this.#views?.i32.buffer !== buffer) {
      this.#views = viewArguments(buffer, ARGUMENT_BLOCK, ARGUMENT_BYTES);
    }
    return this.#views;
  }

  #prepare(kernel: Kernel): WasmKernel {
    const prepared = new WasmKernel(kernel, this.memory, this.#relaxedSimd);
    this.#prepared.set(kernel, prepared);
    return prepared;
  }
}
