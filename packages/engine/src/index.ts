// The engine's face: memory, what the engine chose, and its kernels. It knows no tensors.

export type {
  AttentionBackwardParameters,
  AttentionParameters,
  AttentionShape,
  HeadsSlice,
} from './attention-types.ts';
export { dtypeBytes, type EngineDType } from './dtype.ts';
export type {
  BinaryOp,
  CastParameters,
  Condition,
  ElementwiseInput,
  ElementwiseOp,
  ElementwiseParameters,
  Expression,
  ExpressionBinary,
  ExpressionComparison,
  ExpressionTernary,
  ExpressionUnary,
  FillParameters,
  FusedElementwiseParameters,
  PredicateOp,
  TypedSlice,
  UnaryOp,
} from './elementwise-types.ts';
export { type EngineInfo, engineInfo } from './engine-info.ts';
export { DetachedStorageError, DivisionByZeroError, EngineError, OutOfMemoryError } from './errors.ts';
export type { FloatDType } from './float-type.ts';
export { type AdaptivePoolParameters, adaptivePool } from './kernels/adaptive-pool.ts';
export { addRows } from './kernels/add-rows.ts';
export { argExtremum } from './kernels/arg-extremum.ts';
export { scaledDotProductAttention } from './kernels/attention.ts';
export { scaledDotProductAttentionBackward } from './kernels/attention-backward.ts';
export { batchNormTraining } from './kernels/batch-norm.ts';
export { type BlockedConv2dParameters, blockedConv2d } from './kernels/blocked/conv2d.ts';
export {
  type BlockedGlobalAveragePoolParameters,
  blockedGlobalAveragePool,
} from './kernels/blocked/global-average-pool.ts';
export {
  type BlockedImage,
  type BlockedShape,
  blockedElements,
  blockedLanes,
} from './kernels/blocked/image.ts';
export { fromBlocked, toBlocked } from './kernels/blocked/layout.ts';
export { type Conv2dMethod, chooseConv2d, conv2dBorder } from './kernels/blocked/method.ts';
export { type PackConv2dWeightsParameters, packConv2dWeights } from './kernels/blocked/pack.ts';
export type { PackedConv2d, PackedConv2dShape } from './kernels/blocked/packed.ts';
export { type BlockedPool2dParameters, blockedPool2d } from './kernels/blocked/pool2d.ts';
export { channelAffine } from './kernels/channel-affine.ts';
export { batchNormBackward, groupNormBackward } from './kernels/channel-norm-backward.ts';
export { concat } from './kernels/concat.ts';
export {
  type ConvolutionDType,
  type ConvolutionNdGradInputParameters,
  type ConvolutionNdGradWeightParameters,
  type ConvolutionNdParameters,
  type ConvolutionTransposeNdParameters,
  convolution,
  convolutionGradInput,
  convolutionGradWeight,
  convolutionTranspose,
} from './kernels/conv-nd.ts';
export type { ConvolutionNdShape } from './kernels/conv-nd-shape.ts';
export {
  type PackConvolutionWeightsParameters,
  PackedConvolution,
  packConvolutionWeights,
} from './kernels/conv-packed.ts';
export { convTranspose2d } from './kernels/conv-transpose2d.ts';
export { conv2d } from './kernels/conv2d.ts';
export {
  type Conv2dGradInputParameters,
  type Conv2dGradWeightParameters,
  type ConvolutionGradBiasParameters,
  conv2dGradInput,
  conv2dGradWeight,
  convolutionGradBias,
} from './kernels/conv2d-gradients.ts';
export { copyStrided } from './kernels/copy-strided.ts';
export { crossEntropyBackward } from './kernels/cross-entropy-backward.ts';
export { cast, elementwise, fill } from './kernels/elementwise.ts';
export { fusedElementwise } from './kernels/fused-elementwise.ts';
export { type FusedSpan, type FusedSpansParameters, fusedSpans } from './kernels/fused-spans.ts';
export { gatherElements } from './kernels/gather-elements.ts';
export { indicesInRange } from './kernels/gather-elements-index.ts';
export { gatherRows } from './kernels/gather-rows.ts';
export { gemm } from './kernels/gemm.ts';
export { packGemmOperand } from './kernels/gemm-operand.ts';
export { logSumExp } from './kernels/log-sum-exp.ts';
export { pad } from './kernels/pad.ts';
export { type Pool1dParameters, pool1d } from './kernels/pool1d.ts';
export { pool2d } from './kernels/pool2d.ts';
export { type Pool3dParameters, pool3d, type Triple } from './kernels/pool3d.ts';
export { type RandomBernoulliParameters, randomBernoulli } from './kernels/random/bernoulli.ts';
export { type MersenneTwisterParameters, mersenneTwister } from './kernels/random/mersenne-twister.ts';
export { type RandomNormalParameters, randomNormal } from './kernels/random/normal.ts';
export { type RandomUniformParameters, randomUniform } from './kernels/random/uniform.ts';
export {
  type RecurrentBackwardParameters,
  type RecurrentForwardParameters,
  type RecurrentShape,
  recurrentBackward,
  recurrentForward,
} from './kernels/recurrent.ts';
export { reduce } from './kernels/reduce.ts';
export { resize } from './kernels/resize.ts';
export { groupNorm, layerNorm, rmsNorm } from './kernels/row-norm.ts';
export { layerNormBackward, rmsNormBackward } from './kernels/row-norm-backward.ts';
export { scan } from './kernels/scan.ts';
export { foldElements, scatterElements } from './kernels/scatter-elements.ts';
export { softmax } from './kernels/softmax.ts';
export { softmaxBackward } from './kernels/softmax-backward.ts';
export { variance } from './kernels/variance.ts';
export { allocate, memoryStatistics } from './memory/allocate.ts';
export type { MemoryStatistics } from './memory/memory.ts';
export type { Storage } from './memory/storage.ts';
export { type MemoryPlan, type MemoryRequest, planMemory } from './program/plan-memory.ts';
export { type Label, type Program, type RecordOptions, recordProgram } from './program/program.ts';
export type { LabelTime, RunOptions } from './program/recording.ts';
export type { PassedOver } from './runtime/choose.ts';
export { configureEngine, type EngineOptions, type EngineTarget } from './runtime/configure.ts';
export { getNumThreads, setNumThreads } from './threads/num-threads.ts';
export type {
  Activation,
  AddRowsParameters,
  AlongIndex,
  ArgExtremumParameters,
  BatchNormBackwardParameters,
  BatchNormTrainingParameters,
  ChannelAffineParameters,
  ConcatParameters,
  Conv2dParameters,
  ConvolutionShape,
  ConvTranspose2dParameters,
  CopyStridedParameters,
  CrossEntropyBackwardParameters,
  DTypeSlice,
  FoldElementsDType,
  FoldElementsParameters,
  GatherElementsParameters,
  GatherRowsParameters,
  GemmBatch,
  GemmDType,
  GemmParameters,
  GroupNormBackwardParameters,
  GroupNormParameters,
  IndexDType,
  IndicesInRangeParameters,
  LayerNormBackwardParameters,
  LayerNormParameters,
  LogSumExpParameters,
  PackedGemmOperand,
  PackGemmOperandParameters,
  Padding,
  PadMode,
  PadParameters,
  Pair,
  Pool2dParameters,
  ReduceOp,
  ReduceParameters,
  ResizeParameters,
  ResizeTaps,
  RmsNormBackwardParameters,
  RmsNormParameters,
  ScanParameters,
  ScatterElementsParameters,
  Slice,
  SoftmaxBackwardParameters,
  SoftmaxParameters,
  StridedSlice,
  VarianceParameters,
} from './types.ts';
