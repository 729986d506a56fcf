/** Operators that write or fold elements at the positions that an index of as many dimensions names. */
import { cast, copyElements, filledTensor, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Scalar } from '../promotion.ts';
import { wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import {
  atLeast1d,
  foldAlong,
  type PlaceReduction,
  type Places,
  placesOfIndex,
  reduceAlong,
  scatterAlong,
} from './along-core.ts';
import { type InPlaceForms, inPlaceOf } from './in-place-core.ts';
import { checkEachIndex } from './index-checks.ts';
import { reductionGradients } from './place-gradients.ts';
import { int64Index, refusePosition } from './positions.ts';

/** Options of {@link scatter}. */
export interface ScatterOptions {
  /** Adds to, or multiplies, what lies at the place instead of replacing it. */
  readonly reduce?: 'add' | 'multiply';
}

/** Signature of {@link scatter}. */
export type ScatterOperator = (
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor | Scalar,
  options?: ScatterOptions,
) => Tensor;

/** How scatterReduce and indexReduce fold. */
export interface PlaceReduceOptions {
  /** Whether what lies at a place before counts too; true by default. */
  readonly includeSelf?: boolean;
}

/** Reductions of {@link scatterReduce}. */
export type ScatterReduction = PlaceReduction;

function checkSource(x: Tensor, index: Tensor, source: Tensor): void {
  if (source.dtype !== x.dtype) {
    fail('scatter', 'scatter(): Expected self.dtype to be equal to src.dtype', x.dtype, source.dtype);
  }
  if (index.numel() === 0) return;
  if (Math.max(index.ndim, 1) !== Math.max(source.ndim, 1)) {
    fail('scatter', 'Index tensor must have the same number of dimensions as src tensor');
  }
  if (index.shape.some((size, d) => size > (source.shape[d] ?? 1))) {
    fail(
      'scatter',
      `Expected index ${showSizes(index.shape)} to be no larger than src ${showSizes(source.shape)}`,
    );
  }
}

function normalizeIndex(operator: string, x: Tensor, dim: number, index: Tensor): number {
  checkTensor(operator, 'input', x);
  checkTensor(operator, 'index', index);
  const axis = wrapDim(operator, dim, x.ndim);
  checkEachIndex('scatter', x, axis, index, 'self');
  return axis;
}

/** Writes into `output` what `write` makes of a copy of x. */
function written(
  output: Tensor,
  x: Tensor,
  dim: number,
  index: Tensor,
  write: (target: Tensor, places: Places) => void,
): Tensor {
  if (output !== x) copyElements(x, output);
  if (index.numel() === 0) return output;
  const target = atLeast1d(output);
  const size = target.shape[dim]!;
  const dense = int64Index('scatter', index, size);
  write(target, placesOfIndex(dim, dense, atLeast1d(index).shape, refusePosition('scatter', size, dim)));
  return output;
}

/** The part of a source that is read: as large as the index. */
function partOf(source: Tensor, places: Places): Tensor {
  const whole = atLeast1d(source);
  return viewOf(whole, places.shape, whole.strides);
}

type CanonicalScatter = [
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor | Scalar,
  options: { readonly reduce: 'add' | 'multiply' | null },
];

function scatterInto(output: Tensor, ...[x, dim, index, source, { reduce }]: CanonicalScatter): Tensor {
  return written(output, x, dim, index, (target, places) => {
    const part =
      source instanceof Tensor
        ? partOf(source, places)
        : viewOf(
            filledTensor([], x.dtype, source),
            places.shape,
            places.shape.map(() => 0),
          );
    if (reduce === null) scatterAlong(target, places, part);
    else foldAlong(reduce === 'add' ? 'sum' : 'prod', target, places, part);
  });
}

/**
 * A copy of the tensor with elements of `source` (or one number) at the positions that `index` names along a dimension;
 * where positions repeat, the last one stays. Canonical: (x, dim, index, source, { reduce | null }).
 */
export const scatter: ScatterOperator = defineOperator({
  name: 'scatter',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalScatter => {
    type Named = { dim: number; index: Tensor; src: Tensor; value: Scalar; reduce: 'add' | 'multiply' };
    const names: (keyof Named)[] = ['dim', 'index', 'src', 'reduce', 'value'];
    const { dim = 0, index, src, value, reduce = null } = bindArguments<Named>('scatter', names, rest);
    const axis = normalizeIndex('scatter', x, dim, index!);
    const source: Tensor | Scalar | undefined = src ?? value;
    if (source === undefined) fail('scatter', "missing argument 'src'", 'a tensor or a number');
    if (source instanceof Tensor) checkSource(x, index!, source);
    if (reduce !== null && reduce !== 'add' && reduce !== 'multiply') {
      fail('scatter', 'reduce argument must be either add or multiply.', 'add or multiply', String(reduce));
    }
    return [x, axis, index!, source, { reduce }];
  },
  forward: (...args: CanonicalScatter) => scatterInto(newTensor(args[0].shape, args[0].dtype), ...args),
  forwardInto: scatterInto,
  derivatives: [
    {
      reads: [2],
      of: (grad, [, dim, index, , { reduce }]) =>
        reduce === null ? grad.scatter(dim, index, 0) : noReduceGradient(reduce),
    },
    null,
    null,
    {
      reads: [2],
      of: (grad, [, dim, index, , { reduce }]) =>
        reduce === null ? grad.gather(dim, index) : noReduceGradient(reduce),
    },
  ],
});

function noReduceGradient(reduce: string): never {
  return fail(
    'scatter',
    `the derivative for 'scatter' with reduce '${reduce}' is not implemented.`,
    'scatterReduce, which has one',
  );
}

/** Signature of {@link scatterAdd}. */
export type ScatterAddOperator = (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor;

type CanonicalAdd = [x: Tensor, dim: number, index: Tensor, source: Tensor];

function scatterAddInto(output: Tensor, ...[x, dim, index, source]: CanonicalAdd): Tensor {
  return written(output, x, dim, index, (target, places) => {
    foldAlong('sum', target, places, partOf(source, places));
  });
}

/**
 * A copy of the tensor with elements of `source` added at the positions that `index` names along a dimension; positions
 * may repeat. Canonical: (x, dim, index, source).
 */
export const scatterAdd: ScatterAddOperator = defineOperator({
  name: 'scatterAdd',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalAdd => {
    type Named = { dim: number; index: Tensor; src: Tensor };
    const { dim = 0, index, src } = bindArguments<Named>('scatterAdd', ['dim', 'index', 'src'], rest);
    const axis = normalizeIndex('scatterAdd', x, dim, index!);
    checkTensor('scatterAdd', 'src', src);
    checkSource(x, index!, src);
    return [x, axis, index!, src];
  },
  forward: (...args: CanonicalAdd) => scatterAddInto(newTensor(args[0].shape, args[0].dtype), ...args),
  forwardInto: scatterAddInto,
  derivatives: [
    (grad) => grad,
    null,
    null,
    { reads: [2], of: (grad, [, dim, index]) => grad.gather(dim, index) },
  ],
});

/** Signature of {@link scatterReduce}. */
export type ScatterReduceOperator = (
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: ScatterReduction,
  options?: PlaceReduceOptions,
) => Tensor;

type CanonicalReduce = [
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: ScatterReduction,
  options: Required<PlaceReduceOptions>,
];

function scatterReduceInto(
  output: Tensor,
  ...[x, dim, index, source, reduce, { includeSelf }]: CanonicalReduce
): Tensor {
  return written(output, x, dim, index, (target, places) => {
    reduceAlong(reduce, target, places, partOf(cast(source, x.dtype), places), includeSelf);
  });
}

const reductionNames: readonly string[] = ['sum', 'prod', 'mean', 'amax', 'amin'];

/**
 * A copy of the tensor in which elements of `source` are folded into the positions that `index` names along a
 * dimension, by their sum, product, mean, maximum or minimum. Canonical: (x, dim, index, source, reduce, { includeSelf }).
 */
export const scatterReduce: ScatterReduceOperator = defineOperator({
  name: 'scatterReduce',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalReduce => {
    type Named = {
      dim: number;
      index: Tensor;
      src: Tensor;
      reduce: ScatterReduction;
      includeSelf: boolean;
    };
    const names: (keyof Named)[] = ['dim', 'index', 'src', 'reduce', 'includeSelf'];
    const bound = bindArguments<Named>('scatterReduce', names, rest);
    const { dim = 0, index, src, reduce, includeSelf = true } = bound;
    const axis = normalizeIndex('scatterReduce', x, dim, index!);
    checkTensor('scatterReduce', 'src', src);
    checkSource(x, index!, src);
    if (reduce === undefined || !reductionNames.includes(reduce)) {
      fail(
        'scatterReduce',
        `reduce argument must be either sum, prod, mean, amax or amin, got ${String(reduce)}`,
      );
    }
    return [x, axis, index!, src, reduce, { includeSelf }];
  },
  forward: (...args: CanonicalReduce) => scatterReduceInto(newTensor(args[0].shape, args[0].dtype), ...args),
  forwardInto: scatterReduceInto,
  derivatives: reductionGradients({
    reduce: (x, [, dim, index, source, reduce, options], { self = x, from = source }) =>
      self.scatterReduce(dim, index, from, reduce, options),
    add: (x, [, dim, index], source) => x.scatterAdd(dim, index, source),
    pick: (x, [, dim, index]) => x.gather(dim, index),
    clear: (x, [, dim, index]) => x.scatter(dim, index, 0),
  }),
});

/** {@link scatter} into the tensor itself. */
export const scatter_: ScatterOperator = inPlaceOf(scatter);
/** {@link scatterAdd} into the tensor itself. */
export const scatterAdd_: ScatterAddOperator = inPlaceOf(scatterAdd);
/** {@link scatterReduce} into the tensor itself. */
export const scatterReduce_: ScatterReduceOperator = inPlaceOf(scatterReduce);

interface OutOfPlaceMethods {
  /**
   * A copy with elements of `source` (or one number) at the positions that `index` names along a dimension; where
   * positions repeat, the last one stays.
   */
  scatter(dim: number, index: Tensor, source: Tensor | Scalar, options?: ScatterOptions): Tensor;
  /** A copy with elements of `source` added at the positions that `index` names along a dimension. */
  scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor;
  /** A copy in which elements of `source` are folded into the positions that `index` names along a dimension. */
  scatterReduce(
    dim: number,
    index: Tensor,
    source: Tensor,
    reduce: ScatterReduction,
    options?: PlaceReduceOptions,
  ): Tensor;
}

/** Writing at places as methods. */
export interface ScatterMethods
  extends OutOfPlaceMethods,
    InPlaceForms<OutOfPlaceMethods, keyof OutOfPlaceMethods> {}
