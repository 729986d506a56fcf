/** Products made of matrix products: of vectors, weighted and added, of tensors over chosen dimensions. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { diagonal } from '../linalg/triangles.ts';
import { numelOf, wrapDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { AddmmOptions } from './matmul.ts';

/** Product of a matrix and a vector. Canonical: (x, vec). */
export const mv: (x: Tensor, vec: Tensor) => Tensor = defineOperator({
  name: 'mv',
  normalize: (x: Tensor, vec: Tensor): [Tensor, Tensor] => {
    checkTensor('mv', 'input', x);
    checkTensor('mv', 'vec', vec);
    checkMatrixVector('mv', x, vec);
    return [x, vec];
  },
  forward: (x: Tensor, vec: Tensor) => x.matmul(vec),
  composite: true,
});

function checkMatrixVector(operator: string, x: Tensor, vec: Tensor): void {
  if (x.ndim !== 2 || vec.ndim !== 1) {
    fail(operator, `vector + matrix @ vector expected, got ${x.ndim}, ${vec.ndim}`);
  }
  if (x.shape[1] !== vec.shape[0]) {
    fail(
      operator,
      `size mismatch, got input (${x.shape[0]}), mat (${x.shape[0]}x${x.shape[1]}), vec (${vec.shape[0]})`,
    );
  }
}

/** The sum of products of two vectors, as `dot` for real ones. Canonical: (x, other). */
export const vdot: (x: Tensor, other: Tensor) => Tensor = defineOperator({
  name: 'vdot',
  forward: (x: Tensor, other: Tensor) => x.dot(other),
  composite: true,
});

/** Sums of products over the last dimension of both. Canonical: (x, other). */
export const inner: (x: Tensor, other: Tensor) => Tensor = defineOperator({
  name: 'inner',
  normalize: (x: Tensor, other: Tensor): [Tensor, Tensor] => {
    checkTensor('inner', 'input', x);
    checkTensor('inner', 'other', other);
    if (x.ndim > 0 && other.ndim > 0 && x.shape.at(-1) !== other.shape.at(-1)) {
      fail(
        'inner',
        `inner() the last dimension must match on both input tensors but got shapes ${showSizes(x.shape)} and ${showSizes(other.shape)}`,
      );
    }
    return [x, other];
  },
  forward: (x: Tensor, other: Tensor) =>
    x.ndim === 0 || other.ndim === 0 ? x.mul(other) : tensordot(x, other, [[-1], [-1]]),
  composite: true,
});

/** The product of every element of one vector with every element of another. Canonical: (x, vec2). */
export const outer: (x: Tensor, vec2: Tensor) => Tensor = defineOperator({
  name: 'outer',
  normalize: (x: Tensor, vec2: Tensor): [Tensor, Tensor] => {
    checkTensor('outer', 'input', x);
    checkTensor('outer', 'vec2', vec2);
    if (x.ndim !== 1) fail('outer', `Expected 1-D argument self, but got ${x.ndim}-D`);
    if (vec2.ndim !== 1) fail('outer', `Expected 1-D argument vec2, but got ${vec2.ndim}-D`);
    return [x, vec2];
  },
  forward: (x: Tensor, vec2: Tensor) => x.unsqueeze(-1).mul(vec2),
  composite: true,
});

type Weights = Required<AddmmOptions>;
/** Signature of operators that add a weighted product to a weighted tensor. */
export type WeightedOperator = (input: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions) => Tensor;

/** beta * input + alpha * product(a, b); the input is broadcast to the product's shape. */
function weightedOperator(
  name: string,
  check: (a: Tensor, b: Tensor) => void,
  product: (a: Tensor, b: Tensor) => Tensor,
): WeightedOperator {
  return defineOperator({
    name,
    normalize: (
      input: Tensor,
      a: Tensor,
      b: Tensor,
      ...rest: unknown[]
    ): [Tensor, Tensor, Tensor, Weights] => {
      checkTensor(name, 'input', input);
      checkTensor(name, 'first operand', a);
      checkTensor(name, 'second operand', b);
      check(a, b);
      const { beta = 1, alpha = 1 } = bindArguments<AddmmOptions>(name, ['beta', 'alpha'], rest);
      // Weights of integers are integers.
      const weight = dtypeInfo(input.dtype).kind === 'float' ? (value: number) => value : Math.trunc;
      return [input, a, b, { beta: weight(beta), alpha: weight(alpha) }];
    },
    forward: (input: Tensor, a: Tensor, b: Tensor, { beta, alpha }: Weights) => {
      const whole = product(a, b);
      const weighted = alpha === 1 ? whole : whole.mul(alpha);
      const added = input.expand(whole.shape);
      // Without weight the input is not read: its NaNs are none of the result's.
      if (beta === 0) return weighted;
      return (beta === 1 ? added : added.mul(beta)).add(weighted);
    },
    composite: true,
  });
}

