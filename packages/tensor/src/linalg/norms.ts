/** Norms of vectors and matrices, and what is measured with them. */
import { reduce } from '@sconce/engine';
import { cast, flatElements, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { computeDType } from '../ops/elementwise-core.ts';
import { layoutOf, spread } from '../ops/reduction-core.ts';
import { wrapDim, wrapDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkMatrices, checkSquare } from './batches.ts';
import { eigvalsh, svdvals } from './eigen.ts';
import { invEx } from './inverse.ts';

/** Options of a norm over dimensions. */
export interface NormOptions {
  readonly dim?: number | readonly number[] | null;
  readonly keepdim?: boolean;
  /** The input is converted to it first. */
  readonly dtype?: DType | null;
}
/** Options of {@link vectorNorm}. */
export interface VectorNormOptions extends NormOptions {
  readonly ord?: number;
}

interface CanonicalNorm {
  readonly ord: number;
  readonly dim: readonly number[] | null;
  readonly keepdim: boolean;
  readonly dtype: DType;
}

/**
 * (Σ |x|^ord)^(1/ord); ord may also be 0 (elements that are not zero) and ±infinity (PyTorch's `linalg.vector_norm`).
 * Over all elements, or along dimensions. Canonical: (x, { ord, dim, keepdim, dtype }).
 */
export const vectorNorm: (
  x: Tensor,
  ord?: number | VectorNormOptions,
  dim?: NormOptions['dim'] | NormOptions,
  keepdim?: boolean | Pick<NormOptions, 'dtype'>,
) => Tensor = defineOperator({
  name: 'linalgVectorNorm',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, CanonicalNorm] => {
    const operator = 'linalg.vector_norm';
    checkTensor(operator, 'x', x);
    const names = ['ord', 'dim', 'keepdim', 'dtype'] as const;
    const { ord = 2, dim, keepdim = false, dtype } = bindArguments<VectorNormOptions>(operator, names, rest);
    const { kind, scalarName } = dtypeInfo(dtype ?? x.dtype);
    if (kind !== 'float') {
      fail(operator, `Expected a floating point or complex tensor as input. Got ${scalarName}`);
    }
    const list = typeof dim === 'number' ? [dim] : (dim ?? []);
    const dims = list.length === 0 ? null : wrapDims(operator, list, x.ndim);
    const size = (dims ?? [...x.shape.keys()]).reduce((n, d) => n * (x.shape[d] ?? 1), 1);
    if (size === 0 && (ord < 0 || ord === Number.POSITIVE_INFINITY)) {
      const name = ord === Number.POSITIVE_INFINITY ? 'inf' : String(ord);
      const where =
        dims === null
          ? 'an empty tensor because'
          : `the dimension ${dims[0]} because this dimension is empty and`;
      fail(
        operator,
        `linalg.vector_norm cannot compute the ${name} norm on ${where} the operation does not have an identity`,
      );
    }
    return [x, { ord, dim: dims, keepdim, dtype: dtype ?? x.dtype }];
  },
  forward: (x, { ord, dim, keepdim, dtype }) => {
    const compute = computeDType(dtype);
    const input = cast(x, compute);
    if (ord === Number.POSITIVE_INFINITY) return cast(input.abs().amax({ dim, keepdim }), dtype);
    if (ord === Number.NEGATIVE_INFINITY) return cast(input.abs().amin({ dim, keepdim }), dtype);
    const layout = layoutOf(input, dim, keepdim);
    const output = newTensor(layout.shape, compute);
    const { outer, size, inner } = layout;
    if (compute === 'float32' && (ord === 1 || ord === 2) && outer * size * inner > 0) {
      const [from, to] = [sliceOf(layout.input), sliceOf(output)];
      reduce({ op: ord === 1 ? 'norm1' : 'norm2', x: from, y: to, outer, size, inner });
    } else {
      const from = flatElements(layout.input) as Float64Array;
      const to = flatElements(output) as Float64Array;
      normLines(from, to, outer, size, inner, ord);
    }
    return cast(output, dtype);
  },
  derivatives: [{ reads: [0, 'result'], of: (grad, [x, options], norm) => normBack(grad, x, options, norm) }],
});

