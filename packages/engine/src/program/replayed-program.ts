// Programs of targets without machine code of their own: their launches in order, one by one.

import { EngineError } from '../errors.ts';
import type { Executor } from '../runtime/executor.ts';
import type { LabelTime, RecordedLaunch, Recording, Runnable, RunOptions, Section } from './recording.ts';

/** Milliseconds after which an asynchronous run lets the event loop have a turn. */
const SLICE = 8;

/** Nanoseconds that a divided section is said to take: a program is long enough to keep threads awake. */
const SECTION_TIME = 1e6;

/** Runs launches through an executor. */
export class ReplayedProgram implements Runnable {
  readonly codeBytes = 0;
  readonly #recording: Recording;
  readonly #executor: Pick<Executor, 'launch' | 'fork' | 'partsFor'>;

  constructor(recording: Recording, executor: Pick<Executor, 'launch' | 'fork' | 'partsFor'>) {
    this.#recording = recording;
    this.#executor = executor;
  }

  run(): void {
    for (const section of this.#recording.sections) this.#runSection(section);
  }

  async runAsync({ signal }: RunOptions): Promise<void> {
    let until = performance.now() + SLICE;
    for (const section of this.#recording.sections) {
      for (const step of this.#stepsOf(section)) {
        if (signal?.aborted) throw abortedError();
        step();
        if (performance.now() < until) continue;
        await new Promise((resolve) => setTimeout(resolve));
        until = performance.now() + SLICE;
      }
    }
  }

  profile(): readonly LabelTime[] {
    const times: { label: string; milliseconds: number }[] = [];
    for (const section of this.#recording.sections) {
      if (section.label !== undefined || times.length === 0) {
        times.push({ label: section.label ?? '', milliseconds: 0 });
      }
      const start = performance.now();
      this.#runSection(section);
      times.at(-1)!.milliseconds += performance.now() - start;
    }
    return times;
  }

  dispose(): void {}

  #runSection(section: Section): void {
    for (const step of this.#stepsOf(section)) step();
  }

  /** What runs without a turn of the event loop: a launch, or a whole section that is divided among threads. */
  *#stepsOf({ threads }: Section): Generator<() => void> {
    const busy = threads.filter(({ length }) => length > 0);
    if (busy.length > 1 && this.#executor.partsFor(SECTION_TIME) > 1) {
      yield () =>
        this.#executor.fork(busy.length, (part) => {
          for (const one of busy[part]!) this.#launch(one);
        });
      return;
    }
    for (const launches of busy) for (const one of launches) yield () => this.#launch(one);
  }

  #launch({ kernel, values }: RecordedLaunch): void {
    this.#executor.launch({ kernel }, values);
  }
}

/** The error of a run that its signal has ended. */
export function abortedError(): EngineError {
  return new EngineError('program', 'the run was aborted, and its outputs are incomplete');
}
