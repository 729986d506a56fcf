/** A small WebAssembly assembler: the code of one function, and the module that holds it. */

import { type ImmediatesOf, instructions, type Mnemonic } from './opcodes.ts';

/** A value type, as its byte in the binary format. */
const valueType = { i32: 0x7f, v128: 0x7b } as const;

/** Collects the instructions of one function. */
export class FunctionCode {
  readonly bytes: number[] = [];

  /** Appends one instruction. */
  emit<M extends Mnemonic>(mnemonic: M, ...immediates: ImmediatesOf<M>): void {
    const [code, immediate, align] = instructions[mnemonic] as readonly [number, string, number?];
    if (code <= 0xff) this.bytes.push(code);
    else this.bytes.push(code >> 12, ...unsigned(code & 0xfff));
    const [first, second] = immediates as [number | Uint8Array | undefined, number | undefined];
    if (immediate === 'none') return;
    if (immediate === 'bytes') this.bytes.push(...(first as Uint8Array));
    else if (immediate === 'block') this.bytes.push(emptyBlock);
    else if (immediate === 'i32') this.bytes.push(...signed(first as number));
    else if (immediate === 'index') this.bytes.push(...unsigned(first as number));
    else {
      this.bytes.push(...unsigned(align as number), ...unsigned(first as number));
      if (second !== undefined) this.bytes.push(second);
    }
  }
}

const emptyBlock = 0x40;

/**
 * The binary of a module that imports the memory `env.memory` and exports one function `run(i32)`.
 * @param i32Locals, v128Locals numbers of locals; they come after the parameter, in this order.
 */
export function moduleBytes(
  code: FunctionCode,
  i32Locals: number,
  v128Locals: number,
  sharedMemory: boolean,
): Uint8Array<ArrayBuffer> {
  const locals = [2, ...unsigned(i32Locals), valueType.i32, ...unsigned(v128Locals), valueType.v128];
  const body = [...locals, ...code.bytes, instructions.end[0]];
  const limits = sharedMemory ? [0x03, 0, ...unsigned(65536)] : [0x00, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 1, valueType.i32, 0]),
    ...section(2, [1, ...text('env'), ...text('memory'), 0x02, ...limits]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('run'), 0x00, 0]),
    ...section(10, [1, ...sized(body)]),
  ]);
}

function section(id: number, content: number[]): number[] {
  return [id, ...sized(content)];
}

function sized(content: number[]): number[] {
  return unsigned(content.length).concat(content);
}

function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}

/** LEB128 of an unsigned 32-bit number. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** LEB128 of a signed 32-bit number. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}
