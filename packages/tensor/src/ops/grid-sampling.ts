/** Samples of images and volumes at the places of a grid. */
import { cast, fillElements, materialize, newTensor } from '../access.ts';
import { bindArguments, checkTensor, requireFloat } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import {
  gridGradient,
  type Sampling,
  type SamplingArrays,
  type SamplingMode,
  type SamplingPadding,
  sampledImageGradient,
  sampleImages,
} from './grid-sampling-loops.ts';
import { flatFloats } from './plane-places.ts';

export type { SamplingMode, SamplingPadding };

/** Options of {@link gridSample}. */
export interface GridSampleOptions {
  /** `bilinear` by default, which volumes are sampled trilinearly with; `bicubic` is for images. */
  readonly mode?: SamplingMode;
  /** What lies beyond the edges: `zeros` by default. */
  readonly paddingMode?: SamplingPadding;
  /** Whether -1 and 1 are the centres of the corners' elements, or (the default) the corners themselves. */
  readonly alignCorners?: boolean | null;
}

/** Options of grid sampling as layers of the dispatcher see them. */
export interface CanonicalGridSample {
  readonly mode: SamplingMode;
  readonly padding: SamplingPadding;
  readonly alignCorners: boolean;
}

const modes: readonly SamplingMode[] = ['bilinear', 'nearest', 'bicubic'];
const paddings: readonly SamplingPadding[] = ['zeros', 'border', 'reflection'];

/** Refuses what does not fit together. */
function check(
  operator: string,
  x: Tensor,
  grid: Tensor,
  mode: SamplingMode,
  rank: number | undefined,
): void {
  checkTensor(operator, 'input', x);
  checkTensor(operator, 'grid', grid);
  requireFloat(operator, x);
  const shapes = `with sizes ${showSizes(x.shape)} and grid with sizes ${showSizes(grid.shape)}`;
  if (x.dtype !== grid.dtype) {
    fail(
      operator,
      `expected input and grid to have the same dtype, but input has ${x.dtype} and grid has ${grid.dtype}`,
    );
  }
  const dimensions = rank === undefined ? [4, 5] : [rank + 2];
  if (!dimensions.includes(x.ndim) || x.ndim !== grid.ndim) {
    fail(
      operator,
      `expected ${dimensions.map((d) => `${d}D`).join(' or ')} input and grid with same number of dimensions, but got input ${shapes}`,
    );
  }
  if (x.shape[0] !== grid.shape[0]) {
    fail(operator, `expected grid and input to have same batch size, but got input ${shapes}`);
  }
  if (grid.shape.at(-1) !== x.ndim - 2) {
    fail(
      operator,
      `expected grid to have size ${x.ndim - 2} in last dimension, but got grid with sizes ${showSizes(grid.shape)}`,
    );
  }
  x.shape.forEach((size, d) => {
    if (d < 2 || size > 0) return;
    fail(
      operator,
      `expected input to have non-empty spatial dimensions, but input has sizes ${showSizes(x.shape)} with dimension ${d} being empty`,
    );
  });
  if (mode === 'bicubic' && x.ndim !== 4) {
    fail(operator, 'bicubic interpolation only supports 4D input');
  }
}

/** The sampling, and how its dense memory lies. */
function describe(
  inputShape: readonly number[],
  grid: Tensor,
  options: CanonicalGridSample,
): { sampling: Sampling; arrays: SamplingArrays } {
  const size = inputShape.slice(2);
  const dense = materialize(cast(grid, computeDType(grid.dtype)));
  const product = (sizes: readonly number[]): number => sizes.reduce((all, extent) => all * extent, 1);
  return {
    sampling: { ...options, size, double: dense.dtype === 'float64' },
    arrays: {
      batch: inputShape[0]!,
      channels: inputShape[1]!,
      plane: product(size),
      count: product(grid.shape.slice(1, -1)),
      grid: flatFloats(dense),
    },
  };
}

const ready = (x: Tensor): Tensor => materialize(cast(x, computeDType(x.dtype)));

function forward(x: Tensor, grid: Tensor, options: CanonicalGridSample): Tensor {
  const image = ready(x);
  const output = newTensor([...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)], image.dtype);
  const { sampling, arrays } = describe(x.shape, grid, options);
  sampleImages(sampling, arrays, flatFloats(image), flatFloats(output));
  return cast(output, x.dtype);
}

