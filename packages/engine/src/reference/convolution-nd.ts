// The judge of convolutions along any number of dimensions: every pair of an input and an output that a tap joins.

import type { ConvolutionNdShape } from '../kernels/conv-nd-shape.ts';

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** The places of an array of some extent, one after the other. */
function* places(extent: readonly number[]): Generator<number[]> {
  const place = extent.map(() => 0);
  for (let i = 0; i < product(extent); i++) {
    let rest = i;
    for (let d = extent.length - 1; d >= 0; d--) {
      place[d] = rest % extent[d]!;
      rest = Math.floor(rest / extent[d]!);
    }
    yield place;
  }
}

/** Offset of a place, or nothing where it is outside. */
function offset(place: readonly number[], extent: readonly number[]): number | undefined {
  let sum = 0;
  for (const [d, size] of extent.entries()) {
    if (place[d]! < 0 || place[d]! >= size) return undefined;
    sum = sum * size + place[d]!;
  }
  return sum;
}

/** Calls `visit` with the offsets of every input, weight and output that belong together. */
export function eachProduct(p: ConvolutionNdShape, visit: (x: number, w: number, y: number) => void): void {
  const [inGroup, outGroup] = [p.inChannels / p.groups, p.outChannels / p.groups];
  const [inPixels, outPixels, taps] = [product(p.inSize), product(p.outSize), product(p.kernel)];
  const joined: [number, number, number][] = [];
  for (const tap of places(p.kernel)) {
    for (const at of places(p.outSize)) {
      const from = at.map((o, d) => o * p.stride[d]! - p.padding[d]![0] + tap[d]! * p.dilation[d]!);
      const pixel = offset(from, p.inSize);
      if (pixel !== undefined) joined.push([pixel, offset(tap, p.kernel)!, offset(at, p.outSize)!]);
    }
  }
  for (let image = 0; image < p.batch; image++) {
    for (let out = 0; out < p.outChannels; out++) {
      const first = Math.floor(out / outGroup) * inGroup;
      for (let i = 0; i < inGroup; i++) {
        const x = (image * p.inChannels + first + i) * inPixels;
        const w = (out * inGroup + i) * taps;
        const y = (image * p.outChannels + out) * outPixels;
        for (const [pixel, tap, output] of joined) visit(x + pixel, w + tap, y + output);
      }
    }
  }
}
