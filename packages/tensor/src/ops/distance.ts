/** Norms of whole tensors and distances between rows. */
import { cast, flatElements, int64Tensor, materialize, newTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { matrixNorm, vectorNorm } from '../linalg/norms.ts';
import { promoteTypes } from '../promotion.ts';
import { broadcastShapes, numelOf, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Options of {@link norm}. */
export interface TorchNormOptions {
  /** 'fro' (the default), 'nuc', or the order of a vector norm. */
  readonly p?: number | 'fro' | 'nuc' | null;
  readonly dim?: number | readonly number[] | null;
  readonly keepdim?: boolean;
  readonly dtype?: DType | null;
}

/** The vector norm of order p over all elements or along dimensions, or the nuclear norm. Canonical: (x, p, dim, keepdim). */
export const norm: (
  x: Tensor,
  p?: TorchNormOptions['p'] | TorchNormOptions,
  dim?: TorchNormOptions['dim'] | TorchNormOptions,
  keepdim?: boolean | Pick<TorchNormOptions, 'dtype'>,
) => Tensor = defineOperator({
  name: 'norm',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number | 'nuc', readonly number[] | null, boolean] => {
    checkTensor('norm', 'input', x);
    const names = ['p', 'dim', 'keepdim', 'dtype'] as const;
    const { p, dim = null, keepdim = false, dtype } = bindArguments<TorchNormOptions>('norm', names, rest);
    if (typeof p === 'string' && p !== 'fro' && p !== 'nuc') {
      fail('norm', `only valid string values are 'fro' and 'nuc', found ${p}`);
    }
    const dims = typeof dim === 'number' ? [dim] : dim;
    return [dtype == null ? x : x.to(dtype), p == null || p === 'fro' ? 2 : p, dims, keepdim];
  },
  forward: (x: Tensor, p: number | 'nuc', dim: readonly number[] | null, keepdim: boolean) =>
    p === 'nuc'
      ? matrixNorm(x, { ord: 'nuc', dim: dim ?? [0, 1], keepdim })
      : vectorNorm(x, { ord: p, dim, keepdim }),
  composite: true,
});

/** The norm of order p of the difference. Canonical: (x, other, p). */
export const dist: (x: Tensor, other: Tensor, p?: number | { readonly p?: number }) => Tensor =
  defineOperator({
    name: 'dist',
    normalize: (x: Tensor, other: Tensor, ...rest: unknown[]): [Tensor, Tensor, number] => {
      const { p = 2 } = bindArguments<{ p: number }>('dist', ['p'], rest);
      return [x, other, p];
    },
    forward: (x: Tensor, other: Tensor, p: number) => vectorNorm(x.sub(other), p),
    composite: true,
  });

/** Options of {@link renorm}. */
export interface RenormOptions {
  readonly p?: number;
  readonly dim?: number;
  readonly maxnorm?: number;
}

/**
 * The tensor with each part along a dimension whose norm of order p is above `maxnorm` scaled down to it.
 * Canonical: (x, p, dim, maxnorm).
 */
export const renorm: (
  x: Tensor,
  p: number | RenormOptions,
  dim?: number | RenormOptions,
  maxnorm?: number | RenormOptions,
) => Tensor = defineOperator({
  name: 'renorm',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number, number] => {
    checkTensor('renorm', 'input', x);
    const names = ['p', 'dim', 'maxnorm'] as const;
    const { p, dim, maxnorm } = bindArguments<RenormOptions>('renorm', names, rest);
    if (p === undefined || dim === undefined || maxnorm === undefined) {
      fail('renorm', "missing argument 'p', 'dim' or 'maxnorm'");
    }
    if (!(p > 0)) fail('renorm', 'renorm: non-positive-norm not supported');
    if (!(maxnorm >= 0)) fail('renorm', `renorm: expected maxnorm to be >= 0 but got ${maxnorm}`);
    if (x.ndim < 2) {
      fail('renorm', `renorm: input needs at least 2 dimensions, got ${x.ndim} dimensions`);
    }
    return [x, p, wrapDim('renorm', dim, x.ndim), maxnorm];
  },
  forward: (x: Tensor, p: number, dim: number, maxnorm: number) => {
    const others = [...x.shape.keys()].filter((d) => d !== dim);
    const norms = vectorNorm(x, { ord: p, dim: others, keepdim: true });
    const factor = norms.add(1e-7).reciprocal().mul(maxnorm).where(norms.gt(maxnorm), 1);
    return x.mul(factor);
  },
  composite: true,
});

/** Whether Euclidean distances may be computed by a matrix product, which is faster and less exact. */
export type CdistMode =
  | 'use_mm_for_euclid_dist_if_necessary'
  | 'use_mm_for_euclid_dist'
  | 'donot_use_mm_for_euclid_dist';
