/** Quantiles, between sorted elements. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** How a quantile between two elements is computed. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';

/** Options of {@link quantile} and {@link nanquantile}. */
export interface QuantileOptions {
  /** All elements without it. */
  readonly dim?: number | null;
  readonly keepdim?: boolean;
  readonly interpolation?: Interpolation;
}

/** Signature of {@link quantile} and {@link nanquantile}. */
export interface QuantileOperator {
  (x: Tensor, q: number | Tensor, dim?: number | null, keepdim?: boolean): Tensor;
  (x: Tensor, q: number | Tensor, options: QuantileOptions): Tensor;
}

interface CanonicalQuantile {
  readonly dim: number | null;
  readonly keepdim: boolean;
  readonly interpolation: Interpolation;
}

const interpolations: readonly string[] = ['linear', 'lower', 'higher', 'midpoint', 'nearest'];

function normalize(
  operator: string,
  x: Tensor,
  rest: readonly unknown[],
): [Tensor, Tensor, CanonicalQuantile] {
  checkTensor(operator, 'input', x);
  type Named = QuantileOptions & { q: number | Tensor };
  const names: (keyof Named)[] = ['q', 'dim', 'keepdim', 'interpolation'];
  const bound = bindArguments<Named>(operator, names, rest);
  const { q, dim = null, keepdim = false, interpolation = 'linear' } = bound;
  if (q === undefined) fail(operator, "missing argument 'q'", 'a number or a tensor');
  if (x.numel() === 0) fail(operator, `${operator}() input tensor must be non-empty`);
  if (x.dtype !== 'float32' && x.dtype !== 'float64') {
    fail(operator, `${operator}() input tensor must be either float or double dtype`, undefined, x.dtype);
  }
  if (!interpolations.includes(interpolation)) {
    fail(
      operator,
      `${operator}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ${interpolation}`,
    );
  }
  if (typeof q === 'number' && !(q >= 0 && q <= 1)) {
    fail(operator, `${operator}() q must be in the range [0, 1] but got ${q}`);
  }
  const probabilities = q instanceof Tensor ? q : x.newFull([], q);
  if (probabilities.ndim > 1) fail(operator, `${operator}() q must be a scalar or 1D tensor`);
  if (probabilities.dtype !== x.dtype) {
    fail(
      operator,
      `${operator}() q tensor must be same dtype as the input tensor`,
      x.dtype,
      probabilities.dtype,
    );
  }
  if (q instanceof Tensor && q.ge(0).logicalAnd(q.le(1)).all().item() !== true) {
    fail(operator, `${operator}() q values must be in the range [0, 1]`);
  }
  const axis = dim === null ? null : wrapDim(operator, dim, x.ndim);
  return [x, probabilities, { dim: axis, keepdim, interpolation }];
}

/** Where quantiles lie among sorted elements, as numbers that may be between two. */
function ranksOf(sorted: Tensor, q: Tensor, ignoreNan: boolean): Tensor {
  const missing = sorted.isnan();
  if (ignoreNan) {
    const last = missing.logicalNot().sum({ dim: -1, keepdim: true }).sub(1);
    const ranks = q.mul(last);
    return ranks.maskedFill(ranks.lt(0), 0);
  }
  const last = sorted.shape.at(-1)! - 1;
  return q.mul(last).maskedFill(missing.any({ dim: -1, keepdim: true }), last);
}

function compute(
  x: Tensor,
  q: Tensor,
  { dim, keepdim, interpolation }: CanonicalQuantile,
  ignoreNan: boolean,
): Tensor {
  const axis = dim ?? 0;
  const source = dim === null || x.ndim === 0 ? x.reshape(-1) : x.transpose(axis, -1);
  const sorted = source.sort().values;
  let ranks = ranksOf(sorted, q.reshape(-1), ignoreNan);
  if (interpolation === 'lower') ranks = ranks.floor();
  else if (interpolation === 'higher') ranks = ranks.ceil();
  else if (interpolation === 'nearest') ranks = ranks.round();
  const shape = sorted.shape.with(-1, q.numel());
  const pick = (at: Tensor): Tensor => sorted.gather(sorted.ndim - 1, at.to('int64').expand(shape));
  let values = pick(ranks);
  if (interpolation === 'linear' || interpolation === 'midpoint') {
    const below = values;
    const above = pick(ranks.ceil());
    const weight = interpolation === 'midpoint' ? ranks.newFull(shape, 0.5) : ranks.sub(ranks.to('int64'));
    const width = above.sub(below);
    const fromBelow = below.add(width.mul(weight));
    const fromAbove = above.sub(width.mul(weight.neg().add(1)));
    values = fromBelow.where(weight.lt(0.5), fromAbove);
  }
  // The quantiles of each line stand in the last dimension: the reduced one goes back, they come first.
  const kept = x.shape.map((size, d) => (dim === null || d === axis ? 1 : size));
  const lines = values.unsqueeze(0).transpose(0, -1).squeeze(-1);
  const rest =
    dim === null || x.ndim === 0
      ? lines.reshape([q.numel(), ...kept])
      : lines.unsqueeze(-1).transpose(axis + 1, -1);
  const shaped = keepdim ? rest : rest.reshape([q.numel(), ...reduced(x.shape, dim)]);
  return q.ndim === 0 ? shaped.squeeze(0) : shaped;
}

function reduced(shape: readonly number[], dim: number | null): readonly number[] {
  return dim === null ? [] : shape.toSpliced(dim, 1);
}

function quantileOperator(name: 'quantile' | 'nanquantile'): QuantileOperator {
  return defineOperator({
    name,
    composite: true,
    normalize: (x: Tensor, ...rest: unknown[]) => normalize(name, x, rest),
    forward: (x: Tensor, q: Tensor, options: CanonicalQuantile) =>
      compute(x, q, options, name === 'nanquantile'),
  });
}

/**
 * The q-quantiles of all elements, or along a dimension; a vector of q gives a first dimension of as many. NaN where
 * there is one. Canonical: (x, q, { dim, keepdim, interpolation }).
 */
export const quantile: QuantileOperator = quantileOperator('quantile');

/** As {@link quantile}, of what is not NaN. Canonical: (x, q, { dim, keepdim, interpolation }). */
export const nanquantile: QuantileOperator = quantileOperator('nanquantile');

/** Quantiles as methods. */
export interface QuantileMethods {
  /** The q-quantiles of all elements, or along a dimension. */
  quantile(q: number | Tensor, dim?: number | null, keepdim?: boolean): Tensor;
  quantile(q: number | Tensor, options: QuantileOptions): Tensor;
  /** As `quantile`, of what is not NaN. */
  nanquantile(q: number | Tensor, dim?: number | null, keepdim?: boolean): Tensor;
  nanquantile(q: number | Tensor, options: QuantileOptions): Tensor;
}
