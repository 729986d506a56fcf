/** Encodes general-purpose instructions: optional REX prefix, opcode, ModRM. */

import { CodegenError } from '../errors.ts';
import type { CodeBuffer } from './code-buffer.ts';
import { type GeneralMnemonic, type GeneralShapes, generalInstructions } from './general-instructions.ts';
import { Label, type Memory, type Register } from './operands.ts';

type RegisterOrMemory = Register | Memory;
type Operands = readonly (Register | Memory | Label | number)[];
type Encoder = (code: CodeBuffer, numbers: readonly number[], operands: Operands) => void;

export function encodeGeneral(code: CodeBuffer, mnemonic: GeneralMnemonic, operands: Operands): void {
  const [shape, ...numbers] = generalInstructions[mnemonic] as readonly [keyof GeneralShapes, ...number[]];
  encoders[shape](code, numbers, operands);
}

const encoders: Readonly<Record<keyof GeneralShapes, Encoder>> = {
  plain(code, bytes) {
    code.bytes(bytes);
  },
  arithmetic(code, [group], [to, from]) {
    const [target, source] = [to as RegisterOrMemory, from as RegisterOrMemory | number];
    if (typeof source === 'number') {
      const bits = width(target);
      if (isByte(source)) {
        instruction(code, bits, [0x83], group!, target, source, 1);
      } else if (target.kind === 'general' && target.number === 0) {
        rex(code, bits, 0, target);
        code.byte((group! << 3) | 5);
        code.int32(source);
      } else instruction(code, bits, [0x81], group!, target, source, 4);
    } else if (source.kind === 'memory') {
      const register = target as Register;
      instruction(code, register.bits, [(group! << 3) | 3], register.number, source);
    } else instruction(code, source.bits, [(group! << 3) | 1], source.number, target);
  },
  move(code, _, [to, from]) {
    const [target, source] = [to as RegisterOrMemory, from as RegisterOrMemory | number];
    if (typeof source === 'number') {
      if (target.kind === 'general' && target.bits === 32) {
        rex(code, 32, 0, target);
        code.byte(0xb8 | (target.number & 7));
        code.int32(source);
      } else instruction(code, width(target), [0xc7], 0, target, source, 4);
    } else if (source.kind === 'memory') {
      const register = target as Register;
      instruction(code, register.bits, [0x8b], register.number, source);
    } else instruction(code, source.bits, [source.bits === 8 ? 0x88 : 0x89], source.number, target);
  },
  test(code, _, [a, b]) {
    instruction(code, (b as Register).bits, [0x85], (b as Register).number, a as Register);
  },
  load(code, opcode, [to, from]) {
    const register = to as Register;
    instruction(code, register.bits, opcode, register.number, from as RegisterOrMemory);
  },
  widen(code, [opcode], [to, from]) {
    const [register, source] = [to as Register, from as RegisterOrMemory];
    const narrow = source.bits;
    if (narrow !== 8 && narrow !== 16) {
      throw new CodegenError('internal: widening move', 'source', '8 or 16 bits', `${narrow}`);
    }
    instruction(code, register.bits, [0x0f, opcode! + (narrow === 16 ? 1 : 0)], register.number, source);
  },
  multiply(code, _, [to, from, by]) {
    const [register, factor] = [to as Register, by as number];
    const short = isByte(factor);
    const opcode = [short ? 0x6b : 0x69];
    instruction(
      code,
      register.bits,
      opcode,
      register.number,
      from as RegisterOrMemory,
      factor,
      short ? 1 : 4,
    );
  },
  shift(code, [extension], [to, count]) {
    const register = to as Register;
    if (count === 1) instruction(code, register.bits, [0xd1], extension!, register);
    else instruction(code, register.bits, [0xc1], extension!, register, count as number, 1);
  },
  unary(code, [opcode, extension], [operand]) {
    const target = operand as RegisterOrMemory;
    instruction(code, width(target), [opcode!], extension!, target);
  },
  exchange(code, numbers, [to, from]) {
    const register = from as Register;
    const lock = numbers[0] === 0xf0;
    if (lock) code.byte(0xf0);
    instruction(code, register.bits, lock ? numbers.slice(1) : numbers, register.number, to as Memory);
  },
  stack(code, [opcode], [operand]) {
    const { number } = operand as Register;
    if (number > 7) code.byte(0x41);
    code.byte(opcode! | (number & 7));
  },
  jump(code, [condition], [to]) {
    if (condition! < 0) code.byte(0xe9);
    else {
      code.byte(0x0f);
      code.byte(0x80 | condition!);
    }
    code.relative(to as Label, 0);
  },
  indirect(code, _, [to]) {
    instruction(code, 32, [0xff], 4, to as RegisterOrMemory);
  },
  set(code, [condition], [to]) {
    const register = to as Register;
    instruction(code, 8, [0x0f, 0x90 | condition!], 0, register);
  },
  hint(code, [opcode, extension], [at]) {
    instruction(code, 32, [0x0f, opcode!], extension!, at as Memory);
  },
};

/** Prefixes, opcode, ModRM and immediate. */
function instruction(
  code: CodeBuffer,
  bits: number,
  opcode: readonly number[],
  reg: number,
  rm: RegisterOrMemory,
  immediate = 0,
  immediateBytes: 0 | 1 | 4 = 0,
): void {
  if (bits === 16) code.byte(0x66);
  rex(code, bits, reg, rm);
  code.bytes(opcode);
  if (rm.kind === 'memory') code.modrm(reg, rm);
  else code.byte(0xc0 | ((reg & 7) << 3) | (rm.number & 7));
  if (immediateBytes === 1) code.byte(immediate);
  else if (immediateBytes === 4) code.int32(immediate);
}

/** The REX prefix: 64-bit width and high registers. The byte registers spl, bpl, sil and dil exist only with one. */
function rex(code: CodeBuffer, bits: number, reg: number, rm: RegisterOrMemory): void {
  const base = rm.kind === 'memory' ? (rm.base instanceof Label ? 0 : rm.base.number) : rm.number;
  const index = rm.kind === 'memory' ? (rm.index?.number ?? 0) : 0;
  const value = (bits === 64 ? 8 : 0) | ((reg >> 3) << 2) | ((index >> 3) << 1) | (base >> 3);
  const low = rm.kind === 'memory' ? (bits === 8 ? reg : 0) : rm.bits === 8 ? rm.number : 0;
  if (value !== 0 || (low > 3 && low < 8)) code.byte(0x40 | value);
}

function width(operand: RegisterOrMemory): number {
  return operand.bits ?? 64;
}

function isByte(value: number): boolean {
  return value >= -128 && value <= 127;
}