function normLines(
  from: Float64Array,
  to: Float64Array,
  outer: number,
  size: number,
  inner: number,
  ord: number,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const base = o * size * inner + i;
      let total = 0;
      for (let k = 0, at = base; k < size; k++, at += inner) {
        const value = from[at]!;
        if (ord === 2) total += value * value;
        else if (ord === 1) total += Math.abs(value);
        else if (ord === 0) total += value === 0 ? 0 : 1;
        else total += Math.abs(value) ** ord;
      }
      to[o * inner + i] = ord === 2 ? Math.sqrt(total) : ord === 0 || ord === 1 ? total : total ** (1 / ord);
    }
  }
}

/** The gradient; at places where the norm has none it is zero, a subgradient. */
function normBack(grad: Tensor, x: Tensor, options: CanonicalNorm, norm: Tensor): Tensor {
  const { ord } = options;
  const own = spread(grad, x, options);
  const whole = spread(norm, x, options);
  if (ord === 0) return zeros(x.shape, { dtype: grad.dtype });
  if (ord === 1) return own.mul(x.sign());
  if (ord === 2) return own.mul(x.div(whole).where(whole.ne(0), 0));
  if (Math.abs(ord) === Number.POSITIVE_INFINITY) {
    const taken = x.abs().eq(whole).logicalOr(x.isnan()).to(grad.dtype);
    // Equal extrema share the gradient.
    const count = spread(taken.sum({ dim: options.dim, keepdim: options.keepdim }), x, options);
    return own.mul(x.sign()).mul(taken.div(count));
  }
  if (ord < 1) {
    const slope = x
      .sign()
      .mul(x.abs().pow(ord - 1))
      .where(x.ne(0), 0);
    return own.mul(slope).mul(whole.pow(1 - ord));
  }
  const slope = ord < 2 ? x.sign().mul(x.abs().pow(ord - 1)) : x.mul(x.abs().pow(ord - 2));
  return slope.mul(own.div(whole.pow(ord - 1)).where(whole.ne(0), 0));
}

/** Which matrix norm: Frobenius, nuclear (sum of singular values), or ±1, ±2, ±infinity. */
export type MatrixNormOrder = 'fro' | 'nuc' | number;

/** Options of {@link matrixNorm}. */
export interface MatrixNormOptions extends NormOptions {
  readonly ord?: MatrixNormOrder;
}

