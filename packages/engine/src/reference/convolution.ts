// The judges of the convolutions: seven nested loops, accumulated in float64.

import type { Activation, ConvolutionShape } from '../types.ts';
import { activationOf } from './elementwise.ts';

interface Arrays {
  x: Float32Array;
  w: Float32Array;
  bias?: Float32Array | undefined;
  residual?: Float32Array | undefined;
  y: Float32Array;
  activation?: Activation | undefined;
}

/** Calls `visit` for every pair of an image pixel and a map pixel that a tap of the kernel joins. */
function taps(p: ConvolutionShape, image: Pairing, visit: (at: Tap) => void): void {
  for (let r = 0; r < p.kernel[0]; r++) {
    for (let s = 0; s < p.kernel[1]; s++) {
      for (let oy = 0; oy < image.mapHeight; oy++) {
        for (let ox = 0; ox < image.mapWidth; ox++) {
          const iy = oy * p.stride[0] - p.padding[0] + r * p.dilation[0];
          const ix = ox * p.stride[1] - p.padding[2] + s * p.dilation[1];
          if (iy < 0 || ix < 0 || iy >= image.height || ix >= image.width) continue;
          visit({
            image: iy * image.width + ix,
            map: oy * image.mapWidth + ox,
            tap: r * p.kernel[1] + s,
          });
        }
      }
    }
  }
}

interface Pairing {
  height: number;
  width: number;
  mapHeight: number;
  mapWidth: number;
}

interface Tap {
  image: number;
  map: number;
  tap: number;
}

/** Cross-correlation of NCHW images, as PyTorch's conv2d. */
export function referenceConv2d(p: ConvolutionShape & Arrays): void {
  const inPlane = p.inHeight * p.inWidth;
  const outPlane = p.outHeight * p.outWidth;
  const inGroup = p.inChannels / p.groups;
  const outGroup = p.outChannels / p.groups;
  const area = p.kernel[0] * p.kernel[1];
  const activate = activationOf(p.activation);
  const pairing = { height: p.inHeight, width: p.inWidth, mapHeight: p.outHeight, mapWidth: p.outWidth };
  const plane = new Float64Array(outPlane);
  for (let b = 0; b < p.batch; b++) {
    for (let o = 0; o < p.outChannels; o++) {
      plane.fill(p.bias?.[o] ?? 0);
      const first = Math.floor(o / outGroup) * inGroup;
      for (let i = 0; i < inGroup; i++) {
        const x = (b * p.inChannels + first + i) * inPlane;
        const w = (o * inGroup + i) * area;
        taps(p, pairing, (at) => {
          plane[at.map]! += p.x[x + at.image]! * p.w[w + at.tap]!;
        });
      }
      const y = (b * p.outChannels + o) * outPlane;
      for (let n = 0; n < outPlane; n++) {
        p.y[y + n] = activate(Math.fround(plane[n]! + (p.residual?.[y + n] ?? 0)));
      }
    }
  }
}

/** The gradient of a convolution as an operator of its own, as PyTorch's conv_transpose2d. */
export function referenceConvTranspose2d(p: ConvolutionShape & Arrays): void {
  const inPlane = p.inHeight * p.inWidth;
  const outPlane = p.outHeight * p.outWidth;
  const inGroup = p.inChannels / p.groups;
  const outGroup = p.outChannels / p.groups;
  const area = p.kernel[0] * p.kernel[1];
  const activate = activationOf(p.activation);
  const pairing = { height: p.outHeight, width: p.outWidth, mapHeight: p.inHeight, mapWidth: p.inWidth };
  const plane = new Float64Array(outPlane);
  for (let b = 0; b < p.batch; b++) {
    for (let o = 0; o < p.outChannels; o++) {
      plane.fill(p.bias?.[o] ?? 0);
      const group = Math.floor(o / outGroup);
      for (let i = 0; i < inGroup; i++) {
        const channel = group * inGroup + i;
        const x = (b * p.inChannels + channel) * inPlane;
        const w = (channel * outGroup + (o % outGroup)) * area;
        taps(p, pairing, (at) => {
          plane[at.image]! += p.x[x + at.map]! * p.w[w + at.tap]!;
        });
      }
      const y = (b * p.outChannels + o) * outPlane;
      for (let n = 0; n < outPlane; n++) p.y[y + n] = activate(Math.fround(plane[n]!));
    }
  }
}

/** The gradient of `referenceConv2d` with respect to its weights; `x` and `dy` as in the forward. */
export function referenceConv2dGradWeight(
  p: ConvolutionShape & { x: Float32Array; dy: Float32Array; dw: Float32Array },
): void {
  const inPlane = p.inHeight * p.inWidth;
  const outPlane = p.outHeight * p.outWidth;
  const inGroup = p.inChannels / p.groups;
  const outGroup = p.outChannels / p.groups;
  const area = p.kernel[0] * p.kernel[1];
  const pairing = { height: p.inHeight, width: p.inWidth, mapHeight: p.outHeight, mapWidth: p.outWidth };
  const sums = new Float64Array(area);
  for (let o = 0; o < p.outChannels; o++) {
    const first = Math.floor(o / outGroup) * inGroup;
    for (let i = 0; i < inGroup; i++) {
      sums.fill(0);
      for (let b = 0; b < p.batch; b++) {
        const x = (b * p.inChannels + first + i) * inPlane;
        const dy = (b * p.outChannels + o) * outPlane;
        taps(p, pairing, (at) => {
          sums[at.tap]! += p.x[x + at.image]! * p.dy[dy + at.map]!;
        });
      }
      p.dw.set(Float32Array.from(sums), (o * inGroup + i) * area);
    }
  }
}