/** The gradient with respect to the input. Canonical: (grad, grid, the input's shape, options). */
const inputGradient = defineOperator({
  name: 'gridSamplerInput',
  forward: (grad: Tensor, grid: Tensor, shape: readonly number[], options: CanonicalGridSample) => {
    const from = ready(grad);
    const result = newTensor(shape, from.dtype);
    fillElements(result, 0);
    const { sampling, arrays } = describe(shape, grid, options);
    sampledImageGradient(sampling, arrays, flatFloats(from), flatFloats(result));
    return cast(result, grad.dtype);
  },
});

/** The gradient with respect to the grid. Canonical: (grad, x, grid, options). */
const placesGradient = defineOperator({
  name: 'gridSamplerGrid',
  forward: (grad: Tensor, x: Tensor, grid: Tensor, options: CanonicalGridSample) => {
    const [from, image] = [ready(grad), ready(x)];
    const result = newTensor(grid.shape, from.dtype);
    const { sampling, arrays } = describe(x.shape, grid, options);
    gridGradient(sampling, arrays, flatFloats(image), flatFloats(from), flatFloats(result));
    return cast(result, grad.dtype);
  },
});

type Canonical = [x: Tensor, grid: Tensor, options: CanonicalGridSample];

/** What all forms of the operator share. */
const rules = {
  backwardName: (x: Tensor): string => `GridSampler${x.ndim - 2}DBackward0`,
  forward,
  derivatives: [
    {
      reads: [1],
      of: (grad: Tensor, [x, grid, options]: Canonical) => inputGradient(grad, grid, x.shape, options),
    },
    {
      reads: [0, 1],
      of: (grad: Tensor, [x, grid, options]: Canonical) => placesGradient(grad, x, grid, options),
    },
  ],
} as const;

/**
 * Samples images [N, C, H, W] at the places of a grid [N, h, w, 2] of (x, y), or volumes [N, C, D, H, W] at those of
 * [N, d, h, w, 3] of (x, y, z), all between -1 and 1. Canonical: (x, grid, { mode, padding, alignCorners }).
 */
export const gridSample: (
  x: Tensor,
  grid: Tensor,
  modeOrOptions?: SamplingMode | GridSampleOptions,
  paddingMode?: SamplingPadding,
  alignCorners?: boolean | null,
) => Tensor = defineOperator({
  name: 'gridSample',
  normalize: (x: Tensor, grid: Tensor, ...rest: unknown[]): Canonical => {
    const names = ['mode', 'paddingMode', 'alignCorners'] as const;
    const named = bindArguments<GridSampleOptions>('gridSample', names, rest);
    const { mode = 'bilinear', paddingMode = 'zeros', alignCorners } = named;
    if (!modes.includes(mode)) {
      fail(
        'gridSample',
        `nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '${String(mode)}'`,
      );
    }
    if (!paddings.includes(paddingMode)) {
      fail(
        'gridSample',
        `nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: '${String(paddingMode)}'`,
      );
    }
    check('gridSample', x, grid, mode, undefined);
    return [x, grid, { mode, padding: paddingMode, alignCorners: alignCorners ?? false }];
  },
  ...rules,
});

/** Signature of {@link gridSampler2d} and {@link gridSampler3d}. */
export type GridSamplerOperator = (
  x: Tensor,
  grid: Tensor,
  interpolationMode: number,
  paddingMode: number,
  alignCorners: boolean,
) => Tensor;

/** The form with numbers for the modes. */
function gridSampler(rank: 2 | 3): GridSamplerOperator {
  const name = `gridSampler${rank}d`;
  return defineOperator({
    name,
    normalize: (x: Tensor, grid: Tensor, ...rest: unknown[]): Canonical => {
      type Named = { interpolationMode: number; paddingMode: number; alignCorners: boolean };
      const names = ['interpolationMode', 'paddingMode', 'alignCorners'] as const;
      const { interpolationMode, paddingMode, alignCorners } = bindArguments<Named>(name, names, rest);
      const [mode, padding] = [modes[interpolationMode!], paddings[paddingMode!]];
      if (mode === undefined || padding === undefined || alignCorners === undefined) {
        fail(
          name,
          'invalid modes',
          '0, 1 or 2 for both, and alignCorners',
          `${interpolationMode}, ${paddingMode}`,
        );
      }
      check(name, x, grid, mode, rank);
      return [x, grid, { mode, padding, alignCorners }];
    },
    ...rules,
  });
}

/**
 * {@link gridSample} of images: interpolation 0 bilinear, 1 nearest, 2 bicubic; padding 0 zeros, 1 border, 2 reflection.
 * Canonical: as {@link gridSample}.
 */
export const gridSampler2d: GridSamplerOperator = gridSampler(2);
/** {@link gridSample} of volumes, with the numbers of {@link gridSampler2d}. Canonical: as {@link gridSample}. */
export const gridSampler3d: GridSamplerOperator = gridSampler(3);
