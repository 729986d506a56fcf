/** Operators that change how elements are arranged under dimensions: views where strides can say it. */
import {
  broadcastView,
  cast,
  copyElements,
  denseReshape,
  materialize,
  newTensorLike,
  viewOf,
} from '../access.ts';
import { bindArguments, checkTensor, namedListArgument } from '../arguments.ts';
import type { GradientRules } from '../autograd/derivative.ts';
import { defineOperator } from '../dispatcher.ts';
import type { DType } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { inferSize, numelOf, viewStrides, wrapDim, wrapDims } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { reshapeOf } from '../views.ts';

/** An operator that takes a list of integers as one array, spread over the arguments, or as a keyword. */
export interface SizesOperator<Keyword extends string> {
  (x: Tensor, sizes: readonly number[]): Tensor;
  (x: Tensor, ...sizes: number[]): Tensor;
  (x: Tensor, options: Readonly<Record<Keyword, readonly number[]>>): Tensor;
}

/** The method of a {@link SizesOperator}. */
export interface SizesMethod<Keyword extends string> {
  (sizes: readonly number[]): Tensor;
  (...sizes: number[]): Tensor;
  (options: Readonly<Record<Keyword, readonly number[]>>): Tensor;
}

function sizesOperator<Keyword extends string>(
  name: string,
  keyword: Keyword,
  forward: (x: Tensor, sizes: readonly number[]) => Tensor,
  rules: GradientRules<[Tensor, readonly number[]], Tensor>,
  check: (x: Tensor, sizes: readonly number[]) => readonly number[] = (_, sizes) => sizes,
): SizesOperator<Keyword> {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...sizes: unknown[]): [Tensor, readonly number[]] => {
      checkTensor(name, 'input', x);
      return [x, check(x, namedListArgument(name, keyword, sizes))];
    },
    forward,
    view: true,
    ...rules,
  });
}

/** The gradient goes back to the input's shape. */
const reshapedBack: GradientRules<[Tensor, ...unknown[]], Tensor> = {
  derivatives: [(grad, [x]) => grad.reshape(x.shape)],
  backwardName: 'ViewBackward0',
};

/** As PyTorch names a reshape: it says whether a copy was needed. */
function reshapeName(x: Tensor, target: readonly number[]): string {
  return viewStrides(x.shape, x.strides, target) === undefined ? 'UnsafeViewBackward0' : 'ViewBackward0';
}

/** The same elements under another shape; one size may be -1. A view where possible. Canonical: (x, sizes). */
export const reshape: SizesOperator<'shape'> = sizesOperator(
  'reshape',
  'shape',
  (x, sizes) => {
    const target = inferSize('reshape', sizes, x.numel());
    const strides = viewStrides(x.shape, x.strides, target);
    return strides === undefined ? denseReshape(x, target) : viewOf(x, target, strides);
  },
  {
    ...reshapedBack,
    backwardName: (x, sizes) => reshapeName(x, inferSize('reshape', sizes, x.numel())),
  },
);

/** As {@link reshape}, but an error where a copy would be needed. Canonical: (x, sizes). */
export const view: SizesOperator<'size'> = sizesOperator(
  'view',
  'size',
  (x, sizes) => {
    const target = inferSize('view', sizes, x.numel());
    const strides = viewStrides(x.shape, x.strides, target);
    if (strides === undefined) {
      fail(
        'view',
        "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.",
      );
    }
    return viewOf(x, target, strides);
  },
  reshapedBack,
);

/** The dimensions in another order. Canonical: (x, dims), not negative. */
export const permute: SizesOperator<'dims'> = sizesOperator(
  'permute',
  'dims',
  (x, dims) =>
    viewOf(
      x,
      dims.map((dim) => x.shape[dim]!),
      dims.map((dim) => x.strides[dim]!),
    ),
  { derivatives: [(grad, [, dims]) => grad.permute(dims.map((_, d) => dims.indexOf(d)))] },
  (x, dims) => {
    if (dims.length !== x.ndim) {
      fail(
        'permute',
        `permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = ${x.ndim} is not equal to len(dims) = ${dims.length}`,
      );
    }
    return wrapDims('permute', dims, x.ndim);
  },
);

