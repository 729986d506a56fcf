/** The x86-64 assembler: writes one instruction at a time as GNU `as` encodes it. */

import { CodeBuffer } from './code-buffer.ts';
import { encodeGeneral } from './encode-general.ts';
import { encodeVector } from './encode-vector.ts';
import type { GeneralMnemonic, GeneralOperands } from './general-instructions.ts';
import type { Label, Memory, Register } from './operands.ts';
import {
  type VectorForm,
  type VectorMnemonic,
  type VectorOperands,
  vectorForms,
} from './vector-instructions.ts';

export type Mnemonic = VectorMnemonic | GeneralMnemonic;

/** The operands that an instruction takes, destination first. */
export type OperandsOf<M extends Mnemonic> = M extends VectorMnemonic
  ? VectorOperands<M>
  : M extends GeneralMnemonic
    ? GeneralOperands<M>
    : never;

/** Any operand. */
export type Operand = Register | Memory | Label | number;

export class Assembler extends CodeBuffer {
  /**
   * Appends one instruction.
   * @example
   * assembler.emit('vaddps', zmm[1]!, zmm[2]!, memory(rax, 64));
   */
  emit<M extends Mnemonic>(mnemonic: M, ...operands: OperandsOf<M>): void {
    const all = operands as readonly Operand[];
    const form: VectorForm | undefined = vectorForms[mnemonic as VectorMnemonic];
    if (form) encodeVector(this, form, all);
    else encodeGeneral(this, mnemonic as GeneralMnemonic, all);
    this.endInstruction();
  }
}
