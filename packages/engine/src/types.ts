// The words the engine's callers use: slices of storages and the parameters of every kernel.

import type { EngineDType } from './dtype.ts';
import type { FloatDType } from './float-type.ts';
import type { PackedConvolution } from './kernels/conv-packed.ts';
import type { Storage } from './memory/storage.ts';

export type { Condition, Expression } from './elementwise-types.ts';

/** Elements of a storage from `offset` on; the offset counts elements of the kernel's type, not bytes. */
export interface Slice {
  readonly storage: Storage;
  readonly offset: number;
}

/** A slice read or written with strides, counted in elements; a stride of 0 repeats (broadcasts). */
export interface StridedSlice extends Slice {
  readonly strides: readonly number[];
}

/** What a kernel does to its results before it stores them. NaN stays NaN. */
export type Activation =
  | { readonly kind: 'relu' }
  | { readonly kind: 'clamp'; readonly min: number; readonly max: number };

/** Height and width. */
export type Pair = readonly [height: number, width: number];
/** Padding of an image's four sides. */
export type Padding = readonly [top: number, bottom: number, left: number, right: number];

/** Element types of matrix products. */
export type GemmDType = 'float32' | 'float64';

/** Parameters of {@link gemm}. */
export interface GemmParameters {
  /** `m x k`, or `k x m` when `transA`; or packed ahead, which settles `transA` and `lda`. */
  readonly a: Slice | PackedGemmOperand;
  /** `k x n`, or `n x k` when `transB`; or packed ahead. */
  readonly b: Slice | PackedGemmOperand;
  /** `m x n`. */
  readonly c: Slice;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Elements from one row of `a` as stored to the next; dense by default. */
  readonly lda?: number;
  readonly ldb?: number;
  readonly ldc?: number;
  /** Factor of the product; 1 by default. */
  readonly alpha?: number;
  /** Factor of what `c` held before; 0 by default, and then `c` is not read. */
  readonly beta?: number;
  /** Length `n`, added to each row. */
  readonly bias?: Slice;
  /** Length `m`, added to each column. */
  readonly rowBias?: Slice;
  readonly activation?: Activation;
  /** Of all operands; `float32` by default. */
  readonly dtype?: GemmDType;
  /** Computes as many products as `shape` has elements; one by default. */
  readonly batch?: GemmBatch;
}

/** How the matrices of a batch of products follow each other: a stride for each dimension, 0 where one matrix serves all. */
export interface GemmBatch {
  readonly shape: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly c: readonly number[];
}

/** Parameters of {@link packGemmOperand}: either operand, as `gemm` would be given it. */
export type PackGemmOperandParameters =
  | {
      readonly a: Slice;
      readonly b?: undefined;
      readonly m: number;
      readonly k: number;
      readonly transA?: boolean;
      readonly lda?: number;
      readonly dtype?: GemmDType;
    }
  | {
      readonly a?: undefined;
      readonly b: Slice;
      readonly n: number;
      readonly k: number;
      readonly transB?: boolean;
      readonly ldb?: number;
      readonly dtype?: GemmDType;
    };

/** An operand of {@link gemm} in the order in which the chosen target reads it. */
export interface PackedGemmOperand {
  readonly operand: 'a' | 'b';
  /** Rows of `a`, or columns of `b`. */
  readonly lines: number;
  readonly k: number;
  readonly dtype: GemmDType;
  readonly byteLength: number;
  /** Gives its memory back. */
  dispose(): void;
}

