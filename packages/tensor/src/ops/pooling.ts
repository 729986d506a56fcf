/** Pooling of images: largest and mean values of sliding windows. */
import { pool2d } from '@sconce/engine';
import { cast, flatBigints, flatElements, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor, pairArgument, requireFloat } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { ValuesAndIndices } from './extremum.ts';
import { visitWindows, type WindowGeometry } from './pooling-plain.ts';
import {
  checkPair,
  flatSides,
  imageOf,
  type Padding2d,
  type Sides,
  type Size2d,
  sidesOf,
  unbatched,
} from './window.ts';

/** Options of {@link maxPool2d}. */
export interface MaxPool2dOptions {
  readonly kernelSize: Size2d;
  /** The kernel size by default. */
  readonly stride?: Size2d | null;
  readonly padding?: Padding2d;
  readonly dilation?: Size2d;
  /** Windows may go over the end as long as they start inside the image or its padding. */
  readonly ceilMode?: boolean;
}
/** Options of {@link maxPool2d} as layers of the dispatcher see them. */
export interface CanonicalMaxPool2d {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: Sides;
  readonly dilation: readonly [number, number];
  readonly ceilMode: boolean;
  readonly returnIndices: boolean;
}
/** Options of {@link avgPool2d}. */
export interface AvgPool2dOptions {
  readonly kernelSize: Size2d;
  readonly stride?: Size2d | null;
  readonly padding?: Padding2d;
  readonly ceilMode?: boolean;
  /** Whether padding counts as elements of value 0: true by default. */
  readonly countIncludePad?: boolean;
  readonly divisorOverride?: number | null;
}
/** Options of {@link avgPool2d} as layers of the dispatcher see them. */
export interface CanonicalAvgPool2d {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: Sides;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;
}
/** Asks {@link maxPool2d} for the positions too. */
export interface ReturnIndices {
  readonly returnIndices: true;
}
/** Signature of {@link maxPool2d}. */
export interface MaxPool2dOperator {
  (
    x: Tensor,
    kernelSize: Size2d,
    options: Omit<MaxPool2dOptions, 'kernelSize'> & ReturnIndices,
  ): ValuesAndIndices;
  (x: Tensor, options: MaxPool2dOptions & ReturnIndices): ValuesAndIndices;
  (x: Tensor, kernelSize: Size2d, options?: Omit<MaxPool2dOptions, 'kernelSize'>): Tensor;
  (x: Tensor, options: MaxPool2dOptions): Tensor;
}
/** Signature of {@link maxPool2dWithIndices}. */
export interface MaxPool2dWithIndicesOperator {
  (x: Tensor, kernelSize: Size2d, options?: Omit<MaxPool2dOptions, 'kernelSize'>): ValuesAndIndices;
  (x: Tensor, options: MaxPool2dOptions): ValuesAndIndices;
}
/** Signature of {@link avgPool2d}. */
export interface AvgPool2dOperator {
  (x: Tensor, kernelSize: Size2d, options?: Omit<AvgPool2dOptions, 'kernelSize'>): Tensor;
  (x: Tensor, options: AvgPool2dOptions): Tensor;
}

/** Number of windows along one dimension (PyTorch's `pooling_output_shape`). */
function windowCount(
  size: number,
  kernel: number,
  [before, after]: readonly [number, number],
  stride: number,
  dilation: number,
  ceilMode: boolean,
): number {
  const span = size + before + after - dilation * (kernel - 1) - 1;
  const count = Math.floor((span + (ceilMode ? stride - 1 : 0)) / stride) + 1;
  // The last window must start inside the image or the padding before it.
  return ceilMode && (count - 1) * stride >= size + before ? count - 1 : count;
}

interface Window {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: Sides;
}

