/** Where each place of a resized axis takes its values from, and with which weights (ONNX Resize-19). */

/** How places of the output are mapped into the input. */
export const coordinateModes = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_crop_and_resize',
] as const;
export type CoordinateMode = (typeof coordinateModes)[number];

/** How a fractional place is brought to a whole one by nearest-neighbour interpolation. */
export const nearestModes = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;
type NearestMode = (typeof nearestModes)[number];

/** The attributes that matter for one axis. */
export interface TapOptions {
  readonly antialias: boolean;
  readonly coordinate_transformation_mode: CoordinateMode;
  readonly cubic_coeff_a: number;
  readonly exclude_outside: boolean;
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly nearest_mode: NearestMode;
}

/** The geometry of one axis. */
export interface TapAxis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  readonly roi: readonly [start: number, end: number];
}

/** For every tap, the index and the weight at every place of the output. */
export interface Taps {
  readonly indices: number[][];
  readonly weights: number[][];
  /** Places that lie outside the input, for `tf_crop_and_resize` only. */
  readonly outside?: boolean[];
}

/** The place in the input, fractional, that place `x` of the output stands for. */
function sourcePlace(x: number, { input, output, scale, roi }: TapAxis, mode: CoordinateMode): number {
  // Dividing by a scale that is itself a quotient would miss whole numbers by a rounding error.
  const exact = output === input * scale;
  const unscaled = (place: number): number => (exact ? (place * input) / output : place / scale);
  switch (mode) {
    case 'half_pixel':
      return unscaled(x + 0.5) - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = output / (scale * input);
      return (input / 2) * (1 - adjustment) + unscaled(x + 0.5) - 0.5;
    }
    case 'pytorch_half_pixel':
      return output > 1 ? unscaled(x + 0.5) - 0.5 : 0;
    case 'align_corners':
      return output > 1 ? (x * (input - 1)) / (output - 1) : 0;
    case 'asymmetric':
      return unscaled(x);
    case 'tf_crop_and_resize':
      return output > 1
        ? roi[0] * (input - 1) + (x * (roi[1] - roi[0]) * (input - 1)) / (output - 1)
        : 0.5 * (roi[0] + roi[1]) * (input - 1);
    default:
      return mode satisfies never;
  }
}

function nearest(place: number, mode: NearestMode): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(place - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(place + 0.5);
    case 'floor':
      return Math.floor(place);
    case 'ceil':
      return Math.ceil(place);
    default:
      return mode satisfies never;
  }
}

/** The interpolating function of a mode at a distance from the place, and how far it reaches. */
function kernelOf(mode: 'linear' | 'cubic', a: number): { reach: number; at: (distance: number) => number } {
  if (mode === 'linear') return { reach: 1, at: (distance) => Math.max(1 - Math.abs(distance), 0) };
  return {
    reach: 2,
    at(distance) {
      const d = Math.abs(distance);
      if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
      return d < 2 ? a * (d ** 3 - 5 * d ** 2 + 8 * d - 4) : 0;
    },
  };
}

/** Taps of one axis. */
export function axisTaps(axis: TapAxis, options: TapOptions): Taps {
  const { mode, coordinate_transformation_mode: coordinates } = options;
  const places = Array.from({ length: axis.output }, (_, x) => sourcePlace(x, axis, coordinates));
  const clamp = (index: number): number => Math.min(Math.max(index, 0), axis.input - 1);
  const outside =
    coordinates === 'tf_crop_and_resize'
      ? { outside: places.map((place) => place < 0 || place > axis.input - 1) }
      : {};
  if (mode === 'nearest') {
    const indices = places.map((place) => clamp(nearest(place, options.nearest_mode)));
    return { indices: [indices], weights: [indices.map(() => 1)], ...outside };
  }
  const { reach, at } = kernelOf(mode, options.cubic_coeff_a);
  // Smoothing before shrinking: the kernel is stretched to cover all that one output stands for.
  const stretch = options.antialias ? Math.max(1, 1 / axis.scale) : 1;
  const taps = 2 * Math.ceil(reach * stretch);
  const indices: number[][] = Array.from({ length: taps }, () => []);
  const weights: number[][] = Array.from({ length: taps }, () => []);
  for (const place of places) {
    const first = Math.floor(place) - taps / 2 + 1;
    const own = Array.from({ length: taps }, (_, tap) => at((first + tap - place) / stretch));
    if (options.exclude_outside)
      for (let tap = 0; tap < taps; tap++) if (first + tap < 0 || first + tap >= axis.input) own[tap] = 0;
    const total =
      options.antialias || options.exclude_outside ? own.reduce((sum, weight) => sum + weight, 0) : 1;
    for (let tap = 0; tap < taps; tap++) {
      indices[tap]!.push(clamp(first + tap));
      weights[tap]!.push(own[tap]! / total);
    }
  }
  return { indices, weights, ...outside };
}
