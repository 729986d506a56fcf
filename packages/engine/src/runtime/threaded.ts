// What executors have in common whose kernels may run on several threads: launches inside of a fork are written down, then run.

import type { Target } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import type { Memory } from '../memory/memory.ts';
import type { EngineStorage } from '../memory/storage.ts';
import type { Recording, Runnable } from '../program/recording.ts';
import { TaskList, type TaskMemory } from '../threads/task-list.ts';
import type { ThreadTeam } from '../threads/team.ts';
import { type Slots, writeArguments } from './arguments.ts';
import type { Executor } from './executor.ts';
import type { Launchable } from './family.ts';

/** A kernel that is compiled. */
export interface Prepared {
  readonly run: (block: number) => unknown;
  readonly slots: Slots;
  /** Where other threads find its code; asked for at its first launch inside of a fork. */
  readonly address: number;
}

/** An executor whose work is divided among a team's threads, if it has a team. */
export abstract class Threaded implements Executor {
  abstract readonly target: Target;
  abstract readonly memory: Memory;
  /** The threads that work is divided among; without them there is one. */
  readonly team: ThreadTeam | undefined;
  #list: TaskList | undefined;
  /** The list that launches are written to instead of running at once. */
  #recording: TaskList | undefined;
  readonly #released: EngineStorage[] = [];

  constructor(team: ThreadTeam | undefined) {
    this.team = team;
  }

  abstract launch<V>(kernel: Launchable<V>, values: NoInfer<V>): void;

  /** Memory for the argument blocks of one fork; asked for once. */
  protected abstract taskMemory(): TaskMemory;

  /** Calls `body` while what `values` holds stays where it is. */
  protected abstract holding(values: unknown, body: () => void): void;

  /** Writes a launch down where that is what is to happen now, and says whether it was. */
  protected defer(prepared: Prepared, values: unknown): boolean {
    const list = this.#recording;
    if (list === undefined) return false;
    const { address, run, slots } = prepared;
    if (list.isFull(slots.length)) this.#flush(list);
    writeArguments(list.arguments, list.add(address, run, slots.length, values), slots, values);
    return true;
  }

  get threads(): number {
    return this.team?.count ?? 1;
  }

  /** Threads that have started, the caller's included. */
  get threadsReady(): number {
    return this.team?.ready ?? 1;
  }

  get threadsReason(): string {
    return this.team?.reason ?? 'it was made without others';
  }

  setThreads(threads: number): void {
    if (this.team !== undefined) this.team.setCount(threads, 'asked for by setNumThreads');
    else if (threads !== 1) throw new EngineError('setNumThreads', this.threadsReason, 1, threads);
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
    this.#list ??= new TaskList(this.taskMemory());
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

  alongNext(body: () => void): void {
    body();
  }

  abstract program(recording: Recording): Runnable;

  get defers(): boolean {
    return this.#recording !== undefined;
  }

  borrow(byteLength: number): EngineStorage {
    return this.memory.borrow(byteLength);
  }

  release(storage: EngineStorage): void {
    if (this.#recording === undefined) storage.dispose();
    else this.#released.push(storage);
  }

  /** Runs what was written down so far; the current part goes on behind it. */
  #flush(list: TaskList): void {
    this.holding(list.held, () => this.team!.run(list));
    list.clear();
    list.nextPart();
  }
}