/** What convolutions of both directions have in common. All images are NCHW. */
export interface ConvolutionShape {
  readonly batch: number;
  readonly inChannels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

/** Parameters of {@link conv2d}. */
export interface Conv2dParameters extends ConvolutionShape {
  readonly x: Slice;
  /** `[outChannels, inChannels / groups, kernel height, kernel width]`, or what `packConvolutionWeights` made of it. */
  readonly w: Slice | PackedConvolution;
  /** Length `outChannels`; packed weights hold it already. */
  readonly bias?: Slice;
  readonly y: Slice;
  /** Added before the activation; of the extent of `y`. */
  readonly residual?: Slice;
  readonly activation?: Activation;
  /** Forbids Winograd's methods, which round differently. */
  readonly exact?: boolean;
}

/** Parameters of {@link convTranspose2d}. */
export interface ConvTranspose2dParameters extends ConvolutionShape {
  readonly x: Slice;
  /** `[inChannels, outChannels / groups, kernel height, kernel width]`. */
  readonly w: Slice;
  /** Length `outChannels`. */
  readonly bias?: Slice;
  readonly y: Slice;
  /** Rows and columns added at the bottom and right of the output, part of `outHeight` and `outWidth`. */
  readonly outputPadding?: Pair;
  readonly activation?: Activation;
  /** Forbids Winograd's methods, which round differently. */
  readonly exact?: boolean;
}

/** Parameters of {@link pool2d}. */
export interface Pool2dParameters {
  readonly kind: 'max' | 'average';
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  readonly x: Slice;
  readonly y: Slice;
  /** For `max`: int64 positions of the maxima in their planes (row * inWidth + column), as PyTorch's. */
  readonly indices?: Slice;
  /** Images times channels. */
  readonly planes: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  /** For `max` only; 1 by default. */
  readonly dilation?: Pair;
  /** For `average`: whether padding counts in the divisor; true by default, as in PyTorch. */
  readonly countIncludePad?: boolean;
  /** For `average`: the divisor, instead of the number of elements. */
  readonly divisor?: number;
}

/** Parameters of {@link copyStrided}; offsets and strides count elements of `elementBytes` bytes. */
export interface CopyStridedParameters {
  readonly from: StridedSlice;
  readonly to: StridedSlice;
  readonly shape: readonly number[];
  readonly elementBytes: 1 | 2 | 4 | 8;
}

/** What {@link reduce} makes of the elements along `size`. */
export type ReduceOp = 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'norm1' | 'norm2' | 'any' | 'all';

/** A slice and the dtype of its elements, `float32` by default. */
export interface DTypeSlice extends Slice {
  readonly dtype?: EngineDType;
}

/** Parameters of {@link reduce}: `x[outer, size, inner]` becomes `y[outer, inner]`. */
export interface ReduceParameters {
  readonly op: ReduceOp;
  readonly x: DTypeSlice;
  readonly y: DTypeSlice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Parameters of {@link softmax}: along `size` of `x[outer, size, inner]`. */
export interface SoftmaxParameters {
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  readonly x: Slice;
  readonly y: Slice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** The logarithm of the softmax instead. */
  readonly log?: boolean;
}

/** Parameters of {@link softmaxBackward}, all of `[outer, size, inner]`. */
export interface SoftmaxBackwardParameters {
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  /** The gradient of the result. */
  readonly dy: Slice;
  /** The result. */
  readonly y: Slice;
  /** Gets the gradient of the input; may be `dy` or `y`. */
  readonly dx: Slice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** Of the logarithm of the softmax instead. */
  readonly log?: boolean;
}

/** Parameters of {@link crossEntropyBackward}. */
export interface CrossEntropyBackwardParameters {
  /** Of all elements but the targets; `float32` by default. */
  readonly dtype?: FloatDType;
  /** Logarithms of probabilities, `[outer, classes, inner]`. */
  readonly logProbabilities: Slice;
  /** int64 classes, `[outer, inner]`. */
  readonly targets: Slice;
  /** What the loss of each target counts, `[outer, inner]`; 0 for a target that is ignored, which may then be any number. */
  readonly scales: Slice;
  /** Gets the gradient of the scores; may be `logProbabilities`. */
  readonly dx: Slice;
  readonly outer: number;
  readonly classes: number;
  readonly inner: number;
}

/** Parameters of {@link channelAffine}: `y = x * scale[channel] + shift[channel]`. */
export interface ChannelAffineParameters {
  readonly x: Slice;
  /** Length `channels`. */
  readonly scale: Slice;
  /** Length `channels`. */
  readonly shift: Slice;
  readonly y: Slice;
  readonly batch: number;
  readonly channels: number;
  /** Elements of one channel of one image. */
  readonly inner: number;
  readonly activation?: Activation;
}

// ---- normalizations

/** What normalizations of rows have in common. */
interface RowNormParameters {
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  readonly x: Slice;
  /** May be `x`. */
  readonly y: Slice;
  /** Added to the variance (or mean square). */
  readonly eps: number;
  /** Gets each row's mean, for the gradient. */
  readonly mean?: Slice;
  /** Gets one over each row's standard deviation, `eps` included, for the gradient. */
  readonly rstd?: Slice;
}

/** Parameters of {@link layerNorm}: each row of `x[outer, size]`. */
export interface LayerNormParameters extends RowNormParameters {
  readonly outer: number;
  readonly size: number;
  /** Length `size`. */
  readonly weight?: Slice;
  /** Length `size`. */
  readonly bias?: Slice;
}

/** Parameters of {@link rmsNorm}: each row of `x[outer, size]`. */
export interface RmsNormParameters extends Omit<LayerNormParameters, 'bias' | 'mean'> {}

/** Parameters of {@link groupNorm}: each group of channels of each image of `x[batch, channels, inner]`. */
export interface GroupNormParameters extends RowNormParameters {
  readonly batch: number;
  readonly channels: number;
  readonly inner: number;
  /** Divides `channels`; as many as channels is instance normalization. */
  readonly groups: number;
  /** Length `channels`. */
  readonly weight?: Slice;
  /** Length `channels`. */
  readonly bias?: Slice;
}

/** Parameters of {@link batchNormTraining}: each channel over all images of `x[batch, channels, inner]`. */
export interface BatchNormTrainingParameters {
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  readonly x: Slice;
  /** May be `x`. */
  readonly y: Slice;
  readonly batch: number;
  readonly channels: number;
  readonly inner: number;
  readonly eps: number;
  /** Length `channels`. */
  readonly weight?: Slice;
  /** Length `channels`. */
  readonly bias?: Slice;
  /** Gets each channel's mean. */
  readonly mean: Slice;
  /** Gets each channel's variance, divided by the number of elements (not one less). */
  readonly variance: Slice;
}

/** What gradients of normalizations have in common. */
interface NormBackwardParameters {
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  /** The gradient of the result. */
  readonly dy: Slice;
  readonly x: Slice;
  /** One over the standard deviations, `eps` included. */
  readonly rstd: Slice;
  readonly weight?: Slice;
  /** Gets the gradient of the input; may be `dy` or `x`. */
  readonly dx?: Slice;
  /** Gets the gradient of the weight. */
  readonly dweight?: Slice;
}

/** Parameters of {@link rmsNormBackward}: `dy`, `x` and `dx` of `[outer, size]`. */
export interface RmsNormBackwardParameters extends NormBackwardParameters {
  readonly outer: number;
  readonly size: number;
}

/** Parameters of {@link layerNormBackward}: `dy`, `x` and `dx` of `[outer, size]`. */
export interface LayerNormBackwardParameters extends RmsNormBackwardParameters {
  readonly mean: Slice;
  /** Gets the gradient of the bias. */
  readonly dbias?: Slice;
}

/** Parameters of {@link batchNormBackward}: `dy`, `x` and `dx` of `[batch, channels, inner]`, all else by channel. */
export interface BatchNormBackwardParameters extends NormBackwardParameters {
  readonly mean: Slice;
  /** Gets the gradient of the bias. */
  readonly dbias?: Slice;
  readonly batch: number;
  readonly channels: number;
  readonly inner: number;
  /** Mean and rstd are given numbers and not the batch's own: no gradient flows through them. */
  readonly fixed?: boolean;
}

/** Parameters of {@link groupNormBackward}: as {@link BatchNormBackwardParameters}, with mean and rstd of `[batch, groups]`. */
export interface GroupNormBackwardParameters extends Omit<BatchNormBackwardParameters, 'fixed'> {
  /** Divides `channels`. */
  readonly groups: number;
}

// ---- further reductions

/** Parameters of {@link variance}: along `size` of `x[outer, size, inner]`. */
export interface VarianceParameters {
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  readonly x: Slice;
  readonly y: Slice;
  /** Gets the means. */
  readonly mean?: Slice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** What is taken off the number of elements that the sum of squares is divided by: 1 by default, as in PyTorch. */
  readonly correction?: number;
  /** The standard deviation instead. */
  readonly root?: boolean;
}

/** Parameters of {@link logSumExp}: along `size` of `x[outer, size, inner]`. */
export interface LogSumExpParameters {
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  readonly x: Slice;
  readonly y: Slice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Parameters of {@link argExtremum}: along `size` of `x[outer, size, inner]`. */
export interface ArgExtremumParameters {
  readonly op: 'max' | 'min';
  readonly x: DTypeSlice;
  /** int64 positions, `[outer, inner]`. */
  readonly indices: Slice;
  /** Gets the extrema themselves, of the dtype of `x`. */
  readonly values?: Slice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

// ---- movement

/** Parameters of {@link concat}: `x[outer, size, inner]` of each input, one after the other along `size`. */
export interface ConcatParameters {
  readonly inputs: readonly { readonly x: Slice; readonly size: number }[];
  readonly y: Slice;
  readonly outer: number;
  readonly inner: number;
  readonly elementBytes: 1 | 2 | 4 | 8;
}

/** What padding is made of. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** Parameters of {@link pad}, of float32 elements. */
export interface PadParameters {
  readonly x: Slice;
  readonly y: Slice;
  readonly shape: readonly number[];
  /** Elements added before and after each dimension; negative ones are cut off. */
  readonly pads: readonly (readonly [before: number, after: number])[];
  readonly mode: PadMode;
  /** For `constant`: 0 by default. */
  readonly value?: number;
}

/** Parameters of {@link addRows}: `y[o, indices[i]] += alpha * x[o, i]` for runs of `inner` elements. */
export interface AddRowsParameters {
  /** Of `x` and `y`; `float32` by default. */
  readonly dtype?: FloatDType;
  /** `[outer, count, inner]`. */
  readonly x: Slice;
  /** `count` int64 row numbers. */
  readonly indices: Slice;
  /** `[outer, rows, inner]`. */
  readonly y: Slice;
  readonly outer: number;
  readonly rows: number;
  readonly count: number;
  readonly inner: number;
  /** 1 by default. */
  readonly alpha?: number;
}

/** Parameters of {@link gatherRows}: `y[outer, count, inner]` from `x[outer, rows, inner]`. */
export interface GatherRowsParameters {
  readonly x: Slice;
  /** int64, `count` of them. */
  readonly indices: Slice;
  readonly y: Slice;
  readonly outer: number;
  readonly rows: number;
  readonly count: number;
  readonly inner: number;
  readonly elementBytes: 1 | 2 | 4 | 8;
  /** Whether -1 is the last row, as in ONNX; otherwise it is out of range, as in PyTorch. */
  readonly negative?: boolean;
  /** Throws the caller's own error for the first index that is out of range. */
  readonly outOfRange?: ((index: bigint) => never) | undefined;
}

/** For each output place along an axis, the two input places it lies between and the weight of the second one. */
export interface ResizeTaps {
  readonly near: Int32Array;
  readonly far: Int32Array;
  readonly weight: Float32Array;
}

/** Parameters of {@link resize}: each plane of float32 elements; the taps are as many as output rows and columns. */
export interface ResizeParameters {
  /** `nearest` takes the near places only. */
  readonly mode: 'nearest' | 'linear';
  readonly x: Slice;
  readonly y: Slice;
  readonly planes: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly rows: ResizeTaps;
  readonly columns: ResizeTaps;
}

/** Element types of indices. */
export type IndexDType = 'int64' | 'int32';

/** Parameters of {@link indicesInRange}. */
export interface IndicesInRangeParameters {
  readonly indices: Slice;
  readonly count: number;
  readonly size: number;
  /** `int64` by default. */
  readonly dtype?: IndexDType;
}

/** An index that names, for each place of `shape`, a place along one dimension. */
export interface AlongIndex extends StridedSlice {
  /** `int64` by default. */
  readonly dtype?: IndexDType;
  readonly shape: readonly number[];
  readonly dim: number;
  /** Places along the dimension; below 2^31. */
  readonly size: number;
  /** Throws the caller's own error for the first index that is not from 0 to `size - 1`. */
  readonly outOfRange?: ((index: bigint) => never) | undefined;
}

/** Parameters of {@link gatherElements}; strides are over the index's shape, and `x` has `size` places along `dim`. */
export interface GatherElementsParameters {
  readonly x: StridedSlice;
  readonly y: StridedSlice;
  readonly index: AlongIndex;
  readonly elementBytes: 1 | 2 | 4 | 8;
}

/** Parameters of {@link scatterElements}; strides are over the index's shape, and `x` has `size` places along `dim`. */
export interface ScatterElementsParameters {
  readonly x: StridedSlice;
  readonly source: StridedSlice;
  readonly index: AlongIndex;
  readonly elementBytes: 1 | 2 | 4 | 8;
}

/** Element types that {@link foldElements} and {@link scan} compute in. */
export type FoldElementsDType = 'float32' | 'float64' | 'int32' | 'int64';

/** Parameters of {@link foldElements}, as those of {@link scatterElements}. */
export interface FoldElementsParameters extends Omit<ScatterElementsParameters, 'elementBytes'> {
  readonly op: 'add' | 'mul' | 'max' | 'min';
  readonly dtype: FoldElementsDType;
}

/** Parameters of {@link scan}: `y[outer, size, inner]` from `x` of the same shape, which may be the same slice. */
export interface ScanParameters {
  readonly op: 'sum' | 'prod' | 'max' | 'min';
  readonly x: Slice;
  readonly y: Slice;
  /** int64, as many as elements, for `max` and `min`: where the extremum stands, the last place of equal ones. */
  readonly indices?: Slice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** `float32` by default. */
  readonly dtype?: FoldElementsDType;
}
