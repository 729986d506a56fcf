// The gradient of a convolution with respect to its input, cut into convolutions of stride one: the inputs that lie a
// stride apart see the same taps.

import type { ConvolutionShape, Padding, Pair } from '../types.ts';

/** Inputs `first`, `first + step`, ... along one axis as a convolution of the output's gradient. */
interface AxisPhase {
  readonly first: number;
  readonly outputs: number;
  /** Taps of the window in the order of this convolution; none where no output depends on these inputs. */
  readonly taps: readonly number[];
  readonly dilation: number;
  /** May be negative: outputs that nothing here depends on. */
  readonly before: number;
  readonly after: number;
}

/** One convolution. */
export interface Phase {
  readonly shape: ConvolutionShape;
  /** The window's tap of each tap of the convolution. */
  readonly order: readonly number[];
  /** First input. */
  readonly first: Pair;
}

/** The convolutions of one group (or of all channels, if depthwise) that make up the gradient; their inputs are the forward's
 * outputs. */
export function inputGradientPhases(p: ConvolutionShape): Phase[] {
  const rows = axisPhases(p, 0);
  const columns = axisPhases(p, 1);
  return rows.flatMap((row) =>
    columns.map((column): Phase => {
      const padding: Padding = [row.before, row.after, column.before, column.after];
      return {
        shape: {
          batch: p.batch,
          inChannels: p.outChannels / p.groups,
          inHeight: p.outHeight,
          inWidth: p.outWidth,
          outChannels: p.inChannels / p.groups,
          outHeight: row.outputs,
          outWidth: column.outputs,
          kernel: [row.taps.length, column.taps.length],
          stride: [1, 1],
          padding,
          dilation: [row.dilation, column.dilation],
          groups: 1,
        },
        order: row.taps.flatMap((r) => column.taps.map((s) => r * p.kernel[1] + s)),
        first: [row.first, column.first],
      };
    }),
  );
}

function axisPhases(p: ConvolutionShape, axis: 0 | 1): AxisPhase[] {
  const [inputs, outputs] = axis === 0 ? [p.inHeight, p.outHeight] : [p.inWidth, p.outWidth];
  const [stride, dilation, before] = [p.stride[axis], p.dilation[axis], p.padding[2 * axis]!];
  return Array.from({ length: Math.min(stride, inputs) }, (_, first) => {
    // Input `first + stride * j` meets output `j + shift` at a tap, for one shift a tap; shifts ascend, so taps descend.
    const taps = [...Array(p.kernel[axis]).keys()]
      .filter((tap) => (first + before - tap * dilation) % stride === 0)
      .reverse();
    const shifts = taps.map((tap) => (first + before - tap * dilation) / stride);
    const count = Math.ceil((inputs - first) / stride);
    const step = shifts.length > 1 ? shifts[1]! - shifts[0]! : 1;
    const start = shifts[0] ?? 0;
    const reach = count + (taps.length - 1) * step;
    return { first, outputs: count, taps, dilation: step, before: -start, after: reach + start - outputs };
  });
}
