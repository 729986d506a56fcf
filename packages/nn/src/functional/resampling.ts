/** The older names of `interpolate` for images. */
import { type InterpolateOptions, interpolate, type Tensor } from '@sconce/tensor';

/** Options of {@link upsample}. */
export type UpsampleSize = Pick<InterpolateOptions, 'size' | 'scaleFactor'>;

/** `interpolate` under its older name (`torch.nn.functional.upsample`). */
export function upsample(x: Tensor, options: InterpolateOptions): Tensor {
  return interpolate(x, options);
}

/** The nearest elements of a resized input (`torch.nn.functional.upsample_nearest`). */
export function upsampleNearest(x: Tensor, options: UpsampleSize): Tensor {
  return interpolate(x, { ...options, mode: 'nearest' });
}

/** Bilinear resizing of images, whose corners' centres stay in place (`torch.nn.functional.upsample_bilinear`). */
export function upsampleBilinear(x: Tensor, options: UpsampleSize): Tensor {
  return interpolate(x, { ...options, mode: 'bilinear', alignCorners: true });
}
