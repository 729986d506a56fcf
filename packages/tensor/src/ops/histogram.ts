/** Counts of values: of integers, and of numbers in bins. */
import { cast, flatElements, materialize } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { linspace } from '../ranges.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { indexTensor, positions } from './positions.ts';

/** Options of {@link bincount}. */
export interface BincountOptions {
  /** What each value counts; 1 by default. */
  readonly weights?: Tensor | null;
  /** The result has at least so many elements. */
  readonly minlength?: number;
}

/** Signature of {@link bincount}. */
export interface BincountOperator {
  (x: Tensor, weights?: Tensor | null, minlength?: number): Tensor;
  (x: Tensor, options: BincountOptions): Tensor;
}

/** How often each of the numbers 0, 1, ... comes in a vector of them, int64 or in the weights' dtype. Canonical: (x, weights | null, { minlength }). */
export const bincount: BincountOperator = defineOperator({
  name: 'bincount',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Tensor | null, { readonly minlength: number }] => {
    checkTensor('bincount', 'input', x);
    const names: (keyof BincountOptions)[] = ['weights', 'minlength'];
    const { weights = null, minlength = 0 } = bindArguments<BincountOptions>('bincount', names, rest);
    const { kind, scalarName } = dtypeInfo(x.dtype);
    if (kind !== 'int') fail('bincount', `"bincount_cpu" not implemented for '${scalarName}'`);
    if (minlength < 0) fail('bincount', 'minlength should be >= 0', '>= 0', String(minlength));
    if (x.ndim !== 1 && x.numel() > 0)
      fail('bincount', 'bincount only supports 1-d non-negative integral inputs.');
    if (weights !== null && weights.shape.join() !== x.shape.join()) {
      fail('bincount', 'weights should be 1-d and have the same length as input');
    }
    return [x, weights, { minlength }];
  },
  forward: (x: Tensor, weights: Tensor | null, { minlength }) => {
    const limit = 2 ** 31 - 1;
    const values = positions('bincount', cast(x, 'int64'), limit, 0, {
      outOfRange: (value) =>
        fail(
          'bincount',
          value < 0n
            ? 'bincount only supports 1-d non-negative integral inputs.'
            : `maximum value of input overflowed, it should be < ${limit} but got ${value}`,
        ),
    });
    const length = Math.max(minlength, largestOf(values) + 1);
    if (weights === null) {
      const counts = new Int32Array(length);
      countEach(values, counts);
      return indexTensor(counts, [length]);
    }
    const dtype = weights.dtype === 'float32' ? 'float32' : 'float64';
    const factors = materialize(cast(weights, dtype));
    const result = zeros([length], { dtype });
    const sums = flatElements(result) as Float64Array;
    const from = flatElements(factors) as Float64Array;
    for (let i = 0; i < values.length; i++) sums[values[i]!]! += from[i]!;
    return result;
  },
  constant: true,
});

function largestOf(values: Int32Array): number {
  let largest = -1;
  for (let i = 0; i < values.length; i++) if (values[i]! > largest) largest = values[i]!;
  return largest;
}

function countEach(values: Int32Array, counts: Int32Array): void {
  for (let i = 0; i < values.length; i++) counts[values[i]!]!++;
}

/** Lower and upper end of the bins: as given, else those of the elements; never equal. */
function rangeOf(
  operator: string,
  values: Float64Array,
  start: number,
  step: number,
  given: readonly [number, number] | null,
  margin: number,
): [number, number] {
  let [low, high] = given ?? [0, 0];
  if (given === null) {
    if (values.length === 0) [low, high] = [0, 1];
    else {
      low = Number.POSITIVE_INFINITY;
      high = Number.NEGATIVE_INFINITY;
      for (let i = start; i < values.length; i += step) {
        low = Math.min(low, values[i]!);
        high = Math.max(high, values[i]!);
      }
    }
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    fail(operator, `torch.${operator}: range of [${low}, ${high}] is not finite`);
  }
  if (low > high) fail(operator, `torch.${operator}: max must be larger than min`);
  return low === high ? [low - margin, high + margin] : [low, high];
}

/** The bin of a value between edges at equal distances, by division in the dtype's precision. */
function binByDivision(
  value: number,
  low: number,
  high: number,
  bins: number,
  round: (x: number) => number,
): number {
  const bin = Math.trunc(round(round(round(value - low) * bins) / round(high - low)));
  return bin === bins ? bin - 1 : bin;
}

