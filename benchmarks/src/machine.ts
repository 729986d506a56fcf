// Names the machine by facts: the CPU's own name, and family, model and instruction sets where that says too little.

import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What a result depends on besides the code. */
export interface Machine {
  readonly cpu: string;
  /** Vector instruction sets under Linux's names, separated by spaces; empty where there is no `/proc/cpuinfo`. */
  readonly features: string;
}

/** Family, model (both ends included) and what the maker calls it, as in Linux's `arch/x86/kernel/cpu/amd.c`. */
const amd: readonly (readonly [family: number, first: number, last: number, name: string])[] = [
  [23, 0x00, 0x2f, 'Zen 1'],
  [23, 0x30, 0x4f, 'Zen 2'],
  [23, 0x50, 0x5f, 'Zen 1'],
  [23, 0x60, 0x7f, 'Zen 2'],
  [23, 0xa0, 0xaf, 'Zen 2'],
  [25, 0x00, 0x0f, 'Zen 3'],
  [25, 0x10, 0x1f, 'Zen 4'],
  [25, 0x20, 0x5f, 'Zen 3'],
  [25, 0x60, 0xaf, 'Zen 4'],
  [26, 0x00, 0x2f, 'Zen 5'],
  [26, 0x40, 0x4f, 'Zen 5'],
  [26, 0x60, 0x7f, 'Zen 5'],
];

/** Models of Intel's family 6, as in Linux's `arch/x86/include/asm/intel-family.h`. */
const intel: Readonly<Record<number, string>> = {
  63: 'Haswell server',
  79: 'Broadwell server',
  85: 'Skylake server or its successors Cascade Lake and Cooper Lake',
  106: 'Ice Lake server',
  108: 'Ice Lake server',
  143: 'Sapphire Rapids',
  173: 'Granite Rapids',
  207: 'Emerald Rapids',
};

const reportedFeatures = [
  'avx2',
  'fma',
  'f16c',
  'avx_vnni',
  'avx512f',
  'avx512bw',
  'avx512dq',
  'avx512vl',
  'avx512_vnni',
  'avx512_bf16',
  'avx512_fp16',
  'amx_tile',
  'amx_int8',
  'amx_bf16',
];

/** This machine. */
export function machine(): Machine {
  const info = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  return describeMachine(info, cpus()[0]?.model ?? '');
}

/** A machine by the text of its `/proc/cpuinfo`, which may be empty, and the name the system has for the CPU. */
export function describeMachine(cpuinfo: string, model: string): Machine {
  const field = (name: string): string => {
    const line = cpuinfo.split('\n').find((one) => one.split(':')[0]!.trim() === name);
    return line === undefined ? '' : line.slice(line.indexOf(':') + 1).trim();
  };
  const flags = new Set(field('flags').split(' '));
  const features = reportedFeatures.filter((name) => flags.has(name)).join(' ');
  const name = tidy(field('model name') || model || 'unknown CPU');
  const family = Number(field('cpu family'));
  const isNamed = /\d/.test(name);
  if (isNamed || field('cpu family') === '') return { cpu: name, features };
  const number = Number(field('model'));
  const known = microarchitecture(field('vendor_id'), family, number);
  return {
    cpu: `${name} (family ${family} model ${number}${known === undefined ? '' : `, ${known}`})`,
    features,
  };
}

function microarchitecture(vendor: string, family: number, model: number): string | undefined {
  if (vendor === 'AuthenticAMD') {
    return amd.find(([its, first, last]) => its === family && first <= model && model <= last)?.[3];
  }
  return vendor === 'GenuineIntel' && family === 6 ? intel[model] : undefined;
}

/** Without trademarks, clock rates and doubled spaces. */
function tidy(name: string): string {
  return name
    .replaceAll(/\((R|TM)\)/gi, '')
    .replace(/@.*$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
