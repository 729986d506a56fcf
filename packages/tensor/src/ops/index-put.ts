/** Operators that take lists of index tensors: PyTorch's `index_put` and its relatives. */
import { castInto, denseCopy } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { tensor } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Scalar } from '../promotion.ts';
import { type NestedArray, Tensor } from '../tensor.ts';
import { type InPlaceOperator, inPlaceOf } from './in-place-core.ts';
import { type IndexTensors, putIndexed, takeIndexed } from './index-core.ts';
import type { IndexList } from './index-slices.ts';

/** A list as the index tensor it stands for. */
export function tensorOfList(list: IndexList): Tensor {
  const made = tensor(list as NestedArray);
  if (made.dtype === 'bool' || made.dtype === 'int64') return made;
  return made.to('int64');
}

/** Elements that index tensors name: `index` of nothing else than these. Canonical: (x, indices). */
export const takeTensors: (x: Tensor, indices: IndexTensors) => Tensor = defineOperator({
  name: 'index',
  forward: takeIndexed,
  derivatives: [
    { reads: [1], of: (grad, [x, indices]) => grad.newZeros(x.shape).indexPut_(indices, grad, true) },
    null,
  ],
});

/** Index tensors for the first dimensions, null for those that are not indexed. */
export type IndexPutIndices = readonly (Tensor | IndexList | null)[];

/** Options of {@link indexPut}. */
export interface IndexPutOptions {
  /** Whether values are added to what lies there, instead of replacing it. */
  readonly accumulate?: boolean;
}

/** Signature of {@link indexPut}. */
export type IndexPutOperator = (
  x: Tensor,
  indices: IndexPutIndices,
  values: Tensor,
  accumulate?: boolean | IndexPutOptions,
) => Tensor;

/**
 * A copy with `values`, broadcast, at the places that index tensors name together, one for each of the first dimensions;
 * masks stand for as many as they have. Canonical: (x, indices, values, accumulate).
 */
export const indexPut: IndexPutOperator = defineOperator({
  name: 'indexPut',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, IndexTensors, Tensor, boolean] => {
    checkTensor('indexPut', 'input', x);
    type Named = { indices: IndexPutIndices; values: Tensor; accumulate: boolean };
    const names = ['indices', 'values', 'accumulate'] as const;
    const { indices, values, accumulate = false } = bindArguments<Named>('indexPut', names, rest);
    checkTensor('indexPut', 'values', values);
    if (values.dtype !== x.dtype) {
      const [to, from] = [x, values].map(({ dtype }) => dtypeInfo(dtype).scalarName);
      fail(
        'indexPut',
        `Index put requires the source and destination dtypes match, got ${to} for the destination and ${from} for the source.`,
      );
    }
    return [x, indexTensors('indexPut', indices), values, accumulate];
  },
  forward: (x: Tensor, indices: IndexTensors, values: Tensor, accumulate: boolean) => {
    const output = denseCopy(x);
    putIndexed(output, indices, values, accumulate);
    return output;
  },
  forwardInto: (output: Tensor, x: Tensor, indices: IndexTensors, values: Tensor, accumulate: boolean) => {
    if (output !== x) castInto(x, output);
    putIndexed(output, indices, values, accumulate);
    return output;
  },
  derivatives: [
    {
      reads: [1],
      of: (grad, [, indices, values, accumulate]) =>
        accumulate ? grad : grad.indexPut(indices, grad.newZeros(values.shape), false),
    },
    null,
    { reads: [1], of: (grad, [, indices]) => takeTensors(grad, indices) },
  ],
});

function indexTensors(operator: string, indices: unknown): IndexTensors {
  if (!Array.isArray(indices)) fail(operator, "argument 'indices' must be an array of index tensors");
  return indices.map((index: Tensor | IndexList | null) =>
    index === null || index instanceof Tensor ? index : tensorOfList(index),
  );
}

/** In-place form of {@link indexPut}. */
export const indexPut_: InPlaceOperator<typeof indexPut> = inPlaceOf(indexPut);

/** Positions that may be anywhere brought into their dimensions. */
function clamped(operator: string, x: Tensor, indices: IndexTensors): IndexTensors {
  return indices.map((index, d) => {
    if (index === null) return null;
    if (index.dtype !== 'int64' && index.dtype !== 'int32') {
      fail(operator, 'tensors used as indices must be long or int tensors', undefined, index.dtype);
    }
    const size = Math.max(x.shape[d]!, 1);
    return index.clamp(-size, size - 1);
  });
}

/**
 * Elements that index tensors name where a mask holds, and `fill` elsewhere: there, positions may lie outside of the
 * tensor. Canonical: (x, mask, indices, fill).
 */
export const _unsafeMaskedIndex: (x: Tensor, mask: Tensor, indices: IndexTensors, fill: Scalar) => Tensor =
  defineOperator({
    name: '_unsafeMaskedIndex',
    composite: true,
    forward: (x: Tensor, mask: Tensor, indices: IndexTensors, fill: Scalar) => {
      const places = clamped('_unsafeMaskedIndex', x, indices);
      const filled =
        x.numel() === 0
          ? x.newFull(
              x.shape.map((size) => Math.max(size, 1)),
              fill,
            )
          : x;
      return takeTensors(filled, places).maskedFill(mask.logicalNot(), fill);
    },
  });

/**
 * A copy with `values` added at the places that index tensors name, where a mask holds: elsewhere, positions may lie
 * outside of the tensor. Canonical: (x, mask, indices, values).
 */
export const _unsafeMaskedIndexPutAccumulate: (
  x: Tensor,
  mask: Tensor,
  indices: IndexTensors,
  values: Tensor,
) => Tensor = defineOperator({
  name: '_unsafeMaskedIndexPutAccumulate',
  composite: true,
  forward: (x: Tensor, mask: Tensor, indices: IndexTensors, values: Tensor) => {
    if (x.numel() === 0) return x.clone();
    const places = clamped('_unsafeMaskedIndexPutAccumulate', x, indices);
    return x.indexPut(places, values.maskedFill(mask.logicalNot(), 0), true);
  },
});

/** Writing with index tensors as methods. */
export interface IndexPutMethods {
  /** A copy with `values`, broadcast, at the places that index tensors name together. */
  indexPut(indices: IndexPutIndices, values: Tensor, accumulate?: boolean | IndexPutOptions): Tensor;
  /** In-place form of `indexPut`. */
  indexPut_(indices: IndexPutIndices, values: Tensor, accumulate?: boolean | IndexPutOptions): Tensor;
}