/** The number of edges that are not above a value, in a range of them. */
function edgesBelow(edges: Float64Array, value: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function rounderOf(x: Tensor): (value: number) => number {
  return x.dtype === 'float32' ? Math.fround : (value) => value;
}

function requireBinnable(operator: string, x: Tensor, kernel: string): void {
  checkTensor(operator, 'input', x);
  if (x.dtype !== 'float32' && x.dtype !== 'float64') {
    fail(
      operator,
      `"${kernel}" not implemented for '${dtypeInfo(x.dtype).scalarName}'`,
      'float32 or float64',
      x.dtype,
    );
  }
}

/** Options of {@link histc}. */
export interface HistcOptions {
  /** 100 by default. */
  readonly bins?: number;
  /** Where the bins begin and end; with both equal, at the elements' extrema. */
  readonly min?: number;
  readonly max?: number;
}

/** Signature of {@link histc}. */
export interface HistcOperator {
  (x: Tensor, bins?: number, min?: number, max?: number): Tensor;
  (x: Tensor, options: HistcOptions): Tensor;
}

/** How many elements lie in each of equally wide bins; those outside are not counted. Canonical: (x, { bins, min, max }). */
export const histc: HistcOperator = defineOperator({
  name: 'histc',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Required<HistcOptions>] => {
    requireBinnable('histc', x, 'histogram_cpu');
    const names: (keyof HistcOptions)[] = ['bins', 'min', 'max'];
    const { bins = 100, min = 0, max = 0 } = bindArguments<HistcOptions>('histc', names, rest);
    if (bins <= 0) {
      fail('histc', `torch.histogram(): bins must be > 0, but got ${bins} for dimension 0`);
    }
    return [x, { bins, min, max }];
  },
  forward: (x: Tensor, { bins, min, max }) => {
    const result = zeros([bins], { dtype: x.dtype });
    const values = flatElements(materialize(x)) as Float64Array;
    const counts = flatElements(result) as Float64Array;
    const [low, high] = rangeOf('histc', values, 0, 1, min === max ? null : [min, max], 1);
    const round = rounderOf(x);
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value >= low && value <= high) counts[binByDivision(value, low, high, bins, round)]!++;
    }
    return result;
  },
});

/** Options of {@link histogram} and {@link histogramdd}. */
export interface HistogramOptions {
  /** Lower and upper end for each dimension in turn, where bins are given by number; the elements' extrema by default. */
  readonly range?: readonly number[] | null;
  /** What each point counts. */
  readonly weight?: Tensor | null;
  /** Whether the result is a density, whose integral is 1. */
  readonly density?: boolean;
}

type Bins = readonly (number | Tensor)[];

interface CanonicalBins {
  readonly range: readonly number[] | null;
  readonly weight: Tensor | null;
  readonly density: boolean;
}

/** Counts points [count, dimensions] in the boxes between edges. */
function countPoints(
  operator: string,
  x: Tensor,
  bins: Bins,
  { range, weight, density }: CanonicalBins,
): { hist: Tensor; edges: Tensor[] } {
  const dims = bins.length;
  const points = materialize(x);
  const inner = flatElements(points) as Float64Array;
  const edges = bins.map((own, d) => {
    if (typeof own !== 'number') return materialize(own);
    if (own <= 0) {
      fail(operator, `torch.histogram(): bins must be > 0, but got ${own} for dimension ${d}`);
    }
    const given = range === null ? null : ([range[2 * d]!, range[2 * d + 1]!] as const);
    const [low, high] = rangeOf(operator, inner, d, dims, given, 0.5);
    return linspace(low, high, own + 1, { dtype: x.dtype });
  });
  const sizes = edges.map((edge) => edge.numel() - 1);
  const hist = zeros(sizes, { dtype: x.dtype });
  const factors = weight === null ? undefined : materialize(weight);
  const counts = flatElements(hist) as Float64Array;
  const weights = factors === undefined ? undefined : (flatElements(factors) as Float64Array);
  const values = flatElements(points) as Float64Array;
  const limits = edges.map((edge) => Float64Array.from(flatElements(edge) as Float64Array));
  const round = rounderOf(x);
  const count = dims === 0 ? 0 : values.length / dims;
  for (let i = 0; i < count; i++) {
    let at = 0;
    for (let d = 0; d < dims && at >= 0; d++) {
      const bin = binOf(values[i * dims + d]!, limits[d]!, typeof bins[d] === 'number', round);
      at = bin < 0 ? -1 : at * sizes[d]! + bin;
    }
    if (at >= 0) counts[at]! += weights?.[i] ?? 1;
  }
  return { hist: density ? densityOf(hist, edges) : hist, edges };
}

