/** Operators that split a tensor into several parts, besides `split` and `chunk`: all parts are views, or copies. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator, definitionOf } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { chunk, split } from './slicing.ts';

/** Signature of {@link splitWithSizes}. */
export interface SplitSizesOperator {
  (x: Tensor, splitSizes: readonly number[], dim?: number): Tensor[];
  (x: Tensor, splitSizes: readonly number[], options: { readonly dim?: number }): Tensor[];
}

const splitting = definitionOf<[Tensor, readonly number[], number], Tensor[]>(split);
const normalizeSplit = splitting.normalize as unknown as (
  x: Tensor,
  ...rest: unknown[]
) => [Tensor, readonly number[], number];

/** Views of the given sizes along a dimension. Canonical: (x, sizes, dim), not negative. */
export const splitWithSizes: SplitSizesOperator = defineOperator({
  ...splitting,
  name: 'splitWithSizes',
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeSplit(x, ...rest),
  backwardName: 'SplitWithSizesBackward0',
});

/** Signature of {@link unsafeSplit} and {@link unsafeChunk}. */
export interface UnsafeSplitOperator {
  (x: Tensor, count: number, dim?: number): Tensor[];
  (x: Tensor, count: number, options: { readonly dim?: number }): Tensor[];
}

/**
 * As {@link split}, but autograd does not take the parts for views: they may be written to, if the tensor is not used
 * after that.
 */
export const unsafeSplit: UnsafeSplitOperator = unsafe('unsafeSplit', split);
/**
 * As {@link chunk}, but autograd does not take the parts for views: they may be written to, if the tensor is not used
 * after that.
 */
export const unsafeChunk: UnsafeSplitOperator = unsafe('unsafeChunk', chunk);

function unsafe(name: string, operator: typeof split | typeof chunk): UnsafeSplitOperator {
  const { view: _view, ...rules } = definitionOf<[Tensor, never, number], Tensor[]>(operator);
  return defineOperator({
    ...rules,
    name,
    normalize: rules.normalize as unknown as (x: Tensor, ...rest: unknown[]) => [Tensor, never, number],
    backwardName: 'UnsafeSplitBackward0',
  });
}

/** Where {@link tensorSplit} splits: a number of parts, or the positions between them. */
export type Sections = number | readonly number[] | Tensor;

/** Options of {@link tensorSplit}. */
export interface TensorSplitOptions {
  readonly dim?: number;
}

/** Signature of {@link tensorSplit}. */
export type TensorSplitOperator = (
  x: Tensor,
  sections: Sections,
  dim?: number | TensorSplitOptions,
) => Tensor[];

/**
 * A number of views of nearly equal size along a dimension, or views between the given positions, which are read as
 * Python reads slices. Canonical: (x, sections, dim), not negative.
 */
export const tensorSplit: TensorSplitOperator = defineOperator({
  name: 'tensorSplit',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number | readonly number[], number] => {
    checkTensor('tensorSplit', 'input', x);
    type Named = { sections: Sections; indices: Sections; dim: number };
    const [first, ...others] = rest;
    const { dim = 0 } = bindArguments<Named>('tensorSplit', ['dim'], others);
    if (x.ndim === 0) {
      fail(
        'tensorSplit',
        `tensor_split expected at least a 1-dimensional tensor, but got a tensor with ${x.ndim} dims`,
      );
    }
    return [x, sectionsOf(first as Sections), wrapDim('tensorSplit', dim, x.ndim)];
  },
  composite: true,
  forward: (x: Tensor, sections: number | readonly number[], dim: number) => {
    const ends = typeof sections === 'number' ? evenEnds(x.shape[dim]!, sections) : sections;
    const starts = [0, ...ends];
    return starts.map((start, i) => x.slice(dim, start, ends[i] ?? x.shape[dim]!));
  },
});

