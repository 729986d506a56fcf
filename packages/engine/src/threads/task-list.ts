// Launches that are written down, part by part, to be run later by several threads.

import type { NativeFunction } from '../native/koffi.ts';
import { MAXIMUM_PARTS, MAXIMUM_TASKS } from './control-block.ts';
import type { Work } from './pool.ts';

/** Bytes of all argument blocks together. */
const BLOCK_BYTES = 1 << 20;

/** Room for a list's argument blocks, and where it lies. It is longer than what V8 might keep on its own heap and move. */
export class TaskList implements Work {
  readonly ends: Int32Array = new Int32Array(MAXIMUM_PARTS);
  readonly tasks: Float64Array = new Float64Array(2 * MAXIMUM_TASKS);
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly #address: number;
  readonly #runs: NativeFunction[] = [];
  readonly #held: unknown[] = [];
  #slots = 0;
  #parts = 0;

  constructor(addressOf: (buffer: ArrayBuffer) => number) {
    const buffer = new ArrayBuffer(BLOCK_BYTES);
    this.i32 = new Int32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.#address = addressOf(buffer);
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
    return this.#runs.length === MAXIMUM_TASKS || (this.#slots + slots) * 8 > BLOCK_BYTES;
  }

  /** Starts the next part. */
  nextPart(): void {
    this.ends[this.#parts++] = this.#runs.length;
  }

  /** Adds a task to the current part; gives the slot from which on its arguments are to be written. */
  add(code: number, run: NativeFunction, slots: number, values: unknown): number {
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
      this.#runs[task]!(this.tasks[2 * task + 1]);
    }
  }

  clear(): void {
    this.#runs.length = 0;
    this.#held.length = 0;
    this.#slots = 0;
    this.#parts = 0;
  }
}
