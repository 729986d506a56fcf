// Machine code that JavaScript can call: pages of it, and functions over their addresses.

import { cpuidStub, xgetbvStub } from '@sconce/codegen';
import { CodeArena } from './code-arena.ts';
import type { AsyncFunction, Koffi, NativeFunction } from './koffi.ts';
import type { Libc } from './libc.ts';

/** See {@link NativeCode.cpuFunctions}. */
export interface CpuFunctions {
  /** eax, ebx, ecx and edx. */
  cpuid(leaf: number, subleaf: number): readonly number[];
  /** The lower half of XCR0. */
  xgetbv(): number;
}

/** Functions of machine code; each takes one pointer. */
export class NativeCode {
  readonly #koffi: Koffi;
  readonly #libc: Libc;
  readonly #arena: CodeArena;
  readonly #kernelType: object;
  readonly #programType: object;
  readonly #addressType: object;

  constructor(koffi: Koffi, libc: Libc) {
    this.#koffi = koffi;
    this.#libc = libc;
    this.#arena = new CodeArena(libc);
    this.#kernelType = koffi.proto('void', ['void *']);
    this.#programType = koffi.proto('int', ['uintptr_t']);
    this.#addressType = koffi.proto('double', ['void *']);
  }

  /** Code on pages of its own, which are given back apart from these. */
  apart(): NativeCode {
    return new NativeCode(this.#koffi, this.#libc);
  }

  /** A kernel: it takes the argument block. */
  kernel(code: Uint8Array): { address: number; run: NativeFunction } {
    const [address] = this.#arena.add([code]) as [number];
    return { address, run: this.#koffi.decode(address, this.#kernelType) };
  }

  /** Programs that start at `entries` of their code: each takes its base's address and returns its status. */
  programs(code: Uint8Array, entries: readonly number[]): { address: number; run: AsyncFunction }[] {
    const [first] = this.#arena.add([code]) as [number];
    return entries.map((entry) => {
      const address = first + entry;
      return { address, run: this.#koffi.decode(address, this.#programType) as AsyncFunction };
    });
  }

  /** A function that gives the address of a buffer's first byte. */
  addressFunction(): (buffer: ArrayBuffer) => number {
    const [address] = this.#arena.add([ADDRESS_OF]) as [number];
    return this.#koffi.decode(address, this.#addressType) as (buffer: ArrayBuffer) => number;
  }

  /** The address of a function that calls the code at its first argument with its second. */
  callerAddress(): number {
    return this.#arena.add([CALL])[0]!;
  }

  /** The instructions that tell what the CPU and the operating system support. */
  cpuFunctions(): CpuFunctions {
    const [cpuid, xgetbv] = this.#arena
      .add([cpuidStub(), xgetbvStub()])
      .map((address) => this.#koffi.decode(address, this.#kernelType)) as [NativeFunction, NativeFunction];
    const block = new Uint32Array(new ArrayBuffer(128));
    return {
      cpuid: (leaf, subleaf) => {
        block.set([leaf, subleaf]);
        cpuid(block);
        return [...block.subarray(0, 4)];
      },
      xgetbv: () => {
        xgetbv(block);
        return block[0]!;
      },
    };
  }

  /** Gives the pages back; nothing may be called any more. */
  free(): void {
    this.#arena.free();
  }
}

/** `mov rax, rdi; mov rdi, rsi; jmp rax`. */
const CALL = Uint8Array.of(0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0xff, 0xe0);

/** `cvtsi2sd xmm0, rdi; ret`: the first argument as a float64, which is a JavaScript number and exact below 2 ** 53. */
const ADDRESS_OF = Uint8Array.of(0xf2, 0x48, 0x0f, 0x2a, 0xc7, 0xc3);
