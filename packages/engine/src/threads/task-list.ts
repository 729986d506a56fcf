// Launches that are written down, part by part, to be run later by several threads.

import { type ArgumentViews, viewArguments } from '../runtime/arguments.ts';
import { MAXIMUM_PARTS, MAXIMUM_TASKS } from './control-block.ts';
import type { Work } from './pool.ts';

/** Calls a kernel with the address of its argument block. */
type Run = (block: number) => unknown;

/** Where the argument blocks of a list lie. */
export interface TaskMemory {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Where kernels find the first byte. */
  readonly address: number;
}

/** Work that is written down launch by launch. */
export class TaskList implements Work {
  readonly ends: Int32Array = new Int32Array(MAXIMUM_PARTS);
  readonly tasks: Float64Array = new Float64Array(2 * MAXIMUM_TASKS);
  readonly arguments: ArgumentViews;
  readonly #address: number;
  readonly #capacity: number;
  readonly #runs: Run[] = [];
  readonly #held: unknown[] = [];
  #slots = 0;
  #parts = 0;

  constructor({ buffer, byteOffset, byteLength, address }: TaskMemory) {
    this.arguments = viewArguments(buffer, byteOffset, byteLength);
    this.#address = address;
    this.#capacity = Math.floor(byteLength / 8);
  }

  get parts(): number {
    return this.#parts;
  }

  /** What the tasks were given: as long as it can be reached, the collector leaves the memory alone that they address. */
  get held(): readonly unknown[] {
    return this.#held;
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  /** Whether a task of `slots` arguments finds no room. */
  isFull(slots: number): boolean {
    return this.#runs.length === MAXIMUM_TASKS || this.#slots + slots > this.#capacity;
  }

  /** Starts the next part. */
  nextPart(): void {
    this.ends[this.#parts++] = this.#runs.length;
  }

  /** Adds a task to the current part; gives the slot from which on its arguments are to be written. */
  add(code: number, run: Run, slots: number, values: unknown): number {
    const task = this.#runs.length;
    const first = this.#slots;
    this.tasks[2 * task] = code;
    this.tasks[2 * task + 1] = this.#address + 8 * first;
    this.#runs.push(run);
    this.#held.push(values);
    this.#slots = first + slots;
    this.ends[this.#parts - 1] = task + 1;
    return first;
  }

  runPart(part: number): void {
    const end = this.ends[part]!;
    for (let task = part === 0 ? 0 : this.ends[part - 1]!; task < end; task++) {
      this.#runs[task]!(this.tasks[2 * task + 1]!);
    }
  }

  clear(): void {
    this.#runs.length = 0;
    this.#held.length = 0;
    this.#slots = 0;
    this.#parts = 0;
  }
}
