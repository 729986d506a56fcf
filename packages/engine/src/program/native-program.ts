// Programs as machine code: one function for each thread, with barriers in it, and one that does all on a single thread.

import {
  compilePrograms,
  controlBytes,
  controlWords,
  type Kernel,
  type ProgramStep,
  programSlots,
  programStatus,
  type X64Target,
} from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import type { Memory } from '../memory/memory.ts';
import type { EngineStorage } from '../memory/storage.ts';
import type { AsyncFunction } from '../native/koffi.ts';
import type { NativeCode } from '../native/native-code.ts';
import { noteForPerf } from '../native/perf-map.ts';
import {
  type ArgumentViews,
  makeSlots,
  type Slots,
  slotsOf,
  viewArguments,
  writeArguments,
} from '../runtime/arguments.ts';
import { atProcessExit } from '../threads/node-workers.ts';
import type { ThreadTeam } from '../threads/team.ts';
import type { LabelTime, RecordedLaunch, Recording, Runnable, RunOptions, Section } from './recording.ts';
import { abortedError } from './replayed-program.ts';

/** What the native target gives a program. */
interface NativeBasis {
  readonly target: X64Target;
  /** For this program alone. */
  readonly code: NativeCode;
  readonly memory: Memory;
  readonly team: ThreadTeam | undefined;
}

/** Ticks of the time stamp counter that a thread waits at one barrier: about ten seconds. */
const PATIENCE = 3e10;

const LINE = 64;

/** Where the control words and the argument blocks lie behind the base. */
const CONTROL = 2 * LINE;
const BLOCKS: number = CONTROL + controlBytes;

interface MappedFunction {
  readonly address: number;
  readonly run: AsyncFunction;
}

/** A section with the places of its argument blocks. */
interface PlacedSection {
  readonly label: string | undefined;
  readonly threads: readonly (readonly ProgramStep[])[];
}

/** A launch whose argument block lies `at` bytes behind the base. */
interface PlacedLaunch {
  readonly at: number;
  readonly slots: Slots;
  readonly values: RecordedLaunch['values'];
}

/** Programs that run: what can be reached from here the collector leaves alone. */
const running = new Set<NativeProgram>();

/** Code of programs that nobody holds any more is given back. */
const dropped = new FinalizationRegistry<NativeCode>((code) => code.free());

/** A program of machine code. */
export class NativeProgram implements Runnable {
  readonly #basis: NativeBasis;
  /** All memory whose addresses the argument blocks hold. */
  readonly held: Recording['storages'];
  readonly #threads: number;
  readonly #sections: readonly PlacedSection[];
  readonly #labels: readonly string[];
  /** Slots, control words, argument blocks, then the clocks. */
  readonly #block: EngineStorage;
  readonly #clocks: number;
  readonly #views: ArgumentViews;
  readonly #alone: MappedFunction;
  /** Functions of all threads, the caller's first, where there are several. */
  readonly #together: readonly MappedFunction[];
  /** The caller's functions with clocks, on one thread and on all. */
  #timed: readonly MappedFunction[] | undefined;
  #codeBytes = 0;

