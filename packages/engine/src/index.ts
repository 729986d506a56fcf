// The engine's face: memory, what the engine chose, and its kernels. It knows no tensors.

export { type EngineInfo, engineInfo } from './engine-info.ts';
export { EngineError, OutOfMemoryError } from './errors.ts';
export { channelAffine } from './kernels/channel-affine.ts';
export { convTranspose2d } from './kernels/conv-transpose2d.ts';
export { conv2d } from './kernels/conv2d.ts';
export { copyStrided } from './kernels/copy-strided.ts';
export { elementwise } from './kernels/elementwise.ts';
export { gemm } from './kernels/gemm.ts';
export { pool2d } from './kernels/pool2d.ts';
export { reduce } from './kernels/reduce.ts';
export { softmax } from './kernels/softmax.ts';
export type { MemoryStatistics } from './memory/linear-memory.ts';
export { allocate, memoryStatistics, type Storage } from './memory/storage.ts';
export type {
  Activation,
  BinaryOp,
  ChannelAffineParameters,
  Conv2dParameters,
  ConvolutionShape,
  ConvTranspose2dParameters,
  CopyStridedParameters,
  ElementwiseParameters,
  GemmParameters,
  Padding,
  Pair,
  Pool2dParameters,
  ReduceOp,
  ReduceParameters,
  Slice,
  SoftmaxParameters,
  StridedSlice,
  UnaryOp,
} from './types.ts';
