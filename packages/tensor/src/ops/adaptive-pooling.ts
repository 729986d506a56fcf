/** Pooling whose windows split an input into a given number of them along each dimension. */
import { adaptivePool } from '@sconce/engine';
import { cast, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor, requireFloat } from '../arguments.ts';
import { requiresGrad } from '../autograd/meta.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { ValuesAndIndices } from './extremum.ts';
import type { ReturnIndices } from './max-pooling.ts';
import { meansBackward } from './means-backward.ts';
import { maxWithPlaces, placeOnPlanes } from './plane-places.ts';
import { adaptiveWindows } from './pooling-windows.ts';
import { imageOf, unbatched } from './window.ts';

/** The size that adaptive pooling gives: one number, or one for each dimension, where null keeps the input's size. */
export type AdaptiveSize = number | null | readonly (number | null)[];

/** Signature of adaptive average pooling. */
export interface AdaptiveAvgPoolOperator {
  (x: Tensor, outputSize: AdaptiveSize): Tensor;
  (x: Tensor, options: { readonly outputSize: AdaptiveSize }): Tensor;
}

/** Signature of adaptive maximum pooling. */
export interface AdaptiveMaxPoolOperator {
  (x: Tensor, outputSize: AdaptiveSize, returnIndices: true): ValuesAndIndices;
  (x: Tensor, outputSize: AdaptiveSize, options: ReturnIndices): ValuesAndIndices;
  (x: Tensor, outputSize: AdaptiveSize, returnIndices?: false): Tensor;
  (x: Tensor, options: { readonly outputSize: AdaptiveSize }): Tensor;
}

type CanonicalSize = readonly number[];

/** Reads the size for each dimension. */
function readSize(
  operator: string,
  rank: number,
  x: Tensor,
  size: AdaptiveSize | undefined,
  kind: 'average' | 'max',
): CanonicalSize {
  checkTensor(operator, 'input', x);
  if (size === undefined) fail(operator, "missing argument 'outputSize'");
  if (x.ndim <= rank) {
    fail(operator, `Input dimension should be at least ${rank + 1}, but got ${x.ndim}`);
  }
  if (x.ndim > rank + 2) {
    fail(operator, `Expected ${rank + 1}D or ${rank + 2}D tensor, but got ${showSizes(x.shape)}`);
  }
  const given = typeof size === 'number' || size === null ? new Array<number | null>(rank).fill(size) : size;
  const list = given.length === 1 ? new Array<number | null>(rank).fill(given[0]!) : given;
  if (list.length !== rank) {
    // What PyTorch says of an empty list to its maximum pooling is an internal error.
    const internal = kind === 'max' && rank > 1 ? 'internal error: ' : '';
    fail(
      operator,
      rank === 1
        ? `'output_size' should contain one int, but got ${showSizes(given as number[])}`
        : `${internal}output_size must be ${rank}, but got ${given.length} sizes`,
    );
  }
  const sizes = list.map((value, d) => value ?? x.shape[x.ndim - rank + d]!);
  const wrong = sizes.find((value) => !Number.isInteger(value) || value < 0);
  if (wrong !== undefined) {
    fail(
      operator,
      kind === 'max'
        ? `Trying to create tensor with negative dimension ${wrong}: ${showSizes(sizes)}`
        : `elements of output_size must be greater than or equal to 0 but received ${showSizes(sizes)}`,
    );
  }
  // Means of images may be without channels.
  const first = kind === 'average' && rank < 3 ? x.ndim - rank : x.ndim === rank + 2 ? 1 : 0;
  const empty = x.shape.indexOf(0, first);
  if (empty >= 0) {
    fail(
      operator,
      `Expected input to have non-zero size for non-batch dimensions, but input has sizes ${showSizes(x.shape)} with dimension ${empty} being empty`,
    );
  }
  requireFloat(operator, x);
  return sizes;
}

/** The output's memory, its planes pooled on the engine. */
function runAdaptive(kind: 'max' | 'average', x: Tensor, size: CanonicalSize): Tensor {
  const rank = size.length;
  const image = imageOf(x, rank);
  const output = newTensor([...image.shape.slice(0, 2), ...size], image.dtype);
  if (output.numel() > 0) {
    adaptivePool({
      kind,
      dtype: image.dtype as 'float32' | 'float64',
      x: sliceOf(image),
      y: sliceOf(output),
      planes: image.shape[0]! * image.shape[1]!,
      inSize: image.shape.slice(2),
      outSize: size,
    });
  }
  return cast(unbatched(x, output, rank), x.dtype);
}

function averagePooling(rank: number): AdaptiveAvgPoolOperator {
  const name = `adaptiveAvgPool${rank}d`;
  const operator = defineOperator({
    name,
    backwardName: rank === 3 ? 'AdaptiveAvgPool3DBackward0' : 'AdaptiveAvgPool2DBackward0',
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalSize] => {
      const { outputSize } = bindArguments<{ outputSize: AdaptiveSize }>(name, ['outputSize'], rest);
      return [x, readSize(name, rank, x, outputSize, 'average')];
    },
    forward: (x: Tensor, size: CanonicalSize) => runAdaptive('average', x, size),
    derivatives: [
      (grad, [x, size]): Tensor =>
        meansBackward(grad, adaptiveWindows(x.shape.slice(-rank), size), null, (h) => operator(h, size)),
    ],
  });
  return operator;
}

