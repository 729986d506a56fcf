// Runs kernels as machine code on the collector's memory: compiled at first use, kept by kernel.

import { argumentBytes, compileX64, type Kernel, type LaneType, type X64Target } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import type { Memory } from '../memory/memory.ts';
import type { EngineStorage } from '../memory/storage.ts';
import type { Executor } from '../runtime/executor.ts';
import type { Launchable } from '../runtime/family.ts';
import type { Region } from '../runtime/region.ts';
import { TaskList } from '../threads/task-list.ts';
import type { ThreadTeam } from '../threads/team.ts';
import type { NativeFunction } from './koffi.ts';
import type { NativeCode } from './native-code.ts';
import { noteForPerf } from './perf-map.ts';

/** Arguments that a kernel may have. */
const MAXIMUM_ARGUMENTS = 128;

/** What an argument is written as. */
type SlotKind = 'pointer' | 'integer' | LaneType;

interface Prepared {
  readonly address: number;
  readonly run: NativeFunction;
  /** Arguments in the order of their slots. */
  readonly slots: readonly { readonly name: string; readonly kind: SlotKind }[];
}

/** The same argument blocks as integers and as numbers. */
interface ArgumentViews {
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/**
 * The argument block that all kernels are called with, one after the other. It is longer than what V8 might keep on its
 * own heap, where it would move.
 */
const block = new ArrayBuffer(MAXIMUM_ARGUMENTS * 8);
const views: ArgumentViews = {
  i32: new Int32Array(block),
  f32: new Float32Array(block),
  f64: new Float64Array(block),
};

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
export class NativeExecutor implements Executor {
  readonly target: X64Target;
  readonly memory: Memory;
  readonly #code: NativeCode;
  readonly #prepared: Map<Kernel, Prepared> = new Map();
  /** The threads that work is divided among; without them there is one. */
  readonly team: ThreadTeam | undefined;
  #list: TaskList | undefined;
  /** The list that launches are written to instead of running at once. */
  #recording: TaskList | undefined;
  readonly #released: EngineStorage[] = [];

  constructor(target: X64Target, code: NativeCode, memory: Memory, team?: ThreadTeam) {
    this.target = target;
    this.memory = memory;
    this.#code = code;
    this.team = team;
  }

  launch<V>({ kernel }: Launchable<V>, values: NoInfer<V>): void {
    const { address, run, slots } = this.#prepared.get(kernel) ?? this.#prepare(kernel);
    const list = this.#recording;
    if (list !== undefined) {
      if (list.isFull(slots.length)) this.#flush(list);
      writeArguments(list, list.add(address, run, slots.length, values), slots, values);
      return;
    }
    writeArguments(views, 0, slots, values);
    running = values;
    run(block);
    running = undefined;
  }

  get threads(): number {
    return this.team?.count ?? 1;
  }

  get threadsReason(): string {
    return this.team?.reason ?? 'it was made without others';
  }

  setThreads(threads: number): void {
    if (this.team === undefined) throw new EngineError('setNumThreads', this.threadsReason, 1, threads);
    this.team.setCount(threads, 'asked for by setNumThreads');
  }

  partsFor(nanoseconds: number): number {
    if (this.#recording !== undefined) return 1;
    return this.team?.partsFor(nanoseconds) ?? 1;
  }

  fork(parts: number, body: (part: number) => void): void {
    if (this.team === undefined || this.#recording !== undefined) {
      for (let part = 0; part < parts; part++) body(part);
      return;
    }
    this.#list ??= new TaskList(this.#code.addressFunction());
    const list = this.#list;
    this.#recording = list;
    try {
      for (let part = 0; part < parts; part++) {
        list.nextPart();
        body(part);
      }
      this.#flush(list);
    } finally {
      this.#recording = undefined;
      list.clear();
      for (const storage of this.#released.splice(0)) storage.dispose();
    }
  }

  get defers(): boolean {
    return this.#recording !== undefined;
  }

  release(storage: EngineStorage): void {
    if (this.#recording === undefined) storage.dispose();
    else this.#released.push(storage);
  }

  /** Runs what was written down so far; the current part goes on behind it. */
  #flush(list: TaskList): void {
    running = list.held;
    try {
      this.team!.run(list);
    } finally {
      running = undefined;
    }
    list.clear();
    list.nextPart();
  }

  /** Gives the code back; the executor must not be used any more. */
  dispose(): void {
    this.#prepared.clear();
    this.#code.free();
  }

  #prepare(kernel: Kernel): Prepared {
    const slots = Object.entries(kernel.contract).map(([name, argument]) => ({
      name,
      kind: argument.kind === 'scalar' ? argument.type : argument.kind,
    }));
    if (argumentBytes(kernel.contract) > block.byteLength) {
      throw new EngineError(kernel.name, 'internal: too many arguments', MAXIMUM_ARGUMENTS, slots.length);
    }
    const { code } = compileX64(kernel, this.target);
    const { address, run } = this.#code.kernel(code);
    noteForPerf(`${this.target.name} ${kernel.name}`, address, code.length);
    const prepared = { address, run, slots };
    this.#prepared.set(kernel, prepared);
    return prepared;
  }
}

/** Writes arguments into their slots, from slot `first` on. */
function writeArguments(
  { i32, f32, f64 }: ArgumentViews,
  first: number,
  slots: Prepared['slots'],
  values: unknown,
): void {
  for (let i = 0; i < slots.length; i++) {
    const { name, kind } = slots[i]!;
    const value = (values as Readonly<Record<string, Region | number>>)[name]!;
    const slot = first + i;
    if (kind === 'f32') f32[2 * slot] = value as number;
    else if (kind === 'f64') f64[slot] = value as number;
    else {
      // Addresses and sizes are exact below 2 ** 53; storing a number in an Int32Array keeps its lower 32 bits.
      const whole = kind === 'pointer' ? (value as Region).address : (value as number);
      i32[2 * slot] = whole;
      i32[2 * slot + 1] = Math.floor(whole / 0x1_0000_0000);
    }
  }
}
