/** Operators that pick elements by position. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { type Call, defineOperator, type OperatorDefinition } from '../operator.ts';
import { checkShape, count, int64Vector, toAxes, toAxis, toIntegers } from './helpers.ts';

/** Cuts one axis; bounds are clamped as in numpy, a negative step walks backwards. */
function sliceAxis(
  call: Pick<Call<unknown>, 'fail'>,
  x: Tensor,
  axis: number,
  start: number,
  end: number,
  step: number,
): Tensor {
  const size = x.shape[axis]!;
  if (step === 0) call.fail('steps: expected numbers other than 0, got 0');
  const clamp = (value: number, low: number, high: number): number =>
    Math.min(Math.max(value < 0 ? value + size : value, low), high);
  if (step > 0) {
    const from = clamp(start, 0, size);
    const to = clamp(end, from, size);
    return step === 1
      ? t.narrow(x, axis, from, to - from)
      : t.slice(x, axis, from, to, Math.min(step, size + 1));
  }
  const from = clamp(start, -1, size - 1);
  const to = clamp(end, -1, size - 1);
  const indices: number[] = [];
  for (let index = from; index > to; index += step) indices.push(index);
  return t.indexSelect(x, axis, int64Vector(indices));
}

/** Indices as an int64 tensor without negative ones, refusing what lies outside. */
function checkedIndices(call: Pick<Call<unknown>, 'fail'>, indices: Tensor, size: number): Tensor {
  const values = toIntegers(call, 'indices', indices);
  const wrapped = new BigInt64Array(values.length);
  for (const [place, value] of values.entries()) wrapped[place] = BigInt(wrap(call, value, size));
  return t.fromTypedArray(wrapped, indices.shape);
}

/** An index counted from the front, refusing what lies outside. */
function wrap(call: Pick<Call<unknown>, 'fail'>, index: number, size: number): number {
  if (index < -size || index >= size)
    call.fail(`indices: expected numbers from ${-size} to ${size - 1}, got ${index}`);
  return index < 0 ? index + size : index;
}

