/** Matrix products: float32 by the engine's GEMM, everything else by plain loops. */
import { gemm, type Slice } from '@sconce/engine';
import {
  broadcastView,
  cast,
  denseReshape,
  fillElements,
  materialize,
  newTensor,
  sliceOf,
  viewOf,
} from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { broadcastShapes, numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { productOf, sumOf } from './arithmetic.ts';
import { computeDType, runBinary } from './elementwise-core.ts';

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

function checkDTypes(operator: string, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype) {
    fail(
      operator,
      `expected m1 and m2 to have the same dtype, but got: ${dtypeInfo(a.dtype).scalarName} != ${dtypeInfo(b.dtype).scalarName}`,
    );
  }
  if (a.dtype === 'bool') fail(operator, `"addmm_impl_cpu_" not implemented for 'Bool'`);
}

/** The product of [..., m, k] and [..., k, n] whose batch dimensions are broadcast already. */
function batchedProduct(a: Tensor, b: Tensor): Tensor {
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
  const [stepRowA, stepA] = left.transposed ? [1, left.leading] : [left.leading, 1];
  const [stepB, stepColumnB] = right.transposed ? [1, right.leading] : [right.leading, 1];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const atA = place.left + i * stepRowA;
      const atB = place.right + j * stepColumnB;
      if (a instanceof BigInt64Array) {
        let total = 0n;
        for (let p = 0; p < k; p++) total += a[atA + p * stepA]! * (b[atB + p * stepB] as bigint);
        c[place.output + i * n + j] = BigInt.asIntN(64, total);
      } else {
        let total = 0;
        const integer = c instanceof Int32Array;
        for (let p = 0; p < k; p++) {
          const x = a[atA + p * stepA]!;
          const y = b[atB + p * stepB] as number;
          // Products of 32-bit integers do not fit a double; they wrap as in PyTorch.
          total = integer ? (total + Math.imul(x, y)) | 0 : total + x * y;
        }
        c[place.output + i * n + j] = total;
      }
    }
  }
}

/**
 * Matrix product with PyTorch's rules for every rank: vectors are rows or columns, leading dimensions are batches
 * and are broadcast. Canonical: (a, b).
 */
export const matmul: (a: Tensor, b: Tensor) => Tensor = defineOperator({
  name: 'matmul',
  normalize: (a: Tensor, b: Tensor): [Tensor, Tensor] => {
    checkTensor('matmul', 'input', a);
    checkTensor('matmul', 'other', b);
    if (a.ndim === 0 || b.ndim === 0) {
      fail(
        'matmul',
        `both arguments to matmul need to be at least 1D, but they are ${a.ndim}D and ${b.ndim}D`,
      );
    }
    checkDTypes('matmul', a, b);
    return [a, b];
  },
  forward: matmulOf,
});

function matmulOf(a: Tensor, b: Tensor): Tensor {
  const left = a.ndim === 1 ? viewOf(a, [1, a.shape[0]!], [a.strides[0]! * a.shape[0]!, a.strides[0]!]) : a;
  const right = b.ndim === 1 ? viewOf(b, [b.shape[0]!, 1], [b.strides[0]!, 1]) : b;
  const [m, k] = left.shape.slice(-2) as [number, number];
  const [inner, n] = right.shape.slice(-2) as [number, number];
  if (k !== inner) failProduct(a, b, left, right);
  const batch = broadcastShapes('matmul', left.shape.slice(0, -2), right.shape.slice(0, -2));
  let result: Tensor;
  if (right.ndim === 2 && left.ndim > 2) {
    // One product with all rows below each other.
    const rows = denseReshape(left, [numelOf(left.shape.slice(0, -1)), k]);
    result = denseReshape(batchedProduct(rows, right), [...batch, m, n]);
  } else {
    result = batchedProduct(broadcastView(left, [...batch, m, k]), broadcastView(right, [...batch, k, n]));
  }
  const shape = [...batch, ...(a.ndim === 1 ? [] : [m]), ...(b.ndim === 1 ? [] : [n])];
  return denseReshape(result, shape);
}

