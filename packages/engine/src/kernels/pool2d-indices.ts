// Maximum pooling that also tells where each maximum was, in plain TypeScript: training needs it, inference does
// not.

import type { FloatType } from '@sconce/codegen';
import { numbersOf } from '../float-type.ts';
import { integersOf, type Region } from '../runtime/region.ts';
import type { Pair, Pool2dParameters } from '../types.ts';

/** Pools `x` into `y` and `indices`. Of equal maxima the first counts, of NaNs the last, as in PyTorch. */
export function maxPoolWithIndices(
  p: Omit<Pool2dParameters, 'x' | 'y' | 'indices' | 'dilation'> & { readonly dilation: Pair },
  operands: { x: Region; y: Region; indices: Region },
  type: FloatType,
): void {
  const [image, maxima] = [numbersOf(operands.x, type), numbersOf(operands.y, type)];
  const positions = integersOf(operands.indices);
  let y = 0;
  let indices = 0;
  for (let plane = 0; plane < p.planes; plane++) {
    const x = plane * p.inHeight * p.inWidth;
    for (let oy = 0; oy < p.outHeight; oy++) {
      for (let ox = 0; ox < p.outWidth; ox++) {
        const top = oy * p.stride[0] - p.padding[0];
        const left = ox * p.stride[1] - p.padding[2];
        let largest = Number.NEGATIVE_INFINITY;
        let position = -1;
        for (let r = 0; r < p.kernel[0]; r++) {
          const iy = top + r * p.dilation[0];
          if (iy < 0 || iy >= p.inHeight) continue;
          for (let s = 0; s < p.kernel[1]; s++) {
            const ix = left + s * p.dilation[1];
            if (ix < 0 || ix >= p.inWidth) continue;
            const value = image[x + iy * p.inWidth + ix]!;
            if (position < 0 || value > largest || Number.isNaN(value)) {
              largest = value;
              position = iy * p.inWidth + ix;
            }
          }
        }
        maxima[y++] = largest;
        positions[indices++] = position;
        positions[indices++] = position < 0 ? -1 : 0;
      }
    }
  }
}
