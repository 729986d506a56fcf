// What tests of kernels on blocked images share.

import { expect } from 'vitest';
import { type Operand, operand } from '../../../testing/operands.ts';
import { type BlockedImage, type BlockedShape, blockedElements, geometryOf } from '../image.ts';
import { toBlocked } from '../layout.ts';

/** Fails unless the border of an image and the lanes behind its last channel hold zeros. */
export function expectPaddingZero(image: BlockedImage): void {
  const { batch, channels, height, width, border, lanes, offset, storage } = image;
  const { blocks, row, block, image: step } = geometryOf(image);
  const values = new Float32Array(storage.bytes().slice().buffer, offset * 4);
  const [top, bottom, left, right] = border;
  for (let n = 0; n < batch; n++) {
    for (let b = 0; b < blocks; b++) {
      for (let i = 0; i < height + top + bottom; i++) {
        for (let j = 0; j < width + left + right; j++) {
          const inside = i >= top && i < top + height && j >= left && j < left + width;
          const used = inside ? Math.min(lanes, channels - b * lanes) : 0;
          for (let lane = used; lane < lanes; lane++) {
            const at = n * step + b * block + i * row + j * lanes + lane;
            if (values[at] !== 0)
              expect.fail(`image ${n}, block ${b}, row ${i}, column ${j}, lane ${lane}: ${values[at]}`);
          }
        }
      }
    }
  }
}

/** A blocked image in a fenced slice, whose operand comes with it; without values all is NaN. */
export function fencedImage(
  shape: BlockedShape,
  values?: Float32Array,
): BlockedImage & { readonly fenced: Operand } {
  const fenced = operand(blockedElements(shape));
  const image = { ...shape, storage: fenced.storage, offset: fenced.offset, fenced };
  if (values) toBlocked({ x: operand(values), y: image });
  return image;
}
