/** Makes tensors from data, constants and number ranges. */
import { cast, castInto, elementWriter, filledTensor, flatElements, newTensor } from './access.ts';
import { bindArguments, isOptions } from './arguments.ts';
import { type DType, dtypeInfo, dtypeOfTypedArray, type ElementArray, type TypedArray } from './dtype.ts';
import { fail, showSizes } from './errors.ts';
import { promoteTypes, type Scalar, scalarDType } from './promotion.ts';
import { checkSizes, numelOf } from './shape.ts';
import { readSizes, type SizeArguments, type TensorOptions } from './sizes.ts';
import { type NestedArray, Tensor } from './tensor.ts';

/** Options of creation functions. */
/**
 * A tensor of the given data.
 *
 * JavaScript cannot tell `1` from `1.0`, so numbers become float32; bigints become int64, booleans bool, and typed
 * arrays keep their dtype. `options.dtype` overrides this.
 * @throws TensorError for lists of unequal lengths
 */
export function tensor(data: NestedArray | TypedArray | Tensor, options: TensorOptions = {}): Tensor {
  if (data instanceof Tensor) return copyAs(data, options.dtype ?? data.dtype);
  if (ArrayBuffer.isView(data)) return fromTypedArray(data as TypedArray, [data.length], options);
  const shape: number[] = [];
  for (let at: NestedArray | undefined = data; Array.isArray(at); at = at[0]) shape.push(at.length);
  const values: Scalar[] = [];
  flatten(data, 0, shape, values);
  const dtype = options.dtype ?? inferDType(values);
  const result = newTensor(shape, dtype);
  const write = elementWriter(dtype);
  const elements = flatElements(result);
  values.forEach((value, i) => {
    elements[i] = write(value);
  });
  return result;
}

function flatten(data: NestedArray, dim: number, shape: readonly number[], values: Scalar[]): void {
  if (Array.isArray(data)) {
    if (dim === shape.length) fail('tensor', `expected a number at dim ${dim}`, 'a number', 'a list');
    if (data.length !== shape[dim]) {
      fail('tensor', `expected sequence of length ${shape[dim]} at dim ${dim} (got ${data.length})`);
    }
    for (const item of data as readonly NestedArray[]) flatten(item, dim + 1, shape, values);
    return;
  }
  if (dim !== shape.length) fail('tensor', `expected a sequence at dim ${dim}`, 'a list', typeof data);
  if (typeof data !== 'number' && typeof data !== 'boolean' && typeof data !== 'bigint') {
    fail('tensor', 'could not infer dtype', 'numbers, booleans or bigints', String(data));
  }
  values.push(data);
}

function inferDType(values: readonly Scalar[]): DType {
  let dtype: DType | undefined;
  for (const value of values) {
    const own = typeof value === 'number' ? 'float32' : typeof value === 'bigint' ? 'int64' : 'bool';
    dtype = dtype === undefined ? own : promoteTypes(dtype, own);
  }
  return dtype ?? 'float32';
}

function copyAs(source: Tensor, dtype: DType): Tensor {
  const result = newTensor(source.shape, dtype);
  castInto(source, result);
  return result;
}

/** A tensor with a copy of the array's elements, in row-major order. @throws TensorError if the sizes do not fit */
export function fromTypedArray(
  array: TypedArray | Uint8ClampedArray,
  shape: readonly number[],
  options: TensorOptions = {},
): Tensor {
  checkSizes('fromTypedArray', shape);
  const own = dtypeOfTypedArray(array);
  if (own === undefined) {
    fail(
      'fromTypedArray',
      'there is no dtype for this array',
      'a typed array of a supported dtype',
      array.constructor.name,
    );
  }
  if (array.length !== numelOf(shape)) {
    fail('fromTypedArray', `shape '${showSizes(shape)}' is invalid for input of size ${array.length}`);
  }
  const source = newTensor([...shape], own);
  (flatElements(source) as { set(values: ArrayLike<number> | ArrayLike<bigint>): void }).set(array);
  return cast(source, options.dtype ?? own);
}

/** A tensor of elements given as bytes, little endian, in row-major order; the bytes are copied. */
export function fromBytes(bytes: Uint8Array, dtype: DType, shape: readonly number[]): Tensor {
  checkSizes('fromBytes', shape);
  const expected = numelOf(shape) * dtypeInfo(dtype).bytes;
  if (bytes.byteLength !== expected) {
    fail(
      'fromBytes',
      `wrong number of bytes for ${dtype} of shape ${showSizes(shape)}`,
      `${expected}`,
      `${bytes.byteLength}`,
    );
  }
  const result = newTensor([...shape], dtype);
  const target = flatElements(result);
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes);
  // Any other byte than 0 is true; in memory true is 1.
  if (dtype === 'bool') for (let i = 0; i < target.length; i++) target[i] = target[i] === 0 ? 0 : 1;
  return result;
}

