/** Runs a kernel on every target with the same arguments: compiled targets copy views in and out of a memory of their own. */

import {
  argumentBytes,
  avx2Target,
  avx512Target,
  type Contract,
  compileWasm,
  compileX64,
  interpret,
  type Kernel,
  type KernelArguments,
  type LaneValue,
  writeArguments,
  type X64Options,
  type X64Target,
} from '../index.ts';
import { nativeHost, whyNot } from './native.ts';

/** Runs a kernel over the given views and numbers, which it changes in place. */
type Runner = <C extends Contract>(kernel: Kernel<C>, values: KernelArguments<C>) => void;

/** A memory for compiled kernels; pointers in it are offsets plus `base`. */
interface Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly base: number;
}

/** Copies views into the memory, runs, copies back, and checks that no byte beside them has changed. */
function copyingRunner({ bytes, base }: Memory, call: (kernel: Kernel, block: number) => void): Runner {
  return (kernel, values) => {
    const addresses: Record<string, LaneValue> = {};
    const copies: [view: Uint8Array, address: number][] = [];
    const used = bytes.subarray(0, 1 << 16).fill(0xa5);
    let next = 64 + argumentBytes(kernel.contract);
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'number' || typeof value === 'bigint') {
        addresses[name] = value;
        continue;
      }
      const { view, byteOffset } = 'view' in value ? value : { view: value, byteOffset: 0 };
      const address = Math.ceil(next / 64 + 1) * 64;
      const source = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      used.set(source, address);
      copies.push([source, address]);
      addresses[name] = base + address + byteOffset;
      next = address + view.byteLength;
    }
    writeArguments(kernel.contract, new DataView(bytes.buffer, bytes.byteOffset), 64, addresses);
    const before = used.slice();
    call(kernel, base + 64);
    for (const [view, address] of copies) {
      view.set(used.subarray(address, address + view.length));
      before.set(view, address);
    }
    const stray = before.findIndex((byte, at) => byte !== used[at]);
    if (stray >= 0) throw new Error(`${kernel.name} wrote byte ${stray}, which is in none of its buffers`);
  };
}

const wasmMemory = new WebAssembly.Memory({ initial: 1 });

/** The WebAssembly target. */
function wasmRunner(relaxedSimd: boolean): Runner {
  return copyingRunner({ bytes: new Uint8Array(wasmMemory.buffer), base: 0 }, (kernel, block) =>
    compileWasm(kernel, wasmMemory, { relaxedSimd })(block),
  );
}

/** An x86-64 target; check with {@link whyNot} first. */
async function nativeRunner(target: X64Target, options?: X64Options): Promise<Runner> {
  const { memory, address, map } = await nativeHost();
  const compiled = new WeakMap<Kernel, (block: number) => void>();
  return copyingRunner({ bytes: memory, base: address }, (kernel, block) => {
    const run = compiled.get(kernel) ?? map(compileX64(kernel, target, options).code);
    compiled.set(kernel, run);
    run(block);
  });
}

type Named = readonly [name: string, run: Runner];

/** Fewer registers than any kernel wants, so that nearly every value goes through memory. */
const fewRegisters: X64Options = { registers: { general: 6, vector: 5, mask: 3 } };

const native: Named[] = [];
const nativeWithFewRegisters: Named[] = [];
/** Native targets that this host cannot run, each with the reason; tests report them as skipped. */
export const skipped: [name: string, reason: string][] = [];
for (const target of [avx512Target, avx2Target]) {
  const reason = whyNot(target);
  if (reason) skipped.push([target.name, reason]);
  else {
    native.push([target.name, await nativeRunner(target)]);
    const few = await nativeRunner(target, fewRegisters);
    nativeWithFewRegisters.push([`${target.name} with few registers`, few]);
  }
}

/** Every target that this host can run, by name. */
export const runners: readonly Named[] = [
  ...native,
  ['wasm', wasmRunner(true)],
  ['wasm without relaxed SIMD', wasmRunner(false)],
  ['interpreter, 16-byte vectors', (kernel, values) => interpret(kernel, values)],
  ['interpreter, 64-byte vectors', (kernel, values) => interpret(kernel, values, { vectorBytes: 64 })],
];

/** The targets that compile, and the native ones once more with few registers. */
export const compiledRunners: readonly Named[] = [
  ...runners.filter(([name]) => !name.startsWith('interpreter')),
  ...nativeWithFewRegisters,
];

/** Bytes of a vector on the target of that name. */
export function vectorBytesOf(runner: string): 16 | 32 | 64 {
  if (runner.startsWith('avx2')) return 32;
  return runner.startsWith('avx512') || runner.includes('64') ? 64 : 16;
}
