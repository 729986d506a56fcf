import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseInstruction } from '../testing/intel-syntax.ts';
import { Assembler, type Mnemonic } from './assembler.ts';
import { generalInstructions } from './general-instructions.ts';
import { Label, memory, r64, rax, zmm } from './operands.ts';
import { vectorInstructions } from './vector-instructions.ts';

const fixture = new URL('../../../../fixtures/codegen/x64-encodings.txt', import.meta.url);
const lines = readFileSync(fixture, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t') as [bytes: string, text: string]);

const hexadecimal = (bytes: Iterable<number>): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Assembles one line of the fixture. */
function assemble(text: string): { mnemonic: Mnemonic; bytes: string } {
  const assembler = new Assembler();
  const { mnemonic, operands, end, target } = parseInstruction(text);
  assembler.emit(mnemonic, ...(operands as never));
  assembler.bind(end);
  if (target) target.label.position = target.offset;
  return { mnemonic, bytes: hexadecimal(assembler.finish()) };
}

describe('the x86-64 assembler', () => {
  const byMnemonic = new Map<string, string[]>();
  const wrong = new Map<string, string[]>();
  for (const [bytes, text] of lines) {
    const { mnemonic, bytes: got } = assemble(text);
    byMnemonic.set(mnemonic, [...(byMnemonic.get(mnemonic) ?? []), text]);
    if (got !== bytes) wrong.set(mnemonic, [...(wrong.get(mnemonic) ?? []), `${text}: ${bytes}, got ${got}`]);
  }

  const mnemonics = [...Object.keys(generalInstructions), ...Object.keys(vectorInstructions)];
  it.each(mnemonics)('encodes %s as GNU as does', (mnemonic) => {
    expect(byMnemonic.get(mnemonic)?.length ?? 0, 'lines in the fixture').toBeGreaterThan(0);
    expect(wrong.get(mnemonic) ?? []).toEqual([]);
  });

  it('resolves labels before and behind a jump', () => {
    const assembler = new Assembler();
    const [back, ahead] = [new Label(), new Label()];
    assembler.bind(back);
    assembler.emit('jmp', ahead);
    assembler.emit('jne', back);
    assembler.bind(ahead);
    assembler.emit('ret');
    expect(hexadecimal(assembler.finish())).toBe('e906000000' + '0f85f5ffffff' + 'c3');
  });

  it('refuses a label that has no place', () => {
    const assembler = new Assembler();
    assembler.emit('jmp', new Label());
    expect(() => assembler.finish()).toThrow('label: without a place');
  });

  it('addresses constants relative to the next instruction, immediates included', () => {
    const assembler = new Assembler();
    const constant = new Label();
    assembler.emit('vshufps', zmm[1]!, zmm[2]!, memory(constant, 4), 3);
    assembler.emit('ret');
    assembler.alignData(64);
    assembler.bind(constant);
    const code = assembler.finish();
    // prefix of four bytes, opcode, ModRM, displacement, immediate
    expect(new DataView(code.buffer).getInt32(6, true)).toBe(64 + 4 - 11);
  });

  it('pads with whole no-operations', () => {
    const assembler = new Assembler();
    assembler.emit('inc', rax);
    assembler.align(16);
    expect(hexadecimal(assembler.finish())).toBe('48ffc0' + '660f1f840000000000' + '0f1f4000');
    assembler.emit('push', r64[12]!);
    assembler.align(1);
    expect(assembler.length).toBe(18);
  });
});
