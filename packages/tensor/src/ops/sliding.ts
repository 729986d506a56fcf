/** Windows that slide along a dimension. */
import { int64Tensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Options of {@link unfoldDimension}. */
interface UnfoldOptions {
  readonly dimension: number;
  /** Elements of a window. */
  readonly size: number;
  /** Elements between the starts of neighbouring windows. */
  readonly step: number;
}

/** Signature of {@link unfoldDimension}. */
export interface UnfoldDimensionOperator {
  (x: Tensor, dimension: number, size: number, step: number): Tensor;
  (x: Tensor, options: UnfoldOptions): Tensor;
}

/**
 * Windows of a dimension (`Tensor.unfold` in PyTorch): the dimension counts them, and a new last dimension holds their
 * elements. A view, whose windows may overlap. Canonical: (x, dimension, size, step), not negative.
 */
export const unfoldDimension: UnfoldDimensionOperator = defineOperator({
  name: 'unfold',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number, number] => {
    checkTensor('unfold', 'input', x);
    const names = ['dimension', 'size', 'step'] as const;
    const { dimension, size, step } = bindArguments<UnfoldOptions>('unfold', names, rest);
    if (dimension === undefined || size === undefined || step === undefined) {
      fail('unfold', `missing argument, expected ${names.join(', ')}`);
    }
    const dim = wrapDim('unfold', dimension, x.ndim);
    const length = x.shape[dim] ?? 1;
    if (size > length)
      fail('unfold', `maximum size for tensor at dimension ${dim} is ${length} but size is ${size}`);
    if (!(step > 0)) fail('unfold', `step is ${step} but must be > 0`);
    if (!(size >= 0)) fail('unfold', `size is ${size} but must be >= 0`);
    return [x, dim, size, step];
  },
  forward: (x: Tensor, dim: number, size: number, step: number) => {
    if (x.ndim === 0) return viewOf(x, [size], [1]);
    const count = Math.floor((x.shape[dim]! - size) / step) + 1;
    const stride = x.strides[dim]!;
    return viewOf(x, [...x.shape.with(dim, count), size], [...x.strides.with(dim, stride * step), stride]);
  },
  view: true,
  derivatives: [
    (grad, [x, dim, size, step]) => {
      if (x.ndim === 0) return grad.sum();
      const count = grad.shape[dim]!;
      const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size));
      const parts = grad.movedim(-1, dim + 1).flatten(dim, dim + 1);
      return grad.newZeros(x.shape).indexAdd(dim, int64Tensor(places, [places.length]), parts);
    },
  ],
});

/** Sliding windows as methods. */
export interface SlidingMethods {
  /** Windows of a dimension: the dimension counts them, and a new last dimension holds their elements. A view. */
  unfold(dimension: number, size: number, step: number): Tensor;
  unfold(options: UnfoldOptions): Tensor;
}
