/** The tensor package's face: tensors, dtypes, creation, operators, random numbers and the dispatcher. */
import './autograd/members.ts';
import './methods.ts';

export { bindArguments } from './arguments.ts';
export type { BackwardOptions, GradOptions } from './autograd/api.ts';
export type {
  ArgumentGrad,
  Derivative,
  DerivativeFunction,
  GradientRules,
  OutputGrad,
  Read,
} from './autograd/derivative.ts';
export * as autograd from './autograd/index.ts';
export type { AutogradMembers } from './autograd/members.ts';
export type { AutogradMeta } from './autograd/meta.ts';
export {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './autograd/mode.ts';
export {
  type Edge,
  type Grad,
  type GradHook,
  GradNode,
  type HookHandle,
  type NodeHook,
  type NodePrehook,
  type OutputShape,
} from './autograd/node.ts';
export * from './creation.ts';
export {
  type DispatchLayer,
  defineUsersOperator as defineOperator,
  type Operator,
  type OperatorDefinition,
  withLayer,
} from './dispatcher.ts';
export {
  bfloat16,
  bool,
  type DType,
  type DTypeInfo,
  dtypeInfo,
  dtypes,
  float16,
  float32,
  float64,
  int8,
  int16,
  int32,
  int64,
  isFloatingPoint,
  type TypedArray,
  uint8,
  uint16,
  uint32,
  uint64,
} from './dtype.ts';
export { TensorError, type TensorErrorParts } from './errors.ts';
export * as func from './func/index.ts';
export { vmap } from './func/vmap.ts';
export * as linalg from './linalg/index.ts';
export * as masked from './masked/index.ts';
export type { TensorMethods } from './methods.ts';
export * from './ops/activation.ts';
export * from './ops/activation-smooth.ts';
export * from './ops/adaptive-pooling.ts';
export * from './ops/affine-grid.ts';
export * from './ops/as-strided.ts';
export * from './ops/attention.ts';
export * from './ops/average-pooling.ts';
export * from './ops/batch-normalization.ts';
export * from './ops/binary-cross-entropy.ts';
export * from './ops/binary-cross-entropy-logits.ts';
export * from './ops/bitwise.ts';
export * from './ops/broadcasting.ts';
export * from './ops/closeness.ts';
export * from './ops/comparison.ts';
export * from './ops/constant-padding.ts';
export * from './ops/convolution.ts';
export * from './ops/convolution-transpose.ts';
export * from './ops/covariance.ts';
export * from './ops/ctc-loss.ts';
export * from './ops/cumulative.ts';
export * from './ops/diagonal-matrices.ts';
export * from './ops/diagonals.ts';
export {
  type HuberLossOptions,
  huberLoss,
  type LossOperator,
  mseLoss,
  type SmoothL1LossOptions,
  smoothL1Loss,
} from './ops/difference-losses.ts';
export * from './ops/differences.ts';
export * from './ops/dimensions.ts';
export * from './ops/distance.ts';
export * from './ops/dropout.ts';
export * from './ops/einsum.ts';
export * from './ops/elementwise.ts';
export type {
  BinaryOperator,
  Operand,
  TensorBinaryOperator,
  TensorFirstOperator,
  UnaryOperator,
} from './ops/elementwise-core.ts';
export * from './ops/embedding.ts';
export * from './ops/exponentials.ts';
export * from './ops/extremum.ts';
export * from './ops/fractional-pooling.ts';
export * from './ops/fused-updates.ts';
export * from './ops/gathering.ts';
export * from './ops/geometry.ts';
export * from './ops/grid-sampling.ts';
export * from './ops/histogram.ts';
export * from './ops/image-columns.ts';
export * from './ops/in-place.ts';
export * from './ops/in-place-activation.ts';
export * from './ops/in-place-dropout.ts';
export * from './ops/in-place-elementwise.ts';
export * from './ops/index-expressions.ts';
export {
  _unsafeMaskedIndex,
  _unsafeMaskedIndexPutAccumulate,
  type IndexPutIndices,
  type IndexPutMethods,
  type IndexPutOperator,
  type IndexPutOptions,
  indexPut,
  indexPut_,
} from './ops/index-put.ts';
export { type Index, type IndexList, Slice, type SliceFunction, slice } from './ops/index-slices.ts';
export * from './ops/index-writing.ts';
export * from './ops/indexing.ts';
export * from './ops/joining.ts';
export {
  type ClampBound,
  type ClampMaxOperator,
  type ClampMinOperator,
  type ClampOperator,
  type ClampOptions,
  clamp,
  clampMax,
  clampMin,
  clip,
  fmax,
  fmin,
  type LimitMethods,
  maximum,
  minimum,
} from './ops/limits.ts';
export * from './ops/linear-algebra.ts';
export type { ReductionOption } from './ops/loss-core.ts';
export * from './ops/low-rank.ts';
export * from './ops/masking.ts';
export * from './ops/matmul.ts';
export * from './ops/max-pooling.ts';
export * from './ops/new-tensors.ts';
export * from './ops/nll-loss.ts';
export * from './ops/norm-pooling.ts';
export * from './ops/normalization.ts';
export * from './ops/order-statistics.ts';
export * from './ops/padding.ts';
export * from './ops/products.ts';
export * from './ops/quantile.ts';
export * from './ops/rearranging.ts';
export * from './ops/recurrent.ts';
export * from './ops/recurrent-cells.ts';
export * from './ops/reduction.ts';
export * from './ops/resize.ts';
export * from './ops/rounding.ts';
export * from './ops/scatter.ts';
export * from './ops/searching.ts';
export * from './ops/shape.ts';
export * from './ops/slicing.ts';
export * from './ops/soft-margin-loss.ts';
export * from './ops/softmax.ts';
export * from './ops/sorting.ts';
export * from './ops/special-functions.ts';
export * from './ops/splitting.ts';
export * from './ops/stacking.ts';
export { real, type TransposedMembers } from './ops/transposed.ts';
export * from './ops/triangular-parts.ts';
export * from './ops/trigonometry.ts';
export * from './ops/unique.ts';
export * from './ops/unpooling.ts';
export * from './ops/variance.ts';
export * from './ops/view-copies.ts';
export * from './ops/view-scatter.ts';
export { type PrintOptions, setPrintoptions } from './printing.ts';
export { canCast, promoteTypes, resultType, type Scalar } from './promotion.ts';
export * from './random/bernoulli.ts';
export * from './random/counts.ts';
export * from './random/factories.ts';
export * from './random/generator.ts';
export * from './random/in-place.ts';
export * from './random/multinomial.ts';
export * from './random/normal.ts';
export * from './random/trunc-normal.ts';
export * from './ranges.ts';
export { keep, scope } from './scope.ts';
export * as signal from './signal/index.ts';
export type { SizeArguments, TensorOptions } from './sizes.ts';
export * as special from './special/index.ts';
export { type NestedArray, Tensor } from './tensor.ts';
export * from './triangle-indices.ts';
