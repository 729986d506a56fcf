/** Turns a recording into WebAssembly: every variable is a local, every operation a few instructions. */

import type { Recording } from '../kernel.ts';
import { type Handlers, handle, type Operation } from '../operations.ts';
import { vectorBytes } from '../types.ts';
import { moduleBytes } from './assembler.ts';
import { FunctionWriter, type WasmFeatures } from './function-writer.ts';
import { memoryHandlers } from './lower-memory.ts';
import { scalarHandlers } from './lower-scalar.ts';
import { vectorHandlers } from './lower-vector.ts';

const handlers: Handlers<Operation, FunctionWriter> = {
  ...scalarHandlers,
  ...memoryHandlers,
  ...vectorHandlers,
};

/** The binary of a module whose export `run(block)` is the kernel. Constants are made before the first operation. */
export function lower(recording: Recording, features: WasmFeatures): Uint8Array<ArrayBuffer> {
  const writer = new FunctionWriter(recording.variables, features);
  for (const { to, lanes } of recording.constants) {
    writer.emit('v128.const', vectorBytes(to.type, lanes));
    writer.pop(to);
  }
  for (const operation of recording.operations) handle(handlers, writer, operation);
  return moduleBytes(writer.code, writer.i32Locals, writer.v128Locals, features.sharedMemory);
}
