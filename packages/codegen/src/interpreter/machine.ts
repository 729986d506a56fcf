/** The state of a run: variables, fenced memory, the place in the kernel. Every check on them stands here. */

import type { Recording } from '../kernel.ts';
import type { Address, Operation } from '../operations.ts';
import { describe, type Integer, type Mask, type Variable, type Vector } from '../types.ts';
import { InterpreterError } from './error.ts';
import { type Buffer, FencedMemory, fault } from './memory.ts';

/** A vector register: the same bytes as lanes of each type. */
export interface Register {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly i64: BigInt64Array;
}

/** An address, and the buffer that it came from. */
export interface PointerValue {
  readonly address: number;
  readonly buffer: Buffer;
}

/** A place in a buffer. */
export interface Place {
  readonly bytes: DataView;
  readonly at: number;
}

/** Lanes of i64 are bigints. */
export type Lane = number | bigint;
export type Lanes = Float32Array | Float64Array | Int32Array | BigInt64Array;
type Value = number | PointerValue | Register;

export class Machine {
  readonly recording: Recording;
  readonly memory: FencedMemory = new FencedMemory();
  /** The argument block. */
  readonly slots: (Lane | PointerValue)[] = [];
  /** See {@link blockJumps}. */
  readonly jumps: readonly number[];
  /** Index of the operation being carried out. */
  at = -1;
  accesses = 0;
  /** By the variables' ids; nothing where a variable has no value yet. */
  readonly #values: (Value | undefined)[] = [];
  readonly #registers: Register[] = [];
  readonly #lineOf: (operation: number) => string;

  /** @param lineOf gives the source line of an operation; it is asked only when something is wrong. */
  constructor(recording: Recording, lineOf: (operation: number) => string) {
    this.recording = recording;
    this.jumps = blockJumps(recording.operations);
    this.#lineOf = lineOf;
    for (const { to, lanes } of recording.constants) {
      this.setLanes(to, (lane) => (to.type === 'i64' ? BigInt(lanes[lane]!) : Number(lanes[lane]!)));
    }
  }

  // ---- reading variables

  /** Any variable's value. */
  get(variable: Variable): Value {
    const value = this.#values[variable.id];
    if (value === undefined) this.fail(`${describe(variable)} is read before it has a value`);
    return value;
  }

  integer(value: Integer | number): number {
    return typeof value === 'number' ? value : (this.get(value) as number);
  }

  lanes(variable: Vector): Lanes {
    return (this.get(variable) as Register)[variable.type];
  }

  /** The lanes of a vector that is not of i64. */
  numbers(variable: Vector): Float32Array | Float64Array | Int32Array {
    return this.lanes(variable) as Float32Array | Float64Array | Int32Array;
  }

  /** The lanes of a vector of i64. */
  longs(variable: Vector): BigInt64Array {
    return (this.get(variable) as Register).i64;
  }

  /** The 32-bit words of a vector or mask. */
  words(variable: Vector | Mask): Int32Array {
    return (this.get(variable) as Register).i32;
  }

  laneCount(variable: Vector): number {
    return this.recording.target.lanes(variable.type);
  }

  // ---- writing variables

  /** Writes an integer or a pointer. */
  set(to: Variable, value: number | PointerValue): void {
    this.#values[to.id] = typeof value === 'number' ? this.checkInteger(value) : value;
  }

  /** Writes a vector lane by lane, rounding to its type; a lane may be computed from the same lane of `to`. */
  setLanes(to: Vector, lane: (index: number) => Lane): void {
    const register = this.#register(to);
    const lanes = register[to.type] as Lane[] & Lanes;
    for (let i = 0; i < lanes.length; i++) lanes[i] = lane(i);
    this.#values[to.id] = register;
  }

  /** Writes a vector or mask word by word. */
  setWords(to: Vector | Mask, word: (index: number) => number): void {
    const register = this.#register(to);
    for (let i = 0; i < register.i32.length; i++) register.i32[i] = word(i);
    this.#values[to.id] = register;
  }

  #register(to: Variable): Register {
    const known = this.#registers[to.id];
    if (known) return known;
    const bytes = new ArrayBuffer(this.recording.target.vectorBytes);
    const made = {
      f32: new Float32Array(bytes),
      f64: new Float64Array(bytes),
      i32: new Int32Array(bytes),
      i64: new BigInt64Array(bytes),
    };
    this.#registers[to.id] = made;
    return made;
  }

  // ---- checks

  /** Checks an access and gives the place of its first byte. */
  access(address: Address, bytes: number, store: boolean, aligned = false): Place {
    this.accesses++;
    const { buffer, address: base } = this.get(address.pointer) as PointerValue;
    const at = base + address.bytes;
    const { vectorBytes } = this.recording.target;
    const problem =
      aligned && at % vectorBytes !== 0
        ? `aligned access at byte ${at - buffer.base} of buffer '${buffer.name}' is not aligned to ${vectorBytes} bytes`
        : fault(buffer, at, bytes, store);
    if (problem) this.fail(problem);
    return { bytes: buffer.bytes, at: at - buffer.base };
  }

  checkInteger(value: number): number {
    if (value !== (value | 0)) this.fail(`integer ${value} goes beyond 32 bits`);
    return value | 0;
  }

  fail(problem: string): never {
    const { name, operations } = this.recording;
    const code = operations[this.at]?.code ?? 'start';
    throw new InterpreterError(name, this.at, code, this.at < 0 ? '' : this.#lineOf(this.at), problem);
  }
}

/** For each `loop`, `if`, `else`: the operation after which to go on when skipped; for each `end` its loop, or -1. */
function blockJumps(operations: readonly Operation[]): number[] {
  const jumps = operations.map(() => -1);
  const open: number[] = [];
  operations.forEach(({ code }, index) => {
    if (code === 'loop' || code === 'if') open.push(index);
    else if (code === 'else') {
      jumps[open.pop()!] = index;
      open.push(index);
    } else if (code === 'end') {
      const start = open.pop()!;
      jumps[start] = index;
      if (operations[start]!.code === 'loop') jumps[index] = start;
    }
  });
  return jumps;
}
