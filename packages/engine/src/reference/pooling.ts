// The judge of the pooling kernels: one window at a time.

import type { Pool2dParameters } from '../types.ts';

/** {@link pool2d} over plain arrays. */
export function referencePool2d(
  p: Omit<Pool2dParameters, 'x' | 'y' | 'indices'> & {
    x: Float32Array;
    y: Float32Array;
    indices?: BigInt64Array | undefined;
  },
): void {
  const [dilationY, dilationX] = p.dilation ?? [1, 1];
  const [top, bottom, left, right] = p.padding;
  for (let plane = 0; plane < p.planes; plane++) {
    const x = plane * p.inHeight * p.inWidth;
    for (let oy = 0; oy < p.outHeight; oy++) {
      for (let ox = 0; ox < p.outWidth; ox++) {
        const at = (plane * p.outHeight + oy) * p.outWidth + ox;
        const y0 = oy * p.stride[0] - top;
        const x0 = ox * p.stride[1] - left;
        let sum = 0;
        let count = 0;
        let largest = Number.NEGATIVE_INFINITY;
        let position = -1;
        for (let r = 0; r < p.kernel[0]; r++) {
          for (let s = 0; s < p.kernel[1]; s++) {
            const iy = y0 + r * dilationY;
            const ix = x0 + s * dilationX;
            if (iy < 0 || ix < 0 || iy >= p.inHeight || ix >= p.inWidth) continue;
            const value = p.x[x + iy * p.inWidth + ix]!;
            sum += value;
            count++;
            if (position < 0 || value > largest || Number.isNaN(value)) {
              largest = value;
              position = iy * p.inWidth + ix;
            }
          }
        }
        if (p.kind === 'max') {
          p.y[at] = largest;
          if (p.indices !== undefined) p.indices[at] = BigInt(position);
          continue;
        }
        // A window that ceil mode lets hang over the padding counts only as far as the padding goes.
        const rows = Math.min(y0 + p.kernel[0], p.inHeight + bottom) - y0;
        const columns = Math.min(x0 + p.kernel[1], p.inWidth + right) - x0;
        const divisor = p.divisor ?? ((p.countIncludePad ?? true) ? rows * columns : count);
        p.y[at] = count === 0 ? 0 : sum / divisor;
      }
    }
  }
}