function normalizeWindow(
  operator: string,
  x: Tensor,
  named: Partial<AvgPool2dOptions>,
  dilation: readonly [number, number] = [1, 1],
): Window {
  checkTensor(operator, 'input', x);
  if (named.kernelSize === undefined)
    fail(operator, "missing argument 'kernelSize'", 'an integer or [height, width]');
  const kernelSize = pairArgument(operator, 'kernelSize', named.kernelSize);
  const stride = named.stride == null ? kernelSize : pairArgument(operator, 'stride', named.stride);
  const padding = sidesOf(operator, named.padding ?? 0);
  checkPair(operator, 'kernelSize', kernelSize, 1);
  checkPair(operator, 'stride', stride, 1);
  padding.forEach((side, d) => {
    const most = Math.max(...side);
    if (most > ((kernelSize[d]! - 1) * dilation[d]! + 1) / 2) {
      fail(
        operator,
        `pad should be at most half of effective kernel size, but got pad=${most}, kernel_size=${kernelSize[d]} and dilation=${dilation[d]}`,
      );
    }
  });
  if (x.ndim !== 3 && x.ndim !== 4) {
    fail(operator, 'Expected 3D or 4D (batch mode) tensor', '[N, C, H, W] or [C, H, W]', showSizes(x.shape));
  }
  return { kernelSize, stride, padding };
}

/** Where the windows over an image lie, and the shape of what comes of them. */
function placeWindows(
  operator: string,
  image: ReturnType<typeof imageOf>,
  { kernelSize, stride, padding }: Window,
  ceilMode: boolean,
  dilation: readonly [number, number] = [1, 1],
): { shape: readonly number[]; geometry: WindowGeometry } {
  const [batch, channels, inHeight, inWidth] = image.shape;
  const [outHeight, outWidth] = [inHeight, inWidth].map((size, d) =>
    windowCount(size, kernelSize[d]!, padding[d]!, stride[d]!, dilation[d]!, ceilMode),
  ) as [number, number];
  if (outHeight < 1 || outWidth < 1) {
    fail(
      operator,
      `Given input size: (${channels}x${inHeight}x${inWidth}). Calculated output size: (${channels}x${outHeight}x${outWidth}). Output size is too small`,
    );
  }
  const geometry = {
    planes: batch * channels,
    inHeight,
    inWidth,
    outHeight,
    outWidth,
    kernel: kernelSize,
    stride,
    padding: flatSides(padding),
    dilation,
  };
  return { shape: [batch, channels, outHeight, outWidth], geometry };
}

function normalizeMaxPool(
  operator: string,
  x: Tensor,
  rest: readonly unknown[],
  withIndices: boolean,
): [Tensor, CanonicalMaxPool2d] {
  const names = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;
  type Named = MaxPool2dOptions & { returnIndices: boolean };
  const named = bindArguments<Named>(operator, names, rest);
  const dilation = pairArgument(operator, 'dilation', named.dilation ?? 1);
  checkPair(operator, 'dilation', dilation, 1);
  const window = normalizeWindow(operator, x, named, dilation);
  const { ceilMode = false, returnIndices = withIndices } = named;
  return [x, { ...window, dilation, ceilMode, returnIndices }];
}

function runMaxPool(
  operator: string,
  x: Tensor,
  options: CanonicalMaxPool2d,
  withIndices: boolean,
): ValuesAndIndices {
  if (x.dtype === 'bool')
    fail(operator, `"max_pool2d" not implemented for 'Bool'`, 'a dtype of numbers', 'bool');
  const image = imageOf(operator, x);
  const { shape, geometry } = placeWindows(operator, image, options, options.ceilMode, options.dilation);
  const values = newTensor(shape, image.dtype);
  const indices = newTensor(withIndices ? shape : [0], 'int64');
  if (values.numel() > 0) {
    if (image.dtype === 'float32') {
      const optional = withIndices ? { indices: sliceOf(indices) } : {};
      pool2d({ kind: 'max', x: sliceOf(image), y: sliceOf(values), ...geometry, ...optional });
    } else {
      const from = flatElements(image);
      const to = flatElements(values);
      const at = flatBigints(indices);
      visitWindows(geometry, (out, plane, places) => {
        if (places.length === 0)
          fail(operator, 'a window lies in the padding only', 'a dilation that reaches the image');
        let best = places[0]!;
        for (const place of places) {
          const [value, top] = [from[plane + place]!, from[plane + best]!];
          if (value > top || Number.isNaN(value)) best = place;
        }
        to[out] = from[plane + best]!;
        if (withIndices) at[out] = BigInt(best);
      });
    }
  }
  return {
    values: cast(unbatched(x, values), x.dtype),
    indices: withIndices ? unbatched(x, indices) : indices,
  };
}

