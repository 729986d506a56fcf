/** Shape arithmetic: sizes, strides, broadcasting, dimension numbers. Nothing here knows a Tensor. */
import { fail, showSizes } from './errors.ts';

/** Number of elements of a shape. */
export function numelOf(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Row-major strides in elements, as PyTorch computes them (sizes of 0 count as 1). */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(shape[i]!, 1);
  }
  return strides;
}

/** Whether strides are row-major without gaps; dimensions of size 1 may have any stride. */
export function isContiguousLayout(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i]!;
    if (size === 0) return true;
    if (size !== 1) {
      if (strides[i] !== step) return numelOf(shape) === 0;
      step *= size;
    }
  }
  return true;
}

/**
 * Strides without gaps for a shape whose dimensions lie in memory in the order of other strides (the algorithm of
 * PyTorch's `infer_dense_strides`).
 */
export function denseStrides(shape: readonly number[], like: readonly number[]): number[] {
  // From the innermost dimension outwards.
  const order = shape.map((_, i) => shape.length - 1 - i);
  for (let i = 1; i < order.length; i++) {
    let moving = i;
    for (let other = i - 1; other >= 0; other--) {
      const [inner, outer] = [order[other]!, order[moving]!];
      // Broadcast dimensions (stride 0) say nothing about order.
      if (like[inner] === 0 || like[outer] === 0) continue;
      const step = like[inner]! - like[outer]! || Math.max(shape[inner]! - shape[outer]!, 0);
      if (step < 0) break;
      if (step === 0) continue;
      order[other] = outer;
      order[moving] = inner;
      moving = other;
    }
  }
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (const d of order) {
    strides[d] = step;
    step *= Math.max(shape[d]!, 1);
  }
  return strides;
}

/** Elements of memory that a layout reaches over, from its first element on. */
export function extentOf(shape: readonly number[], strides: readonly number[]): number {
  let last = 0;
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 0) return 0;
    last += (shape[d]! - 1) * strides[d]!;
  }
  return last + 1;
}

/** Whether two places of a layout may be the same element (a sufficient test, as PyTorch makes it, is the opposite). */
export function mayOverlap(shape: readonly number[], strides: readonly number[]): boolean {
  const order = shape
    .map((size, d) => ({ size, stride: strides[d]! }))
    .filter(({ size }) => size !== 1)
    .sort((a, b) => a.stride - b.stride);
  let reach = 0;
  for (const { size, stride } of order) {
    if (size === 0) return false;
    if (stride <= reach) return true;
    reach += (size - 1) * stride;
  }
  return false;
}

/** Checks sizes that come from a user: non-negative safe integers whose product is safe too. */
export function checkSizes(operator: string, shape: readonly number[]): void {
  for (const size of shape) {
    if (!Number.isSafeInteger(size)) fail(operator, 'sizes must be integers', 'integers', showSizes(shape));
    if (size < 0) {
      fail(operator, `Trying to create tensor with negative dimension ${size}: ${showSizes(shape)}`);
    }
  }
  if (!Number.isSafeInteger(numelOf(shape))) {
    fail(operator, 'the number of elements is too large', 'less than 2^53', showSizes(shape));
  }
}

/** Turns a dimension number that may be negative into an index (PyTorch's `maybe_wrap_dim`). */
export function wrapDim(operator: string, dim: number, ndim: number): number {
  const range = Math.max(ndim, 1);
  if (!Number.isInteger(dim) || dim < -range || dim >= range) {
    fail(
      operator,
      `Dimension out of range (expected to be in range of [${-range}, ${range - 1}], but got ${dim})`,
    );
  }
  return dim < 0 ? dim + range : dim;
}

/** Wraps a list of dimension numbers and refuses repetitions. */
export function wrapDims(operator: string, dims: readonly number[], ndim: number): number[] {
  const wrapped = dims.map((dim) => wrapDim(operator, dim, ndim));
  const seen = new Set<number>();
  for (const dim of wrapped) {
    if (seen.has(dim)) fail(operator, `dim ${dim} appears multiple times in the list of dims`);
    seen.add(dim);
  }
  return wrapped;
}

