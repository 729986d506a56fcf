// Whether a convolution is computed along lines of pixels: an estimate of what that takes beside blocks of channels.

import { executor } from '../runtime/executor.ts';
import type { ConvolutionShape } from '../types.ts';
import type { Conv2dMethod } from './blocked/method.ts';
import { isWinograd } from './blocked/method.ts';
import { isPointwise } from './conv-gemm.ts';
import { lineShare } from './conv-lines.ts';
import { paddedPlane } from './padded-plane.ts';

/** Most taps along a line, which are unrolled. */
const MOST_TAPS = 16;

/** Bytes of a group's padded planes, which stay in the second-level cache. */
const MOST_BYTES = 256 * 1024;

/** Planes side by side from which threads take whole ones, and multiply-adds that one thread may do where there are fewer. */
const MANY_PLANES = 8;
const FEW_PRODUCTS = 3e6;

/** Multiply-adds of one vector that changing the layout of an image takes, with the calls for it. */
const LAYOUT = { images: 42_000, weights: 28_000 } as const;

/** Share of its multiply-adds' speed that each reaches: sums for weights load nearly as often as they multiply. */
const SPEED = { images: 1, weights: 0.6 } as const;

/** What Winograd's methods gain. */
const WINOGRAD = 1.5;

/** Tiles of planar sums that keep the multiply-add units busy. */
const BUSY_TAPS = 5;

/**
 * Whether lanes along lines are faster than lanes of channels: `images` for a convolution or a gradient of its input, `weights`
 * for that of its weights. Lines are shared by channels and leave lanes idle where they do not fill vectors; blocks, which
 * `method` would read, where channels do not, and images are brought into blocks one by one.
 */
export function linesPay(shape: ConvolutionShape, method: Conv2dMethod, of: 'images' | 'weights'): boolean {
  const { batch, groups, kernel, outHeight, outWidth } = shape;
  if (isPointwise(shape) || shape.stride.some((step) => step !== 1) || kernel[1] > MOST_TAPS) return false;
  if (outHeight === 1 || shape.padding.some((size) => size < 0)) return false;
  const [inputs, outputs] = [shape.inChannels / groups, shape.outChannels / groups];
  const lanes = executor().target.lanes('f32');
  if (inputs * paddedPlane(shape, lanes).elements * 4 > MOST_BYTES) return false;
  const filled = (size: number): number => size / (Math.ceil(size / lanes) * lanes);
  const products = inputs * outputs * kernel[0] * kernel[1] * outHeight * outWidth;
  if (batch * groups < MANY_PLANES && batch * groups * products > FEW_PRODUCTS) return false;
  const vectors = products / lanes;
  const share = of === 'images' ? lineShare(shape).share : filled(outWidth);
  const alongLines = vectors / (share * SPEED[of]);
  const planar = method === 'planar';
  const busy = planar && of === 'weights' ? Math.min(1, kernel[1] / BUSY_TAPS) : 1;
  const gain = isWinograd(method) ? WINOGRAD : 1;
  return alongLines < vectors / ((planar ? busy : filled(inputs)) * filled(outputs) * gain) + LAYOUT[of];
}
