/** The stack frame: places for values that have no register, and the code that makes and unmakes the frame. */

import { CodegenError } from '../errors.ts';
import type { Assembler } from './assembler.ts';
import { type Memory, memory, type Register, r64, rax, rbp, rbx, rsp } from './operands.ts';

/** Callee-saved registers of the System V calling convention. */
const saved: readonly Register[] = [rbx, rbp, ...r64.slice(12)];

/** Kernels may be called on stacks of 1 MiB. */
const largest = 256 * 1024;

export class Frame {
  /** Bytes in use now; the first 64 hold the caller's stack pointer. */
  #used = 64;
  #size = 64;
  /** Free places of 8 bytes in a line that has been begun. */
  #small: number[] = [];
  readonly #patchAt: number[] = [];

  /** A place for a general-purpose register or a mask. */
  small(): Memory {
    if (this.#small.length === 0) {
      const line = this.#reserve(64);
      this.#small = Array.from({ length: 8 }, (_, i) => line + 56 - 8 * i);
    }
    return memory(rsp, this.#small.pop()!, { bits: 64 });
  }

  /** A place for a vector, aligned to its size. */
  vector(bytes: number): Memory {
    return memory(rsp, this.#reserve(bytes));
  }

  /** Gives every place back, for the next kernel in the same function. */
  reset(): void {
    this.#used = 64;
    this.#small = [];
  }

  #reserve(bytes: number): number {
    const at = Math.ceil(this.#used / bytes) * bytes;
    this.#used = at + bytes;
    this.#size = Math.max(this.#size, Math.ceil(this.#used / 64) * 64);
    if (this.#size > largest) {
      throw new CodegenError('frame', 'too many values in memory', `${largest} bytes`, `${this.#size}`);
    }
    return at;
  }

  /** Saves registers and makes room, whose size {@link finish} fills in; once for each function that shares the frame. */
  enter(code: Assembler): void {
    for (const register of saved) code.emit('push', register);
    code.emit('mov', rax, rsp);
    code.emit('sub', rsp, largest);
    this.#patchAt.push(code.length - 4);
    code.emit('and', rsp, -64);
    code.emit('mov', memory(rsp), rax);
  }

  /** Undoes {@link enter} and returns. */
  leave(code: Assembler): void {
    code.emit('vzeroupper');
    code.emit('mov', rsp, memory(rsp));
    for (const register of saved.toReversed()) code.emit('pop', register);
    code.emit('ret');
  }

  /** Call when all code has been written. */
  finish(code: Assembler): void {
    for (const at of this.#patchAt) code.patch(at, this.#size);
  }
}
