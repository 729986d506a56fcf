/** Python's `x[...]` and `x[...] = value`. */
import { int64Tensor } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Scalar } from '../promotion.ts';
import { Tensor } from '../tensor.ts';
import { dimsOfIndex, type IndexTensors, isMask } from './index-core.ts';
import { takeTensors, tensorOfList } from './index-put.ts';
import { type Index, parseSlice, Slice } from './index-slices.ts';

/** An index in one of few forms: lists as tensors, strings as slices. */
type Part = number | boolean | null | '...' | Slice | Tensor;

function partOf(operator: string, index: Index): Part {
  if (typeof index === 'bigint') return Number(index);
  if (typeof index === 'string') return index === '...' ? index : parseSlice(index);
  if (typeof index === 'number') {
    if (!Number.isInteger(index)) fail(operator, 'indices must be integers', 'an integer', String(index));
    return index;
  }
  if (index === null || typeof index === 'boolean' || index instanceof Slice || index instanceof Tensor)
    return index;
  if (Array.isArray(index)) return tensorOfList(index);
  fail(
    operator,
    'only integers, slices (`start:stop:step`), ellipsis (`...`), null and long or byte tensors are valid indices',
    undefined,
    typeof index,
  );
}

/** How many dimensions of the tensor an index uses up. */
function dimsOf(part: Part): number {
  if (part instanceof Tensor) return dimsOfIndex(part);
  return typeof part === 'number' || part instanceof Slice ? 1 : 0;
}

/** The view that numbers, slices and new dimensions lead to, and the index tensors that are left for it. */
interface Reached {
  readonly view: Tensor;
  readonly indices: IndexTensors;
}

function reach(operator: string, x: Tensor, given: readonly Index[]): Reached {
  const parts = given.map((index) => partOf(operator, index));
  const used = parts.reduce<number>((sum, part) => sum + dimsOf(part), 0);
  if (x.ndim === 0 && parts.some((part) => typeof part === 'number')) {
    fail(
      operator,
      'invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim tensor to a number',
    );
  }
  if (used > x.ndim) fail(operator, `too many indices for tensor of dimension ${x.ndim}`);
  if (parts.filter((part) => part === '...').length > 1) {
    fail(operator, "an index can only have a single ellipsis ('...')");
  }
  let view = x;
  let dim = 0;
  const indices: (Tensor | null)[] = [];
  let covered = 0;
  const record = (index: Tensor): void => {
    for (; covered < dim; covered++) indices.push(null);
    indices.push(index);
    dim += dimsOfIndex(index);
    covered = dim;
  };
  for (const part of parts) {
    if (part === '...') dim += x.ndim - used;
    else if (part === null) view = view.unsqueeze(dim++);
    else if (typeof part === 'number') view = selected(operator, view, dim, part);
    else if (part instanceof Slice) view = sliced(view, dim++, part);
    else if (typeof part === 'boolean') {
      view = view.unsqueeze(dim);
      record(int64Tensor(part ? [0] : [], [part ? 1 : 0]));
    } else if (part.ndim > 0) record(part);
    else if (isMask(part)) {
      view = view.unsqueeze(dim);
      record(part.reshape(1));
    } else view = selected(operator, view, dim, positionOf(operator, part));
  }
  return { view, indices };
}

function positionOf(operator: string, index: Tensor): number {
  if (dtypeInfo(index.dtype).kind !== 'int') {
    fail(operator, 'tensors used as indices must be long, int, byte or bool tensors', undefined, index.dtype);
  }
  return Number(index.item());
}

function selected(operator: string, x: Tensor, dim: number, index: number): Tensor {
  const size = x.shape[dim]!;
  if (index < -size || index >= size) {
    fail(operator, `index ${index} is out of bounds for dimension ${dim} with size ${size}`);
  }
  return x.select(dim, index);
}

function sliced(x: Tensor, dim: number, { start, stop, step }: Slice): Tensor {
  return start === null && stop === null && step === 1 ? x : x.slice(dim, start, stop, step);
}

/**
 * The elements that indices name, as Python's `x[indices]`: a view, unless index tensors or masks are among them. See
 * {@link Index} for what an index may be. Canonical: (x, ...indices).
 */
export const index: (x: Tensor, ...indices: Index[]) => Tensor = defineOperator({
  name: 'index',
  composite: true,
  forward: (x: Tensor, ...indices: Index[]) => {
    checkTensor('index', 'input', x);
    const { view, indices: tensors } = reach('index', x, indices);
    if (tensors.length > 0) return takeTensors(view, tensors);
    return view === x ? x.alias() : view;
  },
});

/**
 * Writes a number or a tensor, broadcast, to the elements that indices name, as Python's `x[indices] = value`, and
 * returns the tensor. Canonical: (x, indices, value).
 */
export const setIndex: (x: Tensor, indices: readonly Index[], value: Scalar | Tensor) => Tensor =
  defineOperator({
    name: 'setIndex',
    composite: true,
    forward: (x: Tensor, indices: readonly Index[], value: Scalar | Tensor) => {
      checkTensor('setIndex', 'input', x);
      if (!Array.isArray(indices)) fail('setIndex', "argument 'indices' must be an array of indices");
      const { view, indices: tensors } = reach('setIndex', x, indices);
      if (tensors.length > 0) {
        const values = value instanceof Tensor ? withoutLeadingOnes(value) : view.newFull([], value);
        view.indexPut_(tensors, values);
      } else if (value instanceof Tensor) view.copy_(withoutLeadingOnes(value));
      else view.fill_(value);
      return x;
    },
  });

/** Dimensions of size 1 in front count for nothing in an assignment. */
function withoutLeadingOnes(value: Tensor): Tensor {
  const first = value.shape.findIndex((size) => size !== 1);
  if (first === 0 || value.ndim === 0) return value;
  return value.reshape(first < 0 ? [] : value.shape.slice(first));
}

/** Indexing as methods. */
export interface IndexMethods {
  /** The elements that indices name, as Python's `x[indices]`: a view, unless index tensors are among them. */
  index(...indices: Index[]): Tensor;
  /** Writes a number or a tensor to the elements that indices name, as Python's `x[indices] = value`. */
  setIndex(indices: readonly Index[], value: Scalar | Tensor): Tensor;
}