/** Dimensions of size 1 repeated without a copy; -1 keeps a size. Canonical: (x, sizes). */
export const expand: SizesOperator<'size'> = sizesOperator(
  'expand',
  'size',
  (x, sizes) => expandTo('expand', x, sizes),
  { derivatives: [(grad) => grad] },
);

/** The tensor under a broadcast shape, without a copy. Canonical: (x, sizes). */
export const broadcastTo: SizesOperator<'size'> = sizesOperator(
  'broadcastTo',
  'size',
  (x, sizes) => expandTo('broadcastTo', x, sizes),
  { derivatives: [(grad) => grad], backwardName: 'ExpandBackward0' },
);

function expandTo(operator: string, x: Tensor, sizes: readonly number[]): Tensor {
  const shift = sizes.length - x.ndim;
  if (shift < 0) {
    fail(
      operator,
      `expand(${showSizes(x.shape)}, size=${showSizes(sizes)}): the number of sizes provided (${sizes.length}) must be greater or equal to the number of dimensions in the tensor (${x.ndim})`,
    );
  }
  const target = sizes.map((size, i) => {
    const own = i < shift ? undefined : x.shape[i - shift]!;
    if (size === -1) {
      return (
        own ??
        fail(
          operator,
          `The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ${i}`,
        )
      );
    }
    if (own !== undefined && own !== 1 && own !== size) {
      fail(
        operator,
        `The expanded size of the tensor (${size}) must match the existing size (${own}) at non-singleton dimension ${i}.  Target sizes: ${showSizes(sizes)}.  Tensor sizes: ${showSizes(x.shape)}`,
      );
    }
    return size;
  });
  return broadcastView(x, target);
}

/** The two dimensions of {@link transpose}. */
export interface TransposeOptions {
  readonly dim0: number;
  readonly dim1: number;
}

/** Signature of {@link transpose}. */
export interface TransposeOperator {
  (x: Tensor, dim0: number, dim1: number): Tensor;
  (x: Tensor, options: TransposeOptions): Tensor;
}

function transposedDims(operator: string, x: Tensor, rest: readonly unknown[]): [number, number] {
  const { dim0, dim1 } = bindArguments<TransposeOptions>(operator, ['dim0', 'dim1'], rest);
  if (dim0 === undefined || dim1 === undefined) fail(operator, 'missing argument, expected dim0 and dim1');
  return [wrapDim(operator, dim0, x.ndim), wrapDim(operator, dim1, x.ndim)];
}

/** Two dimensions exchanged. Canonical: (x, dim0, dim1), not negative. */
export const transpose: TransposeOperator = defineOperator({
  name: 'transpose',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number] => {
    checkTensor('transpose', 'input', x);
    return [x, ...transposedDims('transpose', x, rest)];
  },
  forward: (x: Tensor, dim0: number, dim1: number) => {
    if (x.ndim === 0) return viewOf(x, [], []);
    const order = x.shape.map((_, i) => (i === dim0 ? dim1 : i === dim1 ? dim0 : i));
    return viewOf(
      x,
      order.map((dim) => x.shape[dim]!),
      order.map((dim) => x.strides[dim]!),
    );
  },
  view: true,
  derivatives: [(grad, [, dim0, dim1]) => grad.transpose(dim0, dim1)],
});

/** The two dimensions of a matrix exchanged; tensors of fewer dimensions stay. Canonical: (x). */
export const t: (x: Tensor) => Tensor = defineOperator({
  name: 't',
  forward: (x: Tensor) => {
    if (x.ndim > 2) fail('t', `t() expects a tensor with <= 2 dimensions, but self is ${x.ndim}D`);
    return viewOf(x, [...x.shape].reverse(), [...x.strides].reverse());
  },
  view: true,
  derivatives: [(grad) => grad.t()],
});

