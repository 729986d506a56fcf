/** Exporters of reductions. */
import type { DType, Tensor } from '@sconce/tensor';
import { flag, int } from '../attribute-values.ts';
import type { ExportCall, Exporter, Exporters } from './export-call.ts';

interface Options {
  readonly dim: readonly number[] | null;
  readonly keepdim: boolean;
}

/** A reduction with axes as an input; none stands for all. */
function reduce(call: ExportCall, opType: string, value: string, { dim, keepdim }: Options): string {
  const axes = dim === null ? [] : [call.int64(dim, 'axes')];
  return call.node(opType, [value, ...axes], { keepdims: flag(keepdim) });
}

const reduction =
  (opType: string): Exporter =>
  (call, x: Tensor, options: Options & { dtype?: DType | null }) =>
    reduce(call, opType, call.operand(x, call.result.dtype), options);

/** Variance out of means, as ONNX has no operator for it. */
function variance(call: ExportCall, x: Tensor, options: Options & { correction: number }): string {
  const { dim, correction } = options;
  const axes = dim ?? x.shape.map((_size, axis) => axis);
  const sizes = axes.map((axis) => call.sizes(x)[axis]!);
  if (correction !== 0 && sizes.some((size) => size.first !== size.second))
    call.fail('a corrected variance over a dynamic dimension cannot be written');
  const input = call.value(x);
  const centred = call.node('Sub', [input, reduce(call, 'ReduceMean', input, { dim: axes, keepdim: true })]);
  const squares = call.node('Mul', [centred, centred]);
  const mean = reduce(call, 'ReduceMean', squares, { dim: axes, keepdim: options.keepdim });
  if (correction === 0) return mean;
  const count = sizes.reduce((product, size) => product * size.first, 1);
  return call.node('Mul', [mean, call.scalar(count / (count - correction), x.dtype)]);
}

const argument =
  (opType: string): Exporter =>
  (call, x: Tensor, { dim, keepdim }: { dim: number | null; keepdim: boolean }) => {
    if (dim !== null) return call.node(opType, [call.value(x)], { axis: int(dim), keepdims: flag(keepdim) });
    const flat = call.node('Reshape', [call.value(x), call.int64([-1], 'shape')]);
    const index = call.node(opType, [flat], { axis: int(0), keepdims: flag(false) });
    return keepdim
      ? call.node('Reshape', [
          index,
          call.int64(
            x.shape.map(() => 1),
            'shape',
          ),
        ])
      : index;
  };

/** `max(x)`, `max(x, other)` or `max(x, { dim })` with values and indices. */
const extremum =
  (reduceType: string, elementType: string, indexType: string): Exporter =>
  (call, x: Tensor, other?: Tensor | { dim: number; keepdim: boolean }) => {
    if (other === undefined) return reduce(call, reduceType, call.value(x), { dim: null, keepdim: false });
    const { dtype } = call.result;
    if (!('dim' in other) || typeof other.dim !== 'number')
      return call.node(elementType, [call.operand(x, dtype), call.operand(other as Tensor, dtype)]);
    const { dim, keepdim } = other as { dim: number; keepdim: boolean };
    const indices = call.node(indexType, [call.value(x)], { axis: int(dim), keepdims: flag(keepdim) });
    return [reduce(call, reduceType, call.value(x), { dim: [dim], keepdim }), indices];
  };

/** Truth as numbers: the least of them for `all`, the largest for `any`. */
const truth =
  (opType: string): Exporter =>
  (call, x: Tensor, options: Options) => {
    const numbers = call.cast(call.operand(x, 'bool'), 'int32');
    return call.cast(reduce(call, opType, numbers, options), call.result.dtype);
  };

export const reductions: Exporters = {
  sum: reduction('ReduceSum'),
  prod: reduction('ReduceProd'),
  mean: reduction('ReduceMean'),
  amax: reduction('ReduceMax'),
  amin: reduction('ReduceMin'),
  var: variance,
  std: (call, x: Tensor, options: Options & { correction: number }) =>
    call.node('Sqrt', [variance(call, x, options)]),
  all: truth('ReduceMin'),
  any: truth('ReduceMax'),
  argmax: argument('ArgMax'),
  argmin: argument('ArgMin'),
  max: extremum('ReduceMax', 'Max', 'ArgMax'),
  min: extremum('ReduceMin', 'Min', 'ArgMin'),
};
