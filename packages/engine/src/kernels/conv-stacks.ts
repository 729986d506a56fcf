// Small images of a batch one above the other in one blocked image, so that weights are read once for many of them. The rows
// between them are zeros, which serve as the padding below one image and above the next.

import { part } from '../runtime/region.ts';
import type { ConvolutionShape } from '../types.ts';
import type { BlockedView } from './blocked/image.ts';

/** Images that are convolved together. It depends on their shape alone: tiles lie elsewhere in a stack, and round otherwise. */
export interface Stack {
  /** How many; the last stack of a batch may have fewer. */
  readonly images: number;
  /** Rows of the input from one image to the next, a multiple of the stride. */
  readonly pitch: number;
}

/** Outputs of a stack, about: enough for products to run at full speed. */
const STACK_PIXELS = 1024;
/** Outputs of an image from which it is convolved alone. */
const ALONE_PIXELS = 400;

/**
 * The stack for convolutions that read the same images.
 *
 * @param least rows of the input at least from one image to the next
 */
export function stackOf(shapes: readonly ConvolutionShape[], least: number = 1): Stack {
  const stride = shapes[0]?.stride[0] ?? 1;
  const rows = Math.max(least, ...shapes.map(rowsOf));
  const pitch = Math.ceil(rows / stride) * stride;
  const pixels = Math.max(1, ...shapes.map(({ outHeight, outWidth }) => outHeight * outWidth));
  const batch = shapes[0]?.batch ?? 1;
  const empty = shapes.some(({ inHeight, inWidth }) => inHeight * inWidth === 0);
  if (empty || pixels >= ALONE_PIXELS || batch <= 1) return { images: 1, pitch };
  const stacks = Math.max(1, Math.round((batch * pixels) / STACK_PIXELS));
  return { images: Math.ceil(batch / stacks), pitch };
}

/** Rows that an image takes with the zeros that it shares with the next. */
function rowsOf({ inHeight, outHeight, kernel, stride, dilation, padding }: ConvolutionShape): number {
  const last = (outHeight - 1) * stride[0] - padding[0] + (kernel[0] - 1) * dilation[0];
  return Math.max(inHeight + Math.max(0, last - (inHeight - 1), padding[0]), outHeight * stride[0]);
}

/** Rows from the first of the first image to the last of the last one. */
export function stackedRows(images: number, pitch: number, height: number): number {
  return (images - 1) * pitch + height;
}

/** One image of a stack. Its border is what is the stack's, and the rows below it up to the next image. */
export function stackedImage(
  stack: BlockedView,
  at: { readonly index: number; readonly images: number; readonly pitch: number; readonly height: number },
): BlockedView {
  const { index, images, pitch, height } = at;
  const [above, below, left, right] = stack.border;
  const top = index === 0 ? above : 0;
  const bottom = index === images - 1 ? below : pitch - height;
  const { row, lanes, region } = stack;
  const first = index === 0 ? 0 : (above + index * pitch) * row;
  const border = [top, bottom, left, right] as const;
  return { ...stack, height, border, origin: top * row + left * lanes, region: part(region, first) };
}
