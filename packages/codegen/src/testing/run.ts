/** Runs a kernel on every target with the same arguments: the WebAssembly target copies views in and out of a memory. */

import {
  argumentBytes,
  type Contract,
  compileWasm,
  interpret,
  type Kernel,
  type KernelArguments,
  writeArguments,
} from '../index.ts';

/** Runs a kernel over the given views and numbers, which it changes in place. */
export type Runner = <C extends Contract>(kernel: Kernel<C>, values: KernelArguments<C>) => void;

const memory = new WebAssembly.Memory({ initial: 1 });

function wasmRunner(relaxedSimd: boolean): Runner {
  return (kernel, values) => {
    const addresses: Record<string, number> = {};
    const copies: [view: Uint8Array, address: number][] = [];
    const bytes = new Uint8Array(memory.buffer).fill(0xa5);
    let next = 64 + argumentBytes(kernel.contract);
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'number') {
        addresses[name] = value;
        continue;
      }
      const { view, byteOffset } = 'view' in value ? value : { view: value, byteOffset: 0 };
      const address = Math.ceil(next / 64 + 1) * 64;
      const source = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      bytes.set(source, address);
      copies.push([source, address]);
      addresses[name] = address + byteOffset;
      next = address + view.byteLength;
    }
    writeArguments(kernel.contract, new DataView(memory.buffer), 64, addresses);
    const before = bytes.slice();
    compileWasm(kernel, memory, { relaxedSimd })(64);
    for (const [view, address] of copies) {
      view.set(bytes.subarray(address, address + view.length));
      before.set(view, address);
    }
    const stray = before.findIndex((byte, at) => byte !== bytes[at]);
    if (stray >= 0) throw new Error(`${kernel.name} wrote byte ${stray}, which is in none of its buffers`);
  };
}

/** Every target, by name. */
export const runners: readonly (readonly [name: string, run: Runner])[] = [
  ['wasm', wasmRunner(true)],
  ['wasm without relaxed SIMD', wasmRunner(false)],
  ['interpreter, 16-byte vectors', (kernel, values) => interpret(kernel, values)],
  ['interpreter, 64-byte vectors', (kernel, values) => interpret(kernel, values, { vectorBytes: 64 })],
];