  /** @param patience - ticks of the time stamp counter that a thread waits at one barrier. */
  constructor(recording: Recording, basis: NativeBasis, patience: number = PATIENCE) {
    this.#basis = basis;
    this.held = recording.storages;
    this.#threads = recording.threads;
    const { sections, launches, bytes } = placeBlocks(recording.sections);
    this.#sections = sections;
    this.#labels = sections.map(({ label }, i) => label ?? (i === 0 ? '' : undefined)).filter(isText);
    this.#clocks = bytes;
    const whole = bytes + 8 * (this.#labels.length + 1);
    this.#block = basis.memory.allocate(whole);
    this.#views = viewArguments(this.#block.buffer, this.#block.byteOffset, Math.floor(whole / 8) * 8);
    const { address } = this.#block;
    const names = ['control', 'threads', 'patience'] as const;
    const headerSlots = makeSlots(
      'program',
      names.map((name) => ({ name, kind: 'integer' })),
    );
    const header = { control: address + CONTROL, threads: 1, patience };
    writeArguments(this.#views, programSlots.control, headerSlots, header);
    for (const { at, slots, values } of launches) writeArguments(this.#views, at / 8, slots, values);
    const threads = this.#threads === 1 ? [] : [...Array(this.#threads).keys()];
    const all = [this.#stepsAlone(), ...threads.map((thread) => this.#stepsOf(thread))];
    [this.#alone, ...this.#together] = this.#compile(all) as [MappedFunction, ...MappedFunction[]];
    dropped.register(this, basis.code, this);
    // Threads that are not there yet are started.
    if (this.#threads > 1) void basis.team?.together;
  }

  get codeBytes(): number {
    return this.#codeBytes;
  }

  run(): void {
    this.#run((threads) => (threads === 1 ? this.#alone : this.#together[0]!));
  }

  async runAsync({ signal }: RunOptions): Promise<void> {
    if (signal?.aborted) throw abortedError();
    const team = this.#basis.team;
    const abort = (): void => this.#abort();
    running.add(this);
    signal?.addEventListener('abort', abort);
    try {
      let statuses: ArrayLike<number> | undefined;
      if (team !== undefined && this.#canRunTogether()) {
        this.#prepare(this.#threads);
        const own = this.#together[0]!;
        statuses = await team.runTogetherAside({
          tasks: this.#tasks(),
          runOwn: () => this.#aside(own),
          abort,
        });
      }
      if (statuses === undefined && !signal?.aborted) {
        this.#prepare(1);
        const callOff = atProcessExit(abort);
        try {
          statuses = [await this.#aside(this.#alone)];
        } finally {
          callOff();
        }
      }
      if (signal?.aborted && Array.from(statuses ?? [programStatus.aborted]).some(isIncomplete)) {
        throw abortedError();
      }
      check(statuses!);
    } finally {
      signal?.removeEventListener('abort', abort);
      running.delete(this);
    }
  }

  profile(): readonly LabelTime[] {
    this.#timed ??= this.#compile([this.#stepsAlone(true), this.#stepsOf(0, true)]);
    const [alone, together] = this.#timed as [MappedFunction, MappedFunction];
    let began = 0;
    let ended = 0;
    this.#run((threads) => {
      const code = threads === 1 ? alone : together;
      return {
        ...code,
        run: Object.assign(
          (base: unknown) => {
            began = performance.now();
            const status = code.run(base);
            ended = performance.now();
            return status;
          },
          { async: code.run.async },
        ),
      };
    });
    const ticks = [...this.#labels, ''].map((_, i) => this.#clock(i));
    const scale = (ended - began) / (ticks.at(-1)! - ticks[0]!);
    return this.#labels.map((label, i) => ({ label, milliseconds: (ticks[i + 1]! - ticks[i]!) * scale }));
  }

  dispose(): void {
    dropped.unregister(this);
    this.#basis.code.free();
    this.#block.dispose();
  }

  #run(codeFor: (threads: number) => MappedFunction): void {
    const { team } = this.#basis;
    const call = (threads: number): number => Number(codeFor(threads).run(this.#block.address));
    running.add(this);
    try {
      let statuses: ArrayLike<number> | undefined;
      if (team !== undefined && this.#canRunTogether()) {
        this.#prepare(this.#threads);
        statuses = team.runTogether({
          tasks: this.#tasks(),
          runOwn: () => call(this.#threads),
          abort: () => this.#abort(),
        });
      }
      if (statuses === undefined) {
        this.#prepare(1);
        statuses = [call(1)];
      }
      check(statuses);
    } finally {
      running.delete(this);
    }
  }

  /** Whether the threads that the program was recorded for are there. */
  #canRunTogether(): boolean {
    return this.#threads > 1 && this.#basis.team?.together === this.#threads;
  }

  /** Addresses of what the other threads run. */
  #tasks(): Float64Array {
    return Float64Array.from(
      this.#together.slice(1).flatMap(({ address }) => [address, this.#block.address]),
    );
  }

  #aside({ run }: MappedFunction): Promise<number> {
    const { address } = this.#block;
    return new Promise((resolve, reject) => {
      run.async(address, (error: unknown, status: unknown) => {
        if (error) reject(error);
        else resolve(Number(status));
      });
    });
  }

  /** Resets what the threads share. */
  #prepare(threads: number): void {
    const { i32 } = this.#views;
    i32[2 * programSlots.threads] = threads;
    Atomics.store(i32, (CONTROL + controlWords.arrived) / 4, 0);
    Atomics.store(i32, (CONTROL + controlWords.abort) / 4, 0);
  }

  #abort(): void {
    Atomics.store(this.#views.i32, (CONTROL + controlWords.abort) / 4, 1);
  }

  #clock(index: number): number {
    const at = this.#clocks / 4 + 2 * index;
    return (this.#views.i32[at]! >>> 0) + this.#views.i32[at + 1]! * 2 ** 32;
  }

  #compile(programs: readonly (readonly ProgramStep[])[]): readonly MappedFunction[] {
    const { target, code } = this.#basis;
    const made = compilePrograms(programs, target);
    const mapped = code.programs(made.code, made.entries);
    this.#codeBytes += made.code.length;
    noteForPerf(`${target.name} program`, mapped[0]!.address, made.code.length);
    return mapped;
  }

  /** One thread's part. The first barrier is before anything is done: until then it can be done otherwise. */
  #stepsOf(thread: number, timed: boolean = false): ProgramStep[] {
    const clock = this.#clockSteps(timed);
    const steps = this.#sections.flatMap(({ label, threads }, i) => [
      'barrier' as const,
      ...(label !== undefined || i === 0 ? clock() : []),
      ...threads[thread]!,
    ]);
    return [...steps, ...clock()];
  }

