// Runs every kernel of a native target on guarded memory over many shapes, and compares with WebAssembly: a program for
// guarded.test.ts. Arguments: the target and the guarded end.

import { loadKoffi } from '../native/koffi.ts';
import { openLibc } from '../native/libc.ts';
import { NativeCode } from '../native/native-code.ts';
import { NativeExecutor } from '../native/native-executor.ts';
import { type NativeTargetName, startNative } from '../native/start.ts';
import { type Executor, withExecutor } from '../runtime/executor.ts';
import { WasmExecutor } from '../runtime/wasm-executor.ts';
import type { Slice } from '../types.ts';
import { type GuardedEnd, GuardedMemory, type ViewingKoffi } from './guarded-memory.ts';
import { calls, seedCalls } from './kernel-calls.ts';

const ROUNDS = 60;

const [target, end] = process.argv.slice(-2) as [NativeTargetName, GuardedEnd];
const koffi = loadKoffi() as ViewingKoffi;
const libc = openLibc(koffi);
const guarded = new NativeExecutor(
  startNative(target).executor.target,
  new NativeCode(koffi, libc),
  new GuardedMemory(koffi, libc, end),
);

function resultOf(executor: Executor, seed: number, call: () => Slice): Uint8Array<ArrayBuffer> {
  seedCalls(seed);
  return withExecutor(executor, () => call().storage.bytes().slice());
}

/**
 * Compares bytes that were copied or computed exactly, and floats that were computed within what order and fusing change; long sums and
 * Winograd's transforms relative to the largest result.
 */
function check(name: string, got: Uint8Array<ArrayBuffer>, expected: Uint8Array<ArrayBuffer>): void {
  const copied = /^(copyStrided|gatherRows|dtypes|divisors|reduceDtypes)/.test(name);
  const values = (bytes: Uint8Array<ArrayBuffer>) => (copied ? bytes : new Float32Array(bytes.buffer));
  const [actual, wanted, tolerance] = [values(got), values(expected), copied ? 0 : 1e-5];
  const summed = /^(conv\dd|blocked(Direct|Strassen))/.test(name);
  let largest = 0;
  if (summed) for (const x of wanted) largest = Math.max(largest, Math.abs(x));
  for (let i = 0; i < wanted.length; i++) {
    const scale = 1 + Math.max(largest, Math.abs(wanted[i]!));
    if (!(Math.abs(actual[i]! - wanted[i]!) <= tolerance * scale)) {
      throw new Error(`${name}, element ${i}: expected ${wanted[i]}, got ${actual[i]}`);
    }
  }
}

const wasm = new WasmExecutor();
for (const [name, call] of Object.entries(calls)) {
  for (let round = 0; round < ROUNDS; round++) {
    const seed = round * 7919 + 17;
    check(`${name}, round ${round}`, resultOf(guarded, seed, call), resultOf(wasm, seed, call));
  }
  console.log(name);
}
