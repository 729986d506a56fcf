/** General-purpose instructions: operand shape and encoding of each form, after Intel's manual (volume 2). */

import type { Label, Memory, Register } from './operands.ts';

type RegisterOrMemory = Register | Memory;

/** Operands in Intel's order. */
export interface GeneralShapes {
  /** Nothing but its bytes. */
  plain: [];
  /** Two-operand arithmetic with register, memory or immediate; the code is its number in the group. */
  arithmetic: [to: RegisterOrMemory, from: RegisterOrMemory | number];
  /** `mov`: registers, memory, 32-bit immediates. */
  move: [to: RegisterOrMemory, from: RegisterOrMemory | number];
  test: [a: Register, b: Register];
  /** ModRM.reg is the destination. */
  load: [to: Register, from: RegisterOrMemory];
  /** Narrow values widened: the code is the form for bytes, the one after it for words. */
  widen: [to: Register, from: RegisterOrMemory];
  /** `imul` by an immediate. */
  multiply: [to: Register, from: RegisterOrMemory, by: number];
  /** Shift by a constant; the code extends the opcode. */
  shift: [to: Register, count: number];
  /** One operand, 32 or 64 bits wide; the code is opcode and extension. */
  unary: [operand: RegisterOrMemory];
  /** ModRM.reg is the source; the first operand is changed. */
  exchange: [to: Memory, from: Register];
  /** Push and pop of a register; the code is added to its number. */
  stack: [register: Register];
  /** Jump; the code is the condition, or -1 for always. */
  jump: [to: Label];
  /** Jump to the address in memory or in a register. */
  indirect: [to: RegisterOrMemory];
  /** Set a byte by a condition. */
  set: [to: Register];
  /** Two-byte opcode on memory, `code >> 8` the opcode and its last digit the extension. */
  hint: [at: Memory];
}

/** Each entry: its shape, then what {@link GeneralShapes} calls the code. Keys are mnemonics; a suffix tells forms apart. */
export const generalInstructions = {
  add: ['arithmetic', 0],
  or: ['arithmetic', 1],
  and: ['arithmetic', 4],
  sub: ['arithmetic', 5],
  xor: ['arithmetic', 6],
  cmp: ['arithmetic', 7],
  mov: ['move'],
  test: ['test'],

  lea: ['load', 0x8d],
  movsxd: ['load', 0x63],
  imul: ['load', 0x0f, 0xaf],
  imul_immediate: ['multiply'],
  cmovl: ['load', 0x0f, 0x4c],
  cmovg: ['load', 0x0f, 0x4f],
  movzx: ['widen', 0xb6],
  movsx: ['widen', 0xbe],

  shl: ['shift', 4],
  shr: ['shift', 5],
  sar: ['shift', 7],
  not: ['unary', 0xf7, 2],
  neg: ['unary', 0xf7, 3],
  inc: ['unary', 0xff, 0],
  dec: ['unary', 0xff, 1],
  lock_xadd: ['exchange', 0xf0, 0x0f, 0xc1],
  xchg: ['exchange', 0x87],

  push: ['stack', 0x50],
  pop: ['stack', 0x58],

  jmp: ['jump', -1],
  jmp_indirect: ['indirect'],
  jb: ['jump', 2],
  jae: ['jump', 3],
  je: ['jump', 4],
  jne: ['jump', 5],
  ja: ['jump', 7],
  jl: ['jump', 12],
  jge: ['jump', 13],
  jle: ['jump', 14],
  jg: ['jump', 15],
  setne: ['set', 5],

  prefetchnta: ['hint', 0x18, 0],
  prefetcht0: ['hint', 0x18, 1],
  prefetcht1: ['hint', 0x18, 2],
  prefetcht2: ['hint', 0x18, 3],
  prefetchw: ['hint', 0x0d, 1],

  ret: ['plain', 0xc3],
  vzeroupper: ['plain', 0xc5, 0xf8, 0x77],
  pause: ['plain', 0xf3, 0x90],
  sfence: ['plain', 0x0f, 0xae, 0xf8],
  syscall: ['plain', 0x0f, 0x05],
  cpuid: ['plain', 0x0f, 0xa2],
  xgetbv: ['plain', 0x0f, 0x01, 0xd0],
  rdtsc: ['plain', 0x0f, 0x31],
} as const;

export type GeneralMnemonic = keyof typeof generalInstructions;

/** The operands that an instruction takes. */
export type GeneralOperands<M extends GeneralMnemonic> = GeneralShapes[(typeof generalInstructions)[M][0]];