/** The bin of a value, -1 where it is outside of all; the last bin contains its upper edge. */
function binOf(value: number, edges: Float64Array, even: boolean, round: (x: number) => number): number {
  const bins = edges.length - 1;
  const low = edges[0]!;
  const high = edges[bins]!;
  if (!(value >= low && value <= high)) return -1;
  let bin: number;
  if (even) {
    const near = Math.trunc(round(round(round(value - low) * bins) / round(high - low)));
    // Division may err by one where a value lies close to an edge.
    bin = edgesBelow(edges, value, Math.max(0, near - 1), Math.min(near + 2, edges.length)) - 1;
  } else bin = edgesBelow(edges, value, 0, edges.length) - 1;
  return bin === bins ? bin - 1 : bin;
}

function densityOf(hist: Tensor, edges: readonly Tensor[]): Tensor {
  let result = hist.div(hist.sum());
  edges.forEach((edge, d) => {
    const bins = edge.numel() - 1;
    const widths = edge.narrow(0, 1, bins).sub(edge.narrow(0, 0, bins));
    result = result.div(widths.reshape(hist.shape.map((size, other) => (other === d ? size : 1))));
  });
  return result;
}

function normalizeBins(
  operator: 'histogram' | 'histogramdd',
  x: Tensor,
  rest: readonly unknown[],
): [Tensor, readonly (number | Tensor)[], CanonicalBins] {
  requireBinnable(operator, x, 'histogramdd');
  type Named = HistogramOptions & { bins: number | Tensor | Bins };
  const names: (keyof Named)[] = ['bins', 'range', 'weight', 'density'];
  const bound = bindArguments<Named>(operator, names, rest);
  const { bins = operator === 'histogram' ? 100 : 10, range = null, weight = null, density = false } = bound;
  const dims = operator === 'histogram' ? 1 : (x.shape.at(-1) ?? 1);
  const list = Array.isArray(bins)
    ? (bins as Bins)
    : new Array<number | Tensor>(dims).fill(bins as number | Tensor);
  if (list.length !== dims) {
    fail(operator, `${operator}: The size of bins must be equal to the innermost dimension of the input.`);
  }
  const outer = operator === 'histogram' ? x.shape : x.shape.slice(0, -1);
  if (weight !== null && weight.shape.join() !== outer.join()) {
    const shown = operator === 'histogram' ? [numelOf(x.shape), 1] : x.shape;
    fail(
      operator,
      `torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding its innermost dimension, but got input with shape ${showSizes(shown)} and weight with shape ${showSizes(weight.shape)}`,
    );
  }
  return [x, list, { range, weight, density }];
}

/** Signature of {@link histogram}. */
export type HistogramOperator = (
  x: Tensor,
  bins?: number | Tensor,
  options?: HistogramOptions,
) => { readonly hist: Tensor; readonly binEdges: Tensor };

/**
 * How many elements lie between edges, which are given or at equal distances: `{ hist, binEdges }`.
 * Canonical: (x, [bins], { range, weight, density }).
 */
export const histogram: HistogramOperator = defineOperator({
  name: 'histogram',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeBins('histogram', x, rest),
  forward: (x: Tensor, bins: readonly (number | Tensor)[], options: CanonicalBins) => {
    const { hist, edges } = countPoints('histogram', x, bins, options);
    return { hist, binEdges: edges[0]! };
  },
  constant: true,
});

/** Signature of {@link histogramdd}. */
export type HistogramddOperator = (
  x: Tensor,
  bins?: number | Bins,
  options?: HistogramOptions,
) => { readonly hist: Tensor; readonly binEdges: readonly Tensor[] };

/**
 * How many points, the last dimension of x, lie in boxes between the edges of each coordinate: `{ hist, binEdges }`.
 * Canonical: (x, bins, { range, weight, density }).
 */
export const histogramdd: HistogramddOperator = defineOperator({
  name: 'histogramdd',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeBins('histogramdd', x, rest),
  forward: (x: Tensor, bins: readonly (number | Tensor)[], options: CanonicalBins) => {
    const { hist, edges } = countPoints('histogramdd', x, bins, options);
    return { hist, binEdges: edges };
  },
  constant: true,
});

/** Counting as methods. */
export interface HistogramMethods {
  /** How often each of the numbers 0, 1, ... comes. */
  bincount(weights?: Tensor | null, minlength?: number): Tensor;
  bincount(options: BincountOptions): Tensor;
  /** How many elements lie in each of equally wide bins. */
  histc(bins?: number, min?: number, max?: number): Tensor;
  histc(options: HistcOptions): Tensor;
  /** How many elements lie between edges: `{ hist, binEdges }`. */
  histogram(
    bins?: number | Tensor,
    options?: HistogramOptions,
  ): { readonly hist: Tensor; readonly binEdges: Tensor };
}