/** A tensor whose elements are whatever the memory held. */
export function empty(...args: SizeArguments): Tensor {
  const [shape, { dtype = 'float32' }] = readSizes('empty', args);
  return newTensor(shape, dtype);
}

/** A tensor of zeros: `zeros(2, 3)` or `zeros([2, 3], { dtype: int64 })`. */
export function zeros(...args: SizeArguments): Tensor {
  const [shape, { dtype = 'float32' }] = readSizes('zeros', args);
  return filledTensor(shape, dtype, 0);
}

/** A tensor of ones. */
export function ones(...args: SizeArguments): Tensor {
  const [shape, { dtype = 'float32' }] = readSizes('ones', args);
  return filledTensor(shape, dtype, 1);
}

/** A tensor with every element `value`. As in PyTorch an integer gives int64, another number float32, a boolean bool. */
export function full(size: readonly number[], value: Scalar, options: TensorOptions = {}): Tensor {
  checkSizes('full', size);
  return filledTensor([...size], options.dtype ?? scalarDType(value), value);
}

/** A tensor of the other one's shape (and dtype, unless given) whose elements are whatever the memory held. */
export function emptyLike(other: Tensor, options: TensorOptions = {}): Tensor {
  return newTensor(other.shape, options.dtype ?? other.dtype);
}

/** Zeros in the other tensor's shape and, unless given, dtype. */
export function zerosLike(other: Tensor, options: TensorOptions = {}): Tensor {
  return filledTensor(other.shape, options.dtype ?? other.dtype, 0);
}

/** Ones in the other tensor's shape and, unless given, dtype. */
export function onesLike(other: Tensor, options: TensorOptions = {}): Tensor {
  return filledTensor(other.shape, options.dtype ?? other.dtype, 1);
}

/** `value` in the other tensor's shape and, unless given, dtype. */
export function fullLike(other: Tensor, value: Scalar, options: TensorOptions = {}): Tensor {
  return filledTensor(other.shape, options.dtype ?? other.dtype, value);
}

/** Signature of {@link arange}. */
export interface ArangeFunction {
  (end: number | bigint, options?: TensorOptions): Tensor;
  (start: number | bigint, end: number | bigint, options?: TensorOptions): Tensor;
  (start: number | bigint, end: number | bigint, step: number | bigint, options?: TensorOptions): Tensor;
}

/**
 * Numbers from `start` (0 by default) up to, not including, `end`, in steps of `step` (1 by default). As in PyTorch the
 * result is int64 if all three are integers, else float32.
 */
export const arange: ArangeFunction = (...args: readonly (number | bigint | TensorOptions | undefined)[]) => {
  const numbers = args.filter(
    (value): value is number | bigint => typeof value === 'number' || typeof value === 'bigint',
  );
  const options = (args.find(isOptions) ?? {}) as TensorOptions;
  const [start, end, step] = (
    numbers.length === 1 ? [0, numbers[0]!, 1] : [numbers[0]!, numbers[1]!, numbers[2] ?? 1]
  ).map(Number) as [number, number, number];
  if (step === 0) fail('arange', 'step must be nonzero');
  if (!Number.isFinite(start) || !Number.isFinite(end))
    fail('arange', `unsupported range: ${start} -> ${end}`);
  if ((end - start) * step < 0) {
    fail('arange', 'upper bound and lower bound inconsistent with step sign');
  }
  if (options.dtype === 'bool') fail('arange', `"arange_cpu" not implemented for 'Bool'`);
  const dtype = options.dtype ?? ([start, end, step].every(Number.isInteger) ? 'int64' : 'float32');
  return generate([Math.ceil((end - start) / step)], dtype, (i) => start + i * step);
};

/** `steps` numbers from `start` to `end`, both included, at equal distances. */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  checkSizes('linspace', [steps]);
  if (options.dtype === 'bool') fail('linspace', `"linspace_cpu" not implemented for 'Bool'`);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  // Counted from the nearer end, so that both ends are exact.
  return generate([steps], options.dtype ?? 'float32', (i) =>
    i < steps / 2 || steps === 1 ? start + step * i : end - step * (steps - i - 1),
  );
}

/** Ones on the main diagonal of an n x m (n x n) matrix of zeros. */
export function eye(n: number, ...rest: readonly (number | TensorOptions | undefined)[]): Tensor {
  const { m = n, dtype = 'float32' } = bindArguments<{ m: number; dtype: DType }>(
    'eye',
    ['m', 'dtype'],
    rest,
  );
  checkSizes('eye', [n, m]);
  const result = filledTensor([n, m], dtype, 0);
  const elements: ElementArray = flatElements(result);
  const one = elementWriter(dtype)(1);
  for (let i = 0; i < Math.min(n, m); i++) elements[i * m + i] = one;
  return result;
}

function generate(shape: readonly number[], dtype: DType, value: (i: number) => number): Tensor {
  const result = newTensor(shape, dtype);
  const write = elementWriter(dtype);
  const elements = flatElements(result);
  for (let i = 0; i < elements.length; i++) elements[i] = write(value(i));
  return result;
}
