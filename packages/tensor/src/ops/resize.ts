/** Changes the size of sequences, images and volumes by interpolation. */
import { type ResizeTaps, resize } from '@sconce/engine';
import { cast, fillElements, int64Tensor, materialize, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { type AxisTaps, gatherTaps, layoutOf, scatterTaps } from './axis-taps.ts';
import { computeDType } from './elementwise-core.ts';
import { flatFloats } from './plane-places.ts';
import { type AxisRule, resizeTaps } from './resize-taps.ts';

/**
 * How {@link interpolate} finds values between elements: along one dimension (linear), two (bilinear, bicubic), three
 * (trilinear) or any number of them.
 */
export type InterpolateMode =
  | 'nearest'
  | 'nearest-exact'
  | 'linear'
  | 'bilinear'
  | 'bicubic'
  | 'trilinear'
  | 'area';
/** Options of {@link interpolate}: either `size` or `scaleFactor`. */
export interface InterpolateOptions {
  readonly size?: number | readonly number[] | null;
  readonly scaleFactor?: number | readonly number[] | null;
  readonly mode?: InterpolateMode;
  /** For the linear and cubic modes: whether the corners' centres (true) or the corners themselves (false) stay. */
  readonly alignCorners?: boolean | null;
  /** Compute the scale from the sizes, not from `scaleFactor`. */
  readonly recomputeScaleFactor?: boolean | null;
  /** For bilinear and bicubic: filters that are as wide as the outputs are apart, so that every input counts. */
  readonly antialias?: boolean;
}
/** Options of {@link interpolate} as layers of the dispatcher see them. */
export interface CanonicalInterpolate {
  /** The output's size, without batch and channels. */
  readonly size: readonly number[];
  /** What the user gave; null if that was a size. */
  readonly scaleFactor: readonly number[] | null;
  readonly mode: InterpolateMode;
  readonly alignCorners: boolean;
  readonly antialias: boolean;
}
/** Signature of {@link interpolate}. */
export interface InterpolateOperator {
  (x: Tensor, options: InterpolateOptions): Tensor;
  (
    x: Tensor,
    size: InterpolateOptions['size'],
    scaleFactor?: InterpolateOptions['scaleFactor'],
    mode?: InterpolateMode,
    alignCorners?: boolean | null,
    recomputeScaleFactor?: boolean | null,
    antialias?: boolean,
  ): Tensor;
  (x: Tensor, size: InterpolateOptions['size'], options?: Omit<InterpolateOptions, 'size'>): Tensor;
}

/** Along how many dimensions each mode goes, and the rule of each. */
const modes: Readonly<Record<InterpolateMode, { ranks: readonly number[]; rule: AxisRule; name: string }>> = {
  nearest: { ranks: [1, 2, 3], rule: 'nearest', name: 'UpsampleNearest' },
  'nearest-exact': { ranks: [1, 2, 3], rule: 'nearest-exact', name: 'UpsampleNearestExact' },
  linear: { ranks: [1], rule: 'linear', name: 'UpsampleLinear' },
  bilinear: { ranks: [2], rule: 'linear', name: 'UpsampleBilinear' },
  bicubic: { ranks: [2], rule: 'cubic', name: 'UpsampleBicubic' },
  trilinear: { ranks: [3], rule: 'linear', name: 'UpsampleTrilinear' },
  area: { ranks: [1, 2, 3], rule: 'area', name: 'AdaptiveAvgPool' },
};

function checkMode(operator: string, x: Tensor, mode: InterpolateMode): void {
  const entry = modes[mode];
  if (entry === undefined || x.ndim < 3 || x.ndim > 5) {
    fail(
      operator,
      `Input Error: Only 3D, 4D and 5D input Tensors supported (got ${x.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact (got ${String(mode)})`,
    );
  }
  if (entry.ranks.includes(x.ndim - 2)) return;
  fail(operator, `Got ${x.ndim}D input, but ${mode} mode needs ${entry.ranks[0]! + 2}D input`);
}

function expanded(
  operator: string,
  x: Tensor,
  name: 'size' | 'scale_factor',
  value: number | readonly number[],
): readonly number[] {
  const rank = x.ndim - 2;
  const list = typeof value === 'number' ? new Array<number>(rank).fill(value) : value;
  if (list.length !== rank) {
    fail(
      operator,
      `Input and ${name} must have the same number of spatial dimensions, but got input with spatial dimensions of ${showSizes(x.shape.slice(2))} and ${name === 'size' ? 'output size' : name} of ${showSizes(list)}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and ${name === 'size' ? 'output size' : name} in (o1, o2, ...,oK) format.`,
    );
  }
  return list;
}

function normalize(operator: string, x: Tensor, named: InterpolateOptions): [Tensor, CanonicalInterpolate] {
  checkTensor(operator, 'input', x);
  const { size = null, scaleFactor = null, mode = 'nearest', alignCorners = null, antialias = false } = named;
  checkMode(operator, x, mode);
  const { rule } = modes[mode];
  if (rule !== 'linear' && rule !== 'cubic' && alignCorners !== null) {
    fail(
      operator,
      'align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear',
    );
  }
  if ((size === null) === (scaleFactor === null)) {
    fail(
      operator,
      size === null
        ? 'either size or scale_factor should be defined'
        : 'only one of size or scale_factor should be defined',
    );
  }
  if (size !== null && named.recomputeScaleFactor === true) {
    fail(operator, 'recompute_scale_factor is not meaningful with an explicit size.');
  }
  if (antialias && mode !== 'bilinear' && mode !== 'bicubic') {
    fail(
      operator,
      'Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input',
    );
  }
  const from = x.shape.slice(2);
  const factors = scaleFactor === null ? null : expanded(operator, x, 'scale_factor', scaleFactor);
  const target =
    factors === null
      ? expanded(operator, x, 'size', size!)
      : from.map((length, d) => Math.floor(length * factors[d]!));
  const used = named.recomputeScaleFactor === true ? null : factors;
  return [
    x,
    checked(operator, x, {
      size: target,
      scaleFactor: used,
      mode,
      alignCorners: alignCorners ?? false,
      antialias,
    }),
  ];
}

/** Checks sizes and the dtype. */
function checked(operator: string, x: Tensor, options: CanonicalInterpolate): CanonicalInterpolate {
  const { size, mode } = options;
  const from = x.shape.slice(2);
  if (!size.every((value) => Number.isInteger(value) && value > 0) || from.includes(0)) {
    const names = ['D', 'H', 'W'].slice(-size.length);
    const show = (sizes: readonly number[]): string =>
      sizes.map((value, d) => `${names[d]}: ${value}`).join(', ');
    fail(
      operator,
      `Input and output sizes should be greater than 0, but got input (${show(from)}) output (${show(size)})`,
    );
  }
  const { kind, scalarName } = dtypeInfo(x.dtype);
  if (kind !== 'float' && modes[mode].rule !== 'nearest' && modes[mode].rule !== 'nearest-exact') {
    fail(operator, `"${mode}" not implemented for '${scalarName}'`, 'a floating-point dtype', x.dtype);
  }
  return options;
}

/** The taps of each dimension. */
function tapsOf(
  from: readonly number[],
  options: CanonicalInterpolate,
  double: boolean,
): readonly AxisTaps[] {
  const { size, scaleFactor, mode, alignCorners, antialias } = options;
  return from.map((length, d) =>
    resizeTaps({
      rule: modes[mode].rule,
      size: length,
      target: size[d]!,
      factor: scaleFactor?.[d],
      alignCorners,
      antialias,
      double,
    }),
  );
}

/** Taps as the engine takes them: two places, and the weight of the second. */
function engineTaps({ count, width, places, weights }: AxisTaps): ResizeTaps {
  if (width === 1) return { near: places, far: places, weight: new Float32Array(count) };
  const [near, far] = [new Int32Array(count), new Int32Array(count)];
  const weight = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    near[i] = places[2 * i]!;
    far[i] = places[2 * i + 1]!;
    weight[i] = weights![2 * i + 1]!;
  }
  return { near, far, weight };
}

