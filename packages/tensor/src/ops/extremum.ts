/** Extreme elements and where they are: max, min, argmax, argmin. */
import { argExtremum as engineArgExtremum } from '@sconce/engine';
import { newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { maximum, minimum } from './limits.ts';
import { layoutOf, runReduce, sharedBack } from './reduction-core.ts';

/** Options of a reduction along one dimension. */
export interface DimOptions {
  readonly dim?: number | null;
  readonly keepdim?: boolean;
}

/** Signature of {@link argmax} and {@link argmin}. */
export interface ArgOperator {
  (x: Tensor, dim?: number | null, keepdim?: boolean): Tensor;
  (x: Tensor, options: DimOptions): Tensor;
}

/** Extrema along a dimension and where they are. */
export interface ValuesAndIndices {
  readonly values: Tensor;
  /** int64 positions along the dimension. */
  readonly indices: Tensor;
}

/** Signature of {@link max} and {@link min}. */
export interface ExtremumOperator {
  (x: Tensor): Tensor;
  (x: Tensor, other: Tensor): Tensor;
  (x: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
  (x: Tensor, options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
}

type Op = 'max' | 'min';

function checkSize(operator: string, size: number, dim: number | null): void {
  if (size > 0) return;
  fail(
    operator,
    `${operator}(): Expected reduction dim ${dim === null ? "to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument." : `${dim} to have non-zero size.`}`,
  );
}

/** Extrema and their positions: the first of equal ones, NaN before everything. */
function extrema(
  operator: string,
  op: Op,
  x: Tensor,
  dim: number | null,
  keepdim: boolean,
): ValuesAndIndices {
  const { input, outer, size, inner, shape } = layoutOf(x, dim === null ? null : [dim], keepdim);
  checkSize(operator, size, dim);
  const values = newTensor(shape, x.dtype);
  const indices = newTensor(shape, 'int64');
  const slices = { x: sliceOf(input), values: sliceOf(values), indices: sliceOf(indices) };
  if (outer * inner > 0) engineArgExtremum({ op, ...slices, outer, size, inner });
  return { values, indices };
}

type CanonicalDim = { readonly dim: number; readonly keepdim: boolean };

function extremum(name: Op, pairwise: (x: Tensor, y: Tensor) => Tensor): ExtremumOperator {
  const backward = name === 'max' ? 'MaxBackward' : 'MinBackward';
  const ofAll = defineOperator({
    name,
    backwardName: `${backward}1`,
    forward: (x: Tensor) => {
      checkSize(name, x.numel(), null);
      return runReduce(name, name, x, null, false);
    },
    derivatives: [{ reads: [0, 'result'], of: (grad, [x], result) => sharedBack(grad, x, result) }],
  });
  const ofLines = defineOperator({
    name,
    backwardName: `${backward}0`,
    forward: (x: Tensor, { dim, keepdim }: CanonicalDim) => extrema(name, name, x, dim, keepdim),
    derivatives: [
      {
        reads: ['result'],
        of: ([grad], [x, { dim, keepdim }], { indices }) => {
          if (grad === undefined || x.ndim === 0) return grad;
          const [values, places] = keepdim ? [grad, indices] : [grad.unsqueeze(dim), indices.unsqueeze(dim)];
          return grad.newZeros(x.shape).scatter(dim, places, values);
        },
      },
    ],
  });
  // Which of both results it is follows from the arguments, as the overloads say.
  return ((x: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices => {
    checkTensor(name, 'input', x);
    if (rest[0] instanceof Tensor) return pairwise(x, rest[0]);
    type Named = DimOptions & { readonly other: Tensor };
    const { dim, keepdim = false, other } = bindArguments<Named>(name, ['dim', 'keepdim', 'other'], rest);
    if (other !== undefined) return pairwise(x, other);
    if (dim === undefined || dim === null) return ofAll(x);
    return ofLines(x, { dim: wrapDim(name, dim, x.ndim), keepdim });
  }) as ExtremumOperator;
}

/**
 * Largest element; with `dim`, `{ values, indices }` along it; with another tensor, {@link maximum}.
 * Canonical: (x) or (x, { dim, keepdim }).
 */
export const max: ExtremumOperator = extremum('max', maximum);

/** Smallest element; as {@link max}. */
export const min: ExtremumOperator = extremum('min', minimum);

function argExtremum(name: 'argmax' | 'argmin', op: Op): ArgOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, { dim: number | null; keepdim: boolean }] => {
      checkTensor(name, 'input', x);
      const { dim = null, keepdim = false } = bindArguments<DimOptions>(name, ['dim', 'keepdim'], rest);
      return [x, { dim: dim === null ? null : wrapDim(name, dim, x.ndim), keepdim }];
    },
    constant: true,
    forward: (x: Tensor, { dim, keepdim }) => {
      if (x.dtype === 'bool') fail(name, `${name}(): does not support bool input`);
      return extrema(name, op, x, dim, keepdim).indices;
    },
  });
}

/** int64 position of the largest element: along `dim`, or in the flattened tensor. Canonical: (x, { dim, keepdim }). */
export const argmax: ArgOperator = argExtremum('argmax', 'max');

/** int64 position of the smallest element. Canonical: (x, { dim, keepdim }). */
export const argmin: ArgOperator = argExtremum('argmin', 'min');

/** Extrema as methods. */
export interface ExtremumMethods {
  /** Largest element; with `dim`, `{ values, indices }` along it; with another tensor, `maximum`. */
  max(other: Tensor): Tensor;
  max(dim: number, keepdim?: boolean): ValuesAndIndices;
  max(options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
  max(): Tensor;
  /** Smallest element; as `max`. */
  min(other: Tensor): Tensor;
  min(dim: number, keepdim?: boolean): ValuesAndIndices;
  min(options: { readonly dim: number; readonly keepdim?: boolean }): ValuesAndIndices;
  min(): Tensor;
  /** int64 position of the largest element: along `dim`, or in the flattened tensor. */
  argmax(options: DimOptions): Tensor;
  argmax(dim?: number | null, keepdim?: boolean): Tensor;
  /** int64 position of the smallest element. */
  argmin(options: DimOptions): Tensor;
  argmin(dim?: number | null, keepdim?: boolean): Tensor;
}
