/** Matrix products with PyTorch's rules for shapes. */
import { gemm, type Slice } from '@sconce/engine';
import { broadcastView, denseReshape, materialize, newTensor, sliceOf, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { broadcastShapes, numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { productOf, sumOf } from './arithmetic.ts';
import { runBinary } from './elementwise-core.ts';
import { batchedProduct } from './matmul-core.ts';

function checkDTypes(operator: string, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype) {
    fail(
      operator,
      `expected m1 and m2 to have the same dtype, but got: ${dtypeInfo(a.dtype).scalarName} != ${dtypeInfo(b.dtype).scalarName}`,
    );
  }
  if (a.dtype === 'bool') fail(operator, `"addmm_impl_cpu_" not implemented for 'Bool'`);
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
  backwardName: matmulName,
  derivatives: [
    { reads: [1], of: (grad, [a, b]) => matmulBack(grad, a, b)[0] },
    { reads: [0], of: (grad, [a, b]) => matmulBack(grad, a, b)[1] },
  ],
});

/** What the last of the operators is called that PyTorch makes a product of. */
function matmulName(a: Tensor, b: Tensor): string {
  if (a.ndim === 1 && b.ndim === 1) return 'DotBackward0';
  if (a.ndim === 2 && b.ndim === 1) return 'MvBackward0';
  if (a.ndim === 1 && b.ndim === 2) return 'SqueezeBackward4';
  return a.ndim === 2 && b.ndim === 2 ? 'MmBackward0' : 'UnsafeViewBackward0';
}

/** Both gradients of a product, each computed when it is asked for. */
function matmulBack(grad: Tensor, a: Tensor, b: Tensor): { readonly 0: Tensor; readonly 1: Tensor } {
  // Vectors as the matrices they stand for.
  const shape = [...grad.shape];
  if (b.ndim === 1) shape.push(1);
  if (a.ndim === 1) shape.splice(shape.length - 1, 0, 1);
  const product = grad.reshape(shape);
  return {
    get 0(): Tensor {
      const right = b.ndim === 1 ? b.unsqueeze(1) : b;
      const own = product.matmul(right.transpose(-2, -1));
      return a.ndim === 1 ? own.reshape([-1, a.shape[0]!]).sum(0) : own;
    },
    get 1(): Tensor {
      const left = a.ndim === 1 ? a.unsqueeze(0) : a;
      // Rows of all batches below each other, where the second matrix is the same for all.
      const own =
        b.ndim <= 2 && left.ndim > 2
          ? rowsOf(left, left.shape.at(-1)!)
              .t()
              .mm(rowsOf(product, product.shape.at(-1)!))
          : left.transpose(-2, -1).matmul(product);
      return b.ndim === 1 ? own.squeeze(-1) : own;
    },
  };
}

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
  derivatives: [
    { reads: [1], of: (grad, [, b]) => grad.bmm(b.transpose(1, 2)) },
    { reads: [0], of: (grad, [a]) => a.transpose(1, 2).bmm(grad) },
  ],
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
  derivatives: [
    { reads: [1], of: (grad, [, b]) => grad.mm(b.t()) },
    { reads: [0], of: (grad, [a]) => a.t().mm(grad) },
  ],
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
    // Without weight the input is not read: its NaNs are none of the result's.
    if (beta === 0) return alpha === 1 ? result : runBinary(productOf, result, alpha);
    const scaled = beta === 1 ? input : runBinary(productOf, input, beta);
    return runBinary(sumOf, scaled, result, alpha === 1 ? [] : [alpha]);
  },
  derivatives: [
    (grad, [, , , { beta }]) => grad.mul(beta),
    { reads: [2], of: (grad, [, , b, { alpha }]) => grad.mm(b.t()).mul(alpha) },
    { reads: [1], of: (grad, [, a, , { alpha }]) => a.t().mm(grad).mul(alpha) },
  ],
});

/** What the last of the operators is called that PyTorch makes a linear layer of. */
function linearName(x: Tensor, _weight: Tensor, bias: Tensor | null): string {
  if (x.ndim === 2) return bias === null ? 'MmBackward0' : 'AddmmBackward0';
  if (bias !== null) return 'ViewBackward0';
  return x.ndim === 1 ? 'SqueezeBackward4' : 'UnsafeViewBackward0';
}

/** x @ weightᵀ + bias, where weight is [out, in]. Canonical: (x, weight, bias | null). */
export const linear: (x: Tensor, weight: Tensor, bias?: Tensor | null) => Tensor = defineOperator({
  name: 'linear',
  backwardName: linearName,
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
  derivatives: [
    { reads: [1], of: (grad, [, weight]) => grad.matmul(weight) },
    {
      reads: [0],
      of: (grad, [x, weight]) => rowsOf(grad, weight.shape[0]!).t().mm(rowsOf(x, weight.shape[1]!)),
    },
    (grad) => grad,
  ],
});

/** All leading dimensions as one. */
function rowsOf(x: Tensor, columns: number): Tensor {
  return x.reshape(numelOf(x.shape.slice(0, -1)), columns);
}

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
    if (a.dtype !== b.dtype) {
      const [left, right] = [dtypeInfo(a.dtype).scalarName, dtypeInfo(b.dtype).scalarName];
      fail('dot', `dot : expected both vectors to have same dtype, but found ${left} and ${right}`);
    }
    checkDTypes('dot', a, b);
    return [a, b];
  },
  forward: matmulOf,
  derivatives: [
    { reads: [1], of: (grad, [, b]) => grad.mul(b) },
    { reads: [0], of: (grad, [a]) => grad.mul(a) },
  ],
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
