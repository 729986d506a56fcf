/** Sliding windows for pooling of dtypes other than float32. */

/** Where windows lie. */
export interface WindowGeometry {
  readonly planes: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
  readonly dilation: readonly [number, number];
}

/**
 * Calls `visit` for every window.
 * @param visit gets the output's position, the plane's start, the places of the window's elements in the plane, and how
 *   many places of the window lie in the image or its padding
 */
export function visitWindows(
  g: WindowGeometry,
  visit: (out: number, plane: number, places: readonly number[], padded: number) => void,
): void {
  const [top, bottom, left, right] = g.padding;
  for (let plane = 0; plane < g.planes; plane++) {
    for (let oy = 0; oy < g.outHeight; oy++) {
      for (let ox = 0; ox < g.outWidth; ox++) {
        const y0 = oy * g.stride[0] - top;
        const x0 = ox * g.stride[1] - left;
        const places: number[] = [];
        for (let i = 0; i < g.kernel[0]; i++) {
          const y = y0 + i * g.dilation[0];
          if (y < 0 || y >= g.inHeight) continue;
          for (let j = 0; j < g.kernel[1]; j++) {
            const x = x0 + j * g.dilation[1];
            if (x >= 0 && x < g.inWidth) places.push(y * g.inWidth + x);
          }
        }
        const height = Math.min(y0 + g.kernel[0], g.inHeight + bottom) - y0;
        const width = Math.min(x0 + g.kernel[1], g.inWidth + right) - x0;
        visit(
          (plane * g.outHeight + oy) * g.outWidth + ox,
          plane * g.inHeight * g.inWidth,
          places,
          height * width,
        );
      }
    }
  }
}