/** The norm of matrices, which lie along two dimensions (PyTorch's `linalg.matrix_norm`). Canonical: (A, ord, dim, keepdim, dtype). */
export const matrixNorm: (
  A: Tensor,
  ord?: MatrixNormOrder | MatrixNormOptions,
  dim?: readonly number[] | NormOptions,
  keepdim?: boolean | Pick<NormOptions, 'dtype'>,
) => Tensor = defineOperator({
  name: 'linalgMatrixNorm',
  normalize: (
    A: Tensor,
    ...rest: unknown[]
  ): [Tensor, MatrixNormOrder, readonly [number, number], boolean] => {
    const operator = 'linalg.matrix_norm';
    const names = ['ord', 'dim', 'keepdim', 'dtype'] as const;
    const bound = bindArguments<MatrixNormOptions>(operator, names, rest);
    const { ord = 'fro', dim, keepdim = false, dtype } = bound;
    checkTensor(operator, 'A', A);
    if (A.ndim < 2) fail(operator, 'The input tensor A must have at least 2 dimensions.');
    const dims = typeof dim === 'number' ? [dim] : (dim ?? [-2, -1]);
    if (dims.length !== 2) fail(operator, `dim must be a 2-tuple. Got ${dims.join(', ')}`);
    const wrapped = dims.map((d) => wrapDim(operator, d, A.ndim));
    if (wrapped[0] === wrapped[1]) fail(operator, `dims must be different. Got (${dims.join(', ')})`);
    if (
      typeof ord === 'string'
        ? !['fro', 'nuc'].includes(ord)
        : ![1, 2, Number.POSITIVE_INFINITY].includes(Math.abs(ord))
    ) {
      fail(operator, `Order ${ord} not supported.`);
    }
    const input = dtype == null ? A : A.to(dtype);
    return [input, ord, [wrapped[0]!, wrapped[1]!], keepdim];
  },
  forward: (
    A: Tensor,
    ord: MatrixNormOrder,
    [rows, columns]: readonly [number, number],
    keepdim: boolean,
  ) => {
    if (ord === 'fro') return vectorNorm(A, { ord: 2, dim: [rows, columns], keepdim });
    if (ord === 'nuc' || Math.abs(ord) === 2) {
      const order = [...A.shape.keys()].filter((d) => d !== rows && d !== columns);
      const values = svdvals(A.permute([...order, rows, columns]));
      const found = ord === 'nuc' ? values.sum(-1) : ord > 0 ? values.amax(-1) : values.amin(-1);
      if (!keepdim) return found;
      return found.reshape(A.shape.map((size, d) => (d === rows || d === columns ? 1 : size)));
    }
    const [summed, chosen] = Math.abs(ord) === 1 ? [rows, columns] : [columns, rows];
    const sums = vectorNorm(A, { ord: 1, dim: summed, keepdim: true });
    const found =
      ord > 0 ? sums.amax({ dim: chosen, keepdim: true }) : sums.amin({ dim: chosen, keepdim: true });
    return keepdim ? found : found.squeeze([rows, columns]);
  },
  composite: true,
});

/** Options of {@link norm}. */
export interface LinalgNormOptions extends NormOptions {
  readonly ord?: MatrixNormOrder | null;
}

/**
 * The norm of a vector or a matrix (PyTorch's `linalg.norm`): without `ord` the 2-norm of all elements, else by the
 * number of dimensions. Canonical: (A, ord, dim, keepdim).
 */
export const norm: (
  A: Tensor,
  ord?: MatrixNormOrder | null | LinalgNormOptions,
  dim?: NormOptions['dim'] | NormOptions,
  keepdim?: boolean | Pick<NormOptions, 'dtype'>,
) => Tensor = defineOperator({
  name: 'linalgNorm',
  normalize: (
    A: Tensor,
    ...rest: unknown[]
  ): [Tensor, MatrixNormOrder | null, readonly number[] | null, boolean] => {
    const names = ['ord', 'dim', 'keepdim', 'dtype'] as const;
    const bound = bindArguments<LinalgNormOptions>('linalg.norm', names, rest);
    const { ord = null, dim = null, keepdim = false, dtype } = bound;
    checkTensor('linalg.norm', 'A', A);
    const dims = typeof dim === 'number' ? [dim] : dim;
    if (ord !== null && dims !== null && dims.length !== 1 && dims.length !== 2) {
      fail('linalg.norm', `If dim is specified, it must be of length 1 or 2. Got [${dims.join(', ')}]`);
    }
    if (ord !== null && dims === null && A.ndim !== 1 && A.ndim !== 2) {
      fail('linalg.norm', `If dim is not specified but ord is, the input must be 1D or 2D. Got ${A.ndim}D.`);
    }
    return [dtype == null ? A : A.to(dtype), ord, dims, keepdim];
  },
  forward: (A: Tensor, ord: MatrixNormOrder | null, dim: readonly number[] | null, keepdim: boolean) => {
    if (ord !== null && (dim?.length ?? A.ndim) === 2) {
      return matrixNorm(A, { ord, dim: dim ?? [0, 1], keepdim });
    }
    if (typeof ord === 'string') fail('linalg.norm', `Order ${ord} not supported for vectors.`);
    return vectorNorm(A, { ord: ord ?? 2, dim, keepdim });
  },
  composite: true,
});