/** Options of {@link flatten}. */
export interface FlattenOptions {
  readonly startDim?: number;
  readonly endDim?: number;
}
/** Signature of {@link flatten}. */
export interface FlattenOperator {
  (x: Tensor, startDim?: number, endDim?: number): Tensor;
  (x: Tensor, options: FlattenOptions): Tensor;
}
/** Dimensions startDim to endDim (0 to the last) become one. Canonical: (x, startDim, endDim), not negative. */
export const flatten: FlattenOperator = defineOperator({
  name: 'flatten',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number] => {
    checkTensor('flatten', 'input', x);
    const { startDim = 0, endDim = -1 } = bindArguments<FlattenOptions>(
      'flatten',
      ['startDim', 'endDim'],
      rest,
    );
    const start = wrapDim('flatten', startDim, x.ndim);
    const end = wrapDim('flatten', endDim, x.ndim);
    if (start > end) fail('flatten', 'flatten() has invalid args: start_dim cannot come after end_dim');
    return [x, start, end];
  },
  forward: (x: Tensor, start: number, end: number) => {
    if (x.ndim === 0) return viewOf(x, [1], [1]);
    if (start === end) return x;
    return reshapeOf(x, flattened(x, start, end));
  },
  view: true,
  ...reshapedBack,
  backwardName: (x: Tensor, start: number, end: number) => reshapeName(x, flattened(x, start, end)),
});

function flattened(x: Tensor, start: number, end: number): number[] {
  const merged = numelOf(x.shape.slice(start, end + 1));
  return [...x.shape.slice(0, start), merged, ...x.shape.slice(end + 1)];
}

/** One dimension becomes several; one of the sizes may be -1. Canonical: (x, dim, sizes). */
export const unflatten: (x: Tensor, dim: number, sizes: readonly number[]) => Tensor = defineOperator({
  name: 'unflatten',
  normalize: (x: Tensor, dim: number, sizes: readonly number[]): [Tensor, number, readonly number[]] => {
    checkTensor('unflatten', 'input', x);
    if (sizes.length === 0) fail('unflatten', 'unflatten: sizes must be non-empty');
    return [x, wrapDim('unflatten', dim, x.ndim), sizes];
  },
  forward: (x: Tensor, dim: number, sizes: readonly number[]) => {
    const parts = inferSize('unflatten', sizes, x.shape[dim]!);
    return reshapeOf(x, [...x.shape.slice(0, dim), ...parts, ...x.shape.slice(dim + 1)]);
  },
  view: true,
  ...reshapedBack,
});

/** Dimensions of size 1 removed: all of them, or those given. Canonical: (x, dims | null), not negative. */
export const squeeze: (x: Tensor, dim?: number | readonly number[]) => Tensor = defineOperator({
  name: 'squeeze',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, readonly number[] | null] => {
    checkTensor('squeeze', 'input', x);
    const { dim } = bindArguments<{ dim: number | readonly number[] }>('squeeze', ['dim'], rest);
    if (dim === undefined) return [x, null];
    return [x, wrapDims('squeeze', typeof dim === 'number' ? [dim] : dim, x.ndim)];
  },
  forward: (x: Tensor, dims: readonly number[] | null) => {
    const kept = x.shape
      .map((_, i) => i)
      .filter((i) => x.shape[i] !== 1 || (dims !== null && !dims.includes(i)));
    return viewOf(
      x,
      kept.map((i) => x.shape[i]!),
      kept.map((i) => x.strides[i]!),
    );
  },
  view: true,
  derivatives: [(grad, [x]) => grad.reshape(x.shape)],
  backwardName: (_: Tensor, dims: readonly number[] | null) =>
    `SqueezeBackward${dims === null ? 0 : dims.length === 1 ? 1 : 2}`,
});