function maxPoolResult(x: Tensor, options: CanonicalMaxPool2d): Tensor | ValuesAndIndices {
  const result = runMaxPool('maxPool2d', x, options, options.returnIndices);
  return options.returnIndices ? result : result.values;
}

/**
 * Largest value of each window; with `returnIndices`, `{ values, indices }`.
 * Canonical: (x, { kernelSize, stride, padding, dilation, ceilMode, returnIndices }).
 */
export const maxPool2d: MaxPool2dOperator = defineOperator({
  name: 'maxPool2d',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeMaxPool('maxPool2d', x, rest, false),
  forward: maxPoolResult,
  // Which of both results it is follows from the arguments, as the overloads say.
}) as MaxPool2dOperator;

/**
 * Largest value of each window and its int64 position in its plane (row * width + column). Canonical: as
 * {@link maxPool2d}.
 */
export const maxPool2dWithIndices: MaxPool2dWithIndicesOperator = defineOperator({
  name: 'maxPool2dWithIndices',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeMaxPool('maxPool2dWithIndices', x, rest, true),
  forward: (x: Tensor, options: CanonicalMaxPool2d) => runMaxPool('maxPool2dWithIndices', x, options, true),
});

/**
 * Mean of each window. Canonical: (x, { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride }).
 */
export const avgPool2d: AvgPool2dOperator = defineOperator({
  name: 'avgPool2d',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalAvgPool2d] => {
    const names = [
      'kernelSize',
      'stride',
      'padding',
      'ceilMode',
      'countIncludePad',
      'divisorOverride',
    ] as const;
    const named = bindArguments<AvgPool2dOptions>('avgPool2d', names, rest);
    const { ceilMode = false, countIncludePad = true, divisorOverride = null } = named;
    if (divisorOverride === 0) fail('avgPool2d', 'divisor must be not zero');
    return [x, { ...normalizeWindow('avgPool2d', x, named), ceilMode, countIncludePad, divisorOverride }];
  },
  forward: (x: Tensor, options: CanonicalAvgPool2d) => {
    const operator = 'avgPool2d';
    if (x.dtype !== 'int64') requireFloat(operator, x);
    const image = imageOf(operator, x);
    const { shape, geometry } = placeWindows(operator, image, options, options.ceilMode);
    const output = newTensor(shape, image.dtype);
    if (output.numel() > 0) {
      const divisor = options.divisorOverride;
      if (image.dtype === 'float32') {
        const { countIncludePad } = options;
        const optional = divisor === null ? {} : { divisor };
        pool2d({
          kind: 'average',
          x: sliceOf(image),
          y: sliceOf(output),
          ...geometry,
          countIncludePad,
          ...optional,
        });
      } else {
        const from = flatElements(image);
        const to = flatElements(output);
        visitWindows(geometry, (out, plane, places, padded) => {
          const count = divisor ?? (options.countIncludePad ? padded : places.length);
          if (from instanceof BigInt64Array) {
            to[out] = places.reduce((sum, place) => sum + from[plane + place]!, 0n) / BigInt(count);
          } else {
            to[out] = places.reduce((sum, place) => sum + from[plane + place]!, 0) / count;
          }
        });
      }
    }
    return cast(unbatched(x, output), x.dtype);
  },
});

/** Pooling as methods. */
export interface PoolingMethods {
  /** Largest value of each window; with `returnIndices`, `{ values, indices }`. */
  maxPool2d(options: MaxPool2dOptions): Tensor;
  maxPool2d(kernelSize: Size2d, options?: Omit<MaxPool2dOptions, 'kernelSize'>): Tensor;
  /** Largest value of each window and its int64 position in its plane (row * width + column). */
  maxPool2dWithIndices(options: MaxPool2dOptions): ValuesAndIndices;
  maxPool2dWithIndices(kernelSize: Size2d, options?: Omit<MaxPool2dOptions, 'kernelSize'>): ValuesAndIndices;
  /** Mean of each window. */
  avgPool2d(options: AvgPool2dOptions): Tensor;
  avgPool2d(kernelSize: Size2d, options?: Omit<AvgPool2dOptions, 'kernelSize'>): Tensor;
}
