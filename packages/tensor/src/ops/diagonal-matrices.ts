/** Matrices with given diagonals. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { diagonalCopy } from './view-copies.ts';

/** Signature of {@link diag}. */
export type DiagOperator = (x: Tensor, diagonal?: number | { readonly diagonal?: number }) => Tensor;

/** A matrix with a vector on a diagonal, or a copy of a matrix's diagonal. Canonical: (x, diagonal). */
export const diag: DiagOperator = defineOperator({
  name: 'diag',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('diag', 'input', x);
    const { diagonal: offset = 0 } = bindArguments<{ diagonal: number }>('diag', ['diagonal'], rest);
    if (x.ndim !== 1 && x.ndim !== 2) {
      fail('diag', `diag(): Supports 1D or 2D tensors. Got ${x.ndim}D`);
    }
    return [x, offset];
  },
  composite: true,
  forward: (x: Tensor, offset: number) => (x.ndim === 1 ? x.diagEmbed(offset) : diagonalCopy(x, offset)),
});

/** A matrix with all elements of a tensor on a diagonal. Canonical: (x, offset). */
export const diagflat: (x: Tensor, offset?: number | { readonly offset?: number }) => Tensor = defineOperator(
  {
    name: 'diagflat',
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
      checkTensor('diagflat', 'input', x);
      const { offset = 0 } = bindArguments<{ offset: number }>('diagflat', ['offset'], rest);
      return [x, offset];
    },
    composite: true,
    forward: (x: Tensor, offset: number) => x.reshape(-1).diagEmbed(offset),
  },
);

/** Diagonal matrices as methods. */
export interface DiagonalMatrixMethods {
  /** A matrix with a vector on a diagonal, or a copy of a matrix's diagonal. */
  diag(diagonal?: number | { readonly diagonal?: number }): Tensor;
  /** A matrix with all elements of a tensor on a diagonal. */
  diagflat(offset?: number | { readonly offset?: number }): Tensor;
}
