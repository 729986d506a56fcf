// The judge of the pooling kernels: one window at a time.

import type { Pool3dParameters } from '../kernels/pool3d.ts';
import type { Pool2dParameters } from '../types.ts';

/** {@link pool2d} over plain arrays. */
export function referencePool2d(
  p: Omit<Pool2dParameters, 'x' | 'y' | 'indices'> & {
    x: Float32Array | Float64Array;
    y: Float32Array | Float64Array;
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

/** The elements of a volume that each window holds, `count` being what an average divides by. */
function foldWindows(
  kind: 'max' | 'average',
  x: ArrayLike<number>,
  [, height, width]: readonly number[],
  places: readonly (readonly number[])[],
  count: number,
): number {
  let [sum, largest] = [0, Number.NEGATIVE_INFINITY];
  for (const z of places[0]!) {
    for (const y of places[1]!) {
      for (const column of places[2]!) {
        const value = x[(z * height! + y) * width! + column]!;
        sum += value;
        largest = Math.max(largest, value);
      }
    }
  }
  if (kind === 'max') return largest;
  return places.some((axis) => axis.length === 0) ? 0 : sum / count;
}

/** {@link pool3d} of one volume. */
export function referencePool3d(
  p: Pick<Pool3dParameters, 'kind' | 'inSize' | 'outSize' | 'kernel' | 'stride' | 'padding'> &
    Pick<Pool3dParameters, 'dilation' | 'countIncludePad' | 'divisor'>,
  x: ArrayLike<number>,
): number[] {
  const windows = [0, 1, 2].map((d) =>
    Array.from({ length: p.outSize[d]! }, (_, i) => {
      const start = i * p.stride[d]! - p.padding[2 * d]!;
      const taps = Array.from({ length: p.kernel[d]! }, (_, tap) => start + tap * (p.dilation?.[d] ?? 1));
      const inside = taps.filter((at) => at >= 0 && at < p.inSize[d]!);
      const padded = Math.min(start + p.kernel[d]!, p.inSize[d]! + p.padding[2 * d + 1]!) - start;
      return { inside, extent: (p.countIncludePad ?? true) ? padded : inside.length };
    }),
  );
  return everyOutput(windows, (chosen) => {
    const extent = chosen.reduce((product, window) => product * window.extent, 1);
    const places = chosen.map(({ inside }) => inside);
    return foldWindows(p.kind, x, p.inSize, places, p.divisor ?? extent);
  });
}

/** {@link adaptivePool} of one volume. */
export function referenceAdaptivePool(
  kind: 'max' | 'average',
  inSize: readonly number[],
  outSize: readonly number[],
  x: ArrayLike<number>,
): number[] {
  const windows = inSize.map((size, d) =>
    Array.from({ length: outSize[d]! }, (_, i) => {
      const [start, end] = [Math.floor((i * size) / outSize[d]!), Math.ceil(((i + 1) * size) / outSize[d]!)];
      return Array.from({ length: end - start }, (_, tap) => start + tap);
    }),
  );
  return everyOutput(windows, (places) => {
    const count = places.reduce((product, { length }) => product * length, 1);
    return foldWindows(kind, x, inSize, places, count);
  });
}

/** Calls `body` for each combination of a window of each of three axes. */
function everyOutput<W>(axes: readonly (readonly W[])[], body: (chosen: readonly W[]) => number): number[] {
  const [slices, rows, columns] = axes as [W[], W[], W[]];
  return slices.flatMap((slice) =>
    rows.flatMap((row) => columns.map((column) => body([slice, row, column]))),
  );
}
