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

/** The view behind {@link diagonal}, of checked arguments. */
export function diagonalView(x: Tensor, offset: number, dim1: number, dim2: number): Tensor {
  const [rows, columns] = [x.shape[dim1]!, x.shape[dim2]!];
  const length = Math.max(
    offset < 0 ? Math.min(rows + offset, columns) : Math.min(rows, columns - offset),
    0,
  );
  const skipped = length === 0 ? 0 : offset < 0 ? -offset * x.strides[dim1]! : offset * x.strides[dim2]!;
  const others = x.shape.map((_, d) => d).filter((d) => d !== dim1 && d !== dim2);
  return viewOf(
    x,
    [...others.map((d) => x.shape[d]!), length],
    [...others.map((d) => x.strides[d]!), x.strides[dim1]! + x.strides[dim2]!],
    x.offset + skipped,
  );
}
