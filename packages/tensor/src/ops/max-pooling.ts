/** The largest values of sliding windows over sequences, images and volumes, and where they lie. */
import { cast, newTensor } from '../access.ts';
import { bindArguments } from '../arguments.ts';
import { requiresGrad } from '../autograd/meta.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { ValuesAndIndices } from './extremum.ts';
import { hasFusedPlaces, placesOfMaxima } from './max-places.ts';
import { maxWithPlaces, pickFromPlanes, placeOnPlanes } from './plane-places.ts';
import { poolOnEngine } from './pooling-engine.ts';
import {
  type AxisWindows,
  checkPoolInput,
  type PoolWindow,
  pooledSize,
  readWindow,
  slidingWindows,
} from './pooling-windows.ts';
import { imageOf, sizesOf, unbatched, type WindowPadding, type WindowSize } from './window.ts';

/** Options of maximum pooling. */
export interface MaxPoolOptions {
  readonly kernelSize: WindowSize;
  /** The kernel size by default. */
  readonly stride?: WindowSize | null;
  readonly padding?: WindowPadding;
  readonly dilation?: WindowSize;
  /** Windows may go over the end as long as they start inside the image or its padding. */
  readonly ceilMode?: boolean;
}
/** Options of maximum pooling as layers of the dispatcher see them: one entry for each dimension. */
export interface CanonicalMaxPool extends PoolWindow {
  readonly dilation: readonly number[];
  readonly ceilMode: boolean;
  readonly returnIndices: boolean;
}
/** Asks maximum pooling for the positions too. */
export interface ReturnIndices {
  readonly returnIndices: true;
}
/** Signature of maximum pooling. */
export interface MaxPoolOperator {
  (
    x: Tensor,
    kernelSize: WindowSize,
    options: Omit<MaxPoolOptions, 'kernelSize'> & ReturnIndices,
  ): ValuesAndIndices;
  (x: Tensor, options: MaxPoolOptions & ReturnIndices): ValuesAndIndices;
  (x: Tensor, kernelSize: WindowSize, options?: Omit<MaxPoolOptions, 'kernelSize'>): Tensor;
  (x: Tensor, options: MaxPoolOptions): Tensor;
  (
    x: Tensor,
    kernelSize: WindowSize,
    stride: WindowSize | null,
    padding?: WindowPadding,
    dilation?: WindowSize,
    ceilMode?: boolean,
  ): Tensor;
}
/** Signature of maximum pooling with positions. */
export interface MaxPoolWithIndicesOperator {
  (x: Tensor, kernelSize: WindowSize, options?: Omit<MaxPoolOptions, 'kernelSize'>): ValuesAndIndices;
  (x: Tensor, options: MaxPoolOptions): ValuesAndIndices;
}

function normalize(
  operator: string,
  rank: number,
  x: Tensor,
  rest: readonly unknown[],
  withIndices: boolean,
): [Tensor, CanonicalMaxPool] {
  const names = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;
  type Named = MaxPoolOptions & { returnIndices: boolean };
  const named = bindArguments<Named>(operator, names, rest);
  const dilation = sizesOf(operator, 'dilation', named.dilation ?? 1, rank);
  const window = readWindow(operator, rank, x, named, dilation);
  checkPoolInput(operator, rank, x, 'max');
  if (x.dtype === 'bool') {
    fail(operator, `"${operator}" not implemented for 'Bool'`, 'a dtype of numbers', 'bool');
  }
  const { ceilMode = false, returnIndices = withIndices } = named;
  return [x, { ...window, dilation, ceilMode, returnIndices }];
}

