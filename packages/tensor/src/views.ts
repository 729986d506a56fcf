/** Views that several operator families take, of arguments that are checked already. */
import { denseReshape, viewOf } from './access.ts';
import { viewStrides } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** The reshape of checked sizes, without going through the dispatcher. */
export function reshapeOf(x: Tensor, shape: readonly number[]): Tensor {
  const strides = viewStrides(x.shape, x.strides, shape);
  return strides === undefined ? denseReshape(x, shape) : viewOf(x, shape, strides);
}

/** The view behind {@link narrow}, of checked arguments. */
export function narrowView(x: Tensor, dim: number, start: number, length: number): Tensor {
  return viewOf(x, x.shape.with(dim, length), x.strides, x.offset + start * x.strides[dim]!);
}

/** The view behind {@link select}, of checked arguments. */
export function selectView(x: Tensor, dim: number, index: number): Tensor {
  return viewOf(
    x,
    x.shape.toSpliced(dim, 1),
    x.strides.toSpliced(dim, 1),
    x.offset + index * x.strides[dim]!,
  );
}
