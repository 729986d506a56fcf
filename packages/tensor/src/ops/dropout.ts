/** Dropout, with the very masks that PyTorch draws. */
import { defineOperator } from '../dispatcher.ts';
import type { Tensor } from '../tensor.ts';
import {
  channelMask,
  type DropoutOperator,
  type DropoutOptions,
  dropoutOperator,
  maskLike,
} from './dropout-core.ts';

export type { DropoutOperator, DropoutOptions } from './dropout-core.ts';

/** Zeros with probability p, the rest scaled by 1 / (1 - p); the input itself outside training. Canonical: (x, p, { training }). */
export const dropout: DropoutOperator = dropoutOperator({ name: 'dropout', maskOf: maskLike });

/** Drops whole channels of [N, C, L] or [C, L]. Canonical: (x, p, { training }). */
export const dropout1d: DropoutOperator = dropoutOperator({
  name: 'dropout1d',
  maskOf: channelMask('dropout1d'),
  ranks: [2, 3],
});

/** Drops whole channels of [N, C, ...] images. Canonical: (x, p, { training }). */
export const dropout2d: DropoutOperator = dropoutOperator({
  name: 'dropout2d',
  maskOf: channelMask('dropout2d'),
});

/** Drops whole channels of [N, C, D, H, W] or [C, D, H, W]. Canonical: (x, p, { training }). */
export const dropout3d: DropoutOperator = dropoutOperator({
  name: 'dropout3d',
  maskOf: channelMask('dropout3d'),
  ranks: [4, 5],
});

/**
 * Dropout for networks of selu: dropped elements become its negative limit, and mean and variance are kept. Drops
 * only if asked: `training` is false by default. Canonical: (x, p, { training }).
 */
export const alphaDropout: DropoutOperator = dropoutOperator({
  name: 'alphaDropout',
  maskOf: maskLike,
  alpha: true,
});

/** As {@link alphaDropout} of whole channels of [N, C, ...]. Canonical: (x, p, { training }). */
export const featureAlphaDropout: DropoutOperator = dropoutOperator({
  name: 'featureAlphaDropout',
  maskOf: channelMask('featureAlphaDropout'),
  alpha: true,
});

/** The gradient of dropout by a mask of ones and zeros: grad * mask * scale. Canonical: (grad, mask, scale). */
export const nativeDropoutBackward: (gradOutput: Tensor, mask: Tensor, scale: number) => Tensor =
  defineOperator({
    name: 'nativeDropoutBackward',
    composite: true,
    forward: (gradOutput: Tensor, mask: Tensor, scale: number): Tensor =>
      gradOutput.mul(mask.to(gradOutput.dtype).mul(scale)),
  });

/** Dropout as methods. */
export interface DropoutMethods {
  /** Zeros with probability p, the rest scaled by 1 / (1 - p); the input itself outside training. */
  dropout(options: DropoutOptions): Tensor;
  dropout(p?: number, training?: boolean): Tensor;
  /** Drops whole channels of [N, C, L] or [C, L]. */
  dropout1d(options: DropoutOptions): Tensor;
  dropout1d(p?: number, training?: boolean): Tensor;
  /** Drops whole channels of [N, C, ...] images. */
  dropout2d(options: DropoutOptions): Tensor;
  dropout2d(p?: number, training?: boolean): Tensor;
  /** Drops whole channels of [N, C, D, H, W] or [C, D, H, W]. */
  dropout3d(options: DropoutOptions): Tensor;
  dropout3d(p?: number, training?: boolean): Tensor;
  /** Dropout for networks of selu, which keeps mean and variance. */
  alphaDropout(options: DropoutOptions): Tensor;
  alphaDropout(p?: number, training?: boolean): Tensor;
  /** As `alphaDropout` of whole channels. */
  featureAlphaDropout(options: DropoutOptions): Tensor;
  featureAlphaDropout(p?: number, training?: boolean): Tensor;
  /** The gradient of dropout by a mask of ones and zeros. */
  nativeDropoutBackward(mask: Tensor, scale: number): Tensor;
}