/** Options of {@link cdist}. */
export interface CdistOptions {
  readonly p?: number;
  readonly computeMode?: CdistMode;
}

/** From this many rows on Euclidean distances are computed by a matrix product, as in PyTorch. */
const MANY_ROWS = 25;

/**
 * Distances of order p between all rows of two stacks of matrices: [..., P, M] and [..., R, M] give [..., P, R].
 * Canonical: (x1, x2, p, computeMode).
 */
export const cdist: (
  x1: Tensor,
  x2: Tensor,
  p?: number | CdistOptions,
  computeMode?: CdistMode | null,
) => Tensor = defineOperator({
  name: 'cdist',
  normalize: (x1: Tensor, x2: Tensor, ...rest: unknown[]): [Tensor, Tensor, number, CdistMode] => {
    checkTensor('cdist', 'x1', x1);
    checkTensor('cdist', 'x2', x2);
    const names = ['p', 'computeMode'] as const;
    const { p = 2, computeMode } = bindArguments<CdistOptions>('cdist', names, rest);
    if (x1.ndim < 2) fail('cdist', `cdist only supports at least 2D tensors, X1 got: ${x1.ndim}D`);
    if (x2.ndim < 2) fail('cdist', `cdist only supports at least 2D tensors, X2 got: ${x2.ndim}D`);
    if (x1.shape.at(-1) !== x2.shape.at(-1)) {
      fail(
        'cdist',
        `X1 and X2 must have the same number of columns. X1: ${x1.shape.at(-1)} X2: ${x2.shape.at(-1)}`,
      );
    }
    for (const [name, x] of [
      ['X1', x1],
      ['X2', x2],
    ] as const) {
      if (dtypeInfo(x.dtype).kind !== 'float') {
        fail(
          'cdist',
          `cdist only supports floating-point dtypes, ${name} got: ${dtypeInfo(x.dtype).scalarName}`,
        );
      }
    }
    if (!(p >= 0)) fail('cdist', 'cdist only supports non-negative p values');
    return [x1, x2, p, computeMode ?? 'use_mm_for_euclid_dist_if_necessary'];
  },
  forward: (x1, x2, p, mode) => {
    const [rows1, rows2] = [x1.shape.at(-2)!, x2.shape.at(-2)!];
    const many = rows1 > MANY_ROWS || rows2 > MANY_ROWS;
    if (p === 2 && many && mode !== 'donot_use_mm_for_euclid_dist') return euclideanByProduct(x1, x2);
    const dtype = promoteTypes(x1.dtype, x2.dtype);
    const batch = broadcastShapes('cdist', x1.shape.slice(0, -2), x2.shape.slice(0, -2));
    const size = x1.shape.at(-1)!;
    const a = materialize(cast(x1, 'float64').expand([...batch, rows1, size]));
    const b = materialize(cast(x2, 'float64').expand([...batch, rows2, size]));
    const output = newTensor([...batch, rows1, rows2], 'float64');
    const [from, other, to] = [a, b, output].map(flatElements) as [Float64Array, Float64Array, Float64Array];
    const distance = distanceOf(p);
    for (let k = 0, at = 0; k < numelOf(batch); k++) {
      for (let i = 0; i < rows1; i++) {
        for (let j = 0; j < rows2; j++) {
          to[at++] = distance(from, (k * rows1 + i) * size, other, (k * rows2 + j) * size, size);
        }
      }
    }
    return cast(output, dtype);
  },
  derivatives: [
    { reads: [0, 1, 'result'], of: (grad, [x1, x2, p], result) => distanceBack(grad, x1, x2, p, result) },
    {
      reads: [0, 1, 'result'],
      of: (grad, [x1, x2, p], result) =>
        distanceBack(grad.transpose(-2, -1), x2, x1, p, result.transpose(-2, -1)),
    },
  ],
});

/** By |a|² + |b|² - 2 a b. */
function euclideanByProduct(x1: Tensor, x2: Tensor): Tensor {
  const squares1 = x1.mul(x1).sum(-1, true);
  const squares2 = x2.mul(x2).sum(-1, true).transpose(-2, -1);
  const products = x1.matmul(x2.transpose(-2, -1)).mul(-2);
  return products.add(squares1).add(squares2).clamp({ min: 1e-30 }).sqrt();
}

type Distance = (a: Float64Array, i: number, b: Float64Array, j: number, size: number) => number;