/** The condition number of matrices in a norm, the 2-norm by default (PyTorch's `linalg.cond`). Canonical: (A, p). */
export const cond: (
  A: Tensor,
  p?: MatrixNormOrder | null | { readonly p?: MatrixNormOrder | null },
) => Tensor = defineOperator({
  name: 'linalgCond',
  normalize: (A: Tensor, ...rest: unknown[]): [Tensor, MatrixNormOrder] => {
    const { p } = bindArguments<{ p: MatrixNormOrder | null }>('linalg.cond', ['p'], rest);
    checkMatrices('linalg.cond', A);
    if (p != null && Math.abs(Number(p)) !== 2) checkSquare(`linalg.cond(ord=${p})`, A);
    return [A, p ?? 2];
  },
  forward: (A: Tensor, p: MatrixNormOrder) => {
    if (p === 2 || p === -2) {
      const values = svdvals(A);
      const [largest, smallest] = [values.amax(-1), values.amin(-1)];
      return p > 0 ? largest.div(smallest) : smallest.div(largest);
    }
    const { inverse, info } = invEx(A);
    const found = matrixNorm(A, p).mul(matrixNorm(inverse, p));
    // A singular matrix has no inverse to measure.
    return found.where(info.eq(0), Number.POSITIVE_INFINITY);
  },
  composite: true,
});

/** A tolerance: one number, or a tensor with one for each matrix. */
export type Tolerance = number | Tensor | null;

/** Options of {@link matrixRank} and the pseudo-inverse: singular values up to max(atol, rtol * largest) count as zero. */
export interface ToleranceOptions {
  readonly atol?: Tolerance;
  readonly rtol?: Tolerance;
  /** The matrices are symmetric; eigenvalues are computed instead. */
  readonly hermitian?: boolean;
}

/** The number of singular values that do not count as zero (PyTorch's `linalg.matrix_rank`). Canonical: (A, options). */
export const matrixRank: (A: Tensor, options?: ToleranceOptions & { readonly tol?: Tolerance }) => Tensor =
  defineOperator({
    name: 'linalgMatrixRank',
    normalize: (A: Tensor, ...rest: unknown[]): [Tensor, ToleranceOptions & { readonly tol?: Tolerance }] => {
      const names = ['tol', 'hermitian', 'atol', 'rtol'] as const;
      const bound = bindArguments<ToleranceOptions & { tol: Tolerance }>('linalg.matrix_rank', names, rest);
      checkMatrices('linalg.matrix_rank', A);
      if (bound.hermitian) checkSquare('linalg.matrix_rank', A);
      return [A, bound];
    },
    forward: (A: Tensor, { tol, atol, rtol, hermitian = false }) => {
      const batch = A.shape.slice(0, -2);
      if (A.numel() === 0) return zeros(batch, { dtype: 'int64' });
      const values = hermitian ? eigvalsh(A).abs() : svdvals(A);
      const limit = tol == null ? limitOf(A, values, atol, rtol) : limitOf(A, values, tol, 0);
      return values.gt(limit.unsqueeze(-1)).sum(-1);
    },
    constant: true,
  });

/** max(atol, rtol * largest) of each matrix, with PyTorch's defaults. */
export function limitOf(A: Tensor, values: Tensor, atol: Tolerance = null, rtol: Tolerance = null): Tensor {
  const largest = values.amax(-1);
  const size = Math.max(...A.shape.slice(-2));
  const usual = (A.dtype === 'float32' ? 2 ** -23 : 2 ** -52) * size;
  if (atol === null) return largest.mul(rtol ?? usual);
  if (rtol !== null) return largest.mul(rtol).clampMin(atol);
  // An absolute tolerance above zero replaces the relative one.
  if (typeof atol === 'number') return largest.mul(atol > 0 ? 0 : usual).clampMin(atol);
  return largest.mul(usual).where(atol.le(0), 0).clampMin(atol);
}