/** Every place of a dimension that stays as it is. */
function unchanged(size: number): AxisTaps {
  return { count: size, width: 1, places: Int32Array.from({ length: size }, (_, i) => i) };
}

/** Resizes float32 by the nearest element or by linear interpolation. */
function resizeOnEngine(x: Tensor, taps: readonly AxisTaps[], mode: 'nearest' | 'linear'): Tensor {
  const image = materialize(x);
  const [batch, channels, ...from] = image.shape as [number, number, ...number[]];
  // Along three dimensions: first the planes, then their depth.
  const [rows, columns] = taps.length === 1 ? [unchanged(1), taps[0]!] : taps.slice(-2);
  const planes = batch * channels * (taps.length === 3 ? from[0]! : 1);
  const [inHeight, inWidth] = taps.length === 1 ? [1, from[0]!] : from.slice(-2);
  const size = taps.map(({ count }) => count);
  const flat = newTensor(
    [batch, channels, ...(taps.length === 3 ? [from[0]!, size[1]!, size[2]!] : size)],
    'float32',
  );
  resize({
    mode,
    x: sliceOf(image),
    y: sliceOf(flat),
    planes,
    inHeight: inHeight!,
    inWidth: inWidth!,
    rows: engineTaps(rows!),
    columns: engineTaps(columns!),
  });
  if (taps.length < 3) return flat;
  const output = newTensor([batch, channels, ...size], 'float32');
  const line = size[1]! * size[2]!;
  resize({
    mode,
    x: sliceOf(flat),
    y: sliceOf(output),
    planes: batch * channels,
    inHeight: from[0]!,
    inWidth: line,
    rows: engineTaps(taps[0]!),
    columns: engineTaps(unchanged(line)),
  });
  return output;
}

