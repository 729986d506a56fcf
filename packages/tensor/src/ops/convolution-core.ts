/** Runs convolutions: floats on the engine, integers in plain loops. */
import {
  type ConvolutionNdShape,
  type ConvolutionShape,
  conv2d as engineConv2d,
  conv2dGradWeight as engineConv2dGradWeight,
  convolution as engineConvolution,
  convolutionGradBias as engineGradBias,
  convolutionGradWeight as engineGradWeight,
  convolutionTranspose as engineTranspose,
  convTranspose2d as engineTranspose2d,
  type Padding,
} from '@sconce/engine';
import { fillElements, materialize, newTensor, sliceOf } from '../access.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { integerConvolution } from './convolution-integers.ts';
import { batched, type Sides, unbatched } from './window.ts';

/** Options of convolutions as layers of the dispatcher see them: one entry for each dimension. */
export interface CanonicalConvolution {
  readonly stride: readonly number[];
  readonly padding: Sides;
  readonly dilation: readonly number[];
  readonly groups: number;
}

type FloatDType = 'float32' | 'float64' | 'float16' | 'bfloat16';

/** The geometry of a convolution or transposed convolution from images of shape `from` to those of shape `to`. */
function geometryOf(
  from: readonly number[],
  to: readonly number[],
  kernel: readonly number[],
  { stride, padding, dilation, groups }: CanonicalConvolution,
): ConvolutionNdShape {
  return {
    batch: from[0]!,
    inChannels: from[1]!,
    inSize: from.slice(2),
    outChannels: to[1]!,
    outSize: to.slice(2),
    kernel,
    stride,
    padding,
    dilation,
    groups,
  };
}

/** The same along two dimensions, in the words of the engine's `conv2d`. */
function flat(shape: ConvolutionNdShape): ConvolutionShape {
  const { batch, inChannels, inSize, outChannels, outSize, kernel, stride, padding, dilation, groups } =
    shape;
  return {
    batch,
    inChannels,
    inHeight: inSize[0]!,
    inWidth: inSize[1]!,
    outChannels,
    outHeight: outSize[0]!,
    outWidth: outSize[1]!,
    kernel: [kernel[0]!, kernel[1]!],
    stride: [stride[0]!, stride[1]!],
    padding: [...padding[0]!, ...padding[1]!] as Padding,
    dilation: [dilation[0]!, dilation[1]!],
    groups,
  };
}

function refuseEmpty(tensors: readonly Tensor[]): void {
  const empty = tensors.find((tensor) => tensor.numel() === 0);
  if (empty === undefined) return;
  fail(
    'convolution',
    'an input without elements cannot give an output with elements',
    'channels and kernels that are not empty',
    showSizes(empty.shape),
  );
}

/** The convolution of checked operands. `size` is the output's, without batch and channels. */
export function runConvolution(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  size: readonly number[],
  options: CanonicalConvolution,
): Tensor {
  const rank = size.length;
  const image = batched(x, rank);
  const output = newTensor([image.shape[0]!, weight.shape[0]!, ...size], x.dtype);
  if (output.numel() > 0) {
    refuseEmpty([image, weight]);
    const shape = geometryOf(image.shape, output.shape, weight.shape.slice(2), options);
    run({ image, weight, bias, output }, shape, 'forward');
  }
  return unbatched(x, output, rank);
}

/**
 * The transposed convolution of checked operands: the gradient of the convolution that leads from an image of `size`
 * and `channels` to one like `x`, with respect to that image.
 */
export function runTransposedConvolution(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  channels: number,
  size: readonly number[],
  options: CanonicalConvolution,
): Tensor {
  const rank = size.length;
  const image = batched(x, rank);
  const output = newTensor([image.shape[0]!, channels, ...size], x.dtype);
  if (output.numel() > 0) {
    refuseEmpty([image, weight]);
    const shape = geometryOf(image.shape, output.shape, weight.shape.slice(2), options);
    run({ image, weight, bias, output }, shape, 'transposed');
  }
  return unbatched(x, output, rank);
}

/** What both directions compute with. */
interface Operands {
  readonly image: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly output: Tensor;
}

function run(
  { image, weight, bias, output }: Operands,
  shape: ConvolutionNdShape,
  direction: 'forward' | 'transposed',
): void {
  const [x, w] = [materialize(image), materialize(weight)];
  const b = bias === null ? null : materialize(bias);
  const { dtype } = output;
  if (dtypeInfo(dtype).kind !== 'float') {
    fillElements(output, 0);
    integerConvolution({ x, w, bias: b, y: output, shape, direction });
    return;
  }
  const operands = { x: sliceOf(x), w: sliceOf(w), y: sliceOf(output), ...(b && { bias: sliceOf(b) }) };
  if (dtype === 'float32' && shape.inSize.length === 2) {
    (direction === 'forward' ? engineConv2d : engineTranspose2d)({ ...operands, ...flat(shape) });
  } else {
    const run = direction === 'forward' ? engineConvolution : engineTranspose;
    run({ ...operands, ...shape, dtype: dtype as FloatDType });
  }
}

/** The gradient of a convolution with respect to its weights; `large` is its input, `small` the output's gradient. */
export function runWeightGradient(
  large: Tensor,
  small: Tensor,
  weightShape: readonly number[],
  options: CanonicalConvolution,
): Tensor {
  const rank = weightShape.length - 2;
  const [x, dy] = [materialize(batched(large, rank)), materialize(batched(small, rank))];
  const dw = newTensor(weightShape, x.dtype);
  if (dw.numel() === 0) return dw;
  const shape = geometryOf(x.shape, dy.shape, weightShape.slice(2), options);
  const operands = { x: sliceOf(x), dy: sliceOf(dy), dw: sliceOf(dw) };
  if (x.dtype === 'float32' && rank === 2) engineConv2dGradWeight({ ...operands, ...flat(shape) });
  else engineGradWeight({ ...operands, ...shape, dtype: x.dtype as FloatDType });
  return dw;
}

/** The gradient of a float32 convolution with respect to its bias: sums over images and places. */
export function runBiasGradient(grad: Tensor, rank: number): Tensor {
  const dy = materialize(batched(grad, rank));
  const [batch, channels] = dy.shape as [number, number];
  const db = newTensor([channels], 'float32');
  const pixels = dy.shape.slice(2).reduce((all, size) => all * size, 1);
  engineGradBias({ dy: sliceOf(dy), db: sliceOf(db), batch, channels, pixels });
  return db;
}
