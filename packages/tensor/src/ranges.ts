/** Makes tensors of number ranges: arithmetic and geometric progressions. */
import { elementWriter, flatElements, newTensor } from './access.ts';
import { bindArguments } from './arguments.ts';
import { type DType, dtypeInfo } from './dtype.ts';
import { fail } from './errors.ts';
import { checkSizes } from './shape.ts';
import { finished, type TensorOptions } from './sizes.ts';
import { Tensor } from './tensor.ts';

/** A bound of a range. */
type Bound = number | bigint | boolean;

/** Options of {@link arange}: all of its arguments may be given by name. */
export interface ArangeOptions extends TensorOptions {
  readonly end?: Bound;
  readonly step?: Bound;
}

/** Signature of {@link arange}. */
export interface ArangeFunction {
  (end: Bound, options?: TensorOptions): Tensor;
  (start: Bound, options: ArangeOptions & { readonly end: Bound }): Tensor;
  (start: Bound, end: Bound, options?: ArangeOptions): Tensor;
  (start: Bound, end: Bound, step: Bound, options?: TensorOptions): Tensor;
}

const optionNames = ['dtype', 'requiresGrad', 'device'] as const;

/**
 * Numbers from `start` (0 by default) up to, not including, `end`, in steps of `step` (1 by default). As in PyTorch the
 * result is int64 if all three are integers, else float32.
 */
export const arange: ArangeFunction = (first: Bound, ...rest: readonly unknown[]): Tensor => {
  const options = bindArguments<ArangeOptions>('arange', ['end', 'step', ...optionNames], rest);
  const bounds = options.end === undefined ? [0, first] : [first, options.end];
  const [start, end, step] = [...bounds, options.step ?? 1].map(Number) as [number, number, number];
  if (!Number.isFinite(start) || !Number.isFinite(end)) {
    fail('arange', `unsupported range: ${start} -> ${end}`);
  }
  if (options.dtype === 'bool') fail('arange', `"arange_cpu" not implemented for 'Bool'`);
  const dtype = options.dtype ?? ([start, end, step].every(Number.isInteger) ? 'int64' : 'float32');
  // Integers count in integers.
  const [from, by] =
    dtypeInfo(dtype).kind === 'float' ? [start, step] : [Math.trunc(start), Math.trunc(step)];
  if (by === 0) fail('arange', 'step must be nonzero');
  if ((end - start) * step < 0) {
    fail('arange', 'upper bound and lower bound inconsistent with step sign');
  }
  const count = dtype === 'int64' ? (Math.trunc(end) - from) / by : (end - start) / step;
  const result = generate(Math.ceil(count), dtype, (i) => from + i * by);
  return finished('arange', result, options);
};

/** An end of {@link linspace} and {@link logspace}: a number or a 0-dim tensor. */
export type RangeEnd = number | Tensor;

/** Options of {@link logspace}. */
export interface LogspaceOptions extends TensorOptions {
  /** 10 by default. */
  readonly base?: number;
}

/** `steps` numbers from `start` to `end`, both included, at equal distances; float32 unless `dtype` says otherwise. */
export function linspace(start: RangeEnd, end: RangeEnd, steps: number, options: TensorOptions = {}): Tensor {
  const dtype = options.dtype ?? 'float32';
  const value = spacing('linspace', start, end, steps, dtype);
  return finished('linspace', generate(steps, dtype, value), options);
}

/** Signature of {@link logspace}. */
export interface LogspaceFunction {
  (start: RangeEnd, end: RangeEnd, steps: number, base?: number, options?: TensorOptions): Tensor;
  (start: RangeEnd, end: RangeEnd, steps: number, options: LogspaceOptions): Tensor;
}

/** `base` (10 by default) raised to `steps` powers from `start` to `end`, both included, at equal distances. */
export const logspace: LogspaceFunction = (
  start: RangeEnd,
  end: RangeEnd,
  steps: number,
  ...rest: readonly unknown[]
): Tensor => {
  const options = bindArguments<LogspaceOptions>('logspace', ['base', ...optionNames], rest);
  const { base = 10, dtype = 'float32' } = options;
  const exponent = spacing('logspace', start, end, steps, dtype);
  return finished(
    'logspace',
    generate(steps, dtype, (i) => base ** exponent(i)),
    options,
  );
};

/** The numbers of {@link linspace}, before they are stored in `dtype`. */
function spacing(
  operator: string,
  start: RangeEnd,
  end: RangeEnd,
  steps: number,
  dtype: DType,
): (i: number) => number {
  if (!(steps >= 0)) fail(operator, 'number of steps must be non-negative');
  checkSizes(operator, [steps]);
  if (dtype === 'bool') fail(operator, `"${operator}_cpu" not implemented for 'Bool'`);
  const [first, last] = [endOf(operator, start, dtype), endOf(operator, end, dtype)];
  const step = steps > 1 ? (last - first) / (steps - 1) : 0;
  // Counted from the nearer end, so that both ends are exact.
  return (i) => (i < Math.trunc(steps / 2) || steps === 1 ? first + step * i : last - step * (steps - i - 1));
}

/** An end as a number; where the range is one of integers, the ends are. */
function endOf(operator: string, end: RangeEnd, dtype: DType): number {
  if (end instanceof Tensor && end.ndim > 0) {
    fail(
      operator,
      `${operator} only supports 0-dimensional start and end tensors, but got end with ${end.ndim} dimension(s).`,
    );
  }
  const value = Number(end instanceof Tensor ? end.item() : end);
  return dtypeInfo(dtype).kind === 'float' ? value : Math.trunc(value);
}

function generate(count: number, dtype: DType, value: (i: number) => number): Tensor {
  const result = newTensor([count], dtype);
  const write = elementWriter(dtype);
  const elements = flatElements(result);
  for (let i = 0; i < count; i++) elements[i] = write(value(i));
  return result;
}
