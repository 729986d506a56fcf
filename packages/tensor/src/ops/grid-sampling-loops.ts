/**
 * Where the values of a sampled image come from: for each place of a grid the elements around it, their weights, and
 * how these change with the place. All planes of an image share them.
 */
import { roundHalfToEven } from '../half.ts';
import { cubicSlope, cubicWeight } from './resize-taps.ts';

/** How values between elements are found. */
export type SamplingMode = 'bilinear' | 'nearest' | 'bicubic';
/** What lies beyond the edges. */
export type SamplingPadding = 'zeros' | 'border' | 'reflection';

/** What is sampled, and how. */
export interface Sampling {
  readonly mode: SamplingMode;
  readonly padding: SamplingPadding;
  readonly alignCorners: boolean;
  /** The input's size, without batch and channels. */
  readonly size: readonly number[];
  /** Whether numbers are float64's. */
  readonly double: boolean;
}

/** One dimension's elements around a place; -1 where there is none. */
interface Axis {
  readonly places: Int32Array;
  readonly weights: Float64Array;
  /** How the weights change with the grid's number. */
  readonly slopes: Float64Array;
}

/** Finds the elements around places; what it found last lies in its fields. */
class Sampler {
  /** Places in a plane; -1 for those outside. */
  readonly places: Int32Array;
  readonly weights: Float64Array;
  /** For each dimension, the width first as in grids: how the weights change with the grid's number. */
  readonly slopes: readonly Float64Array[];
  readonly #axes: readonly Axis[];
  readonly #sampling: Sampling;
  /** Elements around a place along each dimension. */
  readonly #taps: number;

  constructor(sampling: Sampling) {
    const { mode, size } = sampling;
    const taps = mode === 'nearest' ? 1 : mode === 'bilinear' ? 2 : 4;
    const count = taps ** size.length;
    this.#sampling = sampling;
    this.#taps = taps;
    this.#axes = size.map(() => ({
      places: new Int32Array(taps),
      weights: new Float64Array(taps),
      slopes: new Float64Array(taps),
    }));
    this.places = new Int32Array(count);
    this.weights = new Float64Array(count);
    this.slopes = size.map(() => new Float64Array(count));
  }

  /** Looks around the place that lies at `at` in the grid. */
  move(grid: Float32Array | Float64Array, at: number): void {
    const { size } = this.#sampling;
    const rank = size.length;
    for (let d = 0; d < rank; d++) this.#look(d, grid[at + rank - 1 - d]!);
    const [places, weights, taps] = [this.places, this.weights, this.#taps];
    for (let k = 0; k < places.length; k++) {
      let place = 0;
      let weight = 1;
      let rest = k;
      let outside = false;
      for (let d = rank - 1, stride = 1; d >= 0; d--) {
        const axis = this.#axes[d]!;
        const tap = rest % taps;
        rest = (rest - tap) / taps;
        if (axis.places[tap]! < 0) outside = true;
        place += axis.places[tap]! * stride;
        weight *= axis.weights[tap]!;
        stride *= size[d]!;
      }
      places[k] = outside ? -1 : place;
      weights[k] = weight;
      for (let g = 0; g < rank; g++) this.slopes[g]![k] = this.#slope(rank - 1 - g, k);
    }
  }

  /** How the weight of the k-th element changes along a dimension. */
  #slope(along: number, k: number): number {
    let product = 1;
    let rest = k;
    for (let d = this.#axes.length - 1; d >= 0; d--) {
      const tap = rest % this.#taps;
      rest = (rest - tap) / this.#taps;
      const axis = this.#axes[d]!;
      product *= d === along ? axis.slopes[tap]! : axis.weights[tap]!;
    }
    return product;
  }

  /** Finds the elements around a number of the grid along one dimension. */
  #look(d: number, value: number): void {
    const { mode, padding, alignCorners, double } = this.#sampling;
    const length = this.#sampling.size[d]!;
    const { places, weights, slopes } = this.#axes[d]!;
    const round = double ? (number: number): number => number : Math.fround;
    const raw = alignCorners
      ? round(round(round(value + 1) / 2) * (length - 1))
      : round(round(round(round(value + 1) * length) - 1) / 2);
    const step = alignCorners ? (length - 1) / 2 : length / 2;
    if (mode === 'bicubic') {
      const first = Math.floor(raw);
      const rest = raw - first;
      for (let t = 0; t < 4; t++) {
        places[t] = inside(padded(first - 1 + t, length, padding, alignCorners).at, length);
        weights[t] = cubicWeight(rest + 1 - t);
        slopes[t] = cubicSlope(rest + 1 - t, -0.75) * step;
      }
      return;
    }
    const { at, slope } = padded(raw, length, padding, alignCorners);
    if (mode === 'nearest') {
      places[0] = inside(roundHalfToEven(at), length);
      weights[0] = 1;
      slopes[0] = 0;
      return;
    }
    const first = Math.floor(at);
    const rest = at - first;
    places[0] = inside(first, length);
    places[1] = inside(first + 1, length);
    weights[0] = 1 - rest;
    weights[1] = rest;
    slopes[0] = -slope * step;
    slopes[1] = slope * step;
  }
}

