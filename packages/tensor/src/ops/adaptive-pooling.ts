/** Pooling whose windows split an image into a given number of rows and columns. */
import { cast, flatBigints, flatElements, newTensor } from '../access.ts';
import { bindArguments, checkTensor, pairArgument, requireFloat } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { ValuesAndIndices } from './extremum.ts';
import { checkPair, imageOf, unbatched } from './window.ts';

/** The size that adaptive pooling gives: one number, or [height, width] where null keeps the input's size. */
export type AdaptiveSize = number | readonly [number | null, number | null] | readonly (number | null)[];

function normalizeAdaptive(
  operator: string,
  x: Tensor,
  rest: readonly unknown[],
): [Tensor, readonly [number, number]] {
  const { outputSize: size } = bindArguments<{ outputSize: AdaptiveSize }>(operator, ['outputSize'], rest);
  checkTensor(operator, 'input', x);
  if (size === undefined) fail(operator, "missing argument 'outputSize'");
  if (x.ndim !== 3 && x.ndim !== 4) {
    fail(operator, `Expected 3D or 4D tensor, but got ${showSizes(x.shape)}`);
  }
  const list = typeof size === 'number' ? [size, size] : size;
  const [height, width] = x.shape.slice(-2) as [number, number];
  const pair = pairArgument(operator, 'outputSize', [
    list[0] ?? height,
    (list.length === 1 ? list[0] : list[1]) ?? width,
  ]);
  checkPair(operator, 'outputSize', pair, 0);
  return [x, pair];
}

/** Splits a dimension into windows that cover it: window i is [floor(i n / m), ceil((i + 1) n / m)). */
function adaptiveBounds(size: number, count: number): readonly (readonly [number, number])[] {
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * size) / count),
    Math.ceil(((i + 1) * size) / count),
  ]);
}

function runAdaptive(
  operator: string,
  x: Tensor,
  size: readonly [number, number],
  withIndices: boolean,
  window: (
    from: Float64Array,
    plane: number,
    places: readonly number[],
  ) => readonly [value: number, place: number],
): ValuesAndIndices {
  requireFloat(operator, x);
  const image = imageOf(operator, x);
  const [batch, channels, inHeight, inWidth] = image.shape;
  const shape = [batch, channels, ...size];
  const values = newTensor(shape, image.dtype);
  const indices = newTensor(withIndices ? shape : [0], 'int64');
  const from = flatElements(image) as Float64Array;
  const to = flatElements(values) as Float64Array;
  const at = flatBigints(indices);
  const rows = adaptiveBounds(inHeight, size[0]);
  const columns = adaptiveBounds(inWidth, size[1]);
  const windows = rows.flatMap(([top, bottom]) =>
    columns.map(([left, right]) => {
      const places: number[] = [];
      for (let y = top; y < bottom; y++) for (let c = left; c < right; c++) places.push(y * inWidth + c);
      return places;
    }),
  );
  for (let plane = 0; plane < batch * channels; plane++) {
    windows.forEach((places, i) => {
      const [value, place] = window(from, plane * inHeight * inWidth, places);
      to[plane * windows.length + i] = value;
      if (withIndices) at[plane * windows.length + i] = BigInt(place);
    });
  }
  return {
    values: cast(unbatched(x, values), x.dtype),
    indices: withIndices ? unbatched(x, indices) : indices,
  };
}

/** Mean of windows that split the image into the given number of rows and columns. Canonical: (x, [height, width]). */
export const adaptiveAvgPool2d: (x: Tensor, outputSize: AdaptiveSize) => Tensor = defineOperator({
  name: 'adaptiveAvgPool2d',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeAdaptive('adaptiveAvgPool2d', x, rest),
  forward: (x: Tensor, size: readonly [number, number]) =>
    runAdaptive('adaptiveAvgPool2d', x, size, false, (from, plane, places) => {
      let total = 0;
      for (const place of places) total += from[plane + place]!;
      return [total / places.length, 0];
    }).values,
});

/** The largest of a window's values and its place: the first of equal ones, but the last NaN, as in PyTorch. */
function largest(from: Float64Array, plane: number, places: readonly number[]): readonly [number, number] {
  let best = places[0]!;
  for (const place of places) {
    if (from[plane + place]! > from[plane + best]! || Number.isNaN(from[plane + place]!)) best = place;
  }
  return [from[plane + best]!, best];
}

/** Largest value of windows that split the image into the given number of rows and columns. Canonical: (x, [height, width]). */
export const adaptiveMaxPool2d: (x: Tensor, outputSize: AdaptiveSize) => Tensor = defineOperator({
  name: 'adaptiveMaxPool2d',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeAdaptive('adaptiveMaxPool2d', x, rest),
  forward: (x: Tensor, size: readonly [number, number]) =>
    runAdaptive('adaptiveMaxPool2d', x, size, false, largest).values,
});

/** As {@link adaptiveMaxPool2d}, with the int64 position of each value in its plane. Canonical: (x, [height, width]). */
export const adaptiveMaxPool2dWithIndices: (x: Tensor, outputSize: AdaptiveSize) => ValuesAndIndices =
  defineOperator({
    name: 'adaptiveMaxPool2dWithIndices',
    normalize: (x: Tensor, ...rest: unknown[]) => normalizeAdaptive('adaptiveMaxPool2dWithIndices', x, rest),
    forward: (x: Tensor, size: readonly [number, number]) =>
      runAdaptive('adaptiveMaxPool2dWithIndices', x, size, true, largest),
  });

/** Adaptive pooling as methods. */
export interface AdaptivePoolingMethods {
  /** Mean of windows that split the image into the given number of rows and columns. */
  adaptiveAvgPool2d(outputSize: AdaptiveSize): Tensor;
  /** Largest value of windows that split the image into the given number of rows and columns. */
  adaptiveMaxPool2d(outputSize: AdaptiveSize): Tensor;
  /** As `adaptiveMaxPool2d`, with the int64 position of each value in its plane. */
  adaptiveMaxPool2dWithIndices(outputSize: AdaptiveSize): ValuesAndIndices;
}
