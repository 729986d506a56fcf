/** Makes the positions of the elements of triangles. */
import { cast, int64Tensor } from './access.ts';
import { bindArguments } from './arguments.ts';
import { fail } from './errors.ts';
import { finished, type TensorOptions } from './sizes.ts';
import type { Tensor } from './tensor.ts';

/** Options of {@link trilIndices} and {@link triuIndices}. */
export interface TriangleOptions extends TensorOptions {
  /** Which diagonal bounds the triangle: 0 is the main one, positive ones lie above it. */
  readonly offset?: number;
}

/** Signature of {@link trilIndices} and {@link triuIndices}. */
export interface TriangleIndices {
  (row: number, col: number, offset?: number, options?: TensorOptions): Tensor;
  (row: number, col: number, options?: TriangleOptions): Tensor;
}

function indices(
  operator: string,
  inside: (row: number, column: number, offset: number) => boolean,
): TriangleIndices {
  return (row: number, col: number, ...rest: readonly unknown[]): Tensor => {
    const names = ['offset', 'dtype', 'requiresGrad', 'device'] as const;
    const options = bindArguments<TriangleOptions>(operator, names, rest);
    const { offset = 0, dtype = 'int64' } = options;
    if (!(row >= 0)) fail(operator, `row must be non-negative, got${row}`);
    if (!(col >= 0)) fail(operator, `col must be non-negative, got${col}`);
    if (dtype !== 'int64' && dtype !== 'int32') {
      fail(operator, `"${operator}" not implemented for '${dtype}'`, 'int64 or int32', dtype);
    }
    const [rows, columns]: [number[], number[]] = [[], []];
    for (let i = 0; i < row; i++) {
      for (let j = 0; j < col; j++) {
        if (!inside(i, j, offset)) continue;
        rows.push(i);
        columns.push(j);
      }
    }
    return finished(operator, cast(int64Tensor([...rows, ...columns], [2, rows.length]), dtype), options);
  };
}

/** Row and column numbers, one below the other, of the lower triangle of a matrix, in row-major order; int64 by default. */
export const trilIndices: TriangleIndices = indices('trilIndices', (i, j, offset) => j <= i + offset);
/** Row and column numbers, one below the other, of the upper triangle of a matrix, in row-major order; int64 by default. */
export const triuIndices: TriangleIndices = indices('triuIndices', (i, j, offset) => j >= i + offset);
