/** The methods of Tensor: declared by each operator family, and attached here from the same operator objects. */
import * as activation from './ops/activation.ts';
import * as activationSmooth from './ops/activation-smooth.ts';
import * as adaptivePooling from './ops/adaptive-pooling.ts';
import * as asStrided from './ops/as-strided.ts';
import * as averagePooling from './ops/average-pooling.ts';
import * as batchNormalization from './ops/batch-normalization.ts';
import * as bitwise from './ops/bitwise.ts';
import { type CastMethods, casts } from './ops/casts.ts';
import * as closeness from './ops/closeness.ts';
import * as comparison from './ops/comparison.ts';
import * as constantPadding from './ops/constant-padding.ts';
import * as convolution from './ops/convolution.ts';
import * as convolutionTranspose from './ops/convolution-transpose.ts';
import * as covariance from './ops/covariance.ts';
import * as ctcLoss from './ops/ctc-loss.ts';
import * as cumulative from './ops/cumulative.ts';
import * as diagonalMatrices from './ops/diagonal-matrices.ts';
import * as diagonals from './ops/diagonals.ts';
import * as differences from './ops/differences.ts';
import * as dimensions from './ops/dimensions.ts';
import * as distance from './ops/distance.ts';
import * as dropout from './ops/dropout.ts';
import * as elementwise from './ops/elementwise.ts';
import type { Operand } from './ops/elementwise-core.ts';
import * as exponentials from './ops/exponentials.ts';
import * as extremum from './ops/extremum.ts';
import * as gathering from './ops/gathering.ts';
import * as geometry from './ops/geometry.ts';
import * as histogram from './ops/histogram.ts';
import * as inPlace from './ops/in-place.ts';
import * as inPlaceElementwise from './ops/in-place-elementwise.ts';
import * as indexExpressions from './ops/index-expressions.ts';
import { type IndexPutMethods, indexPut, indexPut_ } from './ops/index-put.ts';
import * as indexWriting from './ops/index-writing.ts';
import * as indexing from './ops/indexing.ts';
import * as joining from './ops/joining.ts';
import * as limits from './ops/limits.ts';
import * as linearAlgebra from './ops/linear-algebra.ts';
import * as masking from './ops/masking.ts';
import * as matmul from './ops/matmul.ts';
import * as maxPooling from './ops/max-pooling.ts';
import * as newTensors from './ops/new-tensors.ts';
import * as nllLoss from './ops/nll-loss.ts';
import * as normalization from './ops/normalization.ts';
import * as orderStatistics from './ops/order-statistics.ts';
import * as padding from './ops/padding.ts';
import * as products from './ops/products.ts';
import * as quantile from './ops/quantile.ts';
import * as rearranging from './ops/rearranging.ts';
import * as reduction from './ops/reduction.ts';
import * as resize from './ops/resize.ts';
import * as rounding from './ops/rounding.ts';
import * as scatter from './ops/scatter.ts';
import * as searching from './ops/searching.ts';
import * as shape from './ops/shape.ts';
import * as slicing from './ops/slicing.ts';
import { type SlidingMethods, unfoldDimension } from './ops/sliding.ts';
import * as softmax from './ops/softmax.ts';
import * as sorting from './ops/sorting.ts';
import * as specialFunctions from './ops/special-functions.ts';
import * as splitting from './ops/splitting.ts';
import * as triangularParts from './ops/triangular-parts.ts';
import * as trigonometry from './ops/trigonometry.ts';
import * as unique from './ops/unique.ts';
import * as variance from './ops/variance.ts';
import * as viewScatter from './ops/view-scatter.ts';
import { type BernoulliMethods, bernoulli } from './random/bernoulli.ts';
import * as randomFills from './random/in-place.ts';
import { type MultinomialMethods, multinomial } from './random/multinomial.ts';
import { Tensor } from './tensor.ts';

