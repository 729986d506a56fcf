// Padded copies of image planes: kernels that slide a window read these, so that their loops know no borders.

import type { Integer, KernelBuilder, Pointer } from '@sconce/codegen';
import type { ConvolutionShape } from '../types.ts';

/** The extent of a padded plane in elements. */
export interface PaddedPlane {
  readonly height: number;
  /** Elements from one row to the next: the padded width, and what whole vectors read beyond it. */
  readonly pitch: number;
  readonly elements: number;
}

/** The window's geometry, as convolution and pooling share it. */
export type WindowShape = Pick<
  ConvolutionShape,
  'inHeight' | 'inWidth' | 'outHeight' | 'outWidth' | 'kernel' | 'stride' | 'padding' | 'dilation'
>;

/** A plane in which every window of `p` lies inside, also when outputs are rounded up to `lanes` in a row. */
export function paddedPlane(p: WindowShape, lanes: number): PaddedPlane {
  const across = Math.ceil(p.outWidth / lanes) * lanes;
  const reach = (outputs: number, axis: 0 | 1): number =>
    (outputs - 1) * p.stride[axis] + (p.kernel[axis] - 1) * p.dilation[axis] + 1;
  const height = Math.max(reach(p.outHeight, 0), p.padding[0] + p.inHeight);
  // A stride of two loads pairs of vectors, of which the last element may belong to no window.
  const pitch = Math.max(reach(across, 1) + 1, p.padding[2] + p.inWidth);
  return { height, pitch, elements: height * pitch };
}

/**
 * Records the copy of a plane into its padded place: `height` rows of `width` elements, dense in `from`, to rows
 * `pitch` apart from `to` on, which points behind the top and left padding. `from` moves on to the next plane.
 */
export function copyPlane(
  k: KernelBuilder,
  p: { from: Pointer<'f32'>; to: Pointer<'f32'>; height: Integer; width: Integer; pitch: Integer },
): void {
  const lanes = k.lanes('f32');
  const row = k.variable(p.to);
  const tail = k.and(p.width, lanes - 1);
  k.loop(p.height, () => {
    const to = k.variable(row);
    k.loop(k.shr(p.width, Math.log2(lanes)), () => {
      k.store(k.load(p.from), to);
      k.advance(p.from, lanes);
      k.advance(to, lanes);
    });
    k.storePartial(k.loadPartial(p.from, 0, tail), to, 0, tail);
    k.advance(p.from, tail);
    k.advance(row, p.pitch);
  });
}
