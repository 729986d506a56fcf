/** Encodes instructions with a VEX or EVEX prefix. */

import type { CodeBuffer } from './code-buffer.ts';
import { Label, type Memory, type Register } from './operands.ts';
import type { VectorForm } from './vector-instructions.ts';

type RegisterOrMemory = Register | Memory;
type Operands = readonly (Register | Memory | Label | number)[];

/** Where each letter of a shape stands among the operands. */
function place(shape: string, letter: string, operands: Operands): Register | Memory | undefined {
  const at = shape.indexOf(letter);
  return at < 0 ? undefined : (operands[at] as Register | Memory);
}

export function encodeVector(code: CodeBuffer, form: VectorForm, operands: Operands): void {
  const { shape } = form;
  let reg = place(shape, 'r', operands) as Register | undefined;
  let rm = place(shape, 'm', operands) as RegisterOrMemory;
  const v = place(shape, 'v', operands) as Register | undefined;
  const to = operands[0] as RegisterOrMemory;
  const bits = vectorBits(operands);
  let opcode = form.opcode;

  if (needsEvex(form, bits, operands)) evex(code, form, reg, v, rm, bits, to);
  else {
    // a move between registers may be written both ways; one of them may need fewer prefix bytes
    if (shape === 'rm' && storeOpcode[opcode] && reg && swapSaves(form, reg, rm)) {
      opcode = storeOpcode[opcode]!;
      [reg, rm] = [rm as Register, reg];
    }
    vex(code, form, reg, v, rm, bits, operands);
  }
  code.byte(opcode);
  const field = reg?.number ?? form.extension;
  if (rm.kind === 'memory') code.modrm(field, rm, compression(form, bits, rm, operands));
  else code.byte(0xc0 | ((field & 7) << 3) | (rm.number & 7));
  const last = operands.at(-1)!;
  if (shape.endsWith('i')) code.byte(last as number);
  if (shape.endsWith('s')) code.byte((last as Register).number << 4);
}

/** `vmovups` and `vmovaps` have a second opcode, with the operands in the other order. */
const storeOpcode: Readonly<Record<number, number>> = { 16: 0x11, 40: 0x29 };

function swapSaves(form: VectorForm, reg: Register, rm: RegisterOrMemory): boolean {
  return form.map === 1 && rm.kind === 'vector' && rm.number > 7 && reg.number < 8;
}

/** The widest vector among the operands; 128 if there is none. */
function vectorBits(operands: Operands): number {
  let bits = 128;
  for (const operand of operands) {
    if (typeof operand === 'object' && 'bits' in operand && operand.kind === 'vector') {
      bits = Math.max(bits, operand.bits);
    }
  }
  return bits;
}

function needsEvex(form: VectorForm, bits: number, operands: Operands): boolean {
  if (form.only) return form.only === 'EVEX';
  if (bits === 512) return true;
  return operands.some((operand) => {
    if (typeof operand === 'number' || operand instanceof Label) return false;
    if (operand.mask !== undefined || operand.kind === 'mask') return true;
    return operand.kind === 'memory' ? operand.broadcast === true : operand.number > 15;
  });
}

/** The high bits of registers in ModRM.reg, the index and the base or ModRM.rm. */
function extensions(reg: Register | undefined, rm: RegisterOrMemory): { r: number; x: number; b: number } {
  const base = rm.kind === 'memory' ? (rm.base instanceof Label ? undefined : rm.base) : rm;
  const index = rm.kind === 'memory' ? rm.index : undefined;
  return {
    r: ((reg?.number ?? 0) >> 3) & 1,
    x: ((index?.number ?? 0) >> 3) & 1,
    b: ((base?.number ?? 0) >> 3) & 1,
  };
}

function vex(
  code: CodeBuffer,
  form: VectorForm,
  reg: Register | undefined,
  v: Register | undefined,
  rm: RegisterOrMemory,
  bits: number,
  operands: Operands,
): void {
  const { r, x, b } = extensions(reg, rm);
  // of general registers the prefix tells the width
  const wide =
    form.length === 0 &&
    operands.some((o) => (o as Register).kind === 'general' && (o as Register).bits === 64);
  const w = wide ? 1 : form.vexW;
  const l = form.length ?? (bits === 256 ? 1 : 0);
  const rest = ((~(v?.number ?? 0) & 15) << 3) | (l << 2) | form.prefix;
  if (form.map === 1 && w === 0 && x === 0 && b === 0) {
    code.byte(0xc5);
    code.byte(((r ^ 1) << 7) | rest);
  } else {
    code.byte(0xc4);
    code.byte(((r ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5) | form.map);
    code.byte((w << 7) | rest);
  }
}

function evex(
  code: CodeBuffer,
  form: VectorForm,
  reg: Register | undefined,
  v: Register | undefined,
  rm: RegisterOrMemory,
  bits: number,
  to: RegisterOrMemory,
): void {
  const { r, x, b } = extensions(reg, rm);
  // of a vector in ModRM.rm the fifth bit is where an index has its fourth
  const high = rm.kind === 'vector' ? rm.number >> 4 : x;
  const high4 = (register: Register | undefined): number => ((register?.number ?? 0) >> 4) & 1;
  const zeroing = to.kind !== 'memory' && to.zeroing ? 1 : 0;
  const broadcast = rm.kind === 'memory' && rm.broadcast ? 1 : 0;
  code.byte(0x62);
  code.byte(((r ^ 1) << 7) | ((high ^ 1) << 6) | ((b ^ 1) << 5) | ((high4(reg) ^ 1) << 4) | form.map);
  code.byte((form.evexW << 7) | ((~(v?.number ?? 0) & 15) << 3) | 4 | form.prefix);
  code.byte((zeroing << 7) | ((bits >> 8) << 5) | (broadcast << 4) | ((high4(v) ^ 1) << 3) | (to.mask ?? 0));
}

/** What an 8-bit displacement counts in: bytes with VEX, what the instruction touches with EVEX. */
function compression(form: VectorForm, bits: number, rm: Memory, operands: Operands): number {
  if (!needsEvex(form, bits, operands)) return 1;
  const element = form.evexW === 1 ? 8 : 4;
  if (rm.broadcast || form.access.startsWith('one')) return element;
  if (form.access === 'x4') return 16;
  return bits / 8 / (form.access === 'half32' ? 2 : form.access === 'quarter32' ? 4 : 1);
}