/** The distance of order p between two rows. */
function distanceOf(p: number): Distance {
  if (p === Number.POSITIVE_INFINITY) {
    return (a, i, b, j, size) => {
      let most = 0;
      for (let k = 0; k < size; k++) most = Math.max(most, Math.abs(a[i + k]! - b[j + k]!));
      return most;
    };
  }
  if (p === 2) {
    return (a, i, b, j, size) => {
      let total = 0;
      for (let k = 0; k < size; k++) total += (a[i + k]! - b[j + k]!) ** 2;
      return Math.sqrt(total);
    };
  }
  return (a, i, b, j, size) => {
    let total = 0;
    for (let k = 0; k < size; k++) {
      const gap = Math.abs(a[i + k]! - b[j + k]!);
      total += p === 0 ? (gap === 0 ? 0 : 1) : p === 1 ? gap : gap ** p;
    }
    return p <= 1 && (p === 0 || p === 1) ? total : total ** (1 / p);
  };
}

/** The gradient of the first one's rows. */
function distanceBack(grad: Tensor, x1: Tensor, x2: Tensor, p: number, result: Tensor): Tensor {
  if (p === 2) {
    const weights = grad.div(result).where(result.ne(0), 0);
    return x1.mul(weights.sum(-1, true)).sub(weights.matmul(x2));
  }
  const gap = x1.unsqueeze(-2).sub(x2.unsqueeze(-3));
  return gapBack(grad.unsqueeze(-1), gap, p, result.unsqueeze(-1)).sum(-2);
}

/** The gradient of the differences that distances are made of; zero where a distance is zero. */
function gapBack(grad: Tensor, gap: Tensor, p: number, distance: Tensor): Tensor {
  if (p === 0) return zeros(gap.shape, { dtype: gap.dtype });
  if (p === 1) return gap.sign().mul(grad);
  if (p === Number.POSITIVE_INFINITY) return gap.sign().mul(grad).where(gap.abs().eq(distance), 0);
  const slope = gap.sign().mul(gap.abs().pow(p - 1));
  const own = slope.mul(grad).div(distance.pow(p - 1));
  return own.where(distance.ne(0).logicalAnd(gap.ne(0)), 0);
}

/** Distances of order p between all pairs of a matrix's rows, as the upper triangle without the diagonal. Canonical: (x, p). */
export const pdist: (x: Tensor, p?: number | { readonly p?: number }) => Tensor = defineOperator({
  name: 'pdist',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('pdist', 'input', x);
    const { p = 2 } = bindArguments<{ p: number }>('pdist', ['p'], rest);
    if (x.ndim !== 2) fail('pdist', `pdist only supports 2D tensors, got: ${x.ndim}D`);
    if (dtypeInfo(x.dtype).kind !== 'float') fail('pdist', 'pdist only supports floating-point dtypes');
    if (!(p >= 0)) fail('pdist', 'pdist only supports non-negative p values');
    return [x, p];
  },
  forward: (x, p) => {
    const [rows, size] = x.shape as readonly [number, number];
    const from = flatElements(materialize(cast(x, 'float64'))).slice() as Float64Array;
    const output = newTensor([(rows * (rows - 1)) / 2], 'float64');
    const to = flatElements(output) as Float64Array;
    const distance = distanceOf(p);
    for (let i = 0, at = 0; i < rows; i++) {
      for (let j = i + 1; j < rows; j++) to[at++] = distance(from, i * size, from, j * size, size);
    }
    return cast(output, x.dtype);
  },
  derivatives: [
    {
      reads: [0, 'result'],
      of: (grad, [x, p], result) => {
        const rows = x.shape[0]!;
        const firsts: number[] = [];
        const seconds: number[] = [];
        for (let i = 0; i < rows; i++) {
          for (let j = i + 1; j < rows; j++) {
            firsts.push(i);
            seconds.push(j);
          }
        }
        const [first, second] = [firsts, seconds].map((list) => int64Tensor(list, [list.length])) as [
          Tensor,
          Tensor,
        ];
        const gap = x.indexSelect(0, first).sub(x.indexSelect(0, second));
        const own = gapBack(grad.unsqueeze(-1), gap, p, result.unsqueeze(-1));
        return zeros(x.shape, { dtype: grad.dtype }).indexAdd(0, first, own).indexAdd(0, second, own.neg());
      },
    },
  ],
});

/** Norms and distances as methods. */
export interface DistanceMethods {
  /** The vector norm of order p ('fro' by default) over all elements or along dimensions, or the nuclear norm. */
  norm(options: TorchNormOptions): Tensor;
  norm(p?: TorchNormOptions['p'], dim?: TorchNormOptions['dim'], keepdim?: boolean): Tensor;
  /** The norm of order p of the difference. */
  dist(other: Tensor, p?: number | { readonly p?: number }): Tensor;
  /** The tensor with each part along a dimension whose norm of order p is above `maxnorm` scaled down to it. */
  renorm(options: RenormOptions): Tensor;
  renorm(p: number, dim: number, maxnorm: number): Tensor;
}
