/** The tensor package's face: tensors, dtypes, creation, operators, random numbers and the dispatcher. */
import './methods.ts';

export * from './creation.ts';
export {
  type DispatchLayer,
  defineOperator,
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
} from './dtype.ts';
export { TensorError, type TensorErrorParts } from './errors.ts';
export type { TensorMethods } from './methods.ts';
export * from './ops/activation.ts';
export * from './ops/adaptive-pooling.ts';
export * from './ops/comparison.ts';
export * from './ops/convolution.ts';
export * from './ops/convolution-transpose.ts';
export * from './ops/dropout.ts';
export * from './ops/elementwise.ts';
export type { BinaryOperator, Operand, UnaryOperator } from './ops/elementwise-core.ts';
export * from './ops/extremum.ts';
export * from './ops/in-place.ts';
export * from './ops/indexing.ts';
export * from './ops/joining.ts';
export * from './ops/matmul.ts';
export * from './ops/normalization.ts';
export * from './ops/padding.ts';
export * from './ops/pooling.ts';
export * from './ops/reduction.ts';
export * from './ops/resize.ts';
export * from './ops/shape.ts';
export * from './ops/slicing.ts';
export * from './ops/softmax.ts';
export { canCast, promoteTypes, resultType, type Scalar } from './promotion.ts';
export * from './random/factories.ts';
export { defaultGenerator, Generator, initialSeed, manualSeed } from './random/generator.ts';
export type { SizeArguments, TensorOptions } from './sizes.ts';
export { type NestedArray, Tensor } from './tensor.ts';
