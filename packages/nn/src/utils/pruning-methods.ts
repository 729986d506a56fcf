/** Ways to choose which elements of a tensor are pruned. */
import { kthvalue, linalg, onesLike, rand, randLike, type Tensor, topk } from '@sconce/tensor';
import { pythonSize } from '../module/python-text.ts';

/** What a method's mask depends on: single elements, whole slices along a dimension, or all of the tensor. */
export type PruningType = 'unstructured' | 'structured' | 'global';

/** How much is pruned: a whole number of elements or slices, or a fraction of them below 1. */
export type PruningAmount = number;

/** Base of the methods: a mask of ones and zeros for a tensor. */
export abstract class BasePruningMethod {
  abstract readonly pruningType: PruningType;

  /**
   * The mask, of the tensor's shape: zeros at what is pruned.
   *
   * @param t what elements are judged by
   * @param defaultMask the mask so far, which stays as it is; what is zero in it is zero in the result
   */
  abstract computeMask(t: Tensor, defaultMask: Tensor): Tensor;

  /** A tensor with its pruned elements set to zero. */
  prune(
    t: Tensor,
    options: {
      readonly defaultMask?: Tensor | undefined;
      readonly importanceScores?: Tensor | undefined;
    } = {},
  ): Tensor {
    const { defaultMask = onesLike(t), importanceScores = t } = options;
    if (importanceScores.shape.join() !== t.shape.join()) {
      throw new TypeError(
        `importance_scores should have the same shape as tensor t, got ${pythonSize(importanceScores.shape)} vs ${pythonSize(t.shape)}`,
      );
    }
    return t.mul(this.computeMask(importanceScores, defaultMask));
  }
}

/** Prunes nothing. */
export class Identity extends BasePruningMethod {
  readonly pruningType = 'unstructured';

  computeMask(_t: Tensor, defaultMask: Tensor): Tensor {
    return defaultMask;
  }
}

/** Prunes elements at random. */
export class RandomUnstructured extends BasePruningMethod {
  readonly pruningType = 'unstructured';
  readonly amount: PruningAmount;

  constructor(amount: PruningAmount) {
    super();
    this.amount = checkedAmount(amount);
  }

  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const count = countOf(this.amount, t.numel());
    return count === 0
      ? defaultMask.clone()
      : without(defaultMask, topk(randLike(t).reshape(-1), count).indices);
  }
}

/** Prunes the elements of the smallest absolute value. */
export class L1Unstructured extends BasePruningMethod {
  readonly pruningType = 'unstructured';
  readonly amount: PruningAmount;

  constructor(amount: PruningAmount) {
    super();
    this.amount = checkedAmount(amount);
  }

  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const count = countOf(this.amount, t.numel());
    if (count === 0) return defaultMask.clone();
    const smallest = topk(t.detach().abs().reshape(-1), count, { largest: false });
    return without(defaultMask, smallest.indices);
  }
}

/** Prunes slices along a dimension at random. */
export class RandomStructured extends BasePruningMethod {
  readonly pruningType = 'structured';
  readonly amount: PruningAmount;
  readonly dim: number;

  constructor(amount: PruningAmount, dim: number = -1) {
    super();
    this.amount = checkedAmount(amount);
    this.dim = dim;
  }

  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const slices = checkedSlices(t, this.dim);
    const count = countOf(this.amount, slices);
    if (count === 0) return defaultMask;
    const drawn = rand([slices]);
    const kept = drawn.gt(kthvalue(drawn, count).values);
    return sliceMask(t, this.dim, kept.to(t.dtype)).mul_(defaultMask.to(t.dtype));
  }
}

/** Prunes the slices along a dimension that have the smallest n-norm. */
export class LnStructured extends BasePruningMethod {
  readonly pruningType = 'structured';
  readonly amount: PruningAmount;
  readonly n: number;
  readonly dim: number;

  constructor(amount: PruningAmount, n: number, dim: number = -1) {
    super();
    this.amount = checkedAmount(amount);
    this.n = n;
    this.dim = dim;
  }

  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const slices = checkedSlices(t, this.dim);
    const count = countOf(this.amount, slices);
    if (count === 0) return defaultMask;
    const dim = this.dim < 0 ? this.dim + t.ndim : this.dim;
    const others = t.shape.map((_, i) => i).filter((i) => i !== dim);
    const kept = topk(linalg.vectorNorm(t.detach(), this.n, others), slices - count).indices;
    const ones = t.newZeros([slices]).indexFill_(0, kept, 1);
    return sliceMask(t, dim, ones).mul_(defaultMask.to(t.dtype));
  }
}

