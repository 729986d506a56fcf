/** Runs reductions: brings the reduced dimensions together and folds along them on the engine. */
import { logSumExp as engineLogSumExp, type ReduceOp, reduce } from '@sconce/engine';
import { cast, materialize, newTensor, sliceOf, viewOf } from '../access.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { numelOf, wrapDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** One dimension or several; null means all. */
export type Dims = number | readonly number[] | null;

/** Dimensions that are not negative; null for all of them. */
export function canonicalDims(operator: string, x: Tensor, dim: Dims): readonly number[] | null {
  const list = typeof dim === 'number' ? [dim] : dim;
  if (x.ndim > 64) fail(operator, `only tensors with up to 64 dims are supported, got ${x.ndim}`);
  // An empty list means all dimensions, as in PyTorch.
  return list === null || list.length === 0 ? null : wrapDims(operator, list, x.ndim);
}

/** Sums and products of integers and bools are int64. */
export function accumulationDType(x: Tensor, dtype: DType | null): DType {
  return dtype ?? (dtypeInfo(x.dtype).kind === 'float' ? x.dtype : 'int64');
}

/** A dense tensor read as [outer, size, inner], and the shape of what the reduction along `size` gives. */
export interface Layout {
  readonly input: Tensor;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly shape: readonly number[];
}

/** Brings the reduced dimensions together and describes the tensor as [outer, size, inner]. */
export function layoutOf(x: Tensor, dims: readonly number[] | null, keepdim: boolean): Layout {
  const reduced = new Set(dims ?? x.shape.keys());
  const shape = x.shape.flatMap((size, i) => (reduced.has(i) ? (keepdim ? [1] : []) : [size]));
  const order = [...reduced].filter((d) => d < x.ndim).sort((a, b) => a - b);
  const first = order[0] ?? 0;
  const adjacent = order.every((d, i) => d === first + i);
  const size = numelOf(order.map((d) => x.shape[d]!));
  if (adjacent) {
    const outer = numelOf(x.shape.slice(0, first));
    const inner = numelOf(x.shape.slice(first + order.length));
    return { input: materialize(x), outer, size, inner, shape };
  }
  const kept = x.shape.map((_, i) => i).filter((i) => !reduced.has(i));
  const moved = [...kept, ...order];
  const input = materialize(
    viewOf(
      x,
      moved.map((d) => x.shape[d]!),
      moved.map((d) => x.strides[d]!),
    ),
  );
  return { input, outer: numelOf(kept.map((d) => x.shape[d]!)), size, inner: 1, shape };
}

/**
 * Reduces a tensor, all of it or along dimensions, on the engine.
 * @param dtype the result's; elements are converted to it before they are folded
 */
export function runReduce(
  operator: string,
  op: ReduceOp,
  x: Tensor,
  dims: readonly number[] | null,
  keepdim: boolean,
  dtype: DType = x.dtype,
): Tensor {
  const { input, outer, size, inner, shape } = layoutOf(x, dims, keepdim);
  const output = newTensor(shape, dtype);
  if (outer * inner === 0) return output;
  if (size === 0 && (op === 'max' || op === 'min')) {
    fail(operator, `${operator}(): Expected reduction dim to have non-zero size.`);
  }
  reduce({ op, x: sliceOf(input), y: sliceOf(output), outer, size, inner });
  return output;
}

/** Logarithm of the sum of exponentials, all of it or along dimensions; integers give float32. */
export function runLogSumExp(x: Tensor, dims: readonly number[] | null, keepdim: boolean): Tensor {
  const dtype = dtypeInfo(x.dtype).kind === 'float' ? x.dtype : 'float32';
  const compute = dtype === 'float64' ? 'float64' : 'float32';
  const { input, outer, size, inner, shape } = layoutOf(cast(x, compute), dims, keepdim);
  const output = newTensor(shape, compute);
  if (outer * inner > 0) {
    engineLogSumExp({ dtype: compute, x: sliceOf(input), y: sliceOf(output), outer, size, inner });
  }
  return cast(output, dtype);
}

/** A reduction's gradient, or its result, under the shape of what was reduced. */
export function spread(
  value: Tensor,
  x: Tensor,
  { dim, keepdim }: { readonly dim: readonly number[] | null; readonly keepdim: boolean },
): Tensor {
  if (x.ndim === 0) return value;
  const reduced = dim ?? x.shape.map((_, d) => d);
  const kept = keepdim ? value : value.reshape(x.shape.map((size, d) => (reduced.includes(d) ? 1 : size)));
  return kept.expand(x.shape);
}

/** The gradient of an extreme (or middle) element of a whole tensor, shared by all that are equal to it. */
export function sharedBack(grad: Tensor, x: Tensor, result: Tensor): Tensor {
  const equal = x.eq(result).logicalOr(x.isnan().logicalAnd(result.isnan())).to(grad.dtype);
  return equal.mul(grad.div(equal.sum()));
}
