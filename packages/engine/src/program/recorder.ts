// The executor that kernels are given while a program is recorded: it writes launches down, with the threads that they are for.

import type { Kernel, Target } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import type { Memory } from '../memory/memory.ts';
import type { EngineStorage } from '../memory/storage.ts';
import type { Executor } from '../runtime/executor.ts';
import type { Launchable } from '../runtime/family.ts';
import type { RecordedLaunch, Recording, Runnable } from './recording.ts';
import { placeScratch, ScratchStorage } from './scratch.ts';

const NAME = 'recordProgram';

/** Nanoseconds of work from which dividing it repays a barrier and the other thread's cold cache. */
const DIVIDE = 6000;

interface OpenSection {
  readonly label: string | undefined;
  readonly threads: RecordedLaunch[][];
  /** Whether launches of the first thread may follow: nothing was divided yet. */
  serial: boolean;
  /** Whether what is divided next belongs here too. */
  joinable: boolean;
}

/** Records launches for another executor. */
export class Recorder implements Executor {
  readonly target: Target;
  readonly memory: Memory;
  readonly threads: number;
  readonly threadsReason = 'the program that is recorded has as many';
  readonly defers = true;
  readonly #divide: number;
  readonly #sections: OpenSection[] = [];
  #label: string | undefined;
  /** The thread whose launches are recorded. */
  #thread = 0;
  #forking = false;
  #finished = false;

  /** @param divide - nanoseconds of work from which it is divided. */
  constructor({ target, memory }: Executor, threads: number, divide: number = DIVIDE) {
    this.target = target;
    this.memory = memory;
    this.threads = threads;
    this.#divide = divide;
  }

  /** Begins a part of the program that is timed by its own name. */
  label(name: string): void {
    if (this.#forking) throw new EngineError(NAME, 'a label inside of divided work');
    this.#label = name;
  }

  launch<V>({ kernel }: Launchable<V>, values: NoInfer<V>): void {
    if (this.#finished)
      throw new EngineError(kernel.name, 'internal: launched after its program was recorded');
    if (!this.#forking) {
      const section = this.#section(({ serial }) => serial);
      section.joinable = false;
    }
    const launches = this.#sections.at(-1)!.threads[this.#thread]!;
    launches.push({ kernel: kernel as Kernel, values: { ...(values as RecordedLaunch['values']) } });
  }

  setThreads(): void {
    throw new EngineError('setNumThreads', 'it cannot change while a program is recorded');
  }

  partsFor(nanoseconds: number): number {
    return this.#forking || nanoseconds < this.#divide ? 1 : this.threads;
  }

  fork(parts: number, body: (part: number) => void): void {
    if (this.#forking) {
      for (let part = 0; part < parts; part++) body(part);
      return;
    }
    const section = this.#section(({ joinable }) => joinable);
    section.serial = section.joinable = false;
    this.#forking = true;
    try {
      for (let part = 0; part < parts; part++) {
        this.#thread = Math.floor((part * this.threads) / parts);
        body(part);
      }
    } finally {
      this.#thread = 0;
      this.#forking = false;
    }
  }

  alongNext(body: () => void): void {
    if (this.#forking) {
      body();
      return;
    }
    this.#section(({ joinable }) => joinable);
    body();
    this.#sections.at(-1)!.joinable = this.#sections.at(-1)!.serial;
  }

  borrow(byteLength: number): EngineStorage {
    return new ScratchStorage(this.memory, byteLength);
  }

  release(_storage: EngineStorage): void {}

  program(): Runnable {
    throw new EngineError(NAME, 'a program cannot be recorded while another one is');
  }

  /** Ends the recording. */
  finish(): Recording {
    this.#finished = true;
    const filled = this.#sections.filter(({ threads }) => threads.some(({ length }) => length > 0));
    const { sections, own } = placeScratch(filled, this.memory);
    const storages = new Set<EngineStorage>();
    for (const { threads } of sections) {
      for (const { values } of threads.flat()) {
        for (const value of Object.values(values)) {
          if (typeof value === 'object' && value.storage !== undefined) storages.add(value.storage);
        }
      }
    }
    return { threads: this.threads, sections, storages, own };
  }

  /** The last section if it serves, else a new one. */
  #section(serves: (last: OpenSection) => boolean): OpenSection {
    const last = this.#sections.at(-1);
    if (last !== undefined && this.#label === undefined && serves(last)) return last;
    const section: OpenSection = {
      label: this.#label,
      threads: Array.from({ length: this.threads }, () => []),
      serial: true,
      joinable: false,
    };
    this.#label = undefined;
    this.#sections.push(section);
    return section;
  }
}