  /** Everything, with a look at the abort word before each launch. */
  #stepsAlone(timed: boolean = false): ProgramStep[] {
    const clock = this.#clockSteps(timed);
    const steps = this.#sections.flatMap(({ label, threads }, i) => [
      ...(label !== undefined || i === 0 ? clock() : []),
      ...threads.flat().flatMap((step) => ['barrier' as const, step]),
    ]);
    return [...steps, ...clock()];
  }

  #clockSteps(timed: boolean): () => ProgramStep[] {
    let next = this.#clocks;
    return () => {
      if (!timed) return [];
      next += 8;
      return [{ clock: next - 8 }];
    };
  }
}

function isText(label: string | undefined): label is string {
  return label !== undefined;
}

function isIncomplete(status: number): boolean {
  return status !== programStatus.done;
}

function check(statuses: ArrayLike<number>): void {
  if (!Array.from(statuses).some(isIncomplete)) return;
  throw new EngineError('program', 'a thread did not come to a barrier in time, and outputs are incomplete');
}

/** Gives each launch an argument block. */
function placeBlocks(sections: readonly Section[]): {
  readonly sections: readonly PlacedSection[];
  readonly launches: readonly PlacedLaunch[];
  readonly bytes: number;
} {
  const launches: PlacedLaunch[] = [];
  const known = new Map<Kernel, Slots>();
  let bytes = BLOCKS;
  const place = ({ kernel, values }: RecordedLaunch): ProgramStep => {
    const slots = known.get(kernel) ?? slotsOf(kernel);
    known.set(kernel, slots);
    launches.push({ at: bytes, slots, values });
    bytes += Math.ceil((8 * slots.length) / LINE) * LINE;
    return { kernel, block: launches.at(-1)!.at };
  };
  const placed = sections.map(({ label, threads }) => ({
    label,
    threads: threads.map((launched) => launched.map(place)),
  }));
  return { sections: placed, launches, bytes };
}