export const indexing: readonly OperatorDefinition[] = [
  defineOperator('Slice', {
    inputs: [3, 5],
    run(call, x: Tensor, startsInput: Tensor, endsInput: Tensor, axesInput?: Tensor, stepsInput?: Tensor) {
      const starts = toIntegers(call, 'starts', startsInput);
      const ends = toIntegers(call, 'ends', endsInput);
      const axes = toAxes(
        call,
        axesInput ? toIntegers(call, 'axes', axesInput) : starts.map((_s, axis) => axis),
        x.ndim,
      );
      const steps = stepsInput ? toIntegers(call, 'steps', stepsInput) : starts.map(() => 1);
      if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length)
        call.fail(
          `expected starts, ends, axes and steps of one length, got ${starts.length}, ${ends.length}, ${axes.length} and ${steps.length}`,
        );
      return axes.reduce(
        (value, axis, i) => sliceAxis(call, value, axis, starts[i]!, ends[i]!, steps[i]!),
        x,
      );
    },
  }),
  defineOperator('Gather', {
    inputs: 2,
    attributes: { axis: attribute.int.default(0) },
    run(call, x: Tensor, indices: Tensor) {
      const axis = toAxis(call, call.attributes.axis, x.ndim);
      const flat = checkedIndices(call, indices, x.shape[axis]!).reshape([indices.numel()]);
      const picked = t.indexSelect(x, axis, flat);
      if (indices.ndim === 1) return picked;
      return picked.reshape([...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
    },
  }),
  defineOperator('TopK', {
    inputs: 2,
    outputs: 2,
    attributes: {
      axis: attribute.int.default(-1),
      largest: attribute.flag.default(true),
      sorted: attribute.flag.default(true),
    },
    run(call, x: Tensor, count: Tensor) {
      const { largest, sorted } = call.attributes;
      const dim = toAxis(call, call.attributes.axis, x.ndim);
      const k = toIntegers(call, 'K', count)[0] ?? -1;
      if (k < 0 || k > x.shape[dim]!) call.fail(`K: expected a number from 0 to ${x.shape[dim]}, got ${k}`);
      const { values, indices } = t.topk(x, k, { dim, largest, sorted });
      return [values, indices];
    },
  }),
  defineOperator('Trilu', {
    inputs: [1, 2],
    attributes: { upper: attribute.flag.default(true) },
    run(call, x: Tensor, offset?: Tensor) {
      if (x.ndim < 2) call.fail(`expected matrices, got shape [${x.shape.join(', ')}]`);
      const { upper } = call.attributes;
      const k = offset ? (toIntegers(call, 'k', offset)[0] ?? 0) : 0;
      const [rows, columns] = x.shape.slice(-2) as [number, number];
      const kept = Uint8Array.from({ length: rows * columns }, (_, place) => {
        const distance = (place % columns) - Math.floor(place / columns) - k;
        return Number(upper ? distance >= 0 : distance <= 0);
      });
      return t.where(t.fromTypedArray(kept, [rows, columns]).to('bool'), x, t.zerosLike(x));
    },
  }),
  defineOperator('NonZero', {
    inputs: 1,
    run(_call, x: Tensor) {
      const values = x.toTypedArray();
      const found: number[] = [];
      for (let place = 0; place < values.length; place++) if (Number(values[place]) !== 0) found.push(place);
      const rows = x.shape.map((size, axis) => {
        const stride = count(x.shape.slice(axis + 1));
        return found.map((place) => BigInt(Math.floor(place / stride) % size));
      });
      return t.fromTypedArray(BigInt64Array.from(rows.flat()), [x.ndim, found.length]);
    },
  }),
  defineOperator('GatherND', {
    inputs: 2,
    attributes: { batch_dims: attribute.int.default(0) },
    run(call, x: Tensor, indices: Tensor) {
      const { batch_dims: batchDims } = call.attributes;
      const depth = indices.shape[indices.ndim - 1] ?? 0;
      if (batchDims < 0 || batchDims >= indices.ndim || depth < 1 || batchDims + depth > x.ndim)
        call.fail(
          `indices: expected tuples of 1 to ${x.ndim - batchDims} numbers, got shape [${indices.shape.join(', ')}]`,
        );
      const batch = indices.shape.slice(0, batchDims);
      if (batch.some((size, axis) => size !== x.shape[axis]))
        call.fail(
          `indices: expected batch sizes [${x.shape.slice(0, batchDims).join(', ')}], got [${batch.join(', ')}]`,
        );
      // The dimensions that tuples count through are made one, with the batch in front.
      const counted = x.shape.slice(batchDims, batchDims + depth);
      const inner = x.shape.slice(batchDims + depth);
      const tuples = toIntegers(call, 'indices', indices);
      const perBatch = count(indices.shape.slice(batchDims, -1));
      const rows = Array.from({ length: tuples.length / depth }, (_, row) => {
        const start = Math.floor(row / perBatch);
        return counted.reduce(
          (place, size, axis) => place * size + wrap(call, tuples[row * depth + axis]!, size),
          start,
        );
      });
      const table = x.reshape([count(batch) * count(counted), ...inner]);
      return t.indexSelect(table, 0, int64Vector(rows)).reshape([...indices.shape.slice(0, -1), ...inner]);
    },
  }),
  defineOperator('OneHot', {
    inputs: 3,
    attributes: { axis: attribute.int.default(-1) },
    run(call, indices: Tensor, depthInput: Tensor, values: Tensor) {
      const depth = Number(depthInput.reshape([]).item());
      const axis = toAxis(call, call.attributes.axis, indices.ndim + 1);
      const target = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)];
      checkShape(call, target);
      const classes = int64Vector(Array.from({ length: depth }, (_, index) => index));
      const along = classes.reshape(target.map((_size, i) => (i === axis ? depth : 1)));
      const wrapped = t.remainder(indices.to('int64'), depth);
      const inside = t.logicalAnd(t.ge(indices, -depth), t.lt(indices, depth));
      const hot = t.logicalAnd(t.eq(t.unsqueeze(wrapped, axis), along), t.unsqueeze(inside, axis));
      return t.where(hot, t.select(values, 0, 1), t.select(values, 0, 0));
    },
  }),
  defineOperator('GatherElements', {
    inputs: 2,
    attributes: { axis: attribute.int.default(0) },
    run(call, x: Tensor, indices: Tensor) {
      const axis = toAxis(call, call.attributes.axis, x.ndim);
      return t.gather(x, axis, checkedIndices(call, indices, x.shape[axis]!));
    },
  }),
];
