/** The lower and upper triangles of matrices. */
import { copyElements, filledTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { type InPlaceForms, type InPlaceOperator, inPlaceOf } from './in-place-core.ts';

/** Signature of {@link tril} and {@link triu}. */
export type TriangleOperator = (x: Tensor, diagonal?: number | { readonly diagonal?: number }) => Tensor;

type Side = 'tril' | 'triu';

function triangle(name: Side): TriangleOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
      checkTensor(name, 'input', x);
      const { diagonal = 0 } = bindArguments<{ diagonal: number }>(name, ['diagonal'], rest);
      if (x.ndim < 2) fail(name, `${name}: input tensor must have at least 2 dimensions`);
      return [x, diagonal];
    },
    forward: (x: Tensor, diagonal: number) => triangleOf(name, x, diagonal),
    derivatives: [(grad, [, diagonal]) => grad[name](diagonal)],
  });
}

function triangleOf(side: Side, x: Tensor, diagonal: number): Tensor {
  const output = filledTensor(x.shape, x.dtype, 0);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  for (let row = 0; row < rows; row++) {
    const edge = Math.min(Math.max(row + diagonal + (side === 'tril' ? 1 : 0), 0), columns);
    const [from, to] = side === 'tril' ? [0, edge] : [edge, columns];
    if (from < to) copyElements(partOfRow(x, row, from, to), partOfRow(output, row, from, to));
  }
  return output;
}

/** Columns `from` to `to` of one row of every matrix. */
function partOfRow(x: Tensor, row: number, from: number, to: number): Tensor {
  const [rowStride, columnStride] = x.strides.slice(-2) as [number, number];
  return viewOf(
    x,
    [...x.shape.slice(0, -2), to - from],
    [...x.strides.slice(0, -2), columnStride],
    x.offset + row * rowStride + from * columnStride,
  );
}

/** Matrices with zeros above a diagonal (the main one by default). Canonical: (x, diagonal). */
export const tril: TriangleOperator = triangle('tril');
/** Matrices with zeros below a diagonal (the main one by default). Canonical: (x, diagonal). */
export const triu: TriangleOperator = triangle('triu');
/** In-place form of {@link tril}. */
export const tril_: InPlaceOperator<typeof tril> = inPlaceOf(tril);
/** In-place form of {@link triu}. */
export const triu_: InPlaceOperator<typeof triu> = inPlaceOf(triu);

/** Triangles as methods. */
export interface TriangleMethods extends InPlaceForms<TriangleForms, 'tril' | 'triu'>, TriangleForms {}

interface TriangleForms {
  /** Matrices with zeros above a diagonal (the main one by default). */
  tril(diagonal?: number | { readonly diagonal?: number }): Tensor;
  /** Matrices with zeros below a diagonal (the main one by default). */
  triu(diagonal?: number | { readonly diagonal?: number }): Tensor;
}
