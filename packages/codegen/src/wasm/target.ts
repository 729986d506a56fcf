/** The WebAssembly target: what kernels see of it, what the host can do, and how a kernel becomes a function. */

import { CodegenError } from '../errors.ts';
import { type Kernel, record } from '../kernel.ts';
import { describeTarget, type Target } from '../target.ts';
import { FunctionCode, moduleBytes } from './assembler.ts';
import { lower } from './lower.ts';

function describeWasm(fusedMultiplyAdd: boolean): Target {
  return describeTarget({
    name: 'wasm',
    vectorBytes: 16,
    vectorRegisters: 16,
    pointerBytes: 4,
    fusedMultiplyAdd,
    float16: false,
    scale: false,
  });
}

/** Vectors of 128 bits; hosts keep sixteen of them in registers. */
export const wasmTarget: Target = {
  ...describeWasm(false),
  get fusedMultiplyAdd() {
    return hasRelaxedSimd();
  },
};

let relaxedSimd: boolean | undefined;

/** Whether this host runs relaxed SIMD instructions (fused multiply-add). */
export function hasRelaxedSimd(): boolean {
  if (relaxedSimd === undefined) {
    const code = new FunctionCode();
    for (let i = 0; i < 3; i++) code.emit('local.get', 1);
    code.emit('f32x4.relaxed_madd');
    code.emit('local.set', 1);
    relaxedSimd = WebAssembly.validate(moduleBytes(code, 0, 1, false));
  }
  return relaxedSimd;
}

/** Options of compilation for WebAssembly. */
export interface WasmOptions {
  /** Whether to use relaxed SIMD; what the host has, unless given. */
  readonly relaxedSimd?: boolean;
  /** Whether the memory is shared between threads. */
  readonly sharedMemory?: boolean;
}

/** A kernel in machine code: it takes the address of its argument block. */
export type CompiledKernel = (argumentBlock: number) => void;

/** The binary module of a kernel: it imports `env.memory` and exports `run(argumentBlock)`. */
export function assembleWasm(kernel: Kernel, options: WasmOptions = {}): Uint8Array<ArrayBuffer> {
  const { relaxedSimd = hasRelaxedSimd(), sharedMemory = false } = options;
  return lower(record(kernel, describeWasm(relaxedSimd)), { relaxedSimd, sharedMemory });
}

/**
 * Compiles a kernel to a function over the given memory. Pointers are byte offsets in it.
 * @throws CodegenError if the host has no 128-bit SIMD.
 * @example
 * const run = compileWasm(vectorAdd, memory);
 * writeArguments(vectorAdd.contract, new DataView(memory.buffer), block, { x, y, sum, n });
 * run(block);
 */
export function compileWasm(
  kernel: Kernel,
  memory: WebAssembly.Memory,
  options?: WasmOptions,
): CompiledKernel {
  const sharedMemory = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
  return instantiateWasm(kernel, assembleWasm(kernel, { sharedMemory, ...options }), memory);
}

/**
 * The function of a kernel's module that {@link assembleWasm} has made, over the given memory.
 * @throws CodegenError if the host has no 128-bit SIMD.
 */
export function instantiateWasm(
  kernel: Kernel,
  module: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
): CompiledKernel {
  if (!WebAssembly.validate(module)) {
    throw new CodegenError(kernel.name, 'refused by the host', 'WebAssembly with 128-bit SIMD', 'none');
  }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
  return instance.exports['run'] as CompiledKernel;
}