function runMaxPool(
  operator: string,
  x: Tensor,
  options: CanonicalMaxPool,
  withIndices: boolean,
): { values: Tensor; indices: Tensor | undefined } {
  const { kernelSize, dilation, ceilMode } = options;
  const rank = kernelSize.length;
  const image = imageOf(x, rank);
  const size = pooledSize(operator, image, options, dilation, ceilMode);
  const shape = [...image.shape.slice(0, 2), ...size];
  const values = newTensor(shape, image.dtype);
  const indices = withIndices ? newTensor(shape, 'int64') : undefined;
  if (values.numel() > 0) {
    const axes = slidingWindows(image.shape.slice(2), size, options, dilation);
    const full = axes.every(({ start, end }) => start.every((first, i) => first < end[i]!));
    if (!full) fail(operator, 'a window lies in the padding only', 'a dilation that reaches the image');
    const isFloat = image.dtype === 'float32' || image.dtype === 'float64';
    if (!isFloat || (indices !== undefined && !hasFusedPlaces(image, options))) {
      maxWithPlaces(axes, image, values, indices);
    } else {
      poolOnEngine('max', image, values, options);
      if (indices !== undefined) findPlaces(axes, image, values, indices, options);
    }
  }
  return {
    values: cast(unbatched(x, values, rank), x.dtype),
    indices: indices && unbatched(x, indices, rank),
  };
}

/** Finds the places of maxima that are there already. */
function findPlaces(
  axes: readonly AxisWindows[],
  image: Tensor,
  values: Tensor,
  indices: Tensor,
  options: CanonicalMaxPool,
): void {
  const padded = options.ceilMode || options.padding.flat().some((count) => count > 0);
  if (padded && values.eq(Number.NEGATIVE_INFINITY).any().item() === true) {
    maxWithPlaces(axes, image, values, indices);
  } else placesOfMaxima(image, indices, options, options.dilation);
}

