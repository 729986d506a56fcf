/** Between tensors and the kernels of linear algebra: checks, batches of matrices in double precision, and back. */
import { broadcastView, cast, flatElements, int64Tensor, newTensor } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { copyOut, elementsOf } from '../memory.ts';
import { broadcastShapes, numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** A tensor read as a list of dense matrices (or vectors) in double precision. The elements are a copy. */
export interface Batch {
  readonly data: Float64Array;
  /** Leading dimensions. */
  readonly shape: readonly number[];
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

/** The elements in row-major order as doubles, copied. */
export function doublesOf(x: Tensor): Float64Array {
  return copyOut(cast(x, 'float64')) as Float64Array;
}

/** The last two dimensions as matrices. */
export function matricesOf(x: Tensor): Batch {
  const shape = x.shape.slice(0, -2);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return { data: doublesOf(x), shape, count: numelOf(shape), rows, columns };
}

/** As {@link matricesOf}, with the leading dimensions broadcast. */
export function broadcastMatrices(x: Tensor, batch: readonly number[]): Batch {
  return matricesOf(broadcastView(x, [...batch, ...x.shape.slice(-2)]));
}

/** One matrix of a batch; writing to it writes to the batch. */
export function matrixAt({ data, rows, columns }: Batch, i: number): Float64Array {
  return data.subarray(i * rows * columns, (i + 1) * rows * columns);
}

/** A tensor of the given elements, rounded to the dtype. */
export function tensorOf(data: Float64Array, shape: readonly number[], dtype: DType): Tensor {
  const exact = newTensor(shape, 'float64');
  (flatElements(exact) as Float64Array).set(data);
  return cast(exact, dtype);
}

/** An int32 tensor of the given elements. */
export function int32Tensor(data: Int32Array, shape: readonly number[]): Tensor {
  const result = newTensor(shape, 'int32');
  (flatElements(result) as Int32Array).set(data);
  return result;
}

/** The elements of an int32 tensor in row-major order, copied. */
export function int32Of(x: Tensor): Int32Array {
  return copyOut(cast(x, 'int32')) as Int32Array;
}

/** Counts as int64. */
export function countTensor(values: ArrayLike<number>, shape: readonly number[]): Tensor {
  return int64Tensor(Array.from(values), shape);
}

/** The common leading dimensions of two stacks of matrices. */
export function commonBatch(operator: string, a: Tensor, b: Tensor): number[] {
  return broadcastShapes(operator, a.shape.slice(0, -2), b.shape.slice(0, -2));
}

/** Refuses what is not a stack of float32 or float64 matrices. */
export function checkMatrices(operator: string, x: unknown, name: string = 'A'): asserts x is Tensor {
  checkTensor(operator, name, x);
  if (x.ndim < 2) {
    fail(operator, `The input tensor ${name} must have at least 2 dimensions.`);
  }
  checkFloat(operator, x, name);
}

/** Refuses integers and 16-bit floats, in PyTorch's words. */
export function checkFloat(operator: string, x: Tensor, name: string = 'A'): void {
  const { kind, scalarName, bytes } = dtypeInfo(x.dtype);
  if (kind !== 'float') {
    fail(operator, `Expected a floating point or complex tensor as input. Got ${scalarName}`);
  }
  if (bytes < 4) fail(operator, `Low precision dtypes not supported. Got ${scalarName} for ${name}`);
}

/** Refuses what is not a stack of square float32 or float64 matrices. */
export function checkSquare(operator: string, x: unknown, name: string = 'A'): asserts x is Tensor {
  checkMatrices(operator, x, name);
  const [rows, columns] = x.shape.slice(-2);
  if (rows !== columns) {
    fail(operator, `${name} must be batches of square matrices, but they are ${rows} by ${columns} matrices`);
  }
}

/** Refuses two tensors of different dtypes. */
export function checkSameDType(operator: string, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype) {
    const [left, right] = [dtypeInfo(a.dtype).scalarName, dtypeInfo(b.dtype).scalarName];
    fail(
      operator,
      `Expected A and B to have the same dtype, but found A of type ${left} and B of type ${right} instead`,
    );
  }
}

/** Refuses a product or system whose sizes do not fit. */
export function checkSystem(operator: string, a: Tensor, b: Tensor, left: boolean): void {
  const fits = left ? a.shape.at(-1) === b.shape.at(-2) : a.shape.at(-1) === b.shape.at(-1);
  if (!fits) {
    fail(
      operator,
      `Incompatible shapes of A and B for the equation ${left ? 'AX = B' : 'XA = B'} (${a.shape.slice(-2).join('x')} and ${b.shape.slice(-2).join('x')})`,
    );
  }
}

/** Refuses the first matrix whose status is not 0; `problem` says what that means. */
export function checkInfo(operator: string, info: Tensor, problem: (status: number) => string): void {
  const states = int32Of(info);
  const bad = states.findIndex((status) => status !== 0);
  if (bad < 0) return;
  const place = info.ndim === 0 ? '' : `(Batch element ${bad}): `;
  fail(operator, `${place}${problem(states[bad]!)}`);
}

/** Runs an iteration; what stops it becomes the operator's error. */
export function converging<T>(operator: string, batch: Batch, i: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const place = batch.shape.length === 0 ? '' : `(Batch element ${i}): `;
    fail(operator, `${place}The algorithm failed to converge because ${error.message}.`);
  }
}

/** Whether a tensor of floats holds a zero. */
export function hasZero(x: Tensor): boolean {
  if (x.numel() === 0) return false;
  return (copyOut(x) as Float64Array).includes(0);
}

/** The bool mask of an m x n matrix's entries with `column - row` at most (or at least) `diagonal`. */
export function triangleMask(m: number, n: number, diagonal: number, upper: boolean): Tensor {
  const mask = newTensor([m, n], 'bool');
  const elements = elementsOf(mask);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) elements[i * n + j] = (upper ? j - i >= diagonal : j - i <= diagonal) ? 1 : 0;
  }
  return mask;
}

/** Refuses a shape other than the expected one. */
export function checkShape(operator: string, name: string, x: Tensor, shape: readonly number[]): void {
  if (x.shape.join() !== shape.join()) {
    fail(operator, `${name} has a wrong shape`, showSizes(shape), showSizes(x.shape));
  }
}

/** For every place of the broadcast leading dimensions, which matrix of the tensor lies there. */
export function batchPlaces(own: readonly number[], batch: readonly number[]): number[] {
  let places = [0];
  let step = numelOf(own);
  batch.forEach((size, d) => {
    const mine = own[d - batch.length + own.length] ?? 1;
    if (d >= batch.length - own.length) step /= Math.max(mine, 1);
    places = places.flatMap((at) =>
      Array.from({ length: size }, (_, i) => (mine === 1 ? at : at + i * step)),
    );
  });
  return places;
}
