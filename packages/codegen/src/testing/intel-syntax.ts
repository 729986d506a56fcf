/** Reads instructions in Intel's syntax, as the encoding fixture writes them, into the assembler's operands. */

import type { Mnemonic, Operand } from '../x64/assembler.ts';
import { generalInstructions } from '../x64/general-instructions.ts';
import {
  as,
  Label,
  type Memory,
  opmask,
  type Register,
  r8,
  r16,
  r32,
  r64,
  under,
  xmm,
  ymm,
  zmm,
} from '../x64/operands.ts';
import { vectorInstructions } from '../x64/vector-instructions.ts';

const registers = new Map<string, Register>();
const legacy = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
for (let n = 0; n < 16; n++) {
  const name = legacy[n];
  registers.set(name ? `r${name}` : `r${n}`, r64[n]!);
  registers.set(name ? `e${name}` : `r${n}d`, r32[n]!);
  registers.set(name ?? `r${n}w`, r16[n]!);
  registers.set(name ? (n < 4 ? `${name[0]}l` : `${name}l`) : `r${n}b`, r8[n]!);
}
for (let n = 0; n < 32; n++) {
  registers.set(`xmm${n}`, xmm[n]!);
  registers.set(`ymm${n}`, ymm[n]!);
  registers.set(`zmm${n}`, zmm[n]!);
}
for (let n = 0; n < 8; n++) registers.set(`k${n}`, opmask[n]!);

const sizes: Readonly<Record<string, 8 | 16 | 32 | 64 | undefined>> = {
  byte: 8,
  word: 16,
  dword: 32,
  qword: 64,
};

/** An instruction ready to be emitted. */
export interface Parsed {
  readonly mnemonic: Mnemonic;
  readonly operands: readonly Operand[];
  /** A label that stands at the end of the instruction. */
  readonly end: Label;
  /** A label this far from the start of the instruction. */
  readonly target: { readonly label: Label; readonly offset: number } | undefined;
}

/** Parses one instruction: `vaddps zmm1{k2}{z}, zmm17, dword ptr [rax+64]{1to16}`. */
export function parseInstruction(text: string): Parsed {
  const [, name, rest] = /^(lock \w+|\w+) ?(.*)$/.exec(text)!;
  const end = new Label();
  let target: Parsed['target'];
  const operands =
    rest === ''
      ? []
      : rest!.split(', ').map((operand) => {
          if (!operand.startsWith('.+')) return parseOperand(operand, end);
          target = { label: new Label(), offset: Number(operand.slice(2)) };
          return target.label;
        });
  return { mnemonic: formOf(name!.replace(' ', '_'), operands), operands, end, target };
}

/** Which form of a mnemonic the operands ask for. */
function formOf(name: string, operands: readonly Operand[]): Mnemonic {
  const [to, from] = operands as readonly (Register | Memory | undefined)[];
  const forms = [
    operands.length === 3 ? `${name}_immediate` : name,
    to?.kind === 'memory' ? `${name}_store` : name,
    from?.kind === 'general' ? `${name}_general` : name,
    to?.kind === 'memory' ? `${name}_indirect` : name,
    name,
  ];
  const known = (form: string): boolean => form in vectorInstructions || form in generalInstructions;
  return (forms.find((form) => form !== name && known(form)) as Mnemonic | undefined) ?? (name as Mnemonic);
}

function parseOperand(text: string, end: Label): Operand {
  if (/^-?\d+$/.test(text)) return Number(text);
  const mask = /\{k(\d)\}/.exec(text);
  const bare = text.replace(/\{.*/, '');
  const operand = bare.endsWith(']') ? parseMemory(bare, text.includes('{1to'), end) : registers.get(bare)!;
  return mask ? under(operand, opmask[Number(mask[1])]!, text.includes('{z}')) : operand;
}

function parseMemory(text: string, broadcast: boolean, end: Label): Memory {
  const [, size, base, index, scale, displacement] = /^(\w+) ptr \[(\w+)(?:\+(\w+)\*(\d))?([+-]\d+)?\]$/.exec(
    text,
  )!;
  const bits = sizes[size!];
  return {
    kind: 'memory',
    base: base === 'rip' ? end : as(registers.get(base!)!, 64),
    ...(index ? { index: registers.get(index)!, scale: Number(scale) as 1 | 2 | 4 | 8 } : {}),
    displacement: Number(displacement ?? 0),
    ...(bits ? { bits } : {}),
    ...(broadcast ? { broadcast } : {}),
  };
}
