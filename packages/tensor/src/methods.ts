/** The methods of Tensor: declared by each operator family, and attached here from the same operator objects. */
import * as activation from './ops/activation.ts';
import * as adaptivePooling from './ops/adaptive-pooling.ts';
import * as comparison from './ops/comparison.ts';
import * as convolution from './ops/convolution.ts';
import * as convolutionTranspose from './ops/convolution-transpose.ts';
import * as dropout from './ops/dropout.ts';
import * as elementwise from './ops/elementwise.ts';
import * as extremum from './ops/extremum.ts';
import * as inPlace from './ops/in-place.ts';
import * as indexing from './ops/indexing.ts';
import * as joining from './ops/joining.ts';
import * as matmul from './ops/matmul.ts';
import * as normalization from './ops/normalization.ts';
import * as padding from './ops/padding.ts';
import * as pooling from './ops/pooling.ts';
import * as reduction from './ops/reduction.ts';
import * as resize from './ops/resize.ts';
import * as shape from './ops/shape.ts';
import * as slicing from './ops/slicing.ts';
import * as softmax from './ops/softmax.ts';
import * as random from './random/factories.ts';
import { Tensor } from './tensor.ts';

/** All operators that can be called as methods: `x.relu()`, `x.reshape(2, 3)`. */
export interface TensorMethods
  extends activation.ActivationMethods,
    adaptivePooling.AdaptivePoolingMethods,
    comparison.ComparisonMethods,
    convolution.ConvolutionMethods,
    convolutionTranspose.ConvolutionTransposeMethods,
    dropout.DropoutMethods,
    elementwise.ElementwiseMethods,
    extremum.ExtremumMethods,
    inPlace.InPlaceMethods,
    indexing.IndexingMethods,
    joining.JoiningMethods,
    matmul.MatmulMethods,
    normalization.NormalizationMethods,
    padding.PaddingMethods,
    pooling.PoolingMethods,
    reduction.ReductionMethods,
    resize.ResizeMethods,
    shape.ShapeMethods,
    slicing.SlicingMethods,
    softmax.SoftmaxMethods,
    random.RandomMethods {}

/** For every method an operator that takes the tensor first; one that is missing or of another type does not compile. */
type MethodTable<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (self: Tensor, ...args: Args) => Result
    : never;
};

// These do not take the tensor that a method would be called on first, or only as one of several equals.
const { where, ...comparisons } = comparison;
const { cat: _cat, stack: _stack, ...joins } = joining;
const { linear: _linear, ...products } = matmul;
const { uniform_, normal_, bernoulli_ } = random;

const operators = {
  ...activation,
  ...adaptivePooling,
  ...convolution,
  ...convolutionTranspose,
  ...dropout,
  ...elementwise,
  ...extremum,
  ...inPlace,
  ...indexing,
  ...normalization,
  ...padding,
  ...pooling,
  ...reduction,
  ...resize,
  ...shape,
  ...slicing,
  ...softmax,
  ...comparisons,
  ...joins,
  ...products,
  uniform_,
  normal_,
  bernoulli_,
  /** `x.where(condition, other)`: the condition comes second, as in PyTorch. */
  where: (self: Tensor, condition: Tensor, other: Parameters<typeof where>[2]): Tensor =>
    where(condition, self, other),
};

const methods: MethodTable<TensorMethods> = operators;

/** Operators that no family declares as methods: there must be none. */
type Undeclared = Exclude<keyof typeof operators, keyof TensorMethods>;
operators satisfies [Undeclared] extends [never] ? object : Record<Undeclared, never>;

for (const [name, operator] of Object.entries(methods)) {
  const call = operator as (self: Tensor, ...args: readonly unknown[]) => unknown;
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...args: readonly unknown[]): unknown {
      return call(this, ...args);
    },
    configurable: true,
    writable: true,
  });
}
