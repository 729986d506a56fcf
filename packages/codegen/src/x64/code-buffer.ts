/** Growing machine code with labels: what is the same for every kind of instruction. */

import { CodegenError } from '../errors.ts';
import { Label, type Memory } from './operands.ts';

/** A 32-bit displacement that is filled in once its label has a place. */
interface Fixup {
  readonly at: number;
  readonly label: Label;
  /** Where the instruction ends, from which the displacement counts. */
  readonly end: number;
}

/** Recommended no-operations of one to nine bytes. */
const paddings = [
  '90',
  '6690',
  '0f1f00',
  '0f1f4000',
  '0f1f440000',
  '660f1f440000',
  '0f1f8000000000',
  '0f1f840000000000',
  '660f1f840000000000',
].map((bytes) => bytes.match(/../g)!.map((byte) => Number.parseInt(byte, 16)));

export class CodeBuffer {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  #length = 0;
  readonly #fixups: Fixup[] = [];
  /** Of the instruction being written: its displacement from a label. */
  #pending: { at: number; label: Label } | undefined;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = value;
  }

  bytes(values: Iterable<number>): void {
    for (const value of values) this.byte(value);
  }

  int32(value: number): void {
    this.byte(value);
    this.byte(value >> 8);
    this.byte(value >> 16);
    this.byte(value >> 24);
  }

  /** Overwrites a 32-bit number written earlier. */
  patch(at: number, value: number): void {
    new DataView(this.#bytes.buffer).setInt32(at, value, true);
  }

  /** Gives a label its place: here. */
  bind(label: Label): void {
    label.position = this.#length;
  }

  /** Pads with no-operations to a multiple of `boundary`. */
  align(boundary: number): void {
    while (this.#length % boundary !== 0) {
      const missing = boundary - (this.#length % boundary);
      this.bytes(paddings[Math.min(missing, paddings.length) - 1]!);
    }
  }

  /** Pads with zeros, for data. */
  alignData(boundary: number): void {
    while (this.#length % boundary !== 0) this.byte(0);
  }

  /** The displacement of an instruction from a label; {@link endInstruction} must follow. */
  relative(label: Label, addend: number): void {
    this.#pending = { at: this.#length, label };
    this.int32(addend);
  }

  endInstruction(): void {
    if (this.#pending) this.#fixups.push({ ...this.#pending, end: this.#length });
    this.#pending = undefined;
  }

  /**
   * ModRM, SIB and displacement of a memory operand, in as few bytes as can be.
   * @param compression what 8-bit displacements count in.
   */
  modrm(reg: number, { base, index, scale = 1, displacement }: Memory, compression = 1): void {
    const field = (reg & 7) << 3;
    if (base instanceof Label) {
      this.byte(field | 5);
      this.relative(base, displacement);
      return;
    }
    const low = base.number & 7;
    const short = displacement / compression;
    const fits = Number.isInteger(short) && short >= -128 && short <= 127;
    const mode = displacement === 0 && low !== 5 ? 0 : fits ? 1 : 2;
    if (index) {
      this.byte((mode << 6) | field | 4);
      this.byte((Math.log2(scale) << 6) | ((index.number & 7) << 3) | low);
    } else {
      this.byte((mode << 6) | field | low);
      if (low === 4) this.byte(0x24);
    }
    if (mode === 1) this.byte(short);
    else if (mode === 2) this.int32(displacement);
  }

  /** The finished code, every label resolved. */
  finish(): Uint8Array<ArrayBuffer> {
    const view = new DataView(this.#bytes.buffer);
    for (const { at, label, end } of this.#fixups) {
      if (label.position < 0)
        throw new CodegenError('internal: label', 'without a place', 'bound', 'unbound');
      view.setInt32(at, view.getInt32(at, true) + label.position - end, true);
    }
    return this.#bytes.slice(0, this.#length);
  }
}
