/** Changes the size of images by nearest or bilinear interpolation, in float32 arithmetic as PyTorch does it. */
import { type ResizeTaps, resize } from '@sconce/engine';
import { cast, flatElements, materialize, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

/** How {@link interpolate} finds values between elements. */
export type InterpolateMode = 'nearest' | 'bilinear';
/** Options of {@link interpolate}: either `size` or `scaleFactor`. */
export interface InterpolateOptions {
  readonly size?: number | readonly number[] | null;
  readonly scaleFactor?: number | readonly number[] | null;
  readonly mode?: InterpolateMode;
  /** For bilinear: whether the corners' centres (true) or the corners themselves (false) stay where they are. */
  readonly alignCorners?: boolean | null;
  /** Compute the scale from the sizes, not from `scaleFactor`. */
  readonly recomputeScaleFactor?: boolean | null;
}
/** Options of {@link interpolate} as layers of the dispatcher see them. */
export interface CanonicalInterpolate {
  /** The output's height and width. */
  readonly size: readonly [number, number];
  /** What the user gave; null if that was a size. */
  readonly scaleFactor: readonly [number, number] | null;
  readonly mode: InterpolateMode;
  readonly alignCorners: boolean;
}

/**
 * Resizes images [N, C, H, W]. Canonical: (x, { size, scaleFactor, mode, alignCorners }); `scaleFactor` is null unless
 * it is what source positions are computed with.
 */
export const interpolate: (x: Tensor, options: InterpolateOptions) => Tensor = defineOperator({
  name: 'interpolate',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalInterpolate] => {
    checkTensor('interpolate', 'input', x);
    const names = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor'] as const;
    const named = bindArguments<InterpolateOptions>('interpolate', names, rest);
    const { size = null, scaleFactor = null, mode = 'nearest', alignCorners = null } = named;
    if (mode !== 'nearest' && mode !== 'bilinear') {
      fail('interpolate', 'unsupported mode', 'nearest or bilinear', String(mode));
    }
    if (x.ndim !== 4) {
      fail(
        'interpolate',
        'Input Error: only 4D input tensors are supported',
        '[N, C, H, W]',
        showSizes(x.shape),
      );
    }
    if (mode === 'nearest' && alignCorners !== null) {
      fail(
        'interpolate',
        'align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear',
      );
    }
    if ((size === null) === (scaleFactor === null)) {
      fail(
        'interpolate',
        size === null
          ? 'either size or scale_factor should be defined'
          : 'only one of size or scale_factor should be defined',
      );
    }
    const [height, width] = x.shape.slice(2) as [number, number];
    const factors = scaleFactor === null ? null : pair(scaleFactor, 'scaleFactor');
    const target =
      factors === null
        ? pair(size!, 'size')
        : ([Math.floor(height * factors[0]), Math.floor(width * factors[1])] as const);
    if (!target.every((value) => Number.isInteger(value) && value > 0) || height === 0 || width === 0) {
      fail(
        'interpolate',
        `Input and output sizes should be greater than 0, but got input (H: ${height}, W: ${width}) output (H: ${target[0]}, W: ${target[1]})`,
      );
    }
    const used = named.recomputeScaleFactor === true ? null : factors;
    return [x, { size: target, scaleFactor: used, mode, alignCorners: alignCorners ?? false }];
  },
  forward: (x: Tensor, { size, scaleFactor, mode, alignCorners }: CanonicalInterpolate) => {
    if (mode === 'bilinear' && dtypeInfo(x.dtype).kind !== 'float') {
      fail('interpolate', 'bilinear interpolation needs floats', 'a floating-point dtype', x.dtype);
    }
    const compute = computeDType(x.dtype);
    const image = materialize(cast(x, compute));
    const [batch, channels, height, width] = image.shape as readonly [number, number, number, number];
    const output = newTensor([batch, channels, ...size], compute);
    // float32 images have float32 positions and weights.
    const rounded = compute === 'float64' ? (value: number): number => value : Math.fround;
    const rows = taps(height, size[0], scaleFactor?.[0], mode, alignCorners, rounded);
    const columns = taps(width, size[1], scaleFactor?.[1], mode, alignCorners, rounded);
    if (compute === 'float32') {
      resize({
        mode: mode === 'nearest' ? 'nearest' : 'linear',
        x: sliceOf(image),
        y: sliceOf(output),
        planes: batch * channels,
        inHeight: height,
        inWidth: width,
        rows: engineTaps(rows),
        columns: engineTaps(columns),
      });
      return cast(output, x.dtype);
    }
    const from = flatElements(image) as Float64Array;
    const to = flatElements(output) as Float64Array;
    let out = 0;
    for (let plane = 0; plane < batch * channels; plane++) {
      const base = plane * height * width;
      for (const row of rows) {
        const above = base + row.near * width;
        const below = base + row.far * width;
        for (const column of columns) {
          if (mode === 'nearest') {
            to[out++] = from[above + column.near]!;
            continue;
          }
          const upper =
            from[above + column.near]! * (1 - column.weight) + from[above + column.far]! * column.weight;
          const lower =
            from[below + column.near]! * (1 - column.weight) + from[below + column.far]! * column.weight;
          to[out++] = upper * (1 - row.weight) + lower * row.weight;
        }
      }
    }
    return cast(output, x.dtype);
  },
});

/** Which two elements an output place lies between, and the weight of the farther one. */
interface Tap {
  readonly near: number;
  readonly far: number;
  readonly weight: number;
}

function engineTaps(taps: readonly Tap[]): ResizeTaps {
  return {
    near: Int32Array.from(taps, ({ near }) => near),
    far: Int32Array.from(taps, ({ far }) => far),
    weight: Float32Array.from(taps, ({ weight }) => weight),
  };
}

function taps(
  size: number,
  target: number,
  factor: number | undefined,
  mode: InterpolateMode,
  alignCorners: boolean,
  rounded: (value: number) => number,
): readonly Tap[] {
  const scale = alignCorners
    ? target > 1
      ? rounded((size - 1) / (target - 1))
      : 0
    : rounded(factor === undefined ? size / target : 1 / factor);
  return Array.from({ length: target }, (_, i) => {
    if (size === target) return { near: i, far: i, weight: 0 };
    if (mode === 'nearest') {
      // Doubling is exact whatever the scale factor says.
      if (target === 2 * size) return { near: i >> 1, far: i >> 1, weight: 0 };
      const near = Math.min(Math.floor(rounded(i * scale)), size - 1);
      return { near, far: near, weight: 0 };
    }
    const position = alignCorners
      ? rounded(i * scale)
      : Math.max(rounded(rounded(scale * (i + 0.5)) - 0.5), 0);
    const near = Math.min(Math.floor(position), size - 1);
    const far = Math.min(near + 1, size - 1);
    return { near, far, weight: rounded(Math.min(position - near, 1)) };
  });
}

function pair(value: number | readonly number[], name: string): readonly [number, number] {
  const list = typeof value === 'number' ? [value, value] : value;
  if (list.length !== 2) {
    fail('interpolate', `invalid ${name}`, 'a number or [height, width]', showSizes(list));
  }
  return [list[0]!, list[1]!];
}

/** Resizing as methods. */
export interface ResizeMethods {
  /** Resizes images [N, C, H, W]. */
  interpolate(options: InterpolateOptions): Tensor;
}