/** A new dimension of size 1 at `dim`. Canonical: (x, dim), not negative. */
export const unsqueeze: (x: Tensor, dim: number) => Tensor = defineOperator({
  name: 'unsqueeze',
  normalize: (x: Tensor, dim: number): [Tensor, number] => {
    checkTensor('unsqueeze', 'input', x);
    return [x, wrapDim('unsqueeze', dim, x.ndim + 1)];
  },
  forward: (x: Tensor, dim: number) => {
    const stride = dim < x.ndim ? x.shape[dim]! * x.strides[dim]! : 1;
    return viewOf(x, x.shape.toSpliced(dim, 0, 1), x.strides.toSpliced(dim, 0, stride));
  },
  view: true,
  derivatives: [(grad, [, dim]) => grad.squeeze(dim)],
});

/** The tensor itself if its elements lie in row-major order, else a copy. Canonical: (x). */
export const contiguous: (x: Tensor) => Tensor = defineOperator({
  name: 'contiguous',
  forward: materialize,
  derivatives: [(grad) => grad],
  backwardName: 'CloneBackward0',
});

/** A copy in memory of its own, with the dimensions in the same order there. Canonical: (x). */
export const clone: (x: Tensor) => Tensor = defineOperator({
  name: 'clone',
  forward: (x: Tensor) => {
    const copy = newTensorLike(x, x.shape, x.dtype);
    copyElements(x, copy);
    return copy;
  },
  derivatives: [(grad) => grad],
});

/** The same elements outside of the graph; the memory is shared. Canonical: (x). */
export const detach: (x: Tensor) => Tensor = defineOperator({
  name: 'detach',
  forward: (x: Tensor) => viewOf(x, x.shape, x.strides),
  constant: true,
});

/** What {@link to} converts to: a dtype, or the dtype of another tensor. */
export type ToTarget = DType | Tensor | { readonly dtype: DType };

/** The same values as another dtype; the tensor itself if it has that dtype. Canonical: (x, dtype). */
export const to: (x: Tensor, target: ToTarget) => Tensor = defineOperator({
  name: 'to',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, DType] => {
    checkTensor('to', 'input', x);
    const [target] = rest;
    if (target instanceof Tensor) return [x, target.dtype];
    const { dtype = x.dtype } = bindArguments<{ dtype: DType }>('to', ['dtype'], rest);
    return [x, dtype];
  },
  forward: cast,
  derivatives: [(grad) => grad],
  backwardName: 'ToCopyBackward0',
});

/** Shape operators as methods. */
export interface ShapeMethods {
  /** The same elements under another shape; one size may be -1. A view where possible. */
  reshape: SizesMethod<'shape'>;
  /** As `reshape`, but an error where a copy would be needed. */
  view: SizesMethod<'size'>;
  /** The dimensions in another order. */
  permute: SizesMethod<'dims'>;
  /** Dimensions of size 1 repeated without a copy; -1 keeps a size. */
  expand: SizesMethod<'size'>;
  /** The tensor under a broadcast shape, without a copy. */
  broadcastTo: SizesMethod<'size'>;
  /** Two dimensions exchanged. */
  transpose(dim0: number, dim1: number): Tensor;
  transpose(options: TransposeOptions): Tensor;
  /** The two dimensions of a matrix exchanged; tensors of fewer dimensions stay. */
  t(): Tensor;
  /** Dimensions startDim to endDim (0 to the last) become one. */
  flatten(options: FlattenOptions): Tensor;
  flatten(startDim?: number, endDim?: number): Tensor;
  /** One dimension becomes several; one of the sizes may be -1. */
  unflatten(dim: number, sizes: readonly number[]): Tensor;
  /** Dimensions of size 1 removed: all of them, or those given. */
  squeeze(dim?: number | readonly number[]): Tensor;
  /** A new dimension of size 1 at `dim`. */
  unsqueeze(dim: number): Tensor;
  /** The tensor itself if its elements lie in row-major order, else a copy. */
  contiguous(): Tensor;
  /** A copy in memory of its own. */
  clone(): Tensor;
  /** The same elements outside of the graph; the memory is shared. */
  detach(): Tensor;
  /** The same values as another dtype; the tensor itself if it has that dtype. */
  to(target: ToTarget): Tensor;
}
