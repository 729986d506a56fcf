/**
 * Maximum pooling over windows whose distances are drawn at random, so that the output may have any size
 * (B. Graham, "Fractional Max-Pooling", https://arxiv.org/abs/1412.6071).
 */
import { cast, flatElements, materialize, newTensor } from '../access.ts';
import { bindArguments, checkTensor, requireFloat } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { rand } from '../random/factories.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import type { ValuesAndIndices } from './extremum.ts';
import type { ReturnIndices } from './max-pooling.ts';
import { flatFloats, halvesOf, placeOnPlanes } from './plane-places.ts';
import { maxOfWindows } from './pooling-loops.ts';
import { type AxisWindows, emptyWindows } from './pooling-windows.ts';
import { imageOf, sizesOf, unbatched, type WindowSize } from './window.ts';

/** Options of fractional pooling: either `outputSize` or `outputRatio`. */
export interface FractionalMaxPoolOptions {
  readonly outputSize?: WindowSize | null;
  /** The output's size as a fraction of the input's, for each dimension. */
  readonly outputRatio?: number | readonly number[] | null;
  /** What the windows' places follow from, [N, C, dimensions] in [0, 1): drawn if left out. */
  readonly randomSamples?: Tensor | null;
}
/** Signature of fractional pooling. */
export interface FractionalMaxPoolOperator {
  (x: Tensor, kernelSize: WindowSize, options: FractionalMaxPoolOptions & ReturnIndices): ValuesAndIndices;
  (
    x: Tensor,
    kernelSize: WindowSize,
    options: FractionalMaxPoolOptions & { readonly returnIndices?: false },
  ): Tensor;
}

/** Where the windows of one plane start along a dimension. */
function drawnWindows(
  size: number,
  count: number,
  kernel: number,
  sample: number,
  double: boolean,
): AxisWindows {
  const round = double ? (value: number): number => value : Math.fround;
  const windows = emptyWindows(size, count, 1);
  const alpha = round((size - kernel) / (count - 1));
  for (let i = 0; i < count; i++) {
    const start =
      i === count - 1
        ? size - kernel
        : Math.trunc(round(round(i + sample) * alpha)) - Math.trunc(round(sample * alpha));
    windows.start[i] = start;
    windows.end[i] = start + kernel;
  }
  return windows;
}

type Canonical = [
  x: Tensor,
  samples: Tensor,
  kernelSize: readonly number[],
  outputSize: readonly number[],
  returnIndices: boolean,
];

function normalize(operator: string, rank: number, x: Tensor, rest: readonly unknown[]): Canonical {
  checkTensor(operator, 'input', x);
  requireFloat(operator, x);
  type Named = FractionalMaxPoolOptions & { kernelSize: WindowSize; returnIndices: boolean };
  const names = ['kernelSize', 'outputSize', 'outputRatio', 'returnIndices', 'randomSamples'] as const;
  const named = bindArguments<Named>(operator, names, rest);
  if (named.kernelSize === undefined) fail(operator, "missing argument 'kernelSize'");
  const kernel = sizesOf(operator, 'kernelSize', named.kernelSize, rank);
  if (x.ndim !== rank + 1 && x.ndim !== rank + 2) {
    fail(
      operator,
      `Expected ${rank + 1}D or ${rank + 2}D (batch mode) tensor with optional 0 dim batch size for input, but got: ${showSizes(x.shape)}`,
    );
  }
  const empty = x.shape.indexOf(0, 1);
  if (empty > 0) {
    fail(
      operator,
      `Expected input to have non-zero size for non-batch dimensions, but got${showSizes(x.shape)} with dimension ${empty} being empty.`,
    );
  }
  const inSize = x.shape.slice(-rank);
  const { outputSize, outputRatio } = named;
  let size: readonly number[];
  if (outputSize != null) size = sizesOf(operator, 'outputSize', outputSize, rank);
  else if (outputRatio != null) {
    const ratios = typeof outputRatio === 'number' ? inSize.map(() => outputRatio) : outputRatio;
    if (ratios.length !== rank) {
      fail(operator, 'requires output_ratio to either be a single number or one for each dimension.');
    }
    size = inSize.map((length, d) => Math.trunc(length * ratios[d]!));
  } else fail(operator, 'requires specifying either an output_size or an output_ratio');
  const axes = ['time', 'height', 'width'].slice(-rank);
  size.forEach((length, d) => {
    if (length < 1) fail(operator, `output size must be greater than zero, but got ${showSizes(size)}`);
    if (kernel[d]! < 1) fail(operator, `kernel_size must be greater than zero, but got ${showSizes(kernel)}`);
    if (length + kernel[d]! - 1 <= inSize[d]!) return;
    fail(operator, `pool ${axes[d]} ${kernel[d]} too large relative to input ${axes[d]} ${inSize[d]}`);
  });
  const shape = [x.ndim === rank + 2 ? x.shape[0]! : 1, x.shape[x.ndim - rank - 1]!, rank];
  const samples = named.randomSamples ?? rand(shape, { dtype: x.dtype });
  // Volumes without a batch take the first of several samples, as in PyTorch.
  const spare = rank === 3 && x.ndim === 4 && samples.shape[0]! > 1;
  if (samples.shape.slice(spare ? 1 : 0).join() !== shape.slice(spare ? 1 : 0).join()) {
    fail(operator, 'random samples of the wrong shape', showSizes(shape), showSizes(samples.shape));
  }
  return [x, samples, kernel, size, named.returnIndices ?? false];
}

