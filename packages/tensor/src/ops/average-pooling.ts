/** The means of sliding windows over sequences, images and volumes. */
import { cast, flatElements, newTensor } from '../access.ts';
import { bindArguments, requireFloat } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { meansBackward } from './means-backward.ts';
import { poolOnEngine } from './pooling-engine.ts';
import { integerMeans } from './pooling-loops.ts';
import {
  type AxisWindows,
  checkPoolInput,
  type PoolWindow,
  pooledSize,
  readWindow,
  slidingWindows,
} from './pooling-windows.ts';
import { imageOf, unbatched, type WindowPadding, type WindowSize } from './window.ts';

/** Options of average pooling. */
export interface AvgPoolOptions {
  readonly kernelSize: WindowSize;
  readonly stride?: WindowSize | null;
  readonly padding?: WindowPadding;
  readonly ceilMode?: boolean;
  /** Whether padding counts as elements of value 0: true by default. */
  readonly countIncludePad?: boolean;
  /** Divides sums instead of the number of elements; along two and three dimensions. */
  readonly divisorOverride?: number | null;
}
/** Options of average pooling as layers of the dispatcher see them: one entry for each dimension. */
export interface CanonicalAvgPool extends PoolWindow {
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;
}
/** Signature of average pooling. */
export interface AvgPoolOperator {
  (x: Tensor, kernelSize: WindowSize, options?: Omit<AvgPoolOptions, 'kernelSize'>): Tensor;
  (x: Tensor, options: AvgPoolOptions): Tensor;
  (
    x: Tensor,
    kernelSize: WindowSize,
    stride: WindowSize | null,
    padding?: WindowPadding,
    ceilMode?: boolean,
    countIncludePad?: boolean,
    divisorOverride?: number | null,
  ): Tensor;
}

const names = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride'] as const;

function normalize(
  operator: string,
  rank: number,
  x: Tensor,
  rest: readonly unknown[],
): [Tensor, CanonicalAvgPool] {
  const named = bindArguments<AvgPoolOptions>(operator, rank === 1 ? names.slice(0, -1) : names, rest);
  const { ceilMode = false, countIncludePad = true, divisorOverride = null } = named;
  if (divisorOverride === 0) fail(operator, 'divisor must be not zero');
  const window = readWindow(operator, rank, x, named, [1]);
  checkPoolInput(operator, rank, x, 'average');
  if (x.dtype !== 'int64') requireFloat(operator, x);
  return [x, { ...window, ceilMode, countIncludePad, divisorOverride }];
}

/** Where the windows over an input of a size lie. */
function windowsOf(operator: string, x: Tensor, options: CanonicalAvgPool): readonly AxisWindows[] {
  const size = pooledSize(operator, x, options, undefined, options.ceilMode);
  return slidingWindows(x.shape.slice(-size.length), size, options, undefined, options.countIncludePad);
}

function averagePooling(rank: number): AvgPoolOperator {
  const name = `avgPool${rank}d`;
  const operator = defineOperator({
    name,
    backwardName: `AvgPool${Math.max(rank, 2)}DBackward0`,
    normalize: (x: Tensor, ...rest: unknown[]) => normalize(name, rank, x, rest),
    forward: (x: Tensor, options: CanonicalAvgPool) => {
      const image = imageOf(x, rank);
      const size = pooledSize(name, image, options, undefined, options.ceilMode);
      const output = newTensor([...image.shape.slice(0, 2), ...size], image.dtype);
      if (output.numel() > 0) {
        const from = flatElements(image);
        if (from instanceof BigInt64Array) {
          const planes = image.shape[0]! * image.shape[1]!;
          const to = flatElements(output) as BigInt64Array;
          integerMeans(windowsOf(name, image, options), planes, from, to, options.divisorOverride);
        } else poolOnEngine('average', image, output, options);
      }
      return cast(unbatched(x, output, rank), x.dtype);
    },
    derivatives: [
      (grad, [x, options]): Tensor =>
        meansBackward(grad, windowsOf(name, x, options), options.divisorOverride, (h) =>
          operator(h, options),
        ),
    ],
  });
  return operator;
}

/**
 * Mean of each window over sequences [N, C, L] or [C, L].
 * Canonical: (x, { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride }), lists of one.
 */
export const avgPool1d: AvgPoolOperator = averagePooling(1);
/**
 * Mean of each window over images [N, C, H, W] or [C, H, W].
 * Canonical: (x, { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride }), pairs, four sides.
 */
export const avgPool2d: AvgPoolOperator = averagePooling(2);
/**
 * Mean of each window over volumes [N, C, D, H, W] or [C, D, H, W].
 * Canonical: (x, { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride }), lists of three.
 */
export const avgPool3d: AvgPoolOperator = averagePooling(3);

/** Average pooling as methods. */
export interface AveragePoolingMethods {
  /** Mean of each window over sequences. */
  avgPool1d(options: AvgPoolOptions): Tensor;
  avgPool1d(kernelSize: WindowSize, options?: Omit<AvgPoolOptions, 'kernelSize'>): Tensor;
  /** Mean of each window over images. */
  avgPool2d(options: AvgPoolOptions): Tensor;
  avgPool2d(kernelSize: WindowSize, options?: Omit<AvgPoolOptions, 'kernelSize'>): Tensor;
  /** Mean of each window over volumes. */
  avgPool3d(options: AvgPoolOptions): Tensor;
  avgPool3d(kernelSize: WindowSize, options?: Omit<AvgPoolOptions, 'kernelSize'>): Tensor;
}