/** Resizes one dimension after the other, the last one first. */
function resizeByTaps(x: Tensor, taps: readonly AxisTaps[]): Tensor {
  let image = materialize(x);
  for (let d = taps.length - 1; d >= 0; d--) {
    const layout = layoutOf(image.shape, d + 2);
    const next = newTensor(image.shape.with(d + 2, taps[d]!.count), image.dtype);
    gatherTaps(layout, taps[d]!, flatFloats(image), flatFloats(next));
    image = next;
  }
  return image;
}

function forward(x: Tensor, options: CanonicalInterpolate): Tensor {
  const { rule } = modes[options.mode];
  const nearest = rule === 'nearest' || rule === 'nearest-exact';
  const compute = nearest && x.dtype !== 'float32' ? x.dtype : computeDType(x.dtype);
  const taps = tapsOf(x.shape.slice(2), options, compute === 'float64');
  if (x.numel() === 0) return newTensor([...x.shape.slice(0, 2), ...options.size], x.dtype);
  if (nearest && compute !== 'float32') {
    // Elements only move, whatever they are.
    return taps.reduce(
      (image, { count, places }, d) => image.indexSelect(d + 2, int64Tensor([...places], [count])),
      x,
    );
  }
  const image = cast(x, compute);
  const onEngine = compute === 'float32' && !options.antialias && (nearest || rule === 'linear');
  const result = onEngine
    ? resizeOnEngine(image, taps, nearest ? 'nearest' : 'linear')
    : resizeByTaps(image, taps);
  return cast(result, x.dtype);
}

function backwardName(x: Tensor, { mode, antialias }: CanonicalInterpolate): string {
  return `${modes[mode].name}${x.ndim - 2}D${antialias ? 'Aa' : ''}Backward0`;
}

