// The words of elementwise kernels: operations, expressions, and operands of every dtype.

import type { EngineDType } from './dtype.ts';
import type { Activation, StridedSlice } from './types.ts';

/** A strided slice and the dtype of its elements. */
export interface TypedSlice extends StridedSlice {
  /** `float32` by default. */
  readonly dtype?: EngineDType;
}

/** An argument of an elementwise operation: elements, or a number for all of them. */
export type ElementwiseInput = TypedSlice | number | bigint;

/** Operations of one argument on every dtype: integers wrap around, and are what rounding makes of them. */
type EveryUnary =
  | 'identity'
  | 'neg'
  | 'abs'
  | 'sign'
  | 'square'
  | 'relu'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'trunc';

/** Operations of one argument on float32 and float64. */
type FloatUnary =
  | 'sqrt'
  | 'rsqrt'
  | 'reciprocal'
  | 'exp'
  | 'exp2'
  | 'expm1'
  | 'log'
  | 'log2'
  | 'log10'
  | 'log1p'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'erf'
  | 'sigmoid'
  | 'hardswish'
  | 'hardsigmoid'
  | 'silu'
  | 'mish'
  | 'gelu'
  | 'geluTanh';

/** Operations of one argument on float32 only. */
type Float32Unary = 'asinh' | 'acosh' | 'atanh' | 'erfc';

/** Operations of one argument in an {@link Expression}. `gelu` is the exact one, `geluTanh` its approximation. */
export type ExpressionUnary = EveryUnary | FloatUnary | Float32Unary | 'bitwiseNot';

/**
 * Operations of two arguments on every dtype. Of integers: `pow` with a negative exponent is 0 but for bases 1 and -1; the
 * divisions refuse a divisor of zero. `truncDivide` rounds towards zero, `floorDivide` down; `fmod` and `remainder` (Python's `%`)
 * are what these leave. In float64 there is `truncDivide` only.
 */
type EveryBinary =
  | 'add'
  | 'sub'
  | 'mul'
  | 'maximum'
  | 'minimum'
  | 'pow'
  | 'floorDivide'
  | 'truncDivide'
  | 'fmod'
  | 'remainder';

/** Operations of two arguments on float32 and float64. */
type FloatBinary = 'div' | 'atan2' | 'hypot' | 'copysign' | 'leakyRelu' | 'elu';

/** Operations of two arguments on integers and bool. Shifts by less than 0 or by all bits and more leave zeros, or the sign. */
type IntegerBinary = 'bitwiseAnd' | 'bitwiseOr' | 'bitwiseXor' | 'shiftLeft' | 'shiftRight';

/** Operations of two arguments in an {@link Expression}: `leakyRelu(x, slope)`, `elu(x, alpha)`. */
export type ExpressionBinary = EveryBinary | FloatBinary | IntegerBinary;

/**
 * Operations of three arguments: `clamp(x, min, max)`, `softplus(x, beta, threshold)`, `fma(x, y, z) = x * y + z`,
 * `lerp(x, y, weight)`, `scaledAdd(x, y, alpha) = x + alpha * y`, `scaledSub`.
 */
export type ExpressionTernary = 'clamp' | 'softplus' | 'fma' | 'lerp' | 'scaledAdd' | 'scaledSub';

/** Tests: their results are true or false, 1 or 0 as numbers. */
export type PredicateOp =
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'logicalAnd'
  | 'logicalOr'
  | 'logicalXor'
  | 'logicalNot'
  | 'isnan'
  | 'isinf'
  | 'isfinite';

/** Operations that {@link elementwise} makes of one input, its parameters aside. */
export type UnaryOp = ExpressionUnary | 'leakyRelu' | 'clamp' | 'elu' | 'softplus';

/** Operations that {@link elementwise} makes of two inputs, its parameters aside. */
export type BinaryOp = Exclude<ExpressionBinary, 'leakyRelu' | 'elu'>;

/** Operations of several steps: `addcmul(x, a, b, value) = x + value * a * b`, `addcdiv(x, a, b, value) = x + value * a / b`. */
type CompositeOp = 'where' | 'addcmul' | 'addcdiv';

/** All operations of {@link elementwise}. */
export type ElementwiseOp =
  | ExpressionUnary
  | ExpressionBinary
  | ExpressionTernary
  | PredicateOp
  | CompositeOp;

/** Parameters of {@link elementwise}. */
export interface ElementwiseParameters {
  readonly op: ElementwiseOp;
  /** The operation's arguments in their order; strides match `shape`, 0 broadcasts. */
  readonly inputs: readonly ElementwiseInput[];
  /** May be one of the inputs, element for element. */
  readonly output: TypedSlice;
  readonly shape: readonly number[];
  /** Further arguments, all of them numbers. Those that are left out are PyTorch's defaults. */
  readonly parameters?: readonly (number | bigint)[];
  /**
   * What is computed in: inputs are cast to it, the result is cast from it. By default the dtype of the first input that is no
   * number (of `where`: after the condition), without any the output's.
   */
  readonly dtype?: EngineDType;
  /** In float32 and float64. */
  readonly activation?: Activation;
}

// ---- expressions of fused elementwise kernels

/** Comparisons; with a NaN only `!=` holds. */
export type ExpressionComparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What a fused kernel computes of the elements at one position: numbers stand for themselves, cast to the computing type. */
export type Expression =
  | number
  | bigint
  /** The element of an input, cast to the computing type. */
  | { readonly input: number }
  /** A number given with each call, so that another value needs no other kernel. */
  | { readonly parameter: number }
  | { readonly op: ExpressionUnary; readonly args: readonly [Expression] }
  | { readonly op: ExpressionBinary; readonly args: readonly [Expression, Expression] }
  | { readonly op: ExpressionTernary; readonly args: readonly [Expression, Expression, Expression] }
  /** The first where the condition holds, else the second. */
  | { readonly select: Condition; readonly args: readonly [Expression, Expression] }
  /** 1 where it holds, else 0; true and false where the output is bool. */
  | Condition;

/** Truth values inside an {@link Expression}. */
export type Condition =
  | { readonly compare: ExpressionComparison; readonly args: readonly [Expression, Expression] }
  /** Whether the value is not zero (NaN is not), NaN, infinite. An input is looked at as it is, before it is cast. */
  | { readonly is: 'true' | 'nan' | 'infinite'; readonly args: readonly [Expression] }
  | { readonly logic: 'and' | 'or' | 'xor'; readonly args: readonly [Condition, Condition] }
  | { readonly logic: 'not'; readonly args: readonly [Condition] };

/** Parameters of {@link fusedElementwise}. */
export interface FusedElementwiseParameters {
  /** What each output gets, in the outputs' order. Objects that stay the same between calls are analysed once. */
  readonly expressions: readonly Expression[];
  /** Strides match `shape`; a stride of 0 broadcasts. */
  readonly inputs: readonly TypedSlice[];
  readonly outputs: readonly TypedSlice[];
  readonly shape: readonly number[];
  /** Values of `{ parameter }`. */
  readonly parameters?: readonly (number | bigint)[];
  /** What is computed in; the first input's dtype by default, without inputs the first output's. */
  readonly dtype?: EngineDType;
}

/** Parameters of {@link cast}: `to` gets the elements of `from` as its own dtype. */
export interface CastParameters {
  readonly from: TypedSlice;
  readonly to: TypedSlice;
  readonly shape: readonly number[];
}

/** Parameters of {@link fill}. */
export interface FillParameters {
  readonly to: TypedSlice;
  readonly value: number | bigint;
  readonly shape: readonly number[];
}
