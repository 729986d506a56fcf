/** Exporters of operators that rearrange, cut and join. */
import type { DType, Tensor } from '@sconce/tensor';
import { int } from '../attribute-values.ts';
import { isDynamic, type Size } from './dimensions.ts';
import type { ExportCall, Exporter, Exporters } from './export-call.ts';

/** ONNX's "as far as it goes". */
const END = Number.MAX_SAFE_INTEGER;

const reshaped: Exporter = (call, x: Tensor) => call.reshape(x);

/** Flatten where it is ONNX's own, which keeps a dynamic batch; Reshape otherwise. */
function flatten(call: ExportCall, x: Tensor, startDim: number, endDim: number): string {
  if (startDim === 1 && endDim === x.ndim - 1 && x.ndim > 1)
    return call.node('Flatten', [call.value(x)], { axis: int(1) });
  return call.reshape(x);
}

/** Repeats sizes of 1: where the input has the size already, a 1 asks for nothing. */
function expand(call: ExportCall, x: Tensor): string {
  const own = call.sizes(x);
  const target = call.sizes(call.result);
  const lead = target.length - own.length;
  const wanted = target.map((size, axis): Size => {
    const from = own[axis - lead];
    return from && isDynamic(size) && from.first === size.first && from.second === size.second
      ? { first: 1, second: 1 }
      : size;
  });
  return call.node('Expand', [call.value(x), call.shapeVector(wanted, [])]);
}

function permute(call: ExportCall, x: Tensor, dims: readonly number[]): string {
  return call.transpose(call.value(x), dims);
}

function exchange(call: ExportCall, x: Tensor, a: number, b: number): string {
  const dims = x.shape.map((_size, axis) => axis);
  if (dims.length > 0) [dims[a], dims[b]] = [dims[b]!, dims[a]!];
  return call.transpose(call.value(x), dims);
}

/**
 * A bound of a cut as a constant: itself when it is the same for all sizes, counted from the end when its
 * distance from there is.
 */
function bound(call: ExportCall, value: Size, size: Size): number {
  const fromEnd = value.first - size.first;
  if (isDynamic(size) && value.second - size.second === fromEnd) return fromEnd === 0 ? END : fromEnd;
  if (isDynamic(value))
    call.fail('a cut whose place depends on a dynamic dimension in this way cannot be written');
  return value.first;
}

function cut(call: ExportCall, x: Tensor, dim: number, start: Size, end: Size, step = 1): string {
  const size = call.sizes(x)[dim]!;
  // A start at 0 is 0 even where the dimension itself is 0 long.
  const from = isDynamic(start) ? bound(call, start, size) : start.first;
  const inputs = [from, bound(call, end, size)].map((value, place) =>
    call.int64([value], place === 0 ? 'starts' : 'ends'),
  );
  const steps = step === 1 ? [] : [call.int64([step], 'steps')];
  return call.node('Slice', [call.value(x), ...inputs, call.int64([dim], 'axes'), ...steps]);
}

/** Argument `place` in both runs. */
function both(call: ExportCall, place: number, first: number): Size {
  return { first, second: call.secondArguments[place] as number };
}

function narrow(call: ExportCall, x: Tensor, dim: number, start: number, length: number): string {
  const from = both(call, 2, start);
  const count = both(call, 3, length);
  return cut(call, x, dim, from, { first: from.first + count.first, second: from.second + count.second });
}

function slice(call: ExportCall, x: Tensor, dim: number, start: number, end: number, step: number): string {
  return cut(call, x, dim, both(call, 2, start), both(call, 3, end), step);
}

/** Several cuts along one dimension. */
function parts(call: ExportCall, x: Tensor, dim: number): string[] {
  const sizes = call.results.map((result) => call.sizes(result)[dim]!);
  if (sizes.some(isDynamic)) call.fail('parts of dynamic size cannot be written');
  const split = call.int64(
    sizes.map((size) => size.first),
    'split',
  );
  return call.nodes('Split', [call.value(x), split], { axis: int(dim) }, sizes.length);
}

function selectIndex(call: ExportCall, value: string, dim: number, index: number): string {
  return call.node('Gather', [value, call.scalar(BigInt(index), 'int64')], { axis: int(dim) });
}

function stack(call: ExportCall, tensors: readonly Tensor[], dim: number): string {
  const axes = call.int64([dim], 'axes');
  const columns = tensors.map((x) => call.node('Unsqueeze', [call.operand(x, call.result.dtype), axes]));
  return call.node('Concat', columns, { axis: int(dim) });
}

const unchanged: Exporter = (call, x: Tensor) => call.node('Identity', [call.value(x)]);

export const shape: Exporters = {
  reshape: reshaped,
  view: reshaped,
  unflatten: reshaped,
  flatten,
  squeeze: (call, x: Tensor, dims: readonly number[] | null) => {
    const axes = (dims ?? x.shape.map((_size, axis) => axis)).filter((axis) => x.shape[axis] === 1);
    return axes.length === 0
      ? call.node('Identity', [call.value(x)])
      : call.node('Squeeze', [call.value(x), call.int64(axes, 'axes')]);
  },
  unsqueeze: (call, x: Tensor, dim: number) =>
    call.node('Unsqueeze', [call.value(x), call.int64([dim], 'axes')]),
  expand,
  broadcastTo: expand,
  permute,
  transpose: exchange,
  t: (call, x: Tensor) => (x.ndim < 2 ? call.node('Identity', [call.value(x)]) : exchange(call, x, 0, 1)),
  narrow,
  slice,
  select: (call, x: Tensor, dim: number, index: number) => selectIndex(call, call.value(x), dim, index),
  split: (call, x: Tensor, _sizes: readonly number[], dim: number) => parts(call, x, dim),
  chunk: (call, x: Tensor, _chunks: number, dim: number) => parts(call, x, dim),
  unbind: (call, x: Tensor, dim: number) =>
    call.results.map((_part, index) => selectIndex(call, call.value(x), dim, index)),
  cat: (call, tensors: readonly Tensor[], dim: number) =>
    call.node(
      'Concat',
      tensors.map((x) => call.operand(x, call.result.dtype)),
      { axis: int(dim) },
    ),
  stack,
  contiguous: unchanged,
  clone: unchanged,
  to: (call, x: Tensor, dtype: DType) => call.cast(call.value(x), dtype),
};

/** Operators whose numbers may depend on dynamic dimensions: their exporters look at sizes instead. */
export const sizeAware: ReadonlySet<string> = new Set([
  'reshape',
  'view',
  'unflatten',
  'flatten',
  'expand',
  'broadcastTo',
  'narrow',
  'slice',
  'split',
  'interpolate',
]);