function failProduct(a: Tensor, b: Tensor, left: Tensor, right: Tensor): never {
  if (a.ndim === 1 && b.ndim === 1) {
    fail(
      'matmul',
      `inconsistent tensor size, expected tensor ${showSizes(a.shape)} and src ${showSizes(b.shape)} to have the same number of elements, but got ${a.shape[0]} and ${b.shape[0]} elements respectively`,
    );
  }
  if (a.ndim === 1 || b.ndim === 1) {
    const [matrix, vector] = b.ndim === 1 ? [left, b] : [right, a];
    const inner = b.ndim === 1 ? matrix.shape.at(-1)! : matrix.shape.at(-2)!;
    const lines = matrix.numel() / Math.max(inner, 1);
    fail('matmul', `size mismatch, got input (${lines}), mat (${lines}x${inner}), vec (${vector.shape[0]})`);
  }
  if (left.ndim > 2 && right.ndim > 2) {
    fail(
      'matmul',
      'Expected size for first two dimensions of batch2 tensor to be compatible with batch1',
      `[..., ${left.shape.at(-1)}, n]`,
      showSizes(b.shape),
    );
  }
  const rows = numelOf(left.shape.slice(0, -1));
  fail(
    'matmul',
    `mat1 and mat2 shapes cannot be multiplied (${rows}x${left.shape.at(-1)} and ${right.shape.slice(-2).join('x')})`,
  );
}

/** Product of two stacks of matrices, [b, m, k] and [b, k, n]; nothing is broadcast. Canonical: (a, b). */
export const bmm: (a: Tensor, b: Tensor) => Tensor = defineOperator({
  name: 'bmm',
  normalize: (a: Tensor, b: Tensor): [Tensor, Tensor] => {
    checkTensor('bmm', 'input', a);
    checkTensor('bmm', 'mat2', b);
    if (a.ndim !== 3 || b.ndim !== 3)
      fail('bmm', 'batch1 must be a 3D tensor', '3 dimensions', `${a.ndim} and ${b.ndim}`);
    if (a.shape[0] !== b.shape[0] || a.shape[2] !== b.shape[1]) {
      fail(
        'bmm',
        `Expected size for first two dimensions of batch2 tensor to be: [${a.shape[0]}, ${a.shape[2]}] but got: [${b.shape[0]}, ${b.shape[1]}].`,
      );
    }
    checkDTypes('bmm', a, b);
    return [a, b];
  },
  forward: batchedProduct,
});

/** Product of two matrices. Canonical: (a, b). */
export const mm: (a: Tensor, b: Tensor) => Tensor = defineOperator({
  name: 'mm',
  normalize: (a: Tensor, b: Tensor): [Tensor, Tensor] => {
    checkTensor('mm', 'input', a);
    checkTensor('mm', 'mat2', b);
    if (a.ndim !== 2 || b.ndim !== 2)
      fail('mm', 'self must be a matrix', '2 dimensions', `${a.ndim} and ${b.ndim}`);
    checkDTypes('mm', a, b);
    return [a, b];
  },
  forward: matmulOf,
});

/** Options of {@link addmm}. */
export interface AddmmOptions {
  /** Factor of the added tensor. */
  readonly beta?: number;
  /** Factor of the product. */
  readonly alpha?: number;
}

/** beta * input + alpha * (a @ b), the first broadcast. Canonical: (input, a, b, { beta, alpha }). */
export const addmm: (input: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions) => Tensor = defineOperator({
  name: 'addmm',
  normalize: (
    input: Tensor,
    a: Tensor,
    b: Tensor,
    ...rest: unknown[]
  ): [Tensor, Tensor, Tensor, Required<AddmmOptions>] => {
    const { beta = 1, alpha = 1 } = bindArguments<AddmmOptions>('addmm', ['beta', 'alpha'], rest);
    checkTensor('addmm', 'input', input);
    checkTensor('addmm', 'mat1', a);
    checkTensor('addmm', 'mat2', b);
    if (a.ndim !== 2 || b.ndim !== 2)
      fail('addmm', 'mat1 and mat2 must be matrices', '2 dimensions', `${a.ndim} and ${b.ndim}`);
    checkDTypes('addmm', a, b);
    return [input, a, b, { beta, alpha }];
  },
  forward: (input, a, b, { beta, alpha }) => {
    const result = matmulOf(a, b);
    const scaled = beta === 1 ? input : runBinary(productOf, input, beta);
    return runBinary(sumOf, scaled, result, alpha);
  },
});

