// The words the engine's callers use: slices of storages and the parameters of every kernel.

import type { Storage } from './memory/storage.ts';

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

/** Parameters of {@link gemm}. */
export interface GemmParameters {
  /** `m x k`, or `k x m` when `transA`. */
  readonly a: Slice;
  /** `k x n`, or `n x k` when `transB`. */
  readonly b: Slice;
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
  /** `[outChannels, inChannels / groups, kernel height, kernel width]`. */
  readonly w: Slice;
  /** Length `outChannels`. */
  readonly bias?: Slice;
  readonly y: Slice;
  readonly activation?: Activation;
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
}

/** Parameters of {@link pool2d}. */
export interface Pool2dParameters {
  readonly kind: 'max' | 'average';
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

/** Parameters of {@link elementwise}. */
export interface ElementwiseParameters {
  readonly op: UnaryOp | BinaryOp;
  /** One slice for a unary operation, two for a binary one; strides match `shape`. */
  readonly inputs: readonly StridedSlice[];
  readonly output: StridedSlice;
  readonly shape: readonly number[];
  /** Numbers the operation takes besides its inputs; each operation's table entry names them. */
  readonly parameters?: readonly number[];
  readonly activation?: Activation;
}

/** Parameters of {@link copyStrided}; offsets and strides count elements of `elementBytes` bytes. */
export interface CopyStridedParameters {
  readonly from: StridedSlice;
  readonly to: StridedSlice;
  readonly shape: readonly number[];
  readonly elementBytes: 1 | 2 | 4 | 8;
}

/** What {@link reduce} makes of the elements along `size`. */
export type ReduceOp = 'sum' | 'mean' | 'max' | 'min' | 'prod';

/** Parameters of {@link reduce}: `x[outer, size, inner]` becomes `y[outer, inner]`. */
export interface ReduceParameters {
  readonly op: ReduceOp;
  readonly x: Slice;
  readonly y: Slice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Parameters of {@link softmax}: along `size` of `x[outer, size, inner]`. */
export interface SoftmaxParameters {
  readonly x: Slice;
  readonly y: Slice;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** The logarithm of the softmax instead. */
  readonly log?: boolean;
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

/**
 * Operations of one input. `parameters`: clamp `[min, max]`, leakyRelu `[negativeSlope]`, elu `[alpha]`,
 * softplus `[beta, threshold]`, hardtanh is clamp. `gelu` is the exact one, `geluTanh` its approximation.
 */
export type UnaryOp =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'trunc'
  | 'sqrt'
  | 'rsqrt'
  | 'reciprocal'
  | 'exp'
  | 'log'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'erf'
  | 'sigmoid'
  | 'softplus'
  | 'relu'
  | 'leakyRelu'
  | 'clamp'
  | 'hardswish'
  | 'hardsigmoid'
  | 'elu'
  | 'silu'
  | 'mish'
  | 'gelu'
  | 'geluTanh';

/** Operations of two inputs. `add` and `sub` take `parameters` `[alpha]`, the factor of the second input. */
export type BinaryOp = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum' | 'pow';
