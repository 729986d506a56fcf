/** Operators that change how elements are arranged under dimensions: views where strides can say it. */
import { broadcastView, cast, denseCopy, denseReshape, materialize, viewOf } from '../access.ts';
import { bindArguments, checkTensor, listArgument } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import type { DType } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { inferSize, numelOf, viewStrides, wrapDim, wrapDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { narrowView, reshapeOf, selectView } from '../views.ts';

/** An operator that takes a list of integers as one array or spread over the arguments. */
export interface SizesOperator {
  (x: Tensor, sizes: readonly number[]): Tensor;
  (x: Tensor, ...sizes: number[]): Tensor;
}

function sizesOperator(
  name: string,
  forward: (x: Tensor, sizes: readonly number[]) => Tensor,
  check: (x: Tensor, sizes: readonly number[]) => readonly number[] = (_, sizes) => sizes,
): SizesOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...sizes: (number | readonly number[])[]): [Tensor, readonly number[]] => {
      checkTensor(name, 'input', x);
      return [x, check(x, listArgument(sizes))];
    },
    forward,
  });
}

/** The same elements under another shape; one size may be -1. A view where possible. Canonical: (x, sizes). */
export const reshape: SizesOperator = sizesOperator('reshape', (x, sizes) => {
  const target = inferSize('reshape', sizes, x.numel());
  const strides = viewStrides(x.shape, x.strides, target);
  return strides === undefined ? denseReshape(x, target) : viewOf(x, target, strides);
});

/** As {@link reshape}, but an error where a copy would be needed. Canonical: (x, sizes). */
export const view: SizesOperator = sizesOperator('view', (x, sizes) => {
  const target = inferSize('view', sizes, x.numel());
  const strides = viewStrides(x.shape, x.strides, target);
  if (strides === undefined) {
    fail(
      'view',
      "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.",
    );
  }
  return viewOf(x, target, strides);
});

