// What a program consists of: launches by section and thread.

import type { Kernel } from '@sconce/codegen';
import type { EngineStorage } from '../memory/storage.ts';
import type { Region } from '../runtime/region.ts';

/** A kernel and what it is given. */
export interface RecordedLaunch {
  readonly kernel: Kernel;
  /** By the names of the kernel's contract. */
  readonly values: Readonly<Record<string, Region | number | bigint>>;
}

/** What threads do without waiting for each other: each its own launches in their order. */
export interface Section {
  /** The name of the part of the program that begins here. */
  readonly label: string | undefined;
  /** Launches of each thread. */
  readonly threads: readonly (readonly RecordedLaunch[])[];
}

/** All launches of a program. Every thread has done a section before any begins the next one. */
export interface Recording {
  readonly threads: number;
  readonly sections: readonly Section[];
  /** All memory that launches touch. */
  readonly storages: ReadonlySet<EngineStorage>;
  /** The part of it that belongs to the program. */
  readonly own: readonly EngineStorage[];
}

/** How long a part of a program took. */
export interface LabelTime {
  readonly label: string;
  readonly milliseconds: number;
}

/** How a program may be stopped. */
export interface RunOptions {
  /** Ends the run early, at the next barrier between launches; outputs are incomplete then. */
  readonly signal?: AbortSignal;
}

/** A recording that one target can run. */
export interface Runnable {
  /** Bytes of machine code made so far; none on targets that have none. */
  readonly codeBytes: number;
  /** @throws EngineError when a thread did not come or ended. */
  run(): void;
  /** As {@link run}, leaving the event loop free. */
  runAsync(options: RunOptions): Promise<void>;
  /** Runs once; the time from each label to the next. */
  profile(): readonly LabelTime[];
  /** Gives back what belongs to the target; it does not run. */
  dispose(): void;
}
