/** The x86-64 targets: what kernels see of them, and how a kernel becomes a function. */

import { type Kernel, record } from '../kernel.ts';
import { describeTarget, type Target } from '../target.ts';
import { Assembler } from './assembler.ts';
import { ConstantPool } from './constant-pool.ts';
import { Frame } from './frame.ts';
import type { Family, RegisterLimits } from './function-writer.ts';
import { writeBody } from './lower.ts';

export type { RegisterLimits };

/** A target of the x86-64 family. */
export interface X64Target extends Target {
  readonly name: Family;
  /** What the CPU must have, by the names that Linux gives in /proc/cpuinfo. */
  readonly features: readonly string[];
}

/** Vectors of 512 bits, 32 of them, and opmasks. */
export const avx512Target: X64Target = {
  ...describeTarget({
    name: 'avx512',
    vectorBytes: 64,
    vectorRegisters: 32,
    pointerBytes: 8,
    fusedMultiplyAdd: true,
    float16: true,
    scale: true,
  }),
  name: 'avx512',
  features: ['avx2', 'fma', 'bmi2', 'avx512f', 'avx512dq', 'avx512bw', 'avx512vl'],
};

/** Vectors of 256 bits, sixteen of them. */
export const avx2Target: X64Target = {
  ...describeTarget({
    name: 'avx2',
    vectorBytes: 32,
    vectorRegisters: 16,
    pointerBytes: 8,
    fusedMultiplyAdd: true,
    float16: true,
    scale: false,
  }),
  name: 'avx2',
  features: ['avx2', 'fma', 'bmi2', 'f16c'],
};

/** Machine code, and what is known about it. */
export interface MachineCode {
  /** Position-independent; the function starts at the first byte. It should lie at a multiple of 64. */
  readonly code: Uint8Array<ArrayBuffer>;
  /** Bytes of instructions; constants follow. */
  readonly instructionBytes: number;
}

/** Options of compilation for x86-64. */
export interface X64Options {
  /** Fewer registers than there are, so that tests see more values in memory. */
  readonly registers?: RegisterLimits;
}

/**
 * Compiles a kernel to a function of the System V calling convention: `void kernel(const int64_t *argumentBlock)`. Pointers in
 * the block are 64-bit addresses. The function keeps callee-saved registers and uses less than 256 KiB of stack.
 * @example
 * const { code } = compileX64(vectorAdd, avx512Target);
 */
export function compileX64(kernel: Kernel, target: X64Target, options: X64Options = {}): MachineCode {
  const [code, pool, frame] = [new Assembler(), new ConstantPool(), new Frame()];
  frame.enter(code);
  writeBody(code, pool, frame, target.name, record(kernel, target), options.registers);
  frame.leave(code);
  frame.finish(code);
  const instructionBytes = code.length;
  pool.write(code);
  return { code: code.finish(), instructionBytes };
}