/** Whether two shapes are equal. */
export function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Strides that show a shape under a larger one: 0 where a dimension is repeated. Sizes must already agree. */
export function broadcastStrides(
  shape: readonly number[],
  strides: readonly number[],
  target: readonly number[],
): number[] {
  const shift = target.length - shape.length;
  const result = new Array<number>(target.length);
  for (let d = 0; d < target.length; d++) {
    const own = d - shift;
    result[d] = own < 0 || (shape[own] === 1 && target[d] !== 1) ? 0 : strides[own]!;
  }
  return result;
}

/** The common shape of several shapes under broadcasting. */
export function broadcastShapes(operator: string, ...shapes: readonly (readonly number[])[]): number[] {
  let result: readonly number[] = shapes[0] ?? [];
  for (let i = 1; i < shapes.length; i++) result = broadcastPair(operator, result, shapes[i]!);
  return [...result];
}

function broadcastPair(operator: string, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let i = rank - 1; i >= 0; i--) {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      fail(
        operator,
        `The size of tensor a (${left}) must match the size of tensor b (${right}) at non-singleton dimension ${i}`,
      );
    }
    result[i] = left === 1 ? right : left;
  }
  return result;
}

/** Replaces one -1 in a requested shape by the size that fits (PyTorch's `infer_size`). */
export function inferSize(operator: string, requested: readonly number[], numel: number): number[] {
  const invalid = (): never =>
    fail(operator, `shape '${showSizes(requested)}' is invalid for input of size ${numel}`);
  let known = 1;
  let unknown = -1;
  requested.forEach((size, i) => {
    if (!Number.isInteger(size)) fail(operator, 'sizes must be integers', 'integers', showSizes(requested));
    if (size === -1) {
      if (unknown >= 0) fail(operator, 'only one dimension can be inferred');
      unknown = i;
    } else if (size < 0) fail(operator, `invalid shape dimension ${size}`);
    else known *= size;
  });
  if (unknown < 0) return known === numel ? [...requested] : invalid();
  if (known === 0 && numel === 0) {
    fail(
      operator,
      `cannot reshape tensor of 0 elements into shape ${showSizes(requested)} because the unspecified dimension size -1 can be any value and is ambiguous`,
    );
  }
  if (known === 0 || numel % known !== 0) return invalid();
  return requested.map((size) => (size === -1 ? numel / known : size));
}

/**
 * Strides that show the same elements under another shape without a copy, or undefined where there are none
 * (the algorithm of PyTorch's `computeStride`).
 */
export function viewStrides(
  shape: readonly number[],
  strides: readonly number[],
  target: readonly number[],
): number[] | undefined {
  if (numelOf(shape) === 0) return contiguousStrides(target);
  const result = new Array<number>(target.length);
  let t = target.length - 1;
  let chunkStride = strides[strides.length - 1] ?? 1;
  let chunkNumel = 1;
  let viewNumel = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    chunkNumel *= shape[d]!;
    // A chunk ends where the next outer dimension does not continue it.
    const ends = d === 0 || (shape[d - 1] !== 1 && strides[d - 1] !== chunkNumel * chunkStride);
    if (!ends) continue;
    while (t >= 0 && (viewNumel < chunkNumel || target[t] === 1)) {
      result[t] = viewNumel * chunkStride;
      viewNumel *= target[t]!;
      t--;
    }
    if (viewNumel !== chunkNumel) return undefined;
    if (d > 0) {
      chunkStride = strides[d - 1]!;
      chunkNumel = 1;
      viewNumel = 1;
    }
  }
  // Only dimensions of size 1 can be left when the source is 0-dim.
  for (; t >= 0; t--) result[t] = 1;
  return result;
}
