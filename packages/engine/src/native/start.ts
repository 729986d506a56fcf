// Starts the native target: from koffi and the C library to an executor, or the reason why there is none.

import { avx2Target, avx512Target, type X64Target } from '@sconce/codegen';
import { nativePoolHost } from '../threads/native-workers.ts';
import { defaultThreads, type ThreadRequest } from '../threads/number.ts';
import { ThreadTeam } from '../threads/team.ts';
import { type Cpu, lackingFor, readCpu } from './cpu.ts';
import { environment, messageOf } from './host.ts';
import { type Koffi, loadKoffi } from './koffi.ts';
import { type Libc, openLibc } from './libc.ts';
import { NativeCode } from './native-code.ts';
import { NativeExecutor } from './native-executor.ts';
import { NativeMemory, nodeHost } from './native-memory.ts';

/** Targets of machine code. */
export type NativeTargetName = 'avx512' | 'avx2';

const targets: Readonly<Record<NativeTargetName, X64Target>> = { avx512: avx512Target, avx2: avx2Target };

/** Freed blocks of up to this many bytes stay in the process. */
const KEPT_BYTES = 1 << 30;

/** What all native targets share. */
interface Foundation {
  readonly koffi: Koffi;
  readonly libc: Libc;
  readonly cpu: Cpu;
  /** The threads of this process; targets are used one at a time. */
  readonly team: ThreadTeam;
}

let foundation: Foundation | undefined;

/**
 * An executor of machine code, and why it runs here.
 * @param threads - how many; settled at the first call.
 * @throws Error saying why it does not.
 */
export function startNative(
  name: NativeTargetName,
  threads: ThreadRequest = defaultThreads(),
): { executor: NativeExecutor; reason: string } {
  foundation ??= layFoundation(threads);
  const { koffi, libc, cpu, team } = foundation;
  const target = targets[name];
  const missing = lackingFor(target, cpu);
  if (missing !== undefined) throw new Error(missing);
  const code = new NativeCode(koffi, libc);
  try {
    const memory = new NativeMemory(
      nodeHost(code.addressFunction(), libc.trim, environment('SCONCE_V8_FLAGS') !== '0'),
    );
    const executor = new NativeExecutor(target, code, memory, team);
    return { executor, reason: `the CPU has all that ${name} code uses; ${setThresholds(libc)}` };
  } catch (error) {
    code.free();
    throw error;
  }
}

function layFoundation(threads: ThreadRequest): Foundation {
  if (typeof process === 'undefined' || process.versions?.node === undefined) {
    throw new Error('machine code runs in Node only');
  }
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') {
    throw new Error(`machine code runs on Linux on x86-64 only, and this is ${platform} on ${arch}`);
  }
  const koffi = loadKoffi();
  const libc = openLibc(koffi);
  // Kept with the foundation, since workers call through it.
  const code = new NativeCode(koffi, libc);
  try {
    return { koffi, libc, cpu: readCpu(code), team: new ThreadTeam(nativePoolHost(koffi, code), threads) };
  } catch (error) {
    code.free();
    throw error;
  }
}

/** With glibc's own thresholds every large buffer is fresh pages from the host, cleared at their first touch. */
function setThresholds(libc: Libc): string {
  if (environment('SCONCE_MALLOPT') === '0')
    return "the allocator's thresholds are as they were (SCONCE_MALLOPT=0)";
  try {
    libc.keepFreed(KEPT_BYTES);
  } catch (error) {
    return `the allocator's thresholds are as they were (${messageOf(error)})`;
  }
  return 'the allocator keeps freed blocks (mallopt)';
}