function maxPooling(rank: number): {
  readonly plain: AdaptiveMaxPoolOperator;
  readonly withIndices: (x: Tensor, outputSize: AdaptiveSize) => ValuesAndIndices;
} {
  const name = `adaptiveMaxPool${rank}d`;
  const indexed = defineOperator({
    name: `${name}WithIndices`,
    backwardName: rank === 3 ? 'AdaptiveMaxPool3DBackward0' : 'AdaptiveMaxPool2DBackward0',
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalSize] => {
      const own = `${name}WithIndices`;
      const { outputSize } = bindArguments<{ outputSize: AdaptiveSize }>(own, ['outputSize'], rest);
      return [x, readSize(own, rank, x, outputSize, 'max')];
    },
    forward: (x: Tensor, size: CanonicalSize): ValuesAndIndices => {
      const image = imageOf(x, rank);
      const shape = [...image.shape.slice(0, 2), ...size];
      const [values, indices] = [newTensor(shape, image.dtype), newTensor(shape, 'int64')];
      maxWithPlaces(adaptiveWindows(image.shape.slice(2), size), image, values, indices);
      return {
        values: cast(unbatched(x, values, rank), x.dtype),
        indices: unbatched(x, indices, rank),
      };
    },
    derivatives: [
      {
        reads: ['result.indices'],
        of: ([grad], [x], { indices }) => placeOnPlanes(grad!, indices, x.shape.slice(-rank)),
      },
    ],
  });
  const plain = defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalSize, boolean] => {
      type Named = { outputSize: AdaptiveSize; returnIndices: boolean };
      const named = bindArguments<Named>(name, ['outputSize', 'returnIndices'], rest);
      return [x, readSize(name, rank, x, named.outputSize, 'max'), named.returnIndices ?? false];
    },
    composite: true,
    forward: (x: Tensor, size: CanonicalSize, returnIndices: boolean): Tensor | ValuesAndIndices => {
      if (returnIndices) return indexed(x, size);
      // The gradient needs the places, so that they are found at once.
      if (gradMode.enabled && requiresGrad(x)) return indexed(x, size).values;
      return runAdaptive('max', x, size);
    },
  });
  // Which of both results it is follows from the arguments, as the overloads say.
  return { plain: plain as AdaptiveMaxPoolOperator, withIndices: indexed };
}

const lines = maxPooling(1);
const images = maxPooling(2);
const volumes = maxPooling(3);

/** Mean of windows that split sequences [N, C, L] or [C, L] into so many. Canonical: (x, [length]). */
export const adaptiveAvgPool1d: AdaptiveAvgPoolOperator = averagePooling(1);
/** Mean of windows that split images into the given number of rows and columns. Canonical: (x, [height, width]). */
export const adaptiveAvgPool2d: AdaptiveAvgPoolOperator = averagePooling(2);
/** Mean of windows that split volumes. Canonical: (x, [depth, height, width]). */
export const adaptiveAvgPool3d: AdaptiveAvgPoolOperator = averagePooling(3);
/** Largest value of windows that split sequences into so many. Canonical: (x, [length], returnIndices). */
export const adaptiveMaxPool1d: AdaptiveMaxPoolOperator = lines.plain;
/**
 * Largest value of windows that split images into the given number of rows and columns.
 * Canonical: (x, [height, width], returnIndices).
 */
export const adaptiveMaxPool2d: AdaptiveMaxPoolOperator = images.plain;
/** Largest value of windows that split volumes. Canonical: (x, [depth, height, width], returnIndices). */
export const adaptiveMaxPool3d: AdaptiveMaxPoolOperator = volumes.plain;

/** Signature of adaptive maximum pooling with positions. */
export type AdaptiveMaxPoolWithIndices = (x: Tensor, outputSize: AdaptiveSize) => ValuesAndIndices;

/** As {@link adaptiveMaxPool1d}, with the int64 position of each value. Canonical: (x, [length]). */
export const adaptiveMaxPool1dWithIndices: AdaptiveMaxPoolWithIndices = lines.withIndices;
/** As {@link adaptiveMaxPool2d}, with the int64 position of each value in its plane. Canonical: (x, [height, width]). */
export const adaptiveMaxPool2dWithIndices: AdaptiveMaxPoolWithIndices = images.withIndices;
/** As {@link adaptiveMaxPool3d}, with the int64 position of each value in its volume. Canonical: (x, [depth, height, width]). */
export const adaptiveMaxPool3dWithIndices: AdaptiveMaxPoolWithIndices = volumes.withIndices;

/** Adaptive pooling as methods. */
export interface AdaptivePoolingMethods {
  /** Mean of windows that split sequences into so many. */
  adaptiveAvgPool1d(outputSize: AdaptiveSize): Tensor;
  /** Mean of windows that split images into the given number of rows and columns. */
  adaptiveAvgPool2d(outputSize: AdaptiveSize): Tensor;
  /** Mean of windows that split volumes. */
  adaptiveAvgPool3d(outputSize: AdaptiveSize): Tensor;
  /** Largest value of windows that split sequences into so many. */
  adaptiveMaxPool1d(outputSize: AdaptiveSize): Tensor;
  /** Largest value of windows that split images into the given number of rows and columns. */
  adaptiveMaxPool2d(outputSize: AdaptiveSize): Tensor;
  /** Largest value of windows that split volumes. */
  adaptiveMaxPool3d(outputSize: AdaptiveSize): Tensor;
  /** As `adaptiveMaxPool1d`, with the int64 position of each value. */
  adaptiveMaxPool1dWithIndices(outputSize: AdaptiveSize): ValuesAndIndices;
  /** As `adaptiveMaxPool2d`, with the int64 position of each value in its plane. */
  adaptiveMaxPool2dWithIndices(outputSize: AdaptiveSize): ValuesAndIndices;
  /** As `adaptiveMaxPool3d`, with the int64 position of each value in its volume. */
  adaptiveMaxPool3dWithIndices(outputSize: AdaptiveSize): ValuesAndIndices;
}
