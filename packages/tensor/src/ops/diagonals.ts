/** Diagonals: views of them, and zeros around them. */
import { copyElements, filledTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { diagonalView } from '../views.ts';

/** Options of {@link diagonal} and {@link diagEmbed}. */
export interface DiagonalOptions {
  /** Which diagonal: 0 is the main one, positive ones lie above it. */
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

/** Signature of {@link diagonal} and {@link diagEmbed}. */
export interface DiagonalOperator {
  (x: Tensor, offset?: number, dim1?: number, dim2?: number): Tensor;
  (x: Tensor, options: DiagonalOptions): Tensor;
}

/** Canonical arguments of an operator on diagonals. */
type Diagonal = [x: Tensor, offset: number, dim1: number, dim2: number];

function diagonalArguments(
  operator: string,
  x: Tensor,
  rest: readonly unknown[],
  ndim: number,
  defaults: readonly [number, number],
): Diagonal {
  checkTensor(operator, 'input', x);
  const names = ['offset', 'dim1', 'dim2'] as const;
  const options = bindArguments<DiagonalOptions>(operator, names, rest);
  const { offset = 0, dim1: first = defaults[0], dim2: second = defaults[1] } = options;
  const [dim1, dim2] = [wrapDim(operator, first, ndim), wrapDim(operator, second, ndim)];
  if (dim1 === dim2) fail(operator, `diagonal dimensions cannot be identical ${first}, ${second}`);
  return [x, offset, dim1, dim2];
}

/** A diagonal of two dimensions as the last dimension of a view. Canonical: (x, offset, dim1, dim2), not negative. */
export const diagonal: DiagonalOperator = defineOperator({
  name: 'diagonal',
  normalize: (x: Tensor, ...rest: unknown[]): Diagonal =>
    diagonalArguments('diagonal', x, rest, x.ndim, [0, 1]),
  forward: diagonalView,
  view: true,
  derivatives: [
    (grad, [x, offset, dim1, dim2]) => {
      const whole = grad.newZeros(x.shape);
      whole.diagonal(offset, dim1, dim2).copy_(grad);
      return whole;
    },
  ],
});

/**
 * The last dimension as a diagonal of two new ones (the last two by default), with zeros around it. Canonical:
 * (x, offset, dim1, dim2), not negative.
 */
export const diagEmbed: DiagonalOperator = defineOperator({
  name: 'diagEmbed',
  normalize: (x: Tensor, ...rest: unknown[]): Diagonal => {
    return diagonalArguments('diagEmbed', x, rest, x.ndim + 1, [-2, -1]);
  },
  forward: (x: Tensor, offset: number, dim1: number, dim2: number) => {
    const side = x.shape.at(-1)! + Math.abs(offset);
    const [low, high] = [Math.min(dim1, dim2), Math.max(dim1, dim2)];
    const output = filledTensor(
      x.shape.slice(0, -1).toSpliced(low, 0, side).toSpliced(high, 0, side),
      x.dtype,
      0,
    );
    copyElements(x, diagonalView(output, offset, dim1, dim2));
    return output;
  },
  derivatives: [(grad, [, offset, dim1, dim2]) => grad.diagonal(offset, dim1, dim2)],
});

/** Diagonals as methods. */
export interface DiagonalMethods {
  /** A diagonal of two dimensions as the last dimension of a view. */
  diagonal(offset?: number, dim1?: number, dim2?: number): Tensor;
  diagonal(options: DiagonalOptions): Tensor;
  /** The last dimension as a diagonal of two new ones (the last two by default), with zeros around it. */
  diagEmbed(offset?: number, dim1?: number, dim2?: number): Tensor;
  diagEmbed(options: DiagonalOptions): Tensor;
}