/** Operators along `rank` dimensions. */
function maxPooling(rank: number): {
  readonly plain: MaxPoolOperator;
  readonly withIndices: MaxPoolWithIndicesOperator;
} {
  const name = `maxPool${rank}d`;
  const indexed = defineOperator({
    name: `${name}WithIndices`,
    backwardName: `MaxPool${Math.max(rank, 2)}DWithIndicesBackward0`,
    normalize: (x: Tensor, ...rest: unknown[]) => normalize(`${name}WithIndices`, rank, x, rest, true),
    forward: (x: Tensor, options: CanonicalMaxPool): ValuesAndIndices => {
      const { values, indices } = runMaxPool(`${name}WithIndices`, x, options, true);
      return { values, indices: indices! };
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
    normalize: (x: Tensor, ...rest: unknown[]) => normalize(name, rank, x, rest, false),
    composite: true,
    forward: (x: Tensor, options: CanonicalMaxPool): Tensor | ValuesAndIndices => {
      if (options.returnIndices) return indexed(x, options);
      // The gradient needs the places, so that they are found at once.
      if (gradMode.enabled && requiresGrad(x)) return indexed(x, options).values;
      return runMaxPool(name, x, options, false).values;
    },
  });
  // Which of both results it is follows from the arguments, as the overloads say.
  return { plain: plain as MaxPoolOperator, withIndices: indexed };
}

const lines = maxPooling(1);
const images = maxPooling(2);
const volumes = maxPooling(3);

/**
 * Largest value of each window over sequences [N, C, L] or [C, L]; with `returnIndices`, `{ values, indices }`.
 * Canonical: (x, { kernelSize, stride, padding, dilation, ceilMode, returnIndices }), lists of one.
 */
export const maxPool1d: MaxPoolOperator = lines.plain;
/**
 * Largest value of each window over images [N, C, H, W] or [C, H, W]; with `returnIndices`, `{ values, indices }`.
 * Canonical: (x, { kernelSize, stride, padding, dilation, ceilMode, returnIndices }), pairs and four-sided padding.
 */
export const maxPool2d: MaxPoolOperator = images.plain;
/**
 * Largest value of each window over volumes [N, C, D, H, W] or [C, D, H, W]; with `returnIndices`,
 * `{ values, indices }`. Canonical: as {@link maxPool2d}, lists of three.
 */
export const maxPool3d: MaxPoolOperator = volumes.plain;
/** Largest value of each window and its int64 position. Canonical: as {@link maxPool1d}. */
export const maxPool1dWithIndices: MaxPoolWithIndicesOperator = lines.withIndices;
/**
 * Largest value of each window and its int64 position in its plane (row * width + column). Canonical: as
 * {@link maxPool2d}.
 */
export const maxPool2dWithIndices: MaxPoolWithIndicesOperator = images.withIndices;
/** Largest value of each window and its int64 position in its volume. Canonical: as {@link maxPool3d}. */
export const maxPool3dWithIndices: MaxPoolWithIndicesOperator = volumes.withIndices;

/**
 * The gradient of {@link maxPool2d} with respect to `x`, from that of the values and their positions
 * (`torch.ops.aten.max_pool2d_with_indices_backward`). Canonical: (grad, x, options, indices).
 */
export const maxPool2dWithIndicesBackward: (
  grad: Tensor,
  x: Tensor,
  options: MaxPoolOptions,
  indices: Tensor,
) => Tensor = defineOperator({
  name: 'maxPool2dWithIndicesBackward',
  normalize: (
    grad: Tensor,
    x: Tensor,
    options: MaxPoolOptions,
    indices: Tensor,
  ): [Tensor, Tensor, CanonicalMaxPool, Tensor] => {
    const operator = 'maxPool2dWithIndicesBackward';
    const [, canonical] = normalize(operator, 2, x, [options], true);
    for (const [what, tensor] of [
      ['gradient', grad],
      ['indices', indices],
    ] as const) {
      const size = pooledSize(operator, x, canonical, canonical.dilation, canonical.ceilMode);
      const expected = [...x.shape.slice(0, -2), ...size];
      if (tensor.shape.join() !== expected.join()) {
        fail(operator, `${what} of the wrong shape`, showSizes(expected), showSizes(tensor.shape));
      }
    }
    return [grad, x, canonical, indices];
  },
  forward: (grad: Tensor, x: Tensor, _options: CanonicalMaxPool, indices: Tensor) =>
    placeOnPlanes(grad, indices, x.shape.slice(-2)),
  derivatives: [
    { reads: [3], of: (h, [, , , indices]) => pickFromPlanes(h, indices, 2) },
    (h, [, x]) => h.newZeros(x.shape),
  ],
});

/** Maximum pooling as methods. */
export interface MaxPoolingMethods {
  /** Largest value of each window over sequences; with `returnIndices`, `{ values, indices }`. */
  maxPool1d(options: MaxPoolOptions): Tensor;
  maxPool1d(kernelSize: WindowSize, options?: Omit<MaxPoolOptions, 'kernelSize'>): Tensor;
  /** Largest value of each window over images; with `returnIndices`, `{ values, indices }`. */
  maxPool2d(options: MaxPoolOptions): Tensor;
  maxPool2d(kernelSize: WindowSize, options?: Omit<MaxPoolOptions, 'kernelSize'>): Tensor;
  /** Largest value of each window over volumes; with `returnIndices`, `{ values, indices }`. */
  maxPool3d(options: MaxPoolOptions): Tensor;
  maxPool3d(kernelSize: WindowSize, options?: Omit<MaxPoolOptions, 'kernelSize'>): Tensor;
  /** Largest value of each window and its int64 position. */
  maxPool1dWithIndices(options: MaxPoolOptions): ValuesAndIndices;
  maxPool1dWithIndices(
    kernelSize: WindowSize,
    options?: Omit<MaxPoolOptions, 'kernelSize'>,
  ): ValuesAndIndices;
  /** Largest value of each window and its int64 position in its plane (row * width + column). */
  maxPool2dWithIndices(options: MaxPoolOptions): ValuesAndIndices;
  maxPool2dWithIndices(
    kernelSize: WindowSize,
    options?: Omit<MaxPoolOptions, 'kernelSize'>,
  ): ValuesAndIndices;
  /** Largest value of each window and its int64 position in its volume. */
  maxPool3dWithIndices(options: MaxPoolOptions): ValuesAndIndices;
  maxPool3dWithIndices(
    kernelSize: WindowSize,
    options?: Omit<MaxPoolOptions, 'kernelSize'>,
  ): ValuesAndIndices;
}