/** All operators that can be called as methods: `x.relu()`, `x.reshape(2, 3)`. */
export interface TensorMethods
  extends activation.ActivationMethods,
    activationSmooth.SmoothActivationMethods,
    adaptivePooling.AdaptivePoolingMethods,
    asStrided.AsStridedMethods,
    averagePooling.AveragePoolingMethods,
    batchNormalization.BatchNormalizationMethods,
    closeness.ClosenessMethods,
    bitwise.BitwiseMethods,
    comparison.ComparisonMethods,
    exponentials.ExponentialMethods,
    inPlaceElementwise.InPlaceElementwiseMethods,
    limits.LimitMethods,
    rounding.RoundingMethods,
    specialFunctions.SpecialFunctionMethods,
    trigonometry.TrigonometryMethods,
    convolution.ConvolutionMethods,
    convolutionTranspose.ConvolutionTransposeMethods,
    cumulative.CumulativeMethods,
    distance.DistanceMethods,
    ctcLoss.CtcLossMethods,
    dropout.DropoutMethods,
    elementwise.ElementwiseMethods,
    extremum.ExtremumMethods,
    gathering.GatheringMethods,
    inPlace.InPlaceMethods,
    indexing.IndexingMethods,
    indexWriting.IndexWritingMethods,
    joining.JoiningMethods,
    linearAlgebra.LinearAlgebraMethods,
    masking.MaskingMethods,
    matmul.MatmulMethods,
    maxPooling.MaxPoolingMethods,
    newTensors.NewTensorMethods,
    nllLoss.NllLossMethods,
    normalization.NormalizationMethods,
    orderStatistics.OrderStatisticsMethods,
    padding.PaddingMethods,
    products.ProductMethods,
    reduction.ReductionMethods,
    resize.ResizeMethods,
    scatter.ScatterMethods,
    shape.ShapeMethods,
    slicing.SlicingMethods,
    softmax.SoftmaxMethods,
    sorting.SortingMethods,
    variance.VarianceMethods,
    constantPadding.ConstantPaddingMethods,
    covariance.CovarianceMethods,
    diagonalMatrices.DiagonalMatrixMethods,
    diagonals.DiagonalMethods,
    differences.DifferencesMethods,
    dimensions.DimensionMethods,
    geometry.GeometryMethods,
    histogram.HistogramMethods,
    rearranging.RearrangingMethods,
    splitting.SplittingMethods,
    triangularParts.TriangleMethods,
    viewScatter.ViewScatterMethods,
    indexExpressions.IndexMethods,
    quantile.QuantileMethods,
    searching.SearchingMethods,
    unique.UniqueMethods,
    IndexPutMethods,
    CastMethods,
    SlidingMethods,
    MultinomialMethods,
    BernoulliMethods,
    randomFills.RandomMethods {}

/** For every method an operator that takes the tensor first; one that is missing or of another type does not compile. */
type MethodTable<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (self: Tensor, ...args: Args) => Result
    : never;
};

// These do not take the tensor that a method would be called on first, or only as one of several equals.
const { where, ...comparisons } = comparison;
const { cat: _cat, stack: _stack, ...joins } = joining;
const { unravelIndex: _unravelIndex, vander: _vander, ...rearrangements } = rearranging;
const { linear: _linear, ...matrixProducts } = matmul;
const { tensordot: _tensordot, ...ownProducts } = products;
const { cdist: _cdist, pdist: _pdist, ...distances } = distance;
const { luUnpack: _luUnpack, ...linear } = linearAlgebra;
const { gradient: _gradient, trapezoid: _trapezoid, trapz: _trapz, ...differencesLeft } = differences;
const { cumulativeTrapezoid: _cumulativeTrapezoid, ...ownDifferences } = differencesLeft;
const { histogramdd: _histogramdd, ...ownCounts } = histogram;
const { bucketize: _bucketize, searchsorted: _searchsorted, isin: _isin, ...ownSearches } = searching;
const { maxPool2dWithIndicesBackward: _maxPool2dBackward, ...maxPools } = maxPooling;
const { _upsampleBilinear2dAa, ...resizes } = resize;
const { polygamma, ...ownSpecialFunctions } = specialFunctions;
const { runClamp: _runClamp, ...limitMethods } = limits;

const operators = {
  ...closeness,
  ...covariance,
  ...ownDifferences,
  ...ownCounts,
  ...quantile,
  ...ownSearches,
  ...unique,
  multinomial,
  ...variance,
  ...sorting,
  ...orderStatistics,
  ...masking,
  ...indexWriting,
  ...gathering,
  ...cumulative,
  ...bitwise,
  ...exponentials,
  ...inPlaceElementwise,
  ...limitMethods,
  ...rounding,
  ...ownSpecialFunctions,
  ...trigonometry,
  ...activation,
  ...activationSmooth,
  ...adaptivePooling,
  ...asStrided,
  ...averagePooling,
  ...batchNormalization,
  ...convolution,
  ...convolutionTranspose,
  ...ctcLoss,
  ...dropout,
  ...elementwise,
  ...extremum,
  ...inPlace,
  ...indexing,
  ...maxPools,
  ...newTensors,
  ...nllLoss,
  ...normalization,
  ...padding,
  ...reduction,
  ...resizes,
  ...scatter,
  ...shape,
  ...slicing,
  ...softmax,
  ...constantPadding,
  ...diagonalMatrices,
  ...diagonals,
  ...dimensions,
  ...geometry,
  ...splitting,
  ...triangularParts,
  ...viewScatter,
  ...casts,
  ...indexExpressions,
  indexPut,
  indexPut_,
  ...rearrangements,
  ...comparisons,
  ...joins,
  ...matrixProducts,
  ...ownProducts,
  ...distances,
  ...linear,
  unfold: unfoldDimension,
  bernoulli,
  ...randomFills,
  /** `x.polygamma(n)`: the order comes first in the function. */
  polygamma: (self: Tensor, n: number): Tensor => polygamma(n, self),
  /** `x.where(condition, other)`: the condition comes second, as in PyTorch. */
  where: (self: Tensor, condition: Tensor, other: Operand): Tensor => where(condition, self, other),
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