function sectionsOf(given: Sections): number | readonly number[] {
  if (!(given instanceof Tensor)) {
    if (typeof given === 'number' && !(given > 0)) {
      fail('tensorSplit', `number of sections must be larger than 0, got ${given}`);
    }
    return given;
  }
  if (given.dtype !== 'int64') {
    fail(
      'tensorSplit',
      'tensor_split expected tensor_indices_or_sections to have dtype of long, but got',
      'int64',
      given.dtype,
    );
  }
  if (given.ndim > 1) {
    fail(
      'tensorSplit',
      `tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got a tensor with ${given.ndim} dims`,
    );
  }
  return sectionsOf(given.tolist() as number | readonly number[]);
}

/** Where parts of nearly equal size end, the last one aside; the first ones are larger. */
function evenEnds(size: number, parts: number): readonly number[] {
  const least = Math.floor(size / parts);
  const larger = size % parts;
  return Array.from({ length: parts - 1 }, (_, i) => (i + 1) * least + Math.min(i + 1, larger));
}

/** Signature of {@link hsplit} and its like. */
export type AxisSplitOperator = (x: Tensor, sections: number | readonly number[]) => Tensor[];

function axisSplit(name: string, least: number, axisOf: (x: Tensor) => number): AxisSplitOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number | readonly number[]] => {
      checkTensor(name, 'input', x);
      const [sections] = rest;
      if (typeof sections !== 'number' && !Array.isArray(sections)) {
        fail(
          name,
          `${name}() received an invalid combination of arguments.`,
          'a number or a list',
          typeof sections,
        );
      }
      if (x.ndim < least) {
        fail(
          name,
          `torch.${name} requires a tensor with at least ${least} dimension, but got a tensor with ${x.ndim} dimensions!`,
        );
      }
      const axis = axisOf(x);
      if (typeof sections === 'number' && !(sections > 0 && x.shape[axis]! % sections === 0)) {
        fail(
          name,
          `torch.${name} attempted to split along dimension ${axis}, but the size of the dimension ${x.shape[axis]} is not divisible by the split_size ${sections}!`,
        );
      }
      return [x, sections];
    },
    composite: true,
    forward: (x: Tensor, sections: number | readonly number[]) => x.tensorSplit(sections, axisOf(x)),
  });
}

/** Views of equal size, or between positions, along the second dimension (the first of vectors). Canonical: (x, sections). */
export const hsplit: AxisSplitOperator = axisSplit('hsplit', 1, (x) => (x.ndim === 1 ? 0 : 1));
/** Views of equal size, or between positions, along the first dimension. Canonical: (x, sections). */
export const vsplit: AxisSplitOperator = axisSplit('vsplit', 2, () => 0);
/** Views of equal size, or between positions, along the third dimension. Canonical: (x, sections). */
export const dsplit: AxisSplitOperator = axisSplit('dsplit', 3, () => 2);

/** Splitting as methods. */
export interface SplittingMethods {
  /** Views of the given sizes along a dimension. */
  splitWithSizes(splitSizes: readonly number[], dim?: number): Tensor[];
  splitWithSizes(splitSizes: readonly number[], options: { readonly dim?: number }): Tensor[];
  /** As `split`, but autograd does not take the parts for views. */
  unsafeSplit(splitSize: number, dim?: number): Tensor[];
  unsafeSplit(splitSize: number, options: { readonly dim?: number }): Tensor[];
  /** As `chunk`, but autograd does not take the parts for views. */
  unsafeChunk(chunks: number, dim?: number): Tensor[];
  unsafeChunk(chunks: number, options: { readonly dim?: number }): Tensor[];
  /** A number of views of nearly equal size along a dimension, or views between the given positions. */
  tensorSplit(sections: Sections, dim?: number | TensorSplitOptions): Tensor[];
  /** Views of equal size, or between positions, along the second dimension (the first of vectors). */
  hsplit(sections: number | readonly number[]): Tensor[];
  /** Views of equal size, or between positions, along the first dimension. */
  vsplit(sections: number | readonly number[]): Tensor[];
  /** Views of equal size, or between positions, along the third dimension. */
  dsplit(sections: number | readonly number[]): Tensor[];
}
