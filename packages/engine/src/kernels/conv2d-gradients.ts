// The gradients of 2-D convolution of plain images with respect to its input, weights and bias.

import { checkWindows, convolutionElements, convolutionSizes } from '../convolution-operands.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { withScratch } from '../runtime/executor.ts';
import { floatsOf, type Region } from '../runtime/region.ts';
import type { ConvolutionShape, Slice } from '../types.ts';
import { inputGradient } from './conv-grad-input.ts';
import { weightGradient } from './conv-grad-weight.ts';
import { reduce } from './reduce.ts';

/** Parameters of {@link conv2dGradInput}; the shape is the forward convolution's. */
export interface Conv2dGradInputParameters extends ConvolutionShape {
  /** Gradient of the output, `[batch, outChannels, outHeight, outWidth]`. */
  readonly dy: Slice;
  /** `[outChannels, inChannels / groups, kernel height, kernel width]`. */
  readonly w: Slice;
  /** Gets the gradient of the input. */
  readonly dx: Slice;
  /** Forbids Winograd's methods, which round differently. */
  readonly exact?: boolean;
}

/** Parameters of {@link conv2dGradWeight}; the shape is the forward convolution's. */
export interface Conv2dGradWeightParameters extends ConvolutionShape {
  readonly x: Slice;
  /** Gradient of the output. */
  readonly dy: Slice;
  /** Gets the gradient of the weights. */
  readonly dw: Slice;
  /** Forbids Winograd's methods, which round differently. */
  readonly exact?: boolean;
}

/** Parameters of {@link convolutionGradBias}. */
export interface ConvolutionGradBiasParameters {
  /** Gradient of the output, `[batch, channels, pixels]`. */
  readonly dy: Slice;
  /** Gets the gradient of the bias, of length `channels`. */
  readonly db: Slice;
  readonly batch: number;
  readonly channels: number;
  /** Pixels of an image. */
  readonly pixels: number;
}

/**
 * The gradient of `conv2d` with respect to its input, float32: convolutions of `dy` of stride one with the windows turned
 * round, one for each of the inputs that lie a stride apart. Winograd's methods are used where they are faster.
 *
 * @throws EngineError when sizes are invalid, windows leave the padded image, or a slice is too small.
 */
export function conv2dGradInput(p: Conv2dGradInputParameters): void {
  const name = 'conv2dGradInput';
  const elements = checked(name, p);
  const operand = (key: 'dy' | 'w' | 'dx', size: number): Region => regionOf(name, key, p[key], size);
  const operands = {
    dy: operand('dy', elements.y),
    w: operand('w', elements.w),
    dx: operand('dx', elements.x),
  };
  if (elements.x > 0) inputGradient({ shape: p, ...operands, exact: p.exact });
}

/**
 * The gradient of `conv2d` with respect to its weights, float32: sums over pixels in blocks, over Winograd's tiles where that
 * is faster.
 *
 * @throws EngineError when sizes are invalid, windows leave the padded image, or a slice is too small.
 */
export function conv2dGradWeight(p: Conv2dGradWeightParameters): void {
  const name = 'conv2dGradWeight';
  const elements = checked(name, p);
  const operand = (key: 'x' | 'dy' | 'dw', size: number): Region => regionOf(name, key, p[key], size);
  const operands = {
    x: operand('x', elements.x),
    dy: operand('dy', elements.y),
    dw: operand('dw', elements.w),
  };
  // Without pixels there is nothing to sum up.
  if (elements.y === 0 || elements.x === 0) floatsOf(operands.dw).fill(0);
  else weightGradient({ shape: p, ...operands, exact: p.exact });
}

function checked(name: string, p: ConvolutionShape): ReturnType<typeof convolutionElements> {
  convolutionSizes(name, p);
  checkWindows(name, p, [p.inHeight, p.inWidth], [p.outHeight, p.outWidth]);
  return convolutionElements(p);
}

/**
 * The gradient of a convolution of any rank with respect to its bias, float32: sums over images and pixels.
 * @throws EngineError when sizes are invalid or a slice is too small.
 */
export function convolutionGradBias({
  dy,
  db,
  batch,
  channels,
  pixels,
}: ConvolutionGradBiasParameters): void {
  const name = 'convolutionGradBias';
  checkSizes(name, { batch, channels, pixels });
  regionOf(name, 'dy', dy, batch * channels * pixels);
  regionOf(name, 'db', db, channels);
  withScratch(batch * channels, ({ storage }) => {
    const sums: Slice = { storage: storage!, offset: 0 };
    reduce({ op: 'sum', x: dy, y: sums, outer: batch * channels, size: pixels, inner: 1 });
    reduce({ op: 'sum', x: sums, y: db, outer: 1, size: batch, inner: channels });
  });
}
