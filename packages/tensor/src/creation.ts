/** Makes tensors from data and constants. */
import {
  cast,
  castInto,
  elementWriter,
  fillElements,
  filledTensor,
  flatElements,
  newTensor,
  viewOf,
} from './access.ts';
import { bindArguments } from './arguments.ts';
import { type DType, dtypeInfo, dtypeOfTypedArray, type ElementArray, type TypedArray } from './dtype.ts';
import { fail, showSizes } from './errors.ts';
import { promoteTypes, type Scalar, scalarDType } from './promotion.ts';
import { checkSizes, denseStrides, extentOf, numelOf } from './shape.ts';
import { finished, readSizes, type SizeArguments, type TensorOptions } from './sizes.ts';
import { type NestedArray, Tensor } from './tensor.ts';

/**
 * A tensor of the given data.
 *
 * JavaScript cannot tell `1` from `1.0`, so numbers become float32; bigints become int64, booleans bool, and typed
 * arrays keep their dtype. `options.dtype` overrides this.
 * @throws TensorError for lists of unequal lengths
 */
export function tensor(data: NestedArray | TypedArray | Tensor, options: TensorOptions = {}): Tensor {
  if (data instanceof Tensor) return finished('tensor', copyAs(data, options.dtype ?? data.dtype), options);
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
  return finished('tensor', result, options);
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
  return finished('fromTypedArray', cast(source, options.dtype ?? own), options);
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
  const [shape, options] = readSizes('empty', args);
  return finished('empty', newTensor(shape, options.dtype ?? 'float32'), options);
}

/**
 * A tensor with these strides whose elements are whatever the memory held.
 * @throws TensorError where shape and strides have different lengths, or a stride is negative
 */
export function emptyStrided(
  size: readonly number[],
  strides: readonly number[],
  options: TensorOptions = {},
): Tensor {
  checkSizes('emptyStrided', size);
  if (size.length !== strides.length) {
    fail(
      'emptyStrided',
      'dimensionality of sizes must match dimensionality of strides',
      `${size.length}`,
      `${strides.length}`,
    );
  }
  if (!strides.every((stride) => Number.isSafeInteger(stride) && stride >= 0)) {
    fail('emptyStrided', 'strides must be integers >= 0', 'integers >= 0', showSizes(strides));
  }
  const { dtype = 'float32' } = options;
  const { storage } = newTensor([extentOf(size, strides)], dtype);
  return finished('emptyStrided', new Tensor(storage, dtype, [...size], [...strides]), options);
}

/**
 * A tensor whose elements are whatever the memory held, dense in the order that `physicalLayout` names: its last
 * dimension is the innermost in memory.
 */
export function emptyPermuted(
  size: readonly number[],
  physicalLayout: readonly number[],
  options: TensorOptions = {},
): Tensor {
  checkSizes('emptyPermuted', size);
  if (size.length !== physicalLayout.length) {
    fail(
      'emptyPermuted',
      `Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = ${size.length} is not equal to len(physical_layout) = ${physicalLayout.length}`,
    );
  }
  const strides = new Array<number>(size.length).fill(-1);
  let step = 1;
  for (const dim of [...physicalLayout].reverse()) {
    if (!(dim >= 0 && dim < size.length)) {
      fail(
        'emptyPermuted',
        `Dimension out of range (expected to be between 0 and ${size.length - 1}, but got ${dim} at index ${physicalLayout.indexOf(dim)}).  NB: negative dims not currently supported; file an issue if you want it.`,
      );
    }
    if (strides[dim] !== -1) fail('emptyPermuted', 'Duplicate dim not allowed');
    strides[dim] = step;
    step *= Math.max(size[dim]!, 1);
  }
  return emptyStrided(size, strides, options);
}

/** A tensor of zeros: `zeros(2, 3)` or `zeros([2, 3], { dtype: int64 })`. */
export function zeros(...args: SizeArguments): Tensor {
  const [shape, options] = readSizes('zeros', args);
  return finished('zeros', filledTensor(shape, options.dtype ?? 'float32', 0), options);
}

/** A tensor of ones. */
export function ones(...args: SizeArguments): Tensor {
  const [shape, options] = readSizes('ones', args);
  return finished('ones', filledTensor(shape, options.dtype ?? 'float32', 1), options);
}

/** A tensor with every element `value`. As in PyTorch an integer gives int64, another number float32, a boolean bool. */
export function full(size: readonly number[], value: Scalar, options: TensorOptions = {}): Tensor {
  checkSizes('full', size);
  return finished('full', filledTensor([...size], options.dtype ?? scalarDType(value), value), options);
}

/** A 0-dim tensor of a number: float32, whatever the number is, unless `dtype` says otherwise. */
export function scalarTensor(value: Scalar, options: TensorOptions = {}): Tensor {
  return finished('scalarTensor', filledTensor([], options.dtype ?? 'float32', value), options);
}

/**
 * A tensor of the other one's shape (and dtype, unless given) whose elements are whatever the memory held. As in
 * PyTorch the dimensions lie in memory in the other one's order.
 */
export function emptyLike(other: Tensor, options: TensorOptions = {}): Tensor {
  return finished('emptyLike', newLike(other, options), options);
}

/** Zeros in the other tensor's shape and, unless given, dtype. */
export function zerosLike(other: Tensor, options: TensorOptions = {}): Tensor {
  return fullLike(other, 0, options);
}

/** Ones in the other tensor's shape and, unless given, dtype. */
export function onesLike(other: Tensor, options: TensorOptions = {}): Tensor {
  return fullLike(other, 1, options);
}

/** `value` in the other tensor's shape and, unless given, dtype. */
export function fullLike(other: Tensor, value: Scalar, options: TensorOptions = {}): Tensor {
  const result = newLike(other, options);
  fillElements(result, value);
  return finished('fullLike', result, options);
}

function newLike(other: Tensor, { dtype = other.dtype }: TensorOptions): Tensor {
  const dense = newTensor(other.shape, dtype);
  return other.isContiguous() ? dense : viewOf(dense, other.shape, denseStrides(other.shape, other.strides));
}

/** Options of {@link eye}. */
export interface EyeOptions extends TensorOptions {
  /** Number of columns: n by default. */
  readonly m?: number;
}

/** Ones on the main diagonal of an n x m (n x n) matrix of zeros. */
export function eye(n: number, ...rest: readonly (number | EyeOptions | undefined)[]): Tensor {
  const names = ['m', 'dtype', 'requiresGrad', 'device'] as const;
  const options = bindArguments<EyeOptions>('eye', names, rest);
  const { m = n, dtype = 'float32' } = options;
  if (!(n >= 0)) fail('eye', `n must be greater or equal to 0, got ${n}`);
  if (!(m >= 0)) fail('eye', `m must be greater or equal to 0, got ${m}`);
  checkSizes('eye', [n, m]);
  const result = filledTensor([n, m], dtype, 0);
  const elements: ElementArray = flatElements(result);
  const one = elementWriter(dtype)(1);
  for (let i = 0; i < Math.min(n, m); i++) elements[i * m + i] = one;
  return finished('eye', result, options);
}
