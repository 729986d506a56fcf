/** Operators that write or fold parts of a tensor at positions of a dimension, or elements at flat positions. */
import { addRows } from '@sconce/engine';
import { cast, copyElements, filledTensor, materialize, newTensor, sliceOf, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Scalar } from '../promotion.ts';
import { contiguousStrides, numelOf, wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import {
  atLeast1d,
  foldAlong,
  type Places,
  placesOfEach,
  placesOfLines,
  reduceAlong,
  scatterAlong,
} from './along-core.ts';
import { productOf } from './arithmetic.ts';
import { runBinary } from './elementwise-core.ts';
import { type InPlaceForms, inPlaceOf } from './in-place-core.ts';
import { reductionGradients } from './place-gradients.ts';
import { checkedIndex, type PositionOptions, positions, requireIndex } from './positions.ts';
import type { PlaceReduceOptions } from './scatter.ts';

/** Options of {@link indexAdd}. */
export interface IndexAddOptions {
  /** Factor of what is added. */
  readonly alpha?: number;
}

/** Signature of {@link indexAdd}. */
export type IndexAddOperator = (
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  options?: IndexAddOptions,
) => Tensor;

/** Checks the arguments of an operator that takes a part of `source` for each position; gives the dimension. */
function checkParts(name: string, x: Tensor, dim: number, index: Tensor, source: Tensor): number {
  checkTensor(name, 'input', x);
  checkTensor(name, 'index', index);
  checkTensor(name, 'source', source);
  const axis = wrapDim(name, dim, x.ndim);
  if (index.ndim > 1) fail(name, `${name}: Index is supposed to be a vector`);
  if (x.dtype !== source.dtype) {
    fail(name, `${name}: self and source expected to have the same dtype`, x.dtype, source.dtype);
  }
  const parts = source.ndim === 0 ? 1 : source.shape[axis];
  if (x.ndim > 0 && x.shape.toSpliced(axis, 1).join() !== source.shape.toSpliced(axis, 1).join()) {
    fail(
      name,
      `source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = ${showSizes(x.shape)} source.shape = ${showSizes(source.shape)}`,
    );
  }
  if (parts !== index.numel()) {
    fail(
      name,
      `${name}: Number of indices (${index.numel()}) should be equal to source.size(dim): (${parts}), for dim: ${axis}`,
    );
  }
  return axis;
}

/** Copies x to `output` and writes to the places of an index along a dimension. */
function written(
  operator: string,
  output: Tensor,
  x: Tensor,
  dim: number,
  index: Tensor,
  options: PositionOptions,
  write: (target: Tensor, places: Places) => void,
): Tensor {
  if (output !== x) copyElements(x, output);
  const target = atLeast1d(output);
  const at = positions(operator, index, target.shape[dim]!, dim, options);
  if (at.length > 0) write(target, placesOfLines(dim, at, target));
  return output;
}

type CanonicalAdd = [
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  options: Required<IndexAddOptions>,
];

function indexAddInto(output: Tensor, ...[x, dim, index, source, { alpha }]: CanonicalAdd): Tensor {
  if ((x.dtype === 'float32' || x.dtype === 'float64') && output.isContiguous() && x.ndim > 0) {
    if (output !== x) copyElements(x, output);
    const rows = output.shape[dim]!;
    const indices = checkedIndex('indexAdd', index, rows, dim);
    addRows({
      dtype: x.dtype,
      x: sliceOf(materialize(source)),
      indices: sliceOf(indices),
      y: sliceOf(output),
      outer: numelOf(output.shape.slice(0, dim)),
      rows,
      count: index.numel(),
      inner: numelOf(output.shape.slice(dim + 1)),
      alpha,
    });
    return output;
  }
  return written('indexAdd', output, x, dim, index, {}, (target, places) => {
    const scaled = alpha === 1 ? source : runBinary(productOf, source, alpha);
    foldAlong('sum', target, places, atLeast1d(cast(scaled, x.dtype)));
  });
}

/**
 * A copy of the tensor with parts of `source` added at the given positions of a dimension; positions may repeat.
 * Canonical: (x, dim, index, source, { alpha }).
 */
export const indexAdd: IndexAddOperator = defineOperator({
  name: 'indexAdd',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalAdd => {
    type Named = { dim: number; index: Tensor; source: Tensor; alpha: number };
    const names: (keyof Named)[] = ['dim', 'index', 'source', 'alpha'];
    const { dim = 0, index, source, alpha = 1 } = bindArguments<Named>('indexAdd', names, rest);
    const axis = checkParts('index_add_()', x, dim, index!, source!);
    const got = dtypeInfo(index!.dtype).scalarName;
    requireIndex('indexAdd', index!, `index_add_(): Expected dtype int32/int64 for index but got: ${got}`);
    return [x, axis, index!, source!, { alpha }];
  },
  forward: (...args: CanonicalAdd) => indexAddInto(newTensor(args[0].shape, args[0].dtype), ...args),
  forwardInto: indexAddInto,
  derivatives: [
    (grad) => grad,
    null,
    null,
    {
      reads: [2],
      of: (grad, [, dim, index, source, { alpha }]) => {
        const picked = grad.indexSelect(dim, index).reshape(source.shape);
        return alpha === 1 ? picked : picked.mul(alpha);
      },
    },
  ],
});

/** Signature of {@link indexCopy}. */
export type IndexCopyOperator = (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor;

type CanonicalCopy = [x: Tensor, dim: number, index: Tensor, source: Tensor];

function indexCopyInto(output: Tensor, ...[x, dim, index, source]: CanonicalCopy): Tensor {
  const size = x.shape[dim] ?? 1;
  const outOfRange = (place: bigint): never =>
    fail(
      'indexCopy',
      `index_copy_(): index ${place} is out of bounds for dimension ${dim} with size ${size}`,
    );
  return written('indexCopy', output, x, dim, index, { outOfRange }, (target, places) => {
    scatterAlong(target, places, atLeast1d(source));
  });
}

/**
 * A copy of the tensor with parts of `source` at the given positions of a dimension; where positions repeat, the last
 * one stays. Canonical: (x, dim, index, source).
 */
export const indexCopy: IndexCopyOperator = defineOperator({
  name: 'indexCopy',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalCopy => {
    type Named = { dim: number; index: Tensor; source: Tensor };
    const { dim = 0, index, source } = bindArguments<Named>('indexCopy', ['dim', 'index', 'source'], rest);
    const axis = checkParts('index_copy_()', x, dim, index!, source!);
    const got = dtypeInfo(index!.dtype).scalarName;
    requireIndex(
      'indexCopy',
      index!,
      `index_copy_(): Expected a long tensor for index, but got ${got}`,
      false,
    );
    return [x, axis, index!, source!];
  },
  forward: (...args: CanonicalCopy) => indexCopyInto(newTensor(args[0].shape, args[0].dtype), ...args),
  forwardInto: indexCopyInto,
  derivatives: [
    { reads: [2], of: (grad, [, dim, index]) => grad.indexFill(dim, index, 0) },
    null,
    null,
    {
      reads: [2],
      of: (grad, [, dim, index, source]) => grad.indexSelect(dim, index).reshape(source.shape),
    },
  ],
});

/** Signature of {@link indexFill}. */
export type IndexFillOperator = (x: Tensor, dim: number, index: Tensor, value: Tensor | Scalar) => Tensor;

type CanonicalFill = [x: Tensor, dim: number, index: Tensor, value: Tensor | Scalar];

function indexFillInto(output: Tensor, ...[x, dim, index, value]: CanonicalFill): Tensor {
  return written('indexFill', output, x, dim, index, { negative: true }, (target, places) => {
    const one = value instanceof Tensor ? cast(value, x.dtype) : filledTensor([], x.dtype, value);
    scatterAlong(
      target,
      places,
      viewOf(
        one,
        places.shape,
        places.shape.map(() => 0),
      ),
    );
  });
}

/**
 * A copy of the tensor with one value, a number or a 0-dim tensor, at the given positions of a dimension; negative ones
 * count from the end. Canonical: (x, dim, index, value).
 */
export const indexFill: IndexFillOperator = defineOperator({
  name: 'indexFill',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalFill => {
    type Named = { dim: number; index: Tensor; value: Tensor | Scalar };
    const { dim = 0, index, value } = bindArguments<Named>('indexFill', ['dim', 'index', 'value'], rest);
    checkTensor('indexFill', 'input', x);
    checkTensor('indexFill', 'index', index);
    requireIndex('indexFill', index, 'index_fill_(): Expected dtype int64 for index.', false);
    if (index.ndim > 1) fail('indexFill', 'Index has to be a vector/scalar');
    if (value === undefined) fail('indexFill', "missing argument 'value'");
    if (value instanceof Tensor && value.ndim > 0) {
      fail(
        'indexFill',
        `index_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.ndim} dimension(s).`,
      );
    }
    return [x, wrapDim('indexFill', dim, x.ndim), index, value];
  },
  forward: (...args: CanonicalFill) => indexFillInto(newTensor(args[0].shape, args[0].dtype), ...args),
  forwardInto: indexFillInto,
  derivatives: [
    { reads: [2], of: (grad, [, dim, index]) => grad.indexFill(dim, index, 0) },
    null,
    null,
    {
      reads: [2],
      of: (grad, [x, dim, index]) => {
        const filled = grad.newZeros(x.shape, { dtype: 'bool' }).indexFill(dim, index, true);
        return grad.where(filled, 0).sum();
      },
    },
  ],
});

/** Reductions of {@link indexReduce}. */
export type IndexReduction = 'prod' | 'mean' | 'amax' | 'amin';

/** Signature of {@link indexReduce}. */
export type IndexReduceOperator = (
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: IndexReduction,
  options?: PlaceReduceOptions,
) => Tensor;

type CanonicalReduce = [
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: IndexReduction,
  options: Required<PlaceReduceOptions>,
];

function indexReduceInto(
  output: Tensor,
  ...[x, dim, index, source, reduce, { includeSelf }]: CanonicalReduce
): Tensor {
  const outOfRange = (): never => fail('indexReduce', 'index out of range in self');
  return written('indexReduce', output, x, dim, index, { outOfRange }, (target, places) => {
    reduceAlong(reduce, target, places, atLeast1d(source), includeSelf);
  });
}

const reductionNames: readonly string[] = ['prod', 'mean', 'amax', 'amin'];

/**
 * A copy of the tensor in which parts of `source` are folded into the given positions of a dimension, by their product,
 * mean, maximum or minimum. Canonical: (x, dim, index, source, reduce, { includeSelf }).
 */
export const indexReduce: IndexReduceOperator = defineOperator({
  name: 'indexReduce',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalReduce => {
    type Named = {
      dim: number;
      index: Tensor;
      source: Tensor;
      reduce: IndexReduction;
      includeSelf: boolean;
    };
    const names: (keyof Named)[] = ['dim', 'index', 'source', 'reduce', 'includeSelf'];
    const bound = bindArguments<Named>('indexReduce', names, rest);
    const { dim = 0, index, source, reduce, includeSelf = true } = bound;
    const axis = checkParts('index_reduce_()', x, dim, index!, source!);
    const got = dtypeInfo(index!.dtype).scalarName;
    requireIndex(
      'indexReduce',
      index!,
      `index_reduce_(): Expected dtype int32/int64 for index but got: ${got}`,
    );
    if (reduce === undefined || !reductionNames.includes(reduce)) {
      fail(
        'indexReduce',
        `index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ${String(reduce)}.`,
      );
    }
    return [x, axis, index!, source!, reduce, { includeSelf }];
  },
  forward: (...args: CanonicalReduce) => indexReduceInto(newTensor(args[0].shape, args[0].dtype), ...args),
  forwardInto: indexReduceInto,
  derivatives: reductionGradients({
    reduce: (x, [, dim, index, source, reduce, options], { self = x, from = source }) =>
      self.indexReduce(dim, index, from, reduce as IndexReduction, options),
    add: (x, [, dim, index], source) => x.indexAdd(dim, index, source),
    pick: (x, [, dim, index, source]) => x.indexSelect(dim, index).reshape(source.shape),
    clear: (x, [, dim, index]) => x.indexFill(dim, index, 0),
  }) as never,
});

/** Options of {@link put}. */
export interface PutOptions {
  /** Adds to what lies there instead of replacing it. */
  readonly accumulate?: boolean;
}

/** Signature of {@link put}. */
export interface PutOperator {
  (x: Tensor, index: Tensor, source: Tensor, accumulate?: boolean): Tensor;
  (x: Tensor, index: Tensor, source: Tensor, options: PutOptions): Tensor;
}

type CanonicalPut = [x: Tensor, index: Tensor, source: Tensor, options: Required<PutOptions>];

/** A copy of the tensor with elements of `source` at positions of it flattened. Canonical: (x, index, source, { accumulate }). */
export const put: PutOperator = defineOperator({
  name: 'put',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalPut => {
    checkTensor('put', 'input', x);
    type Named = { index: Tensor; source: Tensor; accumulate: boolean };
    const names: (keyof Named)[] = ['index', 'source', 'accumulate'];
    const { index, source, accumulate = false } = bindArguments<Named>('put', names, rest);
    checkTensor('put', 'index', index);
    checkTensor('put', 'source', source);
    const got = dtypeInfo(index.dtype).scalarName;
    requireIndex('put', index, `put_(): Expected a long tensor for index, but got ${got}`, false);
    if (x.dtype !== source.dtype) {
      fail('put', 'put_(): self and source expected to have the same dtype', x.dtype, source.dtype);
    }
    if (index.numel() !== source.numel()) {
      fail(
        'put',
        `put_(): Expected source and index to have the same number of elements, but got source.numel() = ${source.numel()}, index.numel() = ${index.numel()}`,
      );
    }
    return [x, index, source, { accumulate }];
  },
  forward: (x: Tensor, index: Tensor, source: Tensor, { accumulate }) => {
    const output = newTensor(x.shape, x.dtype);
    copyElements(x, output);
    const count = x.numel();
    const at = positions('put', index, count, 0, {
      negative: true,
      outOfRange: (place) =>
        fail('put', `out of range: tried to access index ${place} on a tensor of ${count} elements.`),
    });
    const target = viewOf(output, [count], [1]);
    const dense = newTensor([at.length], x.dtype);
    copyElements(source, viewOf(dense, source.shape, contiguousStrides(source.shape)));
    const places = placesOfEach(0, at, [at.length]);
    if (accumulate) foldAlong('sum', target, places, dense);
    else scatterAlong(target, places, dense);
    return output;
  },
  derivatives: [
    {
      reads: [1],
      of: (grad, [, index, source, { accumulate }]) =>
        accumulate ? grad : grad.put(index, grad.newZeros(source.shape)),
    },
    null,
    { reads: [1], of: (grad, [, index, source]) => grad.take(index).reshape(source.shape) },
  ],
});

/** {@link indexAdd} into the tensor itself. */
export const indexAdd_: IndexAddOperator = inPlaceOf(indexAdd);
/** {@link indexCopy} into the tensor itself. */
export const indexCopy_: IndexCopyOperator = inPlaceOf(indexCopy);
/** {@link indexFill} into the tensor itself. */
export const indexFill_: IndexFillOperator = inPlaceOf(indexFill);
/** {@link indexReduce} into the tensor itself. */
export const indexReduce_: IndexReduceOperator = inPlaceOf(indexReduce);
/** {@link put} into the tensor itself. */
export const put_: PutOperator = inPlaceOf(put);

interface OutOfPlaceMethods {
  /** A copy with parts of `source` added at the given positions of a dimension; positions may repeat. */
  indexAdd(dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor;
  /** A copy with parts of `source` at the given positions of a dimension. */
  indexCopy(dim: number, index: Tensor, source: Tensor): Tensor;
  /** A copy with one value at the given positions of a dimension. */
  indexFill(dim: number, index: Tensor, value: Tensor | Scalar): Tensor;
  /** A copy in which parts of `source` are folded into the given positions of a dimension. */
  indexReduce(
    dim: number,
    index: Tensor,
    source: Tensor,
    reduce: IndexReduction,
    options?: PlaceReduceOptions,
  ): Tensor;
  /** A copy with elements of `source` at positions of the flattened tensor. */
  put(index: Tensor, source: Tensor, accumulate?: boolean): Tensor;
  put(index: Tensor, source: Tensor, options: PutOptions): Tensor;
}

/** Writing parts as methods. */
export interface IndexWritingMethods
  extends OutOfPlaceMethods,
    InPlaceForms<OutOfPlaceMethods, keyof OutOfPlaceMethods> {}
