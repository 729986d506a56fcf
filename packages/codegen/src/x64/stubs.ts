/** Tiny functions that let a host learn what the CPU can do. */

import { Assembler } from './assembler.ts';
import { memory, r32, rbx, rdi } from './operands.ts';

const [eax, ecx, edx, ebx] = [r32[0]!, r32[1]!, r32[2]!, r32[3]!];

/**
 * `void cpuid(uint32_t words[4])`: takes leaf and subleaf from the first two words and leaves eax, ebx, ecx and edx in all four.
 */
export function cpuidStub(): Uint8Array<ArrayBuffer> {
  const code = new Assembler();
  code.emit('push', rbx);
  code.emit('mov', eax, memory(rdi));
  code.emit('mov', ecx, memory(rdi, 4));
  code.emit('cpuid');
  [eax, ebx, ecx, edx].forEach((register, i) => {
    code.emit('mov', memory(rdi, 4 * i), register);
  });
  code.emit('pop', rbx);
  code.emit('ret');
  return code.finish();
}

/**
 * `void xgetbv(uint32_t words[2])`: leaves XCR0, the register state that the operating system saves, low word first. Only
 * where cpuid tells of OSXSAVE.
 */
export function xgetbvStub(): Uint8Array<ArrayBuffer> {
  const code = new Assembler();
  code.emit('xor', ecx, ecx);
  code.emit('xgetbv');
  code.emit('mov', memory(rdi), eax);
  code.emit('mov', memory(rdi, 4), edx);
  code.emit('ret');
  return code.finish();
}
