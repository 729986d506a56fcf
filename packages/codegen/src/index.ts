/** One small kernel language and its targets: WebAssembly and a checking interpreter. */

export { KernelBuilder } from './builder.ts';
export {
  type Access,
  type Argument,
  argumentBytes,
  type Contract,
  type IntegerArgument,
  inout,
  input,
  integer,
  output,
  type PointerArgument,
  type ScalarArgument,
  scalar,
  writeArguments,
} from './contract.ts';
export { CodegenError } from './errors.ts';
export { InterpreterError } from './interpreter/error.ts';
export {
  type BufferValue,
  type InterpreterOptions,
  type InterpreterReport,
  interpret,
  type KernelArguments,
} from './interpreter/interpret.ts';
export { type Kernel, kernel, specKey } from './kernel.ts';
export { copySign, erf, exp, log, polynomial, sigmoid, tanh } from './math.ts';
export type { AccessOptions } from './memory-recorder.ts';
export type { Comparison, ShufflePattern } from './operations.ts';
export { overVectors, type VectorAccess } from './patterns.ts';
export type { Target } from './target.ts';
export type { ElementType, FloatType, Integer, LaneType, Mask, Operand, Pointer, Vector } from './types.ts';
export {
  assembleWasm,
  type CompiledKernel,
  compileWasm,
  hasRelaxedSimd,
  type WasmOptions,
  wasmTarget,
} from './wasm/target.ts';