/** Places of the numbers in a plane's sample: PyTorch draws width before height in planes, depth first in volumes. */
const drawOrder: Readonly<Record<number, readonly number[]>> = { 2: [1, 0], 3: [0, 1, 2] };

function pool(
  x: Tensor,
  samples: Tensor,
  kernel: readonly number[],
  size: readonly number[],
): ValuesAndIndices {
  const rank = size.length;
  const image = imageOf(x, rank);
  const double = image.dtype === 'float64';
  const shape = [...image.shape.slice(0, 2), ...size];
  const [values, indices] = [newTensor(shape, image.dtype), newTensor(shape, 'int64')];
  const numbers = materialize(cast(samples, computeDType(samples.dtype)));
  const planes = image.shape[0]! * image.shape[1]!;
  const [plane, count] = [image.numel() / Math.max(planes, 1), values.numel() / Math.max(planes, 1)];
  const drawn = flatElements(numbers) as Float32Array | Float64Array;
  const [from, to, at] = [flatFloats(image), flatFloats(values), halvesOf(indices)];
  for (let p = 0; p < planes; p++) {
    const axes = image.shape
      .slice(2)
      .map((length, d) =>
        drawnWindows(length, size[d]!, kernel[d]!, drawn[p * rank + drawOrder[rank]![d]!]!, double),
      );
    maxOfWindows(
      axes,
      1,
      from.subarray(p * plane, (p + 1) * plane),
      to.subarray(p * count, (p + 1) * count),
      at.subarray(2 * p * count, 2 * (p + 1) * count),
    );
  }
  return {
    values: cast(unbatched(x, values, rank), x.dtype),
    indices: unbatched(x, indices, rank),
  };
}

function fractional(rank: number): FractionalMaxPoolOperator {
  const name = `fractionalMaxPool${rank}d`;
  const indexed = defineOperator({
    name: `${name}WithIndices`,
    backwardName: `FractionalMaxPool${rank}DBackward0`,
    forward: pool,
    derivatives: [
      {
        reads: ['result.indices'],
        of: ([grad], [x], { indices }) => placeOnPlanes(grad!, indices, x.shape.slice(-rank)),
      },
      null,
    ],
  });
  const operator = defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]) => normalize(name, rank, x, rest),
    composite: true,
    forward: (...[x, samples, kernel, size, returnIndices]: Canonical): Tensor | ValuesAndIndices => {
      const result = indexed(x, samples, kernel, size);
      return returnIndices ? result : result.values;
    },
  });
  // Which of both results it is follows from the arguments, as the overloads say.
  return operator as FractionalMaxPoolOperator;
}

/**
 * Largest values of randomly placed windows of images; with `returnIndices`, `{ values, indices }`.
 * Canonical: (x, samples, [kH, kW], [height, width], returnIndices).
 */
export const fractionalMaxPool2d: FractionalMaxPoolOperator = fractional(2);
/** As {@link fractionalMaxPool2d} for volumes. Canonical: as {@link fractionalMaxPool2d}, lists of three. */
export const fractionalMaxPool3d: FractionalMaxPoolOperator = fractional(3);