/** Prunes where a given mask is zero. */
export class CustomFromMask extends BasePruningMethod {
  readonly pruningType = 'global';
  readonly mask: Tensor;

  constructor(mask: Tensor) {
    super();
    this.mask = mask;
  }

  computeMask(_t: Tensor, defaultMask: Tensor): Tensor {
    if (defaultMask.shape.join() !== this.mask.shape.join()) {
      throw new TypeError(
        `default_mask shape ${pythonSize(defaultMask.shape)} must match self.mask shape ${pythonSize(this.mask.shape)}`,
      );
    }
    return defaultMask.mul(this.mask.to(defaultMask.dtype));
  }
}

/** Several methods one after another, each on what the ones before it left. */
export class PruningContainer extends BasePruningMethod implements Iterable<BasePruningMethod> {
  readonly pruningType = 'global';
  readonly #methods: BasePruningMethod[];

  constructor(...methods: readonly BasePruningMethod[]) {
    super();
    this.#methods = [...methods];
  }

  get length(): number {
    return this.#methods.length;
  }

  at(index: number): BasePruningMethod | undefined {
    return this.#methods.at(index);
  }

  /** Adds a method, which decides next. */
  addPruningMethod(method: BasePruningMethod): void {
    this.#methods.push(method);
  }

  [Symbol.iterator](): IterableIterator<BasePruningMethod> {
    return this.#methods.values();
  }

  /** The mask after the last method. */
  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const method = this.#methods.at(-1);
    if (method === undefined) return defaultMask;
    const mask = defaultMask.to(t.dtype).clone();
    if (method.pruningType === 'global') return mask.copy_(method.computeMask(t, defaultMask));
    if (method.pruningType === 'unstructured') {
      const left = defaultMask.eq(1);
      const part = method.computeMask(t.maskedSelect(left), defaultMask.maskedSelect(left));
      return mask.maskedScatter_(left, part.to(mask.dtype));
    }
    const given = (method as BasePruningMethod & { readonly dim?: number }).dim;
    if (given === undefined) {
      throw new TypeError(
        'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.',
      );
    }
    const dim = given < 0 ? given + t.ndim : given;
    if (dim < 0) throw new RangeError(`Index is out of bounds for tensor with dimensions ${t.ndim}`);
    const others = t.shape.map((_, i) => i).filter((i) => i !== dim);
    const left = defaultMask.sum(others).ne(0).nonzero().reshape(-1);
    const part = method.computeMask(t.indexSelect(dim, left), defaultMask.indexSelect(dim, left));
    return mask.indexCopy_(dim, left, part.to(mask.dtype));
  }
}

/** A copy of a mask with zeros at some of its elements. */
function without(mask: Tensor, indices: Tensor): Tensor {
  return mask.reshape(-1).clone().indexFill_(0, indices, 0).reshape(mask.shape);
}

/** A mask that is the same all over each slice. */
function sliceMask(t: Tensor, dim: number, values: Tensor): Tensor {
  const axis = dim < 0 ? dim + t.ndim : dim;
  return values
    .reshape(t.shape.map((_, i) => (i === axis ? -1 : 1)))
    .expand(t.shape)
    .clone();
}

function checkedAmount(amount: PruningAmount): PruningAmount {
  if (typeof amount !== 'number' || Number.isNaN(amount)) {
    throw new TypeError(`Invalid type for amount: ${String(amount)}. Must be int or float.`);
  }
  if (amount < 0 || (!Number.isInteger(amount) && amount > 1)) {
    throw new RangeError(
      `amount=${amount} should either be a float in the range [0, 1] or a non-negative integer`,
    );
  }
  return amount;
}

function checkedSlices(t: Tensor, dim: number): number {
  if (t.ndim <= 1) {
    throw new TypeError(
      `Structured pruning can only be applied to multidimensional tensors. Found tensor of shape ${pythonSize(t.shape)} with ${t.ndim} dims`,
    );
  }
  if (dim >= t.ndim || dim < -t.ndim) {
    throw new RangeError(`Invalid index ${dim} for tensor of size ${pythonSize(t.shape)}`);
  }
  return t.shape.at(dim) as number;
}

/** Fractions are rounded to the nearest number, halves to the even one, as Python rounds. */
function countOf(amount: PruningAmount, all: number): number {
  if (Number.isInteger(amount)) {
    if (amount > all) {
      throw new RangeError(
        `amount=${amount} should be smaller than the number of parameters to prune=${all}`,
      );
    }
    return amount;
  }
  const exact = amount * all;
  const below = Math.floor(exact);
  if (exact - below !== 0.5) return Math.round(exact);
  return below % 2 === 0 ? below : below + 1;
}
