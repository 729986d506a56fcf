/** Convolutions of integers, which the engine has no kernels for. They wrap around as C's do. */
import type { ConvolutionNdShape } from '@sconce/engine';
import { flatElements } from '../access.ts';
import type { Tensor } from '../tensor.ts';

/** Elements of one dtype. Those of int64 are bigints, with which the same operations work. */
interface Elements {
  [index: number]: number;
}

/** Dense operands of a convolution; `y` is filled with zeros. */
export interface IntegerConvolution {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly bias: Tensor | null;
  readonly y: Tensor;
  /** From `x` to `y`. */
  readonly shape: ConvolutionNdShape;
  /** Whether `y` has the places of windows, or, transposed, `x` has them. */
  readonly direction: 'forward' | 'transposed';
}

/** A list for one to three dimensions as one for three. */
const inThree = <T>(values: readonly T[], fill: T): [T, T, T] =>
  [...new Array<T>(3 - values.length).fill(fill), ...values] as [T, T, T];

/** Adds a convolution, or a transposed one, of integers to `y`. */
export function integerConvolution({ x, w, bias, y, shape, direction }: IntegerConvolution): void {
  const forward = direction === 'forward';
  const { batch, groups, inChannels, outChannels } = shape;
  const [from, weights, to] = [x, w, y].map((tensor) => flatElements(tensor) as unknown as Elements) as [
    Elements,
    Elements,
    Elements,
  ];
  const multiply = y.dtype === 'int64' ? (p: number, q: number): number => p * q : Math.imul;
  const [inSize, outSize] = [inThree(shape.inSize, 1), inThree(shape.outSize, 1)];
  const [large, small] = forward ? [inSize, outSize] : [outSize, inSize];
  const [largeChannels, smallChannels] = forward ? [inChannels, outChannels] : [outChannels, inChannels];
  const kernel = inThree(shape.kernel, 1);
  const stride = inThree(shape.stride, 1);
  const dilation = inThree(shape.dilation, 1);
  const before = inThree(
    shape.padding.map(([first]) => first),
    0,
  );
  const [largeGroup, smallGroup] = [largeChannels / groups, smallChannels / groups];
  const [largePlane, smallPlane] = [large[0] * large[1] * large[2], small[0] * small[1] * small[2]];
  let tap = 0;
  for (let n = 0; n < batch; n++) {
    tap = 0;
    for (let channel = 0; channel < smallChannels; channel++) {
      const first = Math.floor(channel / smallGroup) * largeGroup;
      for (let c = first; c < first + largeGroup; c++) {
        const image = (n * largeChannels + c) * largePlane;
        const windows = (n * smallChannels + channel) * smallPlane;
        for (let k0 = 0; k0 < kernel[0]; k0++) {
          for (let k1 = 0; k1 < kernel[1]; k1++) {
            for (let k2 = 0; k2 < kernel[2]; k2++, tap++) {
              const weight = weights[tap]!;
              for (let o0 = 0; o0 < small[0]; o0++) {
                const i0 = o0 * stride[0] - before[0] + k0 * dilation[0];
                if (i0 < 0 || i0 >= large[0]) continue;
                for (let o1 = 0; o1 < small[1]; o1++) {
                  const i1 = o1 * stride[1] - before[1] + k1 * dilation[1];
                  if (i1 < 0 || i1 >= large[1]) continue;
                  const line = image + (i0 * large[1] + i1) * large[2];
                  const places = windows + (o0 * small[1] + o1) * small[2];
                  for (let o2 = 0; o2 < small[2]; o2++) {
                    const i2 = o2 * stride[2] - before[2] + k2 * dilation[2];
                    if (i2 < 0 || i2 >= large[2]) continue;
                    if (forward) to[places + o2]! += multiply(from[line + i2]!, weight);
                    else to[line + i2]! += multiply(from[places + o2]!, weight);
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  if (bias === null) return;
  const shifts = flatElements(bias) as unknown as Elements;
  const plane = forward ? smallPlane : largePlane;
  for (let i = 0, at = 0; i < batch * outChannels; i++) {
    const shift = shifts[i % outChannels]!;
    for (let n = 0; n < plane; n++) to[at++]! += shift;
  }
}
