// What the CPU and the operating system support, read by the instructions that say so.

import type { X64Target } from '@sconce/codegen';
import type { NativeCode } from './native-code.ts';

/** Where `cpuid` tells of a feature: the leaf, the register (in the order eax, ebx, ecx, edx) and the bit. */
type Place = readonly [leaf: 1 | 7, register: 0 | 1 | 2 | 3, bit: number];

/** Features by the names that Linux gives them in /proc/cpuinfo. */
const places: Readonly<Record<string, Place>> = {
  fma: [1, 2, 12],
  osxsave: [1, 2, 27],
  avx: [1, 2, 28],
  f16c: [1, 2, 29],
  bmi1: [7, 1, 3],
  avx2: [7, 1, 5],
  bmi2: [7, 1, 8],
  avx512f: [7, 1, 16],
  avx512dq: [7, 1, 17],
  avx512bw: [7, 1, 30],
  avx512vl: [7, 1, 31],
};

/** Bits of XCR0: the registers that the operating system saves, SSE and AVX, and with AVX-512 masks and long vectors. */
const savedRegisters: Readonly<Record<X64Target['name'], number>> = { avx2: 0x06, avx512: 0xe6 };

/** The CPU as the operating system lets programs use it. */
export interface Cpu {
  readonly features: ReadonlySet<string>;
  /** XCR0, or 0 where it cannot be read. */
  readonly saved: number;
}

/** Reads the CPU's features. */
export function readCpu(code: NativeCode): Cpu {
  const { cpuid, xgetbv } = code.cpuFunctions();
  const highest = cpuid(0, 0)[0]!;
  const leaves = { 1: cpuid(1, 0), 7: highest >= 7 ? cpuid(7, 0) : [0, 0, 0, 0] };
  const has = ([leaf, register, bit]: Place): boolean => (leaves[leaf][register]! >>> bit) % 2 === 1;
  const features = Object.keys(places).filter((name) => has(places[name]!));
  // Without OSXSAVE there is no xgetbv.
  return { features: new Set(features), saved: features.includes('osxsave') ? xgetbv() : 0 };
}

/** What a target's code needs and this CPU has not, in words; nothing if all is there. */
export function lackingFor({ name, features }: X64Target, cpu: Cpu): string | undefined {
  const lacking = features.filter((feature) => !cpu.features.has(feature));
  if (lacking.length > 0) return `the CPU has no ${lacking.join(', ')}`;
  const saved = savedRegisters[name];
  if ((cpu.saved & saved) !== saved) return `the operating system does not save the registers of ${name}`;
  return undefined;
}
