/** Operators that take parts of a tensor along one dimension, as views of it. */
import { viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { narrowView, selectView } from '../views.ts';
import { cat, stack } from './joining.ts';

/** Options of {@link narrow}. */
export interface NarrowOptions {
  readonly dim: number;
  /** A number, or a 0-dim tensor of integers. */
  readonly start: number | Tensor;
  readonly length: number;
}

/** Signature of {@link narrow}. */
export interface NarrowOperator {
  (x: Tensor, dim: number, start: number | Tensor, length: number): Tensor;
  (x: Tensor, options: NarrowOptions): Tensor;
}

function startOf(start: Tensor): number {
  if (start.ndim > 0 || dtypeInfo(start.dtype).kind !== 'int') {
    fail('narrow', 'start must be an 0-dim integral Tensor.');
  }
  return Number(start.item());
}

/** `length` elements along a dimension from `start` on. Canonical: (x, dim, start, length), not negative. */
export const narrow: NarrowOperator = defineOperator({
  name: 'narrow',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number, number] => {
    checkTensor('narrow', 'input', x);
    const names = ['dim', 'start', 'length'] as const;
    const { dim, start: given, length } = bindArguments<NarrowOptions>('narrow', names, rest);
    if (dim === undefined || given === undefined || length === undefined) {
      fail('narrow', `missing argument, expected ${names.join(', ')}`);
    }
    const start = given instanceof Tensor ? startOf(given) : given;
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
  view: true,
  backwardName: 'SliceBackward0',
  derivatives: [
    (grad, [x, dim, start, length]) => {
      const whole = zeros(x.shape, { dtype: grad.dtype });
      whole.narrow(dim, start, length).copy_(grad);
      return whole;
    },
  ],
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
  view: true,
  derivatives: [
    (grad, [x, dim, index]) => {
      const whole = zeros(x.shape, { dtype: grad.dtype });
      whole.select(dim, index).copy_(grad);
      return whole;
    },
  ],
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
  view: true,
  derivatives: [
    (grad, [x, dim, start, end, step]) => {
      const whole = zeros(x.shape, { dtype: grad.dtype });
      whole.slice(dim, start, end, step).copy_(grad);
      return whole;
    },
  ],
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
    view: true,
    backwardName: (_: Tensor, sizes: readonly number[]) =>
      isEven(sizes) ? 'SplitBackward0' : 'SplitWithSizesBackward0',
    derivatives: [(grads, [x, sizes, dim]) => joined(grads, x, dim, (i) => x.shape.with(dim, sizes[i]!))],
  });

/** Whether sizes are those of equal parts, of which the last may be smaller. */
function isEven(sizes: readonly number[]): boolean {
  return sizes.every((size, i) => (i < sizes.length - 1 ? size === sizes[0] : size <= sizes[0]!));
}

/** Gradients of parts, put together; missing ones are zeros. */
function joined(
  grads: readonly (Tensor | undefined)[],
  x: Tensor,
  dim: number,
  shapeOf: (part: number) => readonly number[],
): Tensor {
  return cat(
    grads.map((grad, i) => grad ?? zeros(shapeOf(i), { dtype: x.dtype })),
    dim,
  );
}

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
  view: true,
  backwardName: 'SplitBackward0',
  derivatives: [
    (grads, [x, chunks, dim]) => {
      const size = x.shape[dim]!;
      const each = Math.ceil(size / chunks);
      return joined(grads, x, dim, (i) => x.shape.with(dim, Math.min(each, size - i * each)));
    },
  ],
});

/** One view for each index of a dimension, which disappears. Canonical: (x, dim). */
export const unbind: (x: Tensor, dim?: number) => Tensor[] = defineOperator({
  name: 'unbind',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('unbind', 'input', x);
    const { dim = 0 } = bindArguments<{ dim: number }>('unbind', ['dim'], rest);
    if (x.ndim === 0) fail('unbind', `Dimension specified as ${dim} but tensor has no dimensions`);
    return [x, wrapDim('unbind', dim, x.ndim)];
  },
  forward: (x: Tensor, dim: number) => Array.from({ length: x.shape[dim]! }, (_, i) => selectView(x, dim, i)),
  view: true,
  derivatives: [
    (grads, [x, dim]) =>
      stack(
        grads.map((grad) => grad ?? zeros(x.shape.toSpliced(dim, 1), { dtype: x.dtype })),
        dim,
      ),
  ],
});

/** Parts of a tensor as methods. */
export interface SlicingMethods {
  /** `length` elements along a dimension from `start` on. */
  narrow(dim: number, start: number | Tensor, length: number): Tensor;
  narrow(options: NarrowOptions): Tensor;
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
}