/** x @ weightᵀ + bias, where weight is [out, in]. Canonical: (x, weight, bias | null). */
export const linear: (x: Tensor, weight: Tensor, bias?: Tensor | null) => Tensor = defineOperator({
  name: 'linear',
  normalize: (x: Tensor, weight: Tensor, ...rest: unknown[]): [Tensor, Tensor, Tensor | null] => {
    const { bias = null } = bindLinear(rest);
    checkTensor('linear', 'input', x);
    checkTensor('linear', 'weight', weight);
    if (weight.ndim !== 2)
      fail('linear', 'weight must be a matrix', '[outFeatures, inFeatures]', showSizes(weight.shape));
    if (x.ndim === 0 || x.shape.at(-1) !== weight.shape[1]) {
      const rows = numelOf(x.shape.slice(0, -1));
      fail(
        'linear',
        `mat1 and mat2 shapes cannot be multiplied (${rows}x${x.shape.at(-1) ?? 1} and ${weight.shape[1]}x${weight.shape[0]})`,
      );
    }
    if (bias !== null && (bias.ndim !== 1 || bias.shape[0] !== weight.shape[0])) {
      fail('linear', 'bias does not fit the weight', `[${weight.shape[0]}]`, showSizes(bias.shape));
    }
    checkDTypes('linear', x, weight);
    return [x, weight, bias];
  },
  forward: (x: Tensor, weight: Tensor, bias: Tensor | null) => {
    const [n, k] = weight.shape as readonly [number, number];
    const rows = denseReshape(x, [numelOf(x.shape.slice(0, -1)), k]);
    const shape = [...x.shape.slice(0, -1), n];
    if (x.dtype !== 'float32' || k === 0) {
      const transposed = viewOf(weight, [k, n], [...weight.strides].reverse());
      const result = denseReshape(batchedProduct(rows, transposed), shape);
      return bias === null ? result : runBinary(sumOf, result, bias);
    }
    const dense = materialize(weight);
    const output = newTensor(shape, 'float32');
    if (numelOf(shape) === 0) return output;
    const biasSlice: { bias?: Slice } = bias === null ? {} : { bias: sliceOf(materialize(bias)) };
    gemm({
      a: sliceOf(rows),
      b: sliceOf(dense),
      c: sliceOf(output),
      m: rows.shape[0]!,
      n,
      k,
      transB: true,
      ...biasSlice,
    });
    return output;
  },
});

function bindLinear(rest: readonly unknown[]): { bias?: Tensor | null } {
  return bindArguments<{ bias: Tensor | null }>('linear', ['bias'], rest);
}

/** The sum of products of two vectors. Canonical: (a, b). */
export const dot: (a: Tensor, b: Tensor) => Tensor = defineOperator({
  name: 'dot',
  normalize: (a: Tensor, b: Tensor): [Tensor, Tensor] => {
    checkTensor('dot', 'input', a);
    checkTensor('dot', 'tensor', b);
    if (a.ndim !== 1 || b.ndim !== 1)
      fail('dot', `1D tensors expected, but got ${a.ndim}D and ${b.ndim}D tensors`);
    checkDTypes('dot', a, b);
    return [a, b];
  },
  forward: matmulOf,
});

/** Matrix products as methods. */
export interface MatmulMethods {
  /**
   * Matrix product with PyTorch's rules for every rank: vectors are rows or columns, leading dimensions are
   * batches and are broadcast.
   */
  matmul(other: Tensor): Tensor;
  /** Product of two matrices. */
  mm(other: Tensor): Tensor;
  /** Product of two stacks of matrices, [b, m, k] and [b, k, n]; nothing is broadcast. */
  bmm(other: Tensor): Tensor;
  /** The sum of products of two vectors. */
  dot(other: Tensor): Tensor;
  /** beta * input + alpha * (a @ b), the first broadcast. */
  addmm(a: Tensor, b: Tensor, options?: AddmmOptions): Tensor;
}
