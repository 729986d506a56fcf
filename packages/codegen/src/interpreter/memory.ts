/** Fenced memory of the interpreter: buffers far apart, each access checked against the buffer it was meant for. */

import type { Access } from '../contract.ts';

/** A buffer that a kernel was given. */
export interface Buffer {
  readonly name: string;
  readonly access: Access;
  /** Address of the first byte. */
  readonly base: number;
  readonly bytes: DataView;
  /** For outputs, which bytes have been written. */
  readonly written: Uint8Array | undefined;
}

/** Buffers are this far apart or more, so that no offset leads from one into the next. */
const fence = 1 << 20;

/** Lays out buffers in an address space of their own. */
export class FencedMemory {
  readonly buffers: Buffer[] = [];
  #next = fence;

  /** Adds a buffer over the bytes of a view. Addresses are misaligned by as much as the view is. */
  add(name: string, access: Access, view: ArrayBufferView): Buffer {
    const buffer: Buffer = {
      name,
      access,
      base: this.#next + (view.byteOffset % 64),
      bytes: new DataView(view.buffer, view.byteOffset, view.byteLength),
      written: access === 'output' ? new Uint8Array(view.byteLength) : undefined,
    };
    this.#next += Math.ceil((view.byteLength + 64) / fence + 1) * fence;
    this.buffers.push(buffer);
    return buffer;
  }
}

/** What is wrong with an access to `bytes` bytes at `address` in the buffer, or nothing. */
export function fault(buffer: Buffer, address: number, bytes: number, store: boolean): string | undefined {
  const at = address - buffer.base;
  const where = `byte ${at} of buffer '${buffer.name}' (${buffer.bytes.byteLength} bytes)`;
  if (at < 0 || at + bytes > buffer.bytes.byteLength) {
    return `${store ? 'store' : 'load'} of ${bytes} bytes at ${where} goes outside it`;
  }
  if (store) {
    if (buffer.access === 'input') return `store at ${where}, which is an input`;
    buffer.written?.fill(1, at, at + bytes);
    return undefined;
  }
  const unwritten = buffer.written?.subarray(at, at + bytes).indexOf(0) ?? -1;
  return unwritten < 0
    ? undefined
    : `load of ${bytes} bytes at ${where} reads byte ${at + unwritten}, which was never written`;
}