/** The dimensions in another order. Canonical: (x, dims), not negative. */
export const permute: SizesOperator = sizesOperator(
  'permute',
  (x, dims) =>
    viewOf(
      x,
      dims.map((dim) => x.shape[dim]!),
      dims.map((dim) => x.strides[dim]!),
    ),
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
export const expand: SizesOperator = sizesOperator('expand', (x, sizes) => expandTo('expand', x, sizes));

/** The tensor under a broadcast shape, without a copy. Canonical: (x, sizes). */
export const broadcastTo: SizesOperator = sizesOperator('broadcastTo', (x, sizes) =>
  expandTo('broadcastTo', x, sizes),
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

/** Two dimensions exchanged. Canonical: (x, dim0, dim1), not negative. */
export const transpose: (x: Tensor, dim0: number, dim1: number) => Tensor = defineOperator({
  name: 'transpose',
  normalize: (x: Tensor, dim0: number, dim1: number): [Tensor, number, number] => {
    checkTensor('transpose', 'input', x);
    return [x, wrapDim('transpose', dim0, x.ndim), wrapDim('transpose', dim1, x.ndim)];
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
});

/** The two dimensions of a matrix exchanged; tensors of fewer dimensions stay. Canonical: (x). */
export const t: (x: Tensor) => Tensor = defineOperator({
  name: 't',
  forward: (x: Tensor) => {
    if (x.ndim > 2) fail('t', `t() expects a tensor with <= 2 dimensions, but self is ${x.ndim}D`);
    return viewOf(x, [...x.shape].reverse(), [...x.strides].reverse());
  },
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
    const merged = numelOf(x.shape.slice(start, end + 1));
    return reshapeOf(x, [...x.shape.slice(0, start), merged, ...x.shape.slice(end + 1)]);
  },
});

/** One dimension becomes several; one of the sizes may be -1. Canonical: (x, dim, sizes). */
export const unflatten: (x: Tensor, dim: number, sizes: readonly number[]) => Tensor = defineOperator({
  name: 'unflatten',
  normalize: (x: Tensor, dim: number, sizes: readonly number[]): [Tensor, number, readonly number[]] => {
    checkTensor('unflatten', 'input', x);
    return [x, wrapDim('unflatten', dim, x.ndim), sizes];
  },
  forward: (x: Tensor, dim: number, sizes: readonly number[]) => {
    const parts = inferSize('unflatten', sizes, x.shape[dim]!);
    return reshapeOf(x, [...x.shape.slice(0, dim), ...parts, ...x.shape.slice(dim + 1)]);
  },
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
});

/** `length` elements along a dimension from `start` on. Canonical: (x, dim, start, length), not negative. */
export const narrow: (x: Tensor, dim: number, start: number, length: number) => Tensor = defineOperator({
  name: 'narrow',
  normalize: (x: Tensor, dim: number, start: number, length: number): [Tensor, number, number, number] => {
    checkTensor('narrow', 'input', x);
    if (x.ndim === 0) fail('narrow', 'narrow() cannot be applied to a 0-dim tensor.');
    const axis = wrapDim('narrow', dim, x.ndim);
    const size = x.shape[axis]!;
    if (length < 0) fail('narrow', 'narrow(): length must be non-negative.');
    if (start < -size || start > size) {
      fail('narrow', `start out of range (expected to be in range of [${-size}, ${size}], but got ${start})`);
    }
    const first = start < 0 ? start + size : start;
    if (first + length > size) {
      fail('narrow', `start (${first}) + length (${length}) exceeds dimension size (${size}).`);
    }
    return [x, axis, first, length];
  },
  forward: narrowView,
});

/** The elements at one index of a dimension, which disappears. Canonical: (x, dim, index), not negative. */
export const select: (x: Tensor, dim: number, index: number) => Tensor = defineOperator({
  name: 'select',
  normalize: (x: Tensor, dim: number, index: number): [Tensor, number, number] => {
    checkTensor('select', 'input', x);
    if (x.ndim === 0) fail('select', 'select() cannot be applied to a 0-dim tensor.');
    const axis = wrapDim('select', dim, x.ndim);
    const size = x.shape[axis]!;
    if (!Number.isInteger(index) || index < -size || index >= size) {
      fail(
        'select',
        `select(): index ${index} out of range for tensor of size ${showSizes(x.shape)} at dimension ${axis}`,
      );
    }
    return [x, axis, index < 0 ? index + size : index];
  },
  forward: selectView,
});

/** Options of {@link slice}. */
export interface SliceOptions {
  readonly dim?: number;
  readonly start?: number | null;
  readonly end?: number | null;
  readonly step?: number;
}
/** Signature of {@link slice}. */
export interface SliceOperator {
  (x: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor;
  (x: Tensor, options: SliceOptions): Tensor;
}
/**
 * Python's `x[start:end:step]` along a dimension; start and end may be negative or out of range. `step` is positive.
 * Canonical: (x, dim, start, end, step) within the dimension.
 */
export const slice: SliceOperator = defineOperator({
  name: 'slice',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number, number, number] => {
    checkTensor('slice', 'input', x);
    const names = ['dim', 'start', 'end', 'step'] as const;
    const { dim = 0, start = null, end = null, step = 1 } = bindArguments<SliceOptions>('slice', names, rest);
    if (x.ndim === 0) fail('slice', 'slice() cannot be applied to a 0-dim tensor.');
    const axis = wrapDim('slice', dim, x.ndim);
    if (!Number.isInteger(step) || step <= 0) fail('slice', 'slice step must be positive');
    const size = x.shape[axis]!;
    const clip = (value: number): number => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
    const first = clip(start ?? 0);
    return [x, axis, first, Math.max(clip(end ?? size), first), step];
  },
  forward: (x: Tensor, dim: number, start: number, end: number, step: number) => {
    const length = Math.ceil((end - start) / step);
    const strides = x.strides.with(dim, x.strides[dim]! * step);
    return viewOf(x, x.shape.with(dim, length), strides, x.offset + start * x.strides[dim]!);
  },
});

/** Views of `splitSize` elements along a dimension (the last may have fewer), or of the given sizes. Canonical: (x, sizes, dim). */
export const split: (x: Tensor, splitSize: number | readonly number[], dim?: number) => Tensor[] =
  defineOperator({
    name: 'split',
    normalize: (
      x: Tensor,
      splitSize: number | readonly number[],
      ...rest: unknown[]
    ): [Tensor, readonly number[], number] => {
      checkTensor('split', 'input', x);
      const { dim = 0 } = bindArguments<{ dim: number }>('split', ['dim'], rest);
      if (x.ndim === 0) fail('split', 'split expects at least a 1-dimensional tensor');
      const axis = wrapDim('split', dim, x.ndim);
      return [x, splitSizes(x.shape[axis]!, splitSize), axis];
    },
    forward: splitViews,
  });

function splitSizes(size: number, splitSize: number | readonly number[]): readonly number[] {
  if (typeof splitSize !== 'number') {
    const sum = splitSize.reduce((a, b) => a + b, 0);
    if (sum !== size || splitSize.some((part) => part < 0)) {
      fail(
        'split',
        `split_with_sizes expects split_sizes to sum exactly to ${size} (input tensor's size at dimension), but got split_sizes=${showSizes(splitSize)}`,
      );
    }
    return splitSize;
  }
  if (splitSize === 0 && size !== 0) {
    fail('split', `split_size can only be 0 if dimension size is 0, but got dimension size of ${size}`);
  }
  if (!Number.isInteger(splitSize) || splitSize < 0) {
    fail('split', `split expects split_size be non-negative, but got split_size=${splitSize}`);
  }
  if (size === 0) return [0];
  const parts = Math.ceil(size / splitSize);
  return Array.from({ length: parts }, (_, i) => Math.min(splitSize, size - i * splitSize));
}

function splitViews(x: Tensor, sizes: readonly number[], dim: number): Tensor[] {
  let start = 0;
  return sizes.map((size) => {
    const part = narrowView(x, dim, start, size);
    start += size;
    return part;
  });
}

/** At most `chunks` views of equal size along a dimension (the last may have fewer). Canonical: (x, chunks, dim). */
export const chunk: (x: Tensor, chunks: number, dim?: number) => Tensor[] = defineOperator({
  name: 'chunk',
  normalize: (x: Tensor, chunks: number, ...rest: unknown[]): [Tensor, number, number] => {
    checkTensor('chunk', 'input', x);
    const { dim = 0 } = bindArguments<{ dim: number }>('chunk', ['dim'], rest);
    if (x.ndim === 0) fail('chunk', 'chunk expects at least a 1-dimensional tensor');
    if (!(chunks > 0))
      fail('chunk', 'chunk expects `chunks` to be greater than 0', undefined, String(chunks));
    return [x, chunks, wrapDim('chunk', dim, x.ndim)];
  },
  forward: (x: Tensor, chunks: number, dim: number) => {
    const size = x.shape[dim]!;
    if (size === 0) return Array.from({ length: chunks }, () => narrowView(x, dim, 0, 0));
    return splitViews(x, splitSizes(size, Math.ceil(size / chunks)), dim);
  },
});

/** One view for each index of a dimension, which disappears. Canonical: (x, dim). */
export const unbind: (x: Tensor, dim?: number) => Tensor[] = defineOperator({
  name: 'unbind',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('unbind', 'input', x);
    const { dim = 0 } = bindArguments<{ dim: number }>('unbind', ['dim'], rest);
    return [x, wrapDim('unbind', dim, x.ndim)];
  },
  forward: (x: Tensor, dim: number) => Array.from({ length: x.shape[dim]! }, (_, i) => selectView(x, dim, i)),
});

/** The tensor itself if its elements lie in row-major order, else a copy. Canonical: (x). */
export const contiguous: (x: Tensor) => Tensor = defineOperator({ name: 'contiguous', forward: materialize });

/** A copy in memory of its own. Canonical: (x). */
export const clone: (x: Tensor) => Tensor = defineOperator({ name: 'clone', forward: denseCopy });

/** The same values as another dtype; the tensor itself if it has that dtype. Canonical: (x, dtype). */
export const to: (x: Tensor, dtype: DType | { readonly dtype: DType }) => Tensor = defineOperator({
  name: 'to',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, DType] => {
    checkTensor('to', 'input', x);
    const { dtype = x.dtype } = bindArguments<{ dtype: DType }>('to', ['dtype'], rest);
    return [x, dtype];
  },
  forward: cast,
});