/** The place, or -1 outside (NaN included). */
function inside(place: number, length: number): number {
  return place >= 0 && place < length ? place : -1;
}

/** Brings a position into the image where the padding says so, and tells its slope. */
function padded(
  at: number,
  length: number,
  padding: SamplingPadding,
  alignCorners: boolean,
): { at: number; slope: number } {
  if (padding === 'zeros') return { at, slope: 1 };
  if (padding === 'border') return clipped(at, length);
  const reflected = alignCorners ? reflect(at, 0, 2 * (length - 1)) : reflect(at, -1, 2 * length - 1);
  const result = clipped(reflected.at, length);
  return { at: result.at, slope: result.slope * reflected.slope };
}

function clipped(at: number, length: number): { at: number; slope: number } {
  if (at > 0 && at < length - 1) return { at, slope: 1 };
  return { at: at >= length - 1 && at > 0 ? length - 1 : 0, slope: 0 };
}

/** Reflects a position until it lies between the halves of two bounds. */
function reflect(at: number, twiceLow: number, twiceHigh: number): { at: number; slope: number } {
  if (twiceLow === twiceHigh) return { at: 0, slope: 0 };
  const [low, span] = [twiceLow / 2, (twiceHigh - twiceLow) / 2];
  const distance = Math.abs(at - low);
  const sign = at < low ? -1 : 1;
  const extra = distance % span;
  const even = Math.floor(distance / span) % 2 === 0;
  return even ? { at: extra + low, slope: sign } : { at: span - extra + low, slope: -sign };
}

/** Dense memory of a sampling: images [batch, channels, plane], grid [batch, count, rank], samples [batch, channels, count]. */
export interface SamplingArrays {
  readonly batch: number;
  readonly channels: number;
  /** Elements of a plane of the image. */
  readonly plane: number;
  /** Places in a grid. */
  readonly count: number;
  readonly grid: Float32Array | Float64Array;
}

type Floats = Float32Array | Float64Array;

/** Samples images. */
export function sampleImages(
  sampling: Sampling,
  { batch, channels, plane, count, grid }: SamplingArrays,
  image: Floats,
  samples: Floats,
): void {
  const sampler = new Sampler(sampling);
  const rank = sampling.size.length;
  const { places, weights } = sampler;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < count; i++) {
      sampler.move(grid, (n * count + i) * rank);
      for (let c = 0; c < channels; c++) {
        const base = (n * channels + c) * plane;
        let sum = 0;
        for (let k = 0; k < places.length; k++) {
          if (places[k]! >= 0) sum += image[base + places[k]!]! * weights[k]!;
        }
        samples[(n * channels + c) * count + i] = sum;
      }
    }
  }
}

/** The gradient with respect to the images, from that of the samples; `result` is filled with zeros. */
export function sampledImageGradient(
  sampling: Sampling,
  { batch, channels, plane, count, grid }: SamplingArrays,
  grad: Floats,
  result: Floats,
): void {
  const sampler = new Sampler(sampling);
  const rank = sampling.size.length;
  const { places, weights } = sampler;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < count; i++) {
      sampler.move(grid, (n * count + i) * rank);
      for (let c = 0; c < channels; c++) {
        const base = (n * channels + c) * plane;
        const share = grad[(n * channels + c) * count + i]!;
        for (let k = 0; k < places.length; k++) {
          if (places[k]! >= 0) result[base + places[k]!]! += share * weights[k]!;
        }
      }
    }
  }
}

/** The gradient with respect to the grid, from that of the samples. */
export function gridGradient(
  sampling: Sampling,
  { batch, channels, plane, count, grid }: SamplingArrays,
  image: Floats,
  grad: Floats,
  result: Floats,
): void {
  const sampler = new Sampler(sampling);
  const rank = sampling.size.length;
  const { places, slopes } = sampler;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < count; i++) {
      const at = (n * count + i) * rank;
      sampler.move(grid, at);
      for (let g = 0; g < rank; g++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) {
          const base = (n * channels + c) * plane;
          let change = 0;
          for (let k = 0; k < places.length; k++) {
            if (places[k]! >= 0) change += image[base + places[k]!]! * slopes[g]![k]!;
          }
          sum += change * grad[(n * channels + c) * count + i]!;
        }
        result[at + g] = sum;
      }
    }
  }
}