/** beta * input + alpha * (a @ b) of a matrix and a vector. Canonical: (input, a, b, { beta, alpha }). */
export const addmv: WeightedOperator = weightedOperator(
  'addmv',
  (a, b) => checkMatrixVector('addmv', a, b),
  (a, b) => a.matmul(b),
);

/** beta * input + alpha * outer(a, b) of two vectors. Canonical: (input, a, b, { beta, alpha }). */
export const addr: WeightedOperator = weightedOperator(
  'addr',
  (a, b) => {
    if (a.ndim !== 1) fail('addr', `addr: Expected 1-D argument vec1, but got ${a.ndim}-D`);
    if (b.ndim !== 1) fail('addr', `addr: Expected 1-D argument vec2, but got ${b.ndim}-D`);
  },
  (a, b) => outer(a, b),
);

/** beta * input + alpha * (the sum of all a[i] @ b[i]). Canonical: (input, a, b, { beta, alpha }). */
export const addbmm: WeightedOperator = weightedOperator(
  'addbmm',
  (a, b) => checkBatches('addbmm', a, b),
  (a, b) => {
    const [count, m, k] = a.shape as readonly [number, number, number];
    return a
      .permute(1, 0, 2)
      .reshape(m, count * k)
      .mm(b.reshape(count * k, b.shape[2]!));
  },
);

/** beta * input + alpha * (a @ b) of two stacks of matrices. Canonical: (input, a, b, { beta, alpha }). */
export const baddbmm: WeightedOperator = weightedOperator(
  'baddbmm',
  (a, b) => checkBatches('baddbmm', a, b),
  (a, b) => a.bmm(b),
);

function checkBatches(operator: string, a: Tensor, b: Tensor): void {
  if (a.ndim !== 3) fail(operator, 'batch1 must be a 3D tensor');
  if (b.ndim !== 3) fail(operator, 'batch2 must be a 3D tensor');
  if (a.shape[0] !== b.shape[0] || a.shape[2] !== b.shape[1]) {
    fail(
      operator,
      `Expected size for first two dimensions of batch2 tensor to be: [${a.shape[0]}, ${a.shape[2]}] but got: [${b.shape[0]}, ${b.shape[1]}].`,
    );
  }
}

/** How many last and first dimensions {@link tensordot} sums over, or which ones of each tensor. */
export type ContractedDims = number | readonly [readonly number[], readonly number[]];

/**
 * The sum of products over chosen dimensions of both tensors; what is left of the first comes before what is left of
 * the second. Canonical: (x, other, dimsX, dimsOther), dimensions not negative.
 */