/** Shape operators as methods. */
export interface ShapeMethods {
  /** The same elements under another shape; one size may be -1. A view where possible. */
  reshape(sizes: readonly number[]): Tensor;
  reshape(...sizes: number[]): Tensor;
  /** As `reshape`, but an error where a copy would be needed. */
  view(sizes: readonly number[]): Tensor;
  view(...sizes: number[]): Tensor;
  /** The dimensions in another order. */
  permute(dims: readonly number[]): Tensor;
  permute(...dims: number[]): Tensor;
  /** Dimensions of size 1 repeated without a copy; -1 keeps a size. */
  expand(sizes: readonly number[]): Tensor;
  expand(...sizes: number[]): Tensor;
  /** The tensor under a broadcast shape, without a copy. */
  broadcastTo(sizes: readonly number[]): Tensor;
  broadcastTo(...sizes: number[]): Tensor;
  /** Two dimensions exchanged. */
  transpose(dim0: number, dim1: number): Tensor;
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
  /** `length` elements along a dimension from `start` on. */
  narrow(dim: number, start: number, length: number): Tensor;
  /** The elements at one index of a dimension, which disappears. */
  select(dim: number, index: number): Tensor;
  /**
   * Python's `x[start:end:step]` along a dimension; start and end may be negative or out of range. `step` is
   * positive.
   */
  slice(options: SliceOptions): Tensor;
  slice(dim?: number, start?: number | null, end?: number | null, step?: number): Tensor;
  /** Views of `splitSize` elements along a dimension (the last may have fewer), or of the given sizes. */
  split(splitSize: number | readonly number[], dim?: number): Tensor[];
  /** At most `chunks` views of equal size along a dimension (the last may have fewer). */
  chunk(chunks: number, dim?: number): Tensor[];
  /** One view for each index of a dimension, which disappears. */
  unbind(dim?: number): Tensor[];
  /** The tensor itself if its elements lie in row-major order, else a copy. */
  contiguous(): Tensor;
  /** A copy in memory of its own. */
  clone(): Tensor;
  /** The same values as another dtype; the tensor itself if it has that dtype. */
  to(dtype: DType | { readonly dtype: DType }): Tensor;
}
