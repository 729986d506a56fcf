/** What register allocation works on: values, register files, and the state of both at some place in the code. */

import type { Variable } from '../types.ts';
import type { Block, Lifetime } from './liveness.ts';

/** How values move between registers and their places in memory. */
export interface Mover {
  /** Loads a value from its place in memory into a register of its file. */
  load(value: Value, register: number): void;
  /** Stores a register in the value's place in memory. */
  store(value: Value, register: number): void;
  move(file: RegisterFile, to: number, from: number): void;
}

/** Registers that can stand for each other. */
export class RegisterFile {
  readonly name: string;
  /** Numbers of the registers, those to be used first in front. */
  readonly registers: readonly number[];
  /** By register number, the value that it holds. */
  readonly holders: (Value | undefined)[] = [];
  /** By register number, whether the current operation needs it where it is. */
  readonly pinned: boolean[] = [];
  /** Of the loop looked at last: values of its own that live at once, at some place and at most. */
  alive = 0;
  pressure = 0;

  constructor(name: string, registers: readonly number[]) {
    this.name = name;
    this.registers = registers;
  }
}

/** A variable during allocation. */
export interface Value {
  readonly variable: Variable;
  readonly lifetime: Lifetime;
  readonly file: RegisterFile;
  /** Whether it has a place in memory that always holds it: a constant or an argument. */
  readonly permanent: boolean;
  /** Number of its register; -1 while it is only in memory. */
  register: number;
  /** Whether memory holds it too. */
  clean: boolean;
  /** Index into the reads of its lifetime. */
  cursor: number;
  /** The loop looked at last that uses it, and how much it does. */
  loop: Block | undefined;
  weight: number;
}

/** Which values are in which registers at some place in the code. */
export interface Snapshot {
  readonly held: readonly { readonly value: Value; readonly register: number; clean: boolean }[];
}
