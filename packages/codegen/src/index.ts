/** One small kernel language and its targets: x86-64, WebAssembly and a checking interpreter. */

export { KernelBuilder, type NarrowOptions } from './builder.ts';
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
export { erf, exp, log, sigmoid, tanh } from './math/basic.ts';
export { copySign, polynomial } from './math/bits.ts';
export {
  acosh,
  asinh,
  atanh,
  cosh,
  erfc,
  exp2,
  expm1,
  log1p,
  log2,
  log10,
  sinh,
} from './math/exponential.ts';
export { hypot } from './math/hypot.ts';
export { pow } from './math/pow.ts';
export { fmod } from './math/remainder.ts';
export { acos, asin, atan, atan2, cos, sin, tan } from './math/trigonometric.ts';
export type { AccessOptions, StoreOptions } from './memory-recorder.ts';
export type { Comparison, Half, PrefetchHint, ShufflePattern } from './operations.ts';
export { overVectors, type VectorAccess } from './patterns.ts';
export type { Target } from './target.ts';
export type {
  ElementType,
  FloatType,
  Integer,
  LaneType,
  LaneValue,
  Mask,
  NarrowInteger,
  NarrowType,
  Operand,
  Pointer,
  Vector,
  WideType,
} from './types.ts';
export {
  assembleWasm,
  type CompiledKernel,
  compileWasm,
  hasRelaxedSimd,
  instantiateWasm,
  type WasmOptions,
  wasmTarget,
} from './wasm/target.ts';
export {
  compileProgram,
  compilePrograms,
  controlBytes,
  controlWords,
  type ProgramCode,
  type ProgramStep,
  programSlots,
  programStatus,
} from './x64/program.ts';
export { cpuidStub, xgetbvStub } from './x64/stubs.ts';
export {
  avx2Target,
  avx512Target,
  compileX64,
  type MachineCode,
  type RegisterLimits,
  type X64Options,
  type X64Target,
} from './x64/target.ts';
