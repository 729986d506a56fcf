/**
 * Which elements of a dimension a resized one is made of, and with which weights. Positions and weights of float32
 * tensors are float32 numbers, as PyTorch's are.
 */
import type { AxisTaps } from './axis-taps.ts';

/** How values between elements are found, along one dimension. */
export type AxisRule = 'nearest' | 'nearest-exact' | 'linear' | 'cubic' | 'area';

/** What the taps of a dimension depend on. */
export interface AxisResize {
  readonly rule: AxisRule;
  readonly size: number;
  readonly target: number;
  /** The factor that positions are computed with; undefined where the sizes' ratio is. */
  readonly factor: number | undefined;
  readonly alignCorners: boolean;
  readonly antialias: boolean;
  /** Whether numbers are float64's. */
  readonly double: boolean;
}

/** Elements of the input between neighbouring outputs (PyTorch's `area_pixel_compute_scale`). */
function scaleOf({ size, target, factor, alignCorners, double }: AxisResize): number {
  const round = double ? (value: number): number => value : Math.fround;
  if (alignCorners) return target > 1 ? round((size - 1) / (target - 1)) : 0;
  return round(factor === undefined || !(factor > 0) ? size / target : 1 / factor);
}

/** The taps of a dimension. */
export function resizeTaps(resize: AxisResize): AxisTaps {
  const { rule, size, target, antialias } = resize;
  if (rule === 'area') return areaTaps(size, target);
  if (antialias) return smoothTaps(resize);
  if (rule === 'nearest' || rule === 'nearest-exact') return nearestTaps(resize);
  return rule === 'linear' ? linearTaps(resize) : cubicTaps(resize);
}

function nearestTaps(resize: AxisResize): AxisTaps {
  const { rule, size, target } = resize;
  const places = new Int32Array(target);
  const scale = scaleOf({ ...resize, alignCorners: false });
  const round = resize.double ? (value: number): number => value : Math.fround;
  for (let i = 0; i < target; i++) {
    if (size === target) places[i] = i;
    else if (rule === 'nearest-exact') {
      const position = Math.max(round(round(scale * (i + 0.5)) - 0.5), 0);
      places[i] = Math.min(Math.floor(Math.fround(position + 0.5)), size - 1);
    }
    // Doubling is exact whatever the scale factor says.
    else if (target === 2 * size) places[i] = i >> 1;
    else places[i] = Math.min(Math.floor(Math.fround(i * scale)), size - 1);
  }
  return { count: target, width: 1, places };
}

/** Where an output lies in the input. */
function positionOf(i: number, scale: number, { alignCorners, double }: AxisResize): number {
  const round = double ? (value: number): number => value : Math.fround;
  return alignCorners ? round(i * scale) : round(round(scale * (i + 0.5)) - 0.5);
}

function linearTaps(resize: AxisResize): AxisTaps {
  const { size, target } = resize;
  const [places, weights] = [new Int32Array(2 * target), new Float64Array(2 * target)];
  const scale = scaleOf(resize);
  const round = resize.double ? (value: number): number => value : Math.fround;
  for (let i = 0; i < target; i++) {
    const position = size === target ? i : Math.max(positionOf(i, scale, resize), 0);
    const near = Math.min(Math.floor(position), size - 1);
    const weight = round(Math.min(position - near, 1));
    places[2 * i] = near;
    places[2 * i + 1] = Math.min(near + 1, size - 1);
    weights[2 * i] = round(1 - weight);
    weights[2 * i + 1] = weight;
  }
  return { count: target, width: 2, places, weights };
}

/** Keys' cubic convolution, for a distance between elements. */
function cubic(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/** The slope of {@link cubic}. */
export function cubicSlope(distance: number, a: number): number {
  const x = Math.abs(distance);
  const slope = x <= 1 ? (3 * (a + 2) * x - 2 * (a + 3)) * x : x < 2 ? (3 * a * x - 10 * a) * x + 8 * a : 0;
  return distance < 0 ? -slope : slope;
}

/** The weight of an element at a distance, as bicubic interpolation of images has it. */
export function cubicWeight(distance: number): number {
  return cubic(distance, -0.75);
}

function cubicTaps(resize: AxisResize): AxisTaps {
  const { size, target } = resize;
  const [places, weights] = [new Int32Array(4 * target), new Float64Array(4 * target)];
  const scale = scaleOf(resize);
  const round = resize.double ? (value: number): number => value : Math.fround;
  for (let i = 0; i < target; i++) {
    const position = positionOf(i, scale, resize);
    const near = Math.min(Math.floor(position), size - 1);
    const rest = round(Math.min(Math.max(position - near, 0), 1));
    for (let t = 0; t < 4; t++) {
      places[4 * i + t] = Math.min(Math.max(near - 1 + t, 0), size - 1);
      weights[4 * i + t] = round(cubicWeight(rest + 1 - t));
    }
  }
  return { count: target, width: 4, places, weights };
}

/** With antialiasing a filter is as wide as the outputs are apart, so that every input counts. */
function smoothTaps(resize: AxisResize): AxisTaps {
  const { rule, size, target } = resize;
  const scale = scaleOf(resize);
  const round = resize.double ? (value: number): number => value : Math.fround;
  const reach = round((rule === 'linear' ? 1 : 2) * Math.max(scale, 1));
  const inverse = round(scale >= 1 ? 1 / scale : 1);
  const width = Math.ceil(reach) * 2 + 1;
  const [places, weights] = [new Int32Array(width * target), new Float64Array(width * target)];
  for (let i = 0; i < target; i++) {
    const center = round(scale * (i + 0.5));
    const first = Math.max(Math.trunc(center - reach + 0.5), 0);
    const last = Math.min(Math.trunc(center + reach + 0.5), size);
    let total = 0;
    for (let t = 0; t < width; t++) {
      const inside = first + t < last;
      const distance = (first + t - center + 0.5) * inverse;
      const weight = rule === 'linear' ? Math.max(1 - Math.abs(distance), 0) : cubic(distance, -0.5);
      places[i * width + t] = Math.min(first + t, size - 1);
      weights[i * width + t] = inside ? weight : 0;
      if (inside) total += weight;
    }
    for (let t = i * width; t < (i + 1) * width; t++) {
      if (total !== 0) weights[t] = round(weights[t]! / total);
    }
  }
  return { count: target, width, places, weights };
}

/** Means of as many parts of the input as there are outputs. */
function areaTaps(size: number, target: number): AxisTaps {
  const bounds = (i: number): [number, number] => [
    Math.floor((i * size) / target),
    Math.ceil(((i + 1) * size) / target),
  ];
  let width = 1;
  for (let i = 0; i < target; i++) width = Math.max(width, bounds(i)[1] - bounds(i)[0]);
  const [places, weights] = [new Int32Array(width * target), new Float64Array(width * target)];
  for (let i = 0; i < target; i++) {
    const [start, end] = bounds(i);
    for (let t = 0; t < width; t++) {
      places[i * width + t] = Math.min(start + t, size - 1);
      weights[i * width + t] = start + t < end ? 1 / (end - start) : 0;
    }
  }
  return { count: target, width, places, weights };
}
