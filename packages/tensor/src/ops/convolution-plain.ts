/** Convolutions of dtypes other than float32, in plain loops. */
import type { ConvolutionShape } from '@sconce/engine';

/** Elements of one dtype. Those of int64 are bigints, with which the same operations work. */
export interface Elements {
  readonly length: number;
  [index: number]: number;
}

/** Dense elements and the geometry of a convolution; `y` is filled with zeros. */
export interface PlainConvolution extends ConvolutionShape {
  readonly x: Elements;
  readonly w: Elements;
  readonly bias: Elements | undefined;
  readonly y: Elements;
  /** The product of two elements; for int32 one that wraps around. */
  readonly multiply: (x: number, w: number) => number;
}

type Visit = (outerAt: number, innerAt: number, weightAt: number) => void;

/**
 * Visits every pair of a place in the larger image (inner) and a place in the smaller one (outer) that a kernel element
 * connects; `outer` is what the window slides over to, `weightAt` the kernel element.
 */
function visitTaps(
  p: PlainConvolution,
  image: { channels: number; height: number; width: number },
  windows: { channels: number; height: number; width: number },
  weightAt: (group: number, windowChannel: number, imageChannel: number) => number,
  visit: Visit,
): void {
  const [kernelHeight, kernelWidth] = p.kernel;
  const [top, , left] = p.padding;
  const imageGroup = image.channels / p.groups;
  const windowGroup = windows.channels / p.groups;
  const windowSize = windows.height * windows.width;
  for (let n = 0; n < p.batch; n++) {
    for (let wc = 0; wc < windows.channels; wc++) {
      const group = Math.floor(wc / windowGroup);
      for (let c = 0; c < imageGroup; c++) {
        const plane = (n * image.channels + group * imageGroup + c) * image.height * image.width;
        const weights = weightAt(group, wc % windowGroup, c) * kernelHeight * kernelWidth;
        for (let at = 0; at < windowSize; at++) {
          const row = Math.floor(at / windows.width) * p.stride[0] - top;
          const column = (at % windows.width) * p.stride[1] - left;
          const outer = (n * windows.channels + wc) * windowSize + at;
          for (let i = 0; i < kernelHeight; i++) {
            const y = row + i * p.dilation[0];
            if (y < 0 || y >= image.height) continue;
            for (let j = 0; j < kernelWidth; j++) {
              const x = column + j * p.dilation[1];
              if (x >= 0 && x < image.width)
                visit(outer, plane + y * image.width + x, weights + i * kernelWidth + j);
            }
          }
        }
      }
    }
  }
}

/** y = conv2d(x, w) + bias. */
export function plainConv2d(p: PlainConvolution): void {
  const input = { channels: p.inChannels, height: p.inHeight, width: p.inWidth };
  const output = { channels: p.outChannels, height: p.outHeight, width: p.outWidth };
  const inGroup = p.inChannels / p.groups;
  const outGroup = p.outChannels / p.groups;
  visitTaps(
    p,
    input,
    output,
    (group, o, c) => (group * outGroup + o) * inGroup + c,
    (outer, inner, weight) => {
      p.y[outer]! += p.multiply(p.x[inner]!, p.w[weight]!);
    },
  );
  addBias(p);
}

/** y = convTranspose2d(x, w) + bias. */
export function plainConvTranspose2d(p: PlainConvolution): void {
  const input = { channels: p.inChannels, height: p.inHeight, width: p.inWidth };
  const output = { channels: p.outChannels, height: p.outHeight, width: p.outWidth };
  const inGroup = p.inChannels / p.groups;
  const outGroup = p.outChannels / p.groups;
  // The roles change: windows slide over the output, one for each input place.
  visitTaps(
    p,
    output,
    input,
    (group, i, c) => (group * inGroup + i) * outGroup + c,
    (outer, inner, weight) => {
      p.y[inner]! += p.multiply(p.x[outer]!, p.w[weight]!);
    },
  );
  addBias(p);
}

function addBias(p: PlainConvolution): void {
  if (p.bias === undefined) return;
  const plane = p.outHeight * p.outWidth;
  for (let i = 0; i < p.y.length; i++) p.y[i]! += p.bias[Math.floor(i / plane) % p.outChannels]!;
}
