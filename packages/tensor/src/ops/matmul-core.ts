/** Stacks of matrix products: float32 by the engine's GEMM, everything else by plain loops. */
import { gemm } from '@sconce/engine';
import { cast, fillElements, materialize, newTensor } from '../access.ts';
import { elementsOf } from '../memory.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

/** A matrix inside a tensor: rows are `leading` apart, or columns are where `transposed`. */
interface Matrix {
  readonly tensor: Tensor;
  readonly transposed: boolean;
  readonly leading: number;
}

/** Reads the last two dimensions as GEMM can take them, copying only where neither of the two is dense. */
function matrixOf(x: Tensor): Matrix {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const [rowStride, columnStride] = x.strides.slice(-2) as [number, number];
  if ((columnStride === 1 || columns === 1) && (rowStride >= columns || rows === 1)) {
    return { tensor: x, transposed: false, leading: Math.max(rowStride, columns, 1) };
  }
  if ((rowStride === 1 || rows === 1) && (columnStride >= rows || columns === 1)) {
    return { tensor: x, transposed: true, leading: Math.max(columnStride, rows, 1) };
  }
  return { tensor: materialize(x), transposed: false, leading: Math.max(columns, 1) };
}

/** The product of [..., m, k] and [..., k, n] whose batch dimensions are broadcast already. */
export function batchedProduct(a: Tensor, b: Tensor): Tensor {
  const dtype = a.dtype;
  const compute = computeDType(dtype);
  const left = matrixOf(cast(a, compute));
  const right = matrixOf(cast(b, compute));
  const batch = a.shape.slice(0, -2);
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const output = newTensor([...batch, m, n], compute);
  if (k === 0) fillElements(output, 0);
  else if (numelOf(output.shape) > 0) {
    const run = compute === 'float32' ? floatProduct : plainProduct;
    const count = numelOf(batch);
    const leftOffsets = batchOffsets(left.tensor);
    const rightOffsets = batchOffsets(right.tensor);
    for (let i = 0; i < count; i++) {
      const place = { left: leftOffsets[i]!, right: rightOffsets[i]!, output: i * m * n };
      run({ left, right, output, m, n, k }, place);
    }
  }
  return cast(output, dtype);
}

/** Products of matrices of one size: [m, k] and [k, n] give [m, n]. */
interface Product {
  readonly left: Matrix;
  readonly right: Matrix;
  readonly output: Tensor;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Where the matrices of one product begin. */
interface Place {
  readonly left: number;
  readonly right: number;
  readonly output: number;
}

function batchOffsets(x: Tensor): number[] {
  let offsets = [x.offset];
  x.shape.slice(0, -2).forEach((size, d) => {
    offsets = offsets.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * x.strides[d]!));
  });
  return offsets;
}

function floatProduct({ left, right, output, m, n, k }: Product, place: Place): void {
  gemm({
    a: { storage: left.tensor.storage, offset: place.left },
    b: { storage: right.tensor.storage, offset: place.right },
    c: { storage: output.storage, offset: place.output },
    m,
    n,
    k,
    transA: left.transposed,
    transB: right.transposed,
    lda: left.leading,
    ldb: right.leading,
  });
}

function plainProduct({ left, right, output, m, n, k }: Product, place: Place): void {
  const a = elementsOf(left.tensor);
  const b = elementsOf(right.tensor);
  const c = elementsOf(output);
  const [rowA, stepA] = left.transposed ? [1, left.leading] : [left.leading, 1];
  const [rowB, stepB] = right.transposed ? [1, right.leading] : [right.leading, 1];
  for (let i = 0; i < m; i++) {
    const to = place.output + i * n;
    const atA = place.left + i * rowA;
    if (a instanceof BigInt64Array || a instanceof BigUint64Array) {
      for (let j = 0; j < n; j++) {
        const atB = place.right + j * stepB;
        let total = 0n;
        for (let p = 0; p < k; p++) total += a[atA + p * stepA]! * (b[atB + p * rowB] as bigint);
        c[to + j] = total;
      }
    } else {
      // Row by row of the second matrix, so that memory is read in order.
      const row = c.subarray(to, to + n).fill(0 as never) as Float64Array;
      for (let p = 0; p < k; p++) {
        const x = a[atA + p * stepA]!;
        const atB = place.right + p * rowB;
        addRow(row, x, b as Float64Array, atB, stepB);
      }
    }
  }
}

/** row += x * other; products of 32-bit integers do not fit a double, and wrap as in PyTorch. */
function addRow(row: Float64Array, x: number, other: Float64Array, at: number, step: number): void {
  if ((row as unknown) instanceof Int32Array) {
    for (let j = 0, q = at; j < row.length; j++, q += step) row[j] = (row[j]! + Math.imul(x, other[q]!)) | 0;
  } else {
    for (let j = 0, q = at; j < row.length; j++, q += step) row[j]! += x * other[q]!;
  }
}