export const tensordot: (
  x: Tensor,
  other: Tensor,
  dims?: ContractedDims | { readonly dims?: ContractedDims },
) => Tensor = defineOperator({
  name: 'tensordot',
  normalize: (
    x: Tensor,
    other: Tensor,
    ...rest: unknown[]
  ): [Tensor, Tensor, readonly number[], readonly number[]] => {
    checkTensor('tensordot', 'a', x);
    checkTensor('tensordot', 'b', other);
    const { dims = 2 } = bindArguments<{ dims: ContractedDims }>('tensordot', ['dims'], rest);
    if (typeof dims === 'number') {
      if (dims < 0) fail('tensordot', `tensordot expects dims >= 0, but got dims=${dims}`);
      if (dims > Math.min(x.ndim, other.ndim)) {
        fail('tensordot', `tensordot expects dims < ndim_a or ndim_b, but got dims=${dims}`);
      }
      const range = Array.from({ length: dims }, (_, i) => i);
      return [x, other, range.map((i) => x.ndim - dims + i), range];
    }
    const [first, second] = dims;
    if (first.length !== second.length) {
      fail('tensordot', 'both dimension lists should have same length');
    }
    const dimsX = wrapDims('tensordot', first, x.ndim);
    const dimsOther = wrapDims('tensordot', second, other.ndim);
    dimsX.forEach((dim, i) => {
      const [a, b] = [x.shape[dim]!, other.shape[dimsOther[i]!]!];
      if (a !== b && a !== 1 && b !== 1) {
        fail(
          'tensordot',
          `contracted dimensions need to match, but first has size ${a} in dim ${dim} and second has size ${b} in dim ${dimsOther[i]}`,
        );
      }
    });
    return [x, other, dimsX, dimsOther];
  },
  forward: (x: Tensor, other: Tensor, dimsX: readonly number[], dimsOther: readonly number[]) => {
    // A dimension of size 1 meets the sum over the other one.
    const wideX = dimsX.filter((dim, i) => x.shape[dim] !== 1 && other.shape[dimsOther[i]!] === 1);
    const wideOther = dimsOther.filter((dim, i) => other.shape[dim] !== 1 && x.shape[dimsX[i]!] === 1);
    const a = wideX.length > 0 ? x.sum(wideX, true) : x;
    const b = wideOther.length > 0 ? other.sum(wideOther, true) : other;
    const keptA = [...a.shape.keys()].filter((d) => !dimsX.includes(d));
    const keptB = [...b.shape.keys()].filter((d) => !dimsOther.includes(d));
    const size = numelOf(dimsX.map((d) => a.shape[d]!));
    const [rows, columns] = [keptA.map((d) => a.shape[d]!), keptB.map((d) => b.shape[d]!)];
    const left = a.permute([...keptA, ...dimsX]).reshape(numelOf(rows), size);
    const right = b.permute([...dimsOther, ...keptB]).reshape(size, numelOf(columns));
    return left.mm(right).reshape([...rows, ...columns]);
  },
  composite: true,
});

/** Every element of the first tensor times the whole second one (Kronecker's product). Canonical: (x, other). */
export const kron: (x: Tensor, other: Tensor) => Tensor = defineOperator({
  name: 'kron',
  forward: (x: Tensor, other: Tensor) => {
    checkTensor('kron', 'input', x);
    checkTensor('kron', 'other', other);
    const rank = Math.max(x.ndim, other.ndim);
    const sizeOf = (tensor: Tensor, d: number): number => tensor.shape[d - rank + tensor.ndim] ?? 1;
    const dims = Array.from({ length: rank }, (_, d) => d);
    const left = x.reshape(dims.flatMap((d) => [sizeOf(x, d), 1]));
    const right = other.reshape(dims.flatMap((d) => [1, sizeOf(other, d)]));
    return left.mul(right).reshape(dims.map((d) => sizeOf(x, d) * sizeOf(other, d)));
  },
  composite: true,
});

/** The sum of a matrix's diagonal. Canonical: (x). */
export const trace: (x: Tensor) => Tensor = defineOperator({
  name: 'trace',
  normalize: (x: Tensor): [Tensor] => {
    checkTensor('trace', 'input', x);
    if (x.ndim !== 2) fail('trace', `expected a matrix, but got tensor with dim ${x.ndim}`);
    return [x];
  },
  forward: (x: Tensor) => diagonal(x).sum(),
  composite: true,
});

/** Products as methods. */
export interface ProductMethods {
  /** Product of a matrix and a vector. */
  mv(vec: Tensor): Tensor;
  /** The sum of products of two vectors, as `dot` for real ones. */
  vdot(other: Tensor): Tensor;
  /** Sums of products over the last dimension of both. */
  inner(other: Tensor): Tensor;
  /** The product of every element of one vector with every element of another. */
  outer(vec2: Tensor): Tensor;
  /** beta * input + alpha * (a @ b) of a matrix and a vector. */
  addmv(a: Tensor, b: Tensor, options?: AddmmOptions): Tensor;
  /** beta * input + alpha * outer(a, b) of two vectors. */
  addr(a: Tensor, b: Tensor, options?: AddmmOptions): Tensor;
  /** beta * input + alpha * (the sum of all a[i] @ b[i]). */
  addbmm(a: Tensor, b: Tensor, options?: AddmmOptions): Tensor;
  /** beta * input + alpha * (a @ b) of two stacks of matrices. */
  baddbmm(a: Tensor, b: Tensor, options?: AddmmOptions): Tensor;
  /** Every element of this tensor times the whole other one (Kronecker's product). */
  kron(other: Tensor): Tensor;
  /** The sum of a matrix's diagonal. */
  trace(): Tensor;
}
