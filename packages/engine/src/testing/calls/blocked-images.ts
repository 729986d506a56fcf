// Channel-blocked images as operands.

import { type BlockedImage, type BlockedShape, blockedElements } from '../../kernels/blocked/image.ts';
import { fromBlocked, toBlocked } from '../../kernels/blocked/layout.ts';
import type { Slice } from '../../types.ts';
import { slice } from './operands.ts';

/** A blocked image; filled, or with whatever its memory held. */
export function blockedImage(shape: BlockedShape, filled: boolean): BlockedImage {
  const image = { ...shape, ...slice(blockedElements(shape)) };
  if (filled) toBlocked({ x: slice(shape.batch * shape.channels * shape.height * shape.width), y: image });
  return image;
}

/** A blocked image in plain layout, without what is unspecified in it. */
export function plainOf(image: BlockedImage): Slice {
  const plain = slice(image.batch * image.channels * image.height * image.width);
  fromBlocked({ x: image, y: plain });
  return plain;
}
