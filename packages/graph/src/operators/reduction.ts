/** Reductions over axes, and ArgMax / ArgMin. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { defineOperator, type OperatorDefinition } from '../operator.ts';
import { optionalIntegers, toAxes, toAxis, toIntegers } from './helpers.ts';

type Options = { dim: number[]; keepdim: boolean };

/**
 * A reduction in its newest form: axes are an input, none means all unless `noop_with_empty_axes` is set. With
 * that flag the elementwise part (`abs`, `square`, ...) still applies.
 */
function reduction(
  opType: string,
  reduce: (x: Tensor, options: Options) => Tensor,
  before: (x: Tensor) => Tensor = (x) => x,
  after: (x: Tensor) => Tensor = (x) => x,
): OperatorDefinition {
  return defineOperator(opType, {
    inputs: [1, 2],
    attributes: {
      keepdims: attribute.flag.default(true),
      noop_with_empty_axes: attribute.flag.default(false),
    },
    run(call, x: Tensor, axesInput?: Tensor) {
      const { keepdims, noop_with_empty_axes: noop } = call.attributes;
      const given = optionalIntegers(call, 'axes', axesInput);
      if (given === undefined && noop) return after(before(x));
      const dim = given ? toAxes(call, given, x.ndim) : x.shape.map((_size, axis) => axis);
      return after(dim.length === 0 ? before(x) : reduce(before(x), { dim, keepdim: keepdims }));
    },
  });
}

/** Reduces one axis after the other, for operators that PyTorch has for a single dimension only. */
function oneByOne(reduce: (x: Tensor, options: { dim: number; keepdim: boolean }) => Tensor) {
  return (x: Tensor, { dim, keepdim }: Options): Tensor =>
    [...dim].sort((a, b) => b - a).reduce((value, axis) => reduce(value, { dim: axis, keepdim }), x);
}

const square = (x: Tensor): Tensor => t.mul(x, x);
/** Sums keep the dtype, where PyTorch widens integers to int64. */
const sum = (x: Tensor, options: Options): Tensor => t.sum(x, { ...options, dtype: x.dtype });

/** log(sum(exp(x))) without overflow: the largest element is taken out first. */
function logSumExp(x: Tensor, options: Options): Tensor {
  const largest = t.amax(x, { dim: options.dim, keepdim: true });
  const finite = t.where(t.lt(t.abs(largest), Infinity), largest, t.zerosLike(largest));
  const logs = t.log(t.sum(t.exp(t.sub(x, finite)), { dim: options.dim, keepdim: true }));
  const result = t.add(logs, finite);
  return options.keepdim
    ? result
    : result.reshape(result.shape.filter((_size, axis) => !options.dim.includes(axis)));
}

function argument(opType: string, find: (x: Tensor, options: { dim: number; keepdim: boolean }) => Tensor) {
  return defineOperator(opType, {
    inputs: 1,
    attributes: {
      axis: attribute.int.default(0),
      keepdims: attribute.flag.default(true),
      select_last_index: attribute.flag.default(false),
    },
    run(call, x: Tensor) {
      const dim = toAxis(call, call.attributes.axis, x.ndim);
      const options = { dim, keepdim: call.attributes.keepdims };
      if (!call.attributes.select_last_index) return find(x, options);
      const fromBack = find(t.flip(x, [dim]), options);
      return t.add(t.neg(fromBack), x.shape[dim]! - 1);
    },
  });
}

/** Running sums; `exclusive` ones leave the element itself out, `reverse` ones start at the end. */
const cumulativeSum: OperatorDefinition = defineOperator('CumSum', {
  inputs: 2,
  attributes: { exclusive: attribute.flag.default(false), reverse: attribute.flag.default(false) },
  run(call, x: Tensor, axisInput: Tensor) {
    const { exclusive, reverse } = call.attributes;
    const dim = toAxis(call, toIntegers(call, 'axis', axisInput)[0] ?? Number.NaN, x.ndim);
    const input = reverse ? t.flip(x, [dim]) : x;
    const sums = t.cumsum(input, dim, { dtype: x.dtype });
    const result = exclusive ? t.sub(sums, input) : sums;
    return reverse ? t.flip(result, [dim]) : result;
  },
});

export const reductions: readonly OperatorDefinition[] = [
  reduction('ReduceSum', sum),
  reduction('ReduceMean', (x, options) => t.mean(x, options)),
  reduction('ReduceMax', (x, options) => t.amax(x, options)),
  reduction('ReduceMin', (x, options) => t.amin(x, options)),
  reduction(
    'ReduceProd',
    oneByOne((x, options) => t.prod(x, { ...options, dtype: x.dtype })),
  ),
  reduction('ReduceL1', sum, t.abs),
  reduction('ReduceL2', sum, square, t.sqrt),
  reduction('ReduceSumSquare', sum, square),
  reduction('ReduceLogSum', sum, undefined, t.log),
  reduction('ReduceLogSumExp', logSumExp),
  cumulativeSum,
  argument('ArgMax', t.argmax),
  argument('ArgMin', t.argmin),
];