const gradientRules = {
  backwardName,
  forward,
  derivatives: [
    (grad: Tensor, [x, options]: [Tensor, CanonicalInterpolate]): Tensor =>
      interpolateBackward(grad, x.shape.slice(2), options),
  ],
};

/**
 * Resizes sequences [N, C, L], images [N, C, H, W] or volumes [N, C, D, H, W]. Canonical: (x, { size, scaleFactor, mode,
 * alignCorners, antialias }); `scaleFactor` is null unless it is what source positions are computed with.
 */
export const interpolate: InterpolateOperator = defineOperator({
  name: 'interpolate',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalInterpolate] => {
    const names = [
      'size',
      'scaleFactor',
      'mode',
      'alignCorners',
      'recomputeScaleFactor',
      'antialias',
    ] as const;
    return normalize('interpolate', x, bindArguments<InterpolateOptions>('interpolate', names, rest));
  },
  ...gradientRules,
});

/** What the gradient of resizing has in common with resizing, the other way round. Canonical: (grad, size, options). */
const interpolateBackward: (grad: Tensor, size: readonly number[], options: CanonicalInterpolate) => Tensor =
  defineOperator({
    name: 'interpolateBackward',
    forward: (grad: Tensor, size: readonly number[], options: CanonicalInterpolate) => {
      let image = materialize(cast(grad, computeDType(grad.dtype)));
      const taps = tapsOf(size, options, image.dtype === 'float64');
      for (let d = 0; d < taps.length; d++) {
        const next = newTensor(image.shape.with(d + 2, size[d]!), image.dtype);
        fillElements(next, 0);
        scatterTaps(layoutOf(next.shape, d + 2), taps[d]!, flatFloats(image), flatFloats(next));
        image = next;
      }
      return cast(image, grad.dtype);
    },
    derivatives: [(h, [, , options]) => resized(h, options)],
  });

/** {@link interpolate} of canonical arguments. */
const resized: (x: Tensor, options: CanonicalInterpolate) => Tensor = defineOperator({
  name: 'interpolate',
  ...gradientRules,
});

/** Options of {@link _upsampleBilinear2dAa}. */
export interface UpsampleOptions {
  /** Height and width; computed from the factors where it is null. */
  readonly outputSize?: readonly number[] | null;
  readonly alignCorners?: boolean;
  readonly scaleFactors?: readonly number[] | null;
  readonly scalesH?: number | null;
  readonly scalesW?: number | null;
}

/**
 * Bilinear resizing of images with antialiasing (`torch.ops.aten._upsample_bilinear2d_aa`): size and factors may be
 * given both, positions are computed with the factors then. Canonical: as {@link interpolate}.
 */
export const _upsampleBilinear2dAa: (x: Tensor, options: UpsampleOptions) => Tensor = defineOperator({
  name: '_upsampleBilinear2dAa',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalInterpolate] => {
    const operator = '_upsampleBilinear2dAa';
    const names = ['outputSize', 'alignCorners', 'scaleFactors', 'scalesH', 'scalesW'] as const;
    const named = bindArguments<UpsampleOptions>(operator, names, rest);
    const { outputSize = null, alignCorners = false, scaleFactors = null, scalesH, scalesW } = named;
    checkTensor(operator, 'input', x);
    checkMode(operator, x, 'bilinear');
    const factors = scaleFactors ?? (scalesH != null && scalesW != null ? [scalesH, scalesW] : null);
    const size = outputSize ?? factors?.map((factor, d) => Math.floor(x.shape[d + 2]! * factor));
    if (size === undefined) fail(operator, 'Must specify exactly one of output_size and scale_factors');
    return [
      x,
      checked(operator, x, { size, scaleFactor: factors, mode: 'bilinear', alignCorners, antialias: true }),
    ];
  },
  ...gradientRules,
});

/** Resizing as methods. */
export interface ResizeMethods {
  /** Resizes sequences [N, C, L], images [N, C, H, W] or volumes [N, C, D, H, W]. */
  interpolate(options: InterpolateOptions): Tensor;
}
