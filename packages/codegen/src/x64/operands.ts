/** Operands of x86-64 instructions: registers, memory, labels. */

/** A register. `bits` is how much of it an instruction sees; a mask and `zeroing` belong to destinations (`zmm3{k1}{z}`). */
export interface Register {
  readonly kind: 'general' | 'vector' | 'mask';
  readonly number: number;
  readonly bits: 8 | 16 | 32 | 64 | 128 | 256 | 512;
  /** Number of the opmask under which the register is written. */
  readonly mask?: number;
  readonly zeroing?: boolean;
}

/** Memory at `base + index * scale + displacement`, or at a label. */
export interface Memory {
  readonly kind: 'memory';
  readonly base: Register | Label;
  readonly index?: Register;
  readonly scale?: 1 | 2 | 4 | 8;
  readonly displacement: number;
  /** Width of the access, where the other operands don't tell. */
  readonly bits?: 8 | 16 | 32 | 64;
  /** One element for all lanes (`{1to16}`). */
  readonly broadcast?: boolean;
  /** Number of the opmask under which memory is written. */
  readonly mask?: number;
}

/** A place in the code or in the constants after it. */
export class Label {
  /** Offset from the start of the code; negative until the label is bound. */
  position = -1;
}

const file = (kind: Register['kind'], bits: Register['bits'], count: number): readonly Register[] =>
  Array.from({ length: count }, (_, number) => ({ kind, number, bits }));

/** General-purpose registers as 64, 32, 16 and 8 bits. */
export const r64: readonly Register[] = file('general', 64, 16);
export const r32: readonly Register[] = file('general', 32, 16);
export const r16: readonly Register[] = file('general', 16, 16);
export const r8: readonly Register[] = file('general', 8, 16);
export const xmm: readonly Register[] = file('vector', 128, 32);
export const ymm: readonly Register[] = file('vector', 256, 32);
export const zmm: readonly Register[] = file('vector', 512, 32);
/** Opmasks. */
export const opmask: readonly Register[] = file('mask', 64, 8);

const general = (number: number): Register => r64[number]!;
export const rax: Register = general(0);
export const rdx: Register = general(2);
export const rbx: Register = general(3);
export const rsp: Register = general(4);
export const rbp: Register = general(5);
export const rsi: Register = general(6);
export const rdi: Register = general(7);

/** Memory at a register or label plus a displacement in bytes. */
export function memory(base: Register | Label, displacement = 0, more: Partial<Memory> = {}): Memory {
  return { kind: 'memory', base, displacement, ...more };
}

/** A destination written only where the opmask holds; the other lanes stay, or become zero. */
export function under<O extends Register | Memory>(operand: O, mask: Register, zeroing = false): O {
  return { ...operand, mask: mask.number, ...(zeroing ? { zeroing } : {}) };
}

/** The same register seen at another width. */
export function as(register: Register, bits: 8 | 16 | 32 | 64 | 128 | 256 | 512): Register {
  const files = { 8: r8, 16: r16, 32: r32, 64: r64, 128: xmm, 256: ymm, 512: zmm };
  return files[bits][register.number]!;
}
