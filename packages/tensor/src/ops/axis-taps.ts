/**
 * Sums along one dimension of a dense tensor whose places and weights are the same everywhere: what resizing
 * comes down to, dimension by dimension, and, with the direction turned round, their gradients.
 */

/** For each of `count` outputs along a dimension, `width` places of the input and their weights. */
export interface AxisTaps {
  readonly count: number;
  readonly width: number;
  readonly places: Int32Array;
  /** One for each place; left out where all are 1. */
  readonly weights?: Float64Array;
}

type Floats = Float32Array | Float64Array;

/** Where a dimension of `size` lies in a dense tensor: `outer` of them, each with `inner` elements for every place. */
export interface AxisLayout {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Writes `to[o, i, n] = sum over taps of weight * from[o, place, n]`. */
export function gatherTaps(
  { outer, size, inner }: AxisLayout,
  taps: AxisTaps,
  from: Floats,
  to: Floats,
): void {
  const { count, width, places, weights } = taps;
  let out = 0;
  for (let o = 0; o < outer; o++) {
    const base = o * size * inner;
    for (let i = 0; i < count; i++) {
      const first = i * width;
      if (inner === 1) {
        let sum = 0;
        for (let t = first; t < first + width; t++) {
          sum += from[base + places[t]!]! * (weights === undefined ? 1 : weights[t]!);
        }
        to[out++] = sum;
        continue;
      }
      for (let t = 0; t < width; t++) {
        const weight = weights === undefined ? 1 : weights[first + t]!;
        const at = base + places[first + t]! * inner;
        if (t === 0) for (let n = 0; n < inner; n++) to[out + n] = weight * from[at + n]!;
        else if (weight !== 0) for (let n = 0; n < inner; n++) to[out + n]! += weight * from[at + n]!;
      }
      out += inner;
    }
  }
}

/** Adds `weight * from[o, i, n]` to `to[o, place, n]` for each tap; `to` is filled with zeros. */
export function scatterTaps(
  { outer, size, inner }: AxisLayout,
  taps: AxisTaps,
  from: Floats,
  to: Floats,
): void {
  const { count, width, places, weights } = taps;
  let out = 0;
  for (let o = 0; o < outer; o++) {
    const base = o * size * inner;
    for (let i = 0; i < count; i++, out += inner) {
      if (inner === 1) {
        const share = from[out]!;
        if (width === 2 && weights !== undefined) {
          to[base + places[2 * i]!]! += weights[2 * i]! * share;
          to[base + places[2 * i + 1]!]! += weights[2 * i + 1]! * share;
          continue;
        }
        for (let t = i * width; t < (i + 1) * width; t++) {
          to[base + places[t]!]! += weights === undefined ? share : weights[t]! * share;
        }
        continue;
      }
      for (let t = i * width; t < (i + 1) * width; t++) {
        const weight = weights === undefined ? 1 : weights[t]!;
        const at = base + places[t]! * inner;
        for (let n = 0; n < inner; n++) to[at + n]! += weight * from[out + n]!;
      }
    }
  }
}

/** How a dimension lies in a dense tensor of the given shape. */
export function layoutOf(shape: readonly number[], dim: number): AxisLayout {
  const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);
  return { outer: product(shape.slice(0, dim)), size: shape[dim]!, inner: product(shape.slice(dim + 1)) };
}
