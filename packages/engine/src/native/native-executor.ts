// Runs kernels as machine code on the collector's memory: compiled at first use, kept by kernel.

import { compileX64, type Kernel, type X64Target } from '@sconce/codegen';
import type { Memory } from '../memory/memory.ts';
import { NativeProgram } from '../program/native-program.ts';
import type { Recording, Runnable } from '../program/recording.ts';
import { ARGUMENT_BYTES, slotsOf, viewArguments, writeArguments } from '../runtime/arguments.ts';
import type { Launchable } from '../runtime/family.ts';
import { type Prepared, Threaded } from '../runtime/threaded.ts';
import type { TaskMemory } from '../threads/task-list.ts';
import type { ThreadTeam } from '../threads/team.ts';
import type { NativeCode } from './native-code.ts';
import { noteForPerf } from './perf-map.ts';

/** Bytes of the argument blocks of one fork. */
const TASK_BYTES = 1 << 20;

/**
 * The argument block that all kernels are called with, one after the other. It is longer than what V8 might keep on its
 * own heap, where it would move.
 */
const block = new ArrayBuffer(ARGUMENT_BYTES);
const views = viewArguments(block, 0, ARGUMENT_BYTES);

/**
 * What the kernel that is running was given. The regions hold their storages: as long as they can be reached from here,
 * the collector leaves the memory alone whose addresses the kernel has.
 */
let running: unknown;

/** The values of the launch that is under way, if there is one. That they can be read is why the slot keeps them alive. */
export function runningValues(): unknown {
  return running;
}

/** The native target over one memory. */
export class NativeExecutor extends Threaded {
  readonly target: X64Target;
  readonly memory: Memory;
  readonly #code: NativeCode;
  readonly #prepared: Map<Kernel, Prepared> = new Map();
  /** Where the block lies that kernels are called with. */
  readonly #block: number;

  constructor(target: X64Target, code: NativeCode, memory: Memory, team?: ThreadTeam) {
    super(team);
    this.target = target;
    this.memory = memory;
    this.#code = code;
    this.#block = code.addressFunction()(block);
  }

  launch<V>({ kernel }: Launchable<V>, values: NoInfer<V>): void {
    const prepared = this.#prepared.get(kernel) ?? this.#prepare(kernel);
    if (this.defer(prepared, values)) return;
    writeArguments(views, 0, prepared.slots, values);
    running = values;
    prepared.run(this.#block);
    running = undefined;
  }

  program(recording: Recording): Runnable {
    return new NativeProgram(recording, {
      target: this.target,
      code: this.#code.apart(),
      memory: this.memory,
      team: this.team,
    });
  }

  protected taskMemory(): TaskMemory {
    const buffer = new ArrayBuffer(TASK_BYTES);
    return { buffer, byteOffset: 0, byteLength: TASK_BYTES, address: this.#code.addressFunction()(buffer) };
  }

  protected holding(values: unknown, body: () => void): void {
    running = values;
    try {
      body();
    } finally {
      running = undefined;
    }
  }

  /** Gives the code back; the executor must not be used any more. */
  dispose(): void {
    this.#prepared.clear();
    this.#code.free();
  }

  #prepare(kernel: Kernel): Prepared {
    const slots = slotsOf(kernel);
    const { code } = compileX64(kernel, this.target);
    const { address, run } = this.#code.kernel(code);
    noteForPerf(`${this.target.name} ${kernel.name}`, address, code.length);
    const prepared = { address, run, slots };
    this.#prepared.set(kernel, prepared);
    return prepared;
  }
}
